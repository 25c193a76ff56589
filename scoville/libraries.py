"""The technology that a design is made of: the shipped libraries and the user's own records."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import techlib
from techlib import (
    Coolant,
    EnergyTable,
    Faults,
    HbmGeneration,
    InputError,
    InterposerTechnology,
    LanguageModel,
    Library,
    Material,
    ProcessNode,
)

__all__ = ["Libraries"]


@dataclass(frozen=True)
class Libraries:
    """Every library that a design looks names up in; field names are the file's sections."""

    materials: Library[Material]
    coolants: Library[Coolant]
    hbm: Library[HbmGeneration]
    nodes: Library[ProcessNode]
    energy: Library[EnergyTable]
    interposers: Library[InterposerTechnology]
    llms: Library[LanguageModel]

    @classmethod
    def standard(cls) -> Libraries:
        """Return the libraries that ship with the toolkit."""
        return cls(
            materials=techlib.materials(),
            coolants=techlib.coolants(),
            hbm=techlib.hbm_generations(),
            nodes=techlib.process_nodes(),
            energy=techlib.energy_tables(),
            interposers=techlib.interposers(),
            llms=techlib.language_models(),
        )

    @classmethod
    def sections(cls) -> tuple[str, ...]:
        """Return the names of the sections that hold a user's records."""
        return tuple(field.name for field in dataclasses.fields(cls))

    def extended(self, tables: Mapping[str, Any], *, label: str, faults: Faults) -> Libraries:
        """Return libraries with a user's records added; bad ones are noted and left out.

        A record with ``like = "name"`` starts from that one and changes what it gives.
        """
        changed: dict[str, Library[Any]] = {}
        for section in self.sections():
            given = tables.get(section, {})
            if not isinstance(given, Mapping):
                faults.add(
                    f"{label}: {section}", f"{given!r} is not a section", f"[{section}.NAME]"
                )
                continue
            library: Library[Any] = getattr(self, section)
            for name, table in given.items():
                try:
                    library = library.extended({name: table}, where=f"{label}: {section}")
                except InputError as error:
                    faults.take(error)
            changed[section] = library
        return dataclasses.replace(self, **changed)
