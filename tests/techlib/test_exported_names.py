"""The room's public names are a promise."""

import techlib


def test_the_public_names() -> None:
    assert techlib.__all__ == [
        "Accelerator",
        "Board",
        "Constants",
        "ConvergenceError",
        "Coolant",
        "EnergyTable",
        "Fault",
        "Faults",
        "HbmGeneration",
        "InputError",
        "InterposerTechnology",
        "LanguageModel",
        "Library",
        "Material",
        "MissingExtraError",
        "ProcessNode",
        "Provenance",
        "Record",
        "ResourceError",
        "ScovilleError",
        "Source",
        "Trust",
        "UnknownNameError",
        "accelerators",
        "bibliography",
        "boards",
        "constants",
        "coolants",
        "data_sources",
        "did_you_mean",
        "energy_table_of",
        "energy_tables",
        "flatten",
        "format_quantity",
        "hbm_generations",
        "interposers",
        "language_models",
        "materials",
        "process_nodes",
        "quantity",
        "read_entry",
        "read_quantities",
        "read_quantity",
        "text",
        "zero_celsius_k",
    ]


def test_every_public_name_is_there() -> None:
    missing = [name for name in techlib.__all__ if not hasattr(techlib, name)]
    assert missing == []
