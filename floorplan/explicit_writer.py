"""A floorplan written out in full, to be edited and read again by `from_tables`."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from shapely import Polygon

from floorplan.block import Block
from floorplan.die import Die
from floorplan.floorplan import Floorplan
from floorplan.stack import HbmStack
from techlib import InputError

__all__ = ["to_tables", "write_floorplan"]


def to_tables(floorplan: Floorplan) -> dict[str, Any]:
    """Return a floorplan as plain tables of strings, numbers and lists.

    Examples
    --------
    >>> import floorplan
    >>> plan = floorplan.build(floorplan.recipes()["jalapeno"])
    >>> tables = floorplan.to_tables(plan)
    >>> tables["stacks"][0]
    {'name': 'hbm_w0', 'hbm': 'HBM3E', 'x': '250.0 um', 'y': '10900.0 um', 'phy_edge': 'east'}
    >>> floorplan.from_tables(tables, name="", where="example") == plan
    True
    """
    return {
        "name": floorplan.name,
        "grid": _um(floorplan.grid_um),
        "interposer": {
            "technology": floorplan.technology.name,
            "width": _um(floorplan.width_um),
            "height": _um(floorplan.height_um),
        },
        "dies": [_die(die) for die in floorplan.dies],
        "stacks": [_stack(stack) for stack in floorplan.stacks],
        "blocks": [_block(die, block) for die in floorplan.dies for block in die.blocks],
    }


def write_floorplan(floorplan: Floorplan, path: str | Path) -> Path:
    """Write a floorplan as a TOML file that `read_floorplan` reads.

    Raises
    ------
    InputError
        The folder does not exist, or a block has a hole.
    """
    file = Path(path)
    if not file.parent.is_dir():
        raise InputError.of(str(file), "the folder does not exist", cure="make it first")
    tables = to_tables(floorplan)
    lines = [f"{key} = {_toml(tables[key])}" for key in ("name", "grid")]
    lines += ["", "[interposer]", *_entries(tables["interposer"])]
    for key in ("dies", "stacks", "blocks"):
        for table in tables[key]:
            lines += ["", f"[[{key}]]", *_entries(table)]
    file.write_text("\n".join(lines) + "\n", encoding="utf-8", newline="\n")
    return file


def _entries(table: dict[str, Any]) -> list[str]:
    return [f"{key} = {_toml(value)}" for key, value in table.items()]


def _toml(value: Any) -> str:
    """Write a value; JSON's strings, numbers, booleans and lists are TOML's as well."""
    return json.dumps(value, ensure_ascii=False)


def _um(length_um: float) -> str:
    return f"{float(length_um)!r} um"


def _die(die: Die) -> dict[str, Any]:
    table = {
        "name": die.name,
        "node": die.node.name,
        "width": _um(die.width_um),
        "height": _um(die.height_um),
        "x": _um(die.x_um),
        "y": _um(die.y_um),
        "scribe": _um(die.scribe_um),
        "seal_ring": _um(die.seal_ring_um),
    }
    keepouts = [_shape(keepout)[1] for keepout in die.keepouts]
    return {**table, "keepouts": keepouts} if keepouts else table


def _stack(stack: HbmStack) -> dict[str, Any]:
    return {
        "name": stack.name,
        "hbm": stack.generation.name,
        "x": _um(stack.x_um),
        "y": _um(stack.y_um),
        "phy_edge": str(stack.phy_edge),
    }


def _block(die: Die, block: Block) -> dict[str, Any]:
    """Return a block's entries, without those that have their default."""
    if block.outline.interiors:
        where = f"{die.name}/{block.name}"
        raise InputError.of(where, "has a hole", "one closed outline", "cut it in two blocks")
    key, shape = _shape(block.outline)
    table: dict[str, Any] = {"die": die.name, "name": block.name, "kind": str(block.kind)}
    table[key] = shape
    if block.macs:
        table["macs"] = block.macs
    if block.sram_byte:
        table["sram"] = f"{block.sram_byte!r} byte"
    if block.lanes:
        table["lanes"] = block.lanes
    if block.stack:
        table["stack"] = block.stack
    if not block.enabled:
        table["enabled"] = False
    return table


def _shape(outline: Polygon) -> tuple[str, list[Any]]:
    """Return key and value of an outline: a rectangle, or its points."""
    if outline.equals(outline.envelope):
        return "rect", [_um(value) for value in outline.bounds]
    return "polygon", [[_um(x), _um(y)] for x, y in list(outline.exterior.coords)[:-1]]
