"""A floorplan in full, from plain tables: dies, blocks and stacks of one's own."""

from __future__ import annotations

import tomllib
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

from floorplan.block import Block, BlockKind
from floorplan.die import Die
from floorplan.floorplan import Floorplan
from floorplan.stack import Edge, HbmStack
from floorplan.table_reader import TableReader, tables_of
from techlib import (
    Faults,
    HbmGeneration,
    InputError,
    InterposerTechnology,
    Library,
    ProcessNode,
    hbm_generations,
    interposers,
    process_nodes,
)

__all__ = ["add_blocks", "from_tables", "read_floorplan", "read_stacks", "refuse_reserved"]

_TOP_KEYS = ("name", "grid", "interposer", "dies", "blocks", "stacks")
_INTERPOSER_KEYS = ("technology", "width", "height")
_DIE_KEYS = ("name", "node", "width", "height", "x", "y", "scribe", "seal_ring", "keepouts")
_BLOCK_KEYS = (
    "die",
    "name",
    "kind",
    "rect",
    "polygon",
    "macs",
    "sram",
    "lanes",
    "stack",
    "enabled",
)
_STACK_KEYS = ("name", "hbm", "x", "y", "phy_edge")
_CARRIERS = ("interposer", "substrate")  # owners of bumps beside dies and stacks


def read_floorplan(
    path: str | Path,
    *,
    nodes: Library[ProcessNode] | None = None,
    hbm: Library[HbmGeneration] | None = None,
    interposers: Library[InterposerTechnology] | None = None,
) -> Floorplan:
    """Read a floorplan from a TOML file of the form that `from_tables` takes.

    Parameters
    ----------
    path : str or Path
        The file.
    nodes, hbm, interposers : Library, optional
        Where names are looked up; the shipped libraries if not given.

    Raises
    ------
    InputError
        The file is missing or not TOML, or every fault in it.
    """
    file = Path(path)
    try:
        tables = tomllib.loads(file.read_text("utf-8"))
    except OSError as error:
        raise InputError.of(str(file), f"cannot be read: {error.strerror}") from None
    except (UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
        raise InputError.of(str(file), f"is not TOML: {error}") from None
    return from_tables(
        tables, name=file.stem, where=str(file), nodes=nodes, hbm=hbm, interposers=interposers
    )


def from_tables(
    tables: Mapping[str, Any],
    *,
    name: str,
    where: str,
    nodes: Library[ProcessNode] | None = None,
    hbm: Library[HbmGeneration] | None = None,
    interposers: Library[InterposerTechnology] | None = None,
) -> Floorplan:
    """Make a floorplan of plain tables, as read from TOML.

    Blocks need not tile their die. Geometry is left to `floorplan.check`.

    Parameters
    ----------
    tables : mapping
        ``interposer`` (technology, width, height), and the arrays ``dies`` (name, node, width,
        height, x, y; scribe, seal_ring, keepouts), ``blocks`` (die, name, kind, rect or polygon in
        die coordinates; macs, sram, lanes, stack, enabled) and ``stacks`` (name, hbm, x, y,
        phy_edge). Lengths are strings with a unit. ``name`` and ``grid`` are optional.
    name : str
        Name of the floorplan if the tables have none.
    where : str
        File, for messages.
    nodes, hbm, interposers : Library, optional
        Where names are looked up; the shipped libraries if not given.

    Raises
    ------
    InputError
        Every fault in every table.

    Examples
    --------
    >>> import floorplan
    >>> plan = floorplan.from_tables({
    ...     "interposer": {"technology": "CoWoS-S", "width": "12 mm", "height": "12 mm"},
    ...     "dies": [{"name": "cpu", "node": "N5", "width": "10 mm", "height": "10 mm",
    ...               "x": "1 mm", "y": "1 mm"}],
    ...     "blocks": [{"die": "cpu", "name": "core", "kind": "vector",
    ...                 "rect": ["1 mm", "1 mm", "5 mm", "5 mm"]}],
    ... }, name="mine", where="example")
    >>> plan.heat_keys
    ('cpu/core',)
    """
    faults = Faults()
    top = TableReader(where, tables, _TOP_KEYS, faults)
    technologies = _interposers() if interposers is None else interposers
    base = tables.get("interposer")
    if not isinstance(base, Mapping):
        allowed = "a table with technology, width and height"
        faults.add(f"{where}: interposer", "is missing" if base is None else f"{base!r}", allowed)
        base = {}
    site = TableReader(f"{where}: interposer", base, _INTERPOSER_KEYS, faults if base else Faults())
    technology = site.record("technology", technologies)
    width_um, height_um = (site.length_um(key, above=0.0) for key in ("width", "height"))
    stacks = read_stacks(tables, where, faults, hbm_generations() if hbm is None else hbm)
    blocks = _blocks(tables, where, faults)
    dies = _dies(tables, where, faults, process_nodes() if nodes is None else nodes, blocks)
    grid_um = top.length_um("grid", default=0.001, above=0.0)
    given = top.word("name", default=name)
    bodies = [*(die.name for die in dies), *(stack.name for stack in stacks)]
    _refuse_repeats(where, bodies, faults)
    refuse_reserved(where, bodies, faults)
    faults.raise_if_any()
    assert technology is not None
    return Floorplan(given, technology, width_um, height_um, dies, stacks, grid_um)


_interposers = interposers  # the argument of `from_tables` has the same name


def read_stacks(
    tables: Mapping[str, Any], where: str, faults: Faults, generations: Library[HbmGeneration]
) -> tuple[HbmStack, ...]:
    """Read the array of tables ``stacks``; see `from_tables`."""
    stacks = []
    for place, table in tables_of(tables, "stacks", f"{where}: ", faults):
        reader = TableReader(place, table, _STACK_KEYS, faults)
        name = reader.word("name")
        generation = reader.record("hbm", generations)
        x_um, y_um = reader.length_um("x"), reader.length_um("y")
        edge = reader.word("phy_edge", choices=[str(edge) for edge in Edge])
        if generation is not None and edge:
            stacks.append(HbmStack(name, generation, x_um, y_um, Edge(edge)))
    return tuple(stacks)


def add_blocks(
    plan: Floorplan, tables: Mapping[str, Any], *, key: str = "blocks", where: str
) -> Floorplan:
    """Add blocks to the dies of a floorplan, from plain tables.

    A block of the name of another one replaces it; filler gives way; see `Floorplan.with_block`.

    Parameters
    ----------
    plan : Floorplan
        Where they go.
    tables : mapping
        Holds the array of tables; each is like one of ``blocks`` in `from_tables`.
    key : str
        Name of the array.
    where : str
        File and section, for messages.

    Raises
    ------
    InputError
        Every fault in every table.

    Examples
    --------
    >>> import floorplan
    >>> plan = floorplan.build(floorplan.recipes()["jalapeno"])
    >>> sensor = {"die": "compute", "name": "sensor", "kind": "management",
    ...           "rect": ["1 mm", "1 mm", "1.2 mm", "1.2 mm"]}
    >>> more = floorplan.add_blocks(plan, {"blocks": [sensor]}, where="example")
    >>> "compute/sensor" in more.heat_keys
    True
    """
    faults = Faults()
    dies, stacks = [die.name for die in plan.dies], [stack.name for stack in plan.stacks]
    blocks = _read_blocks(tables, key, where, faults, dies=dies, stacks=stacks)
    faults.raise_if_any()
    for die, added in blocks.items():
        for block in added:
            plan = plan.with_block(die, block)
    return plan


def _names(tables: Mapping[str, Any], key: str) -> list[str]:
    """Return the names in an array of tables that are names."""
    names = {table.get("name") for _, table in tables_of(tables, key, "", Faults())}
    return sorted(name for name in names if isinstance(name, str))


def _blocks(tables: Mapping[str, Any], where: str, faults: Faults) -> dict[str, list[Block]]:
    """Read all blocks, by die."""
    dies, stacks = _names(tables, "dies"), _names(tables, "stacks")
    return _read_blocks(tables, "blocks", where, faults, dies=dies, stacks=stacks)


def _read_blocks(
    tables: Mapping[str, Any],
    key: str,
    where: str,
    faults: Faults,
    *,
    dies: list[str],
    stacks: list[str],
) -> dict[str, list[Block]]:
    """Read an array of blocks, by die; their dies and stacks are among the given ones."""
    blocks: dict[str, list[Block]] = {}
    seen: set[tuple[str, str]] = set()
    for place, table in tables_of(tables, key, f"{where}: ", faults):
        reader = TableReader(place, table, _BLOCK_KEYS, faults)
        die = reader.word("die", choices=dies)
        kind = reader.word("kind", choices=[str(kind) for kind in BlockKind])
        block = Block(
            name=reader.word("name"),
            kind=BlockKind(kind or BlockKind.FILLER),
            outline=reader.outline(),
            macs=reader.count("macs"),
            sram_byte=reader.bytes("sram"),
            lanes=reader.count("lanes"),
            stack=reader.word("stack", default="", choices=stacks),
            enabled=reader.flag("enabled", default=True),
        )
        if block.name and (die, block.name) in seen:
            faults.add(f"{place}.name", f"die {die!r} has a block of that name already")
        seen.add((die, block.name))
        blocks.setdefault(die, []).append(block)
    return blocks


def _dies(
    tables: Mapping[str, Any],
    where: str,
    faults: Faults,
    nodes: Library[ProcessNode],
    blocks: dict[str, list[Block]],
) -> tuple[Die, ...]:
    dies = []
    found = tables_of(tables, "dies", f"{where}: ", faults)
    if not found:
        faults.add(f"{where}: dies", "there is no die", "at least one [[dies]] table")
    for place, table in found:
        reader = TableReader(place, table, _DIE_KEYS, faults)
        name = reader.word("name")
        node = reader.record("node", nodes)
        width_um, height_um = (reader.length_um(key, above=0.0) for key in ("width", "height"))
        scribe_um, ring_um = (reader.length_um(key, default=0.0) for key in ("scribe", "seal_ring"))
        for key, length_um in (("scribe", scribe_um), ("seal_ring", ring_um)):
            if length_um < 0.0:
                faults.add(f"{place}.{key}", f"{length_um:g} um", "at least 0 um")
        if 2.0 * (scribe_um + ring_um) >= min(width_um, height_um) > 0.0:
            faults.add(f"{place}.seal_ring", "scribe and seal ring leave no core")
        x_um, y_um = reader.length_um("x"), reader.length_um("y")
        keepouts = reader.shapes("keepouts")
        if node is not None:
            own = tuple(blocks.get(name, ()))
            place_size = (width_um, height_um, x_um, y_um)
            dies.append(Die(name, *place_size, node, own, scribe_um, ring_um, keepouts))
    return tuple(dies)


def _refuse_repeats(where: str, names: list[str], faults: Faults) -> None:
    for name in sorted({name for name in names if name and names.count(name) > 1}):
        faults.add(f"{where}: {name}", "the name is used more than once among dies and stacks")


def refuse_reserved(where: str, names: Iterable[str], faults: Faults) -> None:
    """Note names of dies and stacks that mean something else in the key of a block or bump."""
    for name in sorted(set(names)):
        if "/" in name:
            allowed = "a name without, which parts that of a die from those of its blocks"
            faults.add(f"{where}: {name}", "has a `/`", allowed)
        if name in _CARRIERS:
            faults.add(f"{where}: {name}", "is what the carrier is called", "another name")
