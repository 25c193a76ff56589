"""What a user says about a file that is imported."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from floorplan.block import BlockKind
from floorplan.explicit import read_stacks
from floorplan.imports.gds_layers import LayerRoles, own_layers, read_roles
from floorplan.imports.kinds import Rule, read_rules
from floorplan.stack import HbmStack
from floorplan.table_reader import TableReader
from techlib import (
    Faults,
    HbmGeneration,
    InterposerTechnology,
    Library,
    ProcessNode,
    hbm_generations,
    interposers,
    process_nodes,
)

__all__ = ["ImportSettings", "Technology"]

_KEYS = (
    "import",
    "lef",
    "cell",
    "layers",
    "die",
    "node",
    "unit",
    "kinds",
    "default_kind",
    "hbm",
    "interposer",
    "stacks",
    "x",
    "y",
    "scribe",
    "seal_ring",
    "grid",
)
_INTERPOSER_KEYS = ("technology", "width", "height")
_TECHNOLOGY = "CoWoS-S"


@dataclass(frozen=True)
class Technology:
    """The libraries that names are looked up in."""

    nodes: Library[ProcessNode]
    hbm: Library[HbmGeneration]
    interposers: Library[InterposerTechnology]

    @classmethod
    def of(
        cls,
        nodes: Library[ProcessNode] | None = None,
        hbm: Library[HbmGeneration] | None = None,
        technologies: Library[InterposerTechnology] | None = None,
    ) -> Technology:
        """Return the given libraries, and those that ship in place of the others."""
        return cls(
            process_nodes() if nodes is None else nodes,
            hbm_generations() if hbm is None else hbm,
            interposers() if technologies is None else technologies,
        )


@dataclass(frozen=True, eq=False)
class ImportSettings:
    """What a file does not say itself.

    Parameters
    ----------
    lef : tuple of Path
        For DEF: layers first, then macros.
    cell : str
        For GDS and OASIS: the top cell, where there are several.
    layers : LayerRoles
        For GDS and OASIS: what each layer means.
    die : str
        Name of a die that the file does not name.
    node : ProcessNode or None
        Process of the dies; that of the file if it names one.
    unit_um : float or None
        Length of one in a file without units [um].
    rules : tuple of Rule
        Kinds of blocks and what they hold; they count before the shipped ones.
    default_kind : BlockKind or None
        Of blocks that no rule knows.
    hbm : HbmGeneration or None
        Of the stacks. Where the file has none, each PHY gets one beside it.
    technology : InterposerTechnology
        Of the interposer.
    width_um, height_um : float or None
        Of the interposer; as much as the bodies need if not given [um].
    stacks : tuple of HbmStack
        In place of those of the file.
    x_um, y_um : float or None
        Place of the die on the interposer; that of the file, or as far in as the technology asks
        for, if not given [um].
    scribe_um, seal_ring_um : float or None
        Of each die; those of the file if not given [um].
    grid_um : float
        Manufacturing grid [um].
    """

    technology: InterposerTechnology
    lef: tuple[Path, ...] = ()
    cell: str = ""
    layers: LayerRoles = field(default_factory=own_layers)
    die: str = "die"
    node: ProcessNode | None = None
    unit_um: float | None = None
    rules: tuple[Rule, ...] = ()
    default_kind: BlockKind | None = None
    hbm: HbmGeneration | None = None
    width_um: float | None = None
    height_um: float | None = None
    stacks: tuple[HbmStack, ...] = ()
    x_um: float | None = None
    y_um: float | None = None
    scribe_um: float | None = None
    seal_ring_um: float | None = None
    grid_um: float = 0.001

    @classmethod
    def read(
        cls,
        table: Mapping[str, Any],
        folder: Path,
        where: str,
        faults: Faults,
        technology: Technology,
    ) -> ImportSettings:
        """Read the settings of a table, e.g. ``[floorplan]`` of a design.

        Parameters
        ----------
        table : mapping
            ``import`` and any of the entries that the attributes are read from: ``lef``, ``cell``,
            ``layers``, ``die``, ``node``, ``unit``, ``kinds``, ``default_kind``, ``hbm``,
            ``interposer`` (technology, width, height), ``stacks``, ``x``, ``y``, ``scribe``,
            ``seal_ring``, ``grid``.
        folder : Path
            What paths are relative to.
        where : str
            File and section, for messages.
        faults : Faults
            Takes the faults.
        technology : Technology
            Where names are looked up.
        """
        reader = TableReader(where, table, _KEYS, faults)
        site = table.get("interposer", {})
        if not isinstance(site, Mapping):
            what = f"{site!r} is not a table"
            faults.add(f"{where}.interposer", what, "technology, width, height")
            site = {}
        base = TableReader(f"{where}.interposer", site, _INTERPOSER_KEYS, faults)
        named = base.record("technology", technology.interposers) if "technology" in site else None
        kinds = [str(kind) for kind in BlockKind]
        default = reader.word("default_kind", default="", choices=kinds)

        def length(reader: TableReader, source: Mapping[str, Any], key: str) -> float | None:
            return reader.length_um(key, at_least=0.0) if key in source else None

        stacks = read_stacks(table, where, faults, technology.hbm)
        if stacks and not {"x", "y"} <= table.keys():
            what = "is missing: stacks of your own need a die with a place"
            faults.add(f"{where}.x", what, "x and y of the die on the interposer")
        return cls(
            technology=named or technology.interposers[_TECHNOLOGY],
            lef=_paths(table.get("lef", []), folder, f"{where}.lef", faults),
            cell=reader.word("cell", default=""),
            layers=read_roles(table["layers"], f"{where}.layers", faults)
            if "layers" in table
            else own_layers(),
            die=reader.word("die", default="die"),
            node=reader.record("node", technology.nodes) if "node" in table else None,
            unit_um=reader.length_um("unit", above=0.0) if "unit" in table else None,
            rules=read_rules(table, f"{where}.", faults),
            default_kind=BlockKind(default) if default else None,
            hbm=reader.record("hbm", technology.hbm) if "hbm" in table else None,
            width_um=length(base, site, "width"),
            height_um=length(base, site, "height"),
            stacks=stacks,
            x_um=length(reader, table, "x"),
            y_um=length(reader, table, "y"),
            scribe_um=length(reader, table, "scribe"),
            seal_ring_um=length(reader, table, "seal_ring"),
            grid_um=reader.length_um("grid", default=0.001, above=0.0),
        )


def _paths(value: Any, folder: Path, where: str, faults: Faults) -> tuple[Path, ...]:
    """Read one path or a list of them."""
    given = value if isinstance(value, list) else [value]
    if not all(isinstance(entry, str) and entry for entry in given):
        faults.add(where, f"{value!r}", "the path of a file, or a list of paths")
        return ()
    return tuple(folder / entry for entry in given)
