import package


def test_public_names() -> None:
    assert package.__all__ == [
        "Case",
        "CaseTrace",
        "Face",
        "Flow",
        "Layer",
        "Package",
        "Patch",
        "Region",
        "StackUp",
        "assemble",
        "is_case",
        "read_any_case",
        "read_case",
        "read_hotspot",
        "read_ice",
        "read_patches",
        "stackups",
        "write_case",
        "write_hotspot",
        "write_ice",
    ]
    assert all(hasattr(package, name) for name in package.__all__)
