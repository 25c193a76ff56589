import floorplan


def test_the_exported_names_are_these():
    assert floorplan.__all__ == [
        "RULES",
        "Block",
        "BlockKind",
        "BumpArray",
        "BumpField",
        "BumpKind",
        "Die",
        "Edge",
        "Floorplan",
        "HbmStack",
        "LayerMap",
        "MapLayer",
        "Orientation",
        "Recipe",
        "Violation",
        "add_blocks",
        "build",
        "check",
        "from_tables",
        "layer_map",
        "read_floorplan",
        "recipes",
        "summary",
        "to_tables",
        "utilisation",
        "write_floorplan",
        "write_gds",
    ]
    assert all(hasattr(floorplan, name) for name in floorplan.__all__)
