"""Sourced technology data, and the words to read it."""

from techlib.errors import (
    ConvergenceError,
    Fault,
    Faults,
    InputError,
    MissingExtraError,
    ResourceError,
    ScovilleError,
    UnknownNameError,
    did_you_mean,
)
from techlib.library import Library, data_sources
from techlib.machine_records import (
    Accelerator,
    Board,
    LanguageModel,
    accelerators,
    boards,
    language_models,
)
from techlib.record import Record, flatten, quantity, read_entry, text
from techlib.scaling import energy_table_of
from techlib.silicon_records import (
    EnergyTable,
    HbmGeneration,
    InterposerTechnology,
    ProcessNode,
    energy_tables,
    hbm_generations,
    interposers,
    process_nodes,
)
from techlib.source import Provenance, Source, Trust, bibliography
from techlib.thermal_records import (
    Constants,
    Coolant,
    Material,
    constants,
    coolants,
    materials,
    zero_celsius_k,
)
from techlib.units import format_quantity, read_quantities, read_quantity

__all__ = [
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
