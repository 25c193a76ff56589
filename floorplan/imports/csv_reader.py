"""Tables of blocks (``.csv``) as sketches."""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from shapely import box

from floorplan.block import BlockKind
from floorplan.formats.lines import as_float, number
from floorplan.formats.text import read_text
from floorplan.imports.sketch import Sketch, SketchBlock, die_around
from techlib import Faults, did_you_mean

__all__ = ["read_csv"]

_NAMES = ("key", "name", "block", "instance", "macro")
_LENGTHS = ("x0", "y0", "x1", "y1", "x", "y", "width", "height")
_SHAPES = (("x0", "y0", "x1", "y1"), ("x", "y", "width", "height"))
_UM = {"um": 1.0, "mm": 1e3, "nm": 1e-3, "m": 1e6}
_OTHERS = ("die", "kind", "macs", "sram_byte", "lanes", "stack", "enabled", "power_w", "area_mm2")
_COLUMNS = (
    "a name (name, or key for DIE/BLOCK), and x0_um, y0_um, x1_um, y1_um or x_um, y_um, width_um, "
    f"height_um (or in mm, nm, m); if wanted {', '.join(_OTHERS[:-1])}"
)
_SEPARATORS = (",", ";", "\t")
_DECIMAL_COMMA = re.compile(r"[-+]?\d+,\d+([eE][-+]?\d+)?")
_UM2_PER_MM2 = 1e6
_ROUND_OFF = 1e-6  # of areas in a table
_BOUNDS = "the areas of some blocks are not those of their bounds, which were taken"
_FLAGS = {"true": True, "1": True, "yes": True, "": True, "false": False, "0": False, "no": False}


@dataclass(frozen=True)
class _Columns:
    """What each column of a table means."""

    name: str
    shape: tuple[str, ...]  #: names of the four columns
    scale_um: tuple[float, ...]  #: length of one in each of them
    sized: bool  #: the last two are width and height


def read_csv(path: Path, die: str, unit_um: float | None) -> Sketch:
    """Read a table with a row for each block.

    Parameters
    ----------
    path : Path
        With a header; ``blocks.csv`` of ``scoville layout`` is one. Cells may be apart by commas,
        tabs, or semicolons, with which decimal commas are read too.
    die : str
        Name of the die, where the table has neither keys nor a column ``die``.
    unit_um : float or None
        Length of one in columns whose names have no unit [um].

    Raises
    ------
    InputError
        A header that does not fit, and every fault in every row.
    """
    text = read_text(path, "a table of blocks")
    first = text.partition("\n")[0]
    between = max(_SEPARATORS, key=first.count)
    rows = list(csv.reader(io.StringIO(text, newline=""), delimiter=between))
    faults = Faults()
    header = [name.strip().casefold() for name in rows[0]] if rows else []
    columns = _columns(header, f"{path}:1", unit_um, faults)
    faults.raise_if_any()
    assert columns is not None
    found: dict[str, dict[str, SketchBlock]] = {}
    power_w: dict[str, float] = {}
    bounds_only = False
    for line, row in enumerate(rows[1:], start=2):
        if not any(cell.strip() for cell in row):
            continue
        where = f"{path}:{line}"
        if len(row) != len(header):
            faults.add(where, f"{len(row)} cells", f"{len(header)}, as in the header")
            continue
        cells = dict(zip(header, (cell.strip() for cell in row), strict=True))
        if between == ";":
            cells |= {key: _with_point(cell) for key, cell in cells.items()}
        owner, block = _block(cells, columns, die, where, faults)
        if block is None:
            continue
        if block.name in found.setdefault(owner, {}):
            faults.add(where, f"block {block.name!r} is given twice", "once")
        found[owner][block.name] = block
        bounds_only |= _is_polygon(cells, block)
        if cells.get("power_w"):
            power_w[f"{owner}/{block.name}"] = _amount(cells, "power_w", where, faults)
    if not found and not faults:
        faults.add(str(path), "has no rows", "one for each block")
    faults.raise_if_any()
    keyed = columns.name == "key" or "die" in header
    dies = tuple(die_around(name, blocks.values(), placed=keyed) for name, blocks in found.items())
    return Sketch(str(path), dies, power_w=power_w, notes=(_BOUNDS,) if bounds_only else ())


def _with_point(cell: str) -> str:
    """Return a number with a decimal comma as one with a point; anything else as it is."""
    return cell.replace(",", ".") if _DECIMAL_COMMA.fullmatch(cell) else cell


def _columns(
    header: Sequence[str], where: str, unit_um: float | None, faults: Faults
) -> _Columns | None:
    lengths: dict[str, tuple[str, float]] = {}
    for column in header:
        stem, _, unit = column.rpartition("_")
        if stem in _LENGTHS and unit in _UM:
            lengths[stem] = (column, _UM[unit])
        elif column in _LENGTHS:
            if unit_um is None:
                cure = f"call it {column}_um, or say the unit of the file"
                faults.add(f"{where}: {column}", "has no unit", "um, mm, nm or m", cure)
            lengths[column] = (column, unit_um or 1.0)
        elif column not in (*_NAMES, *_OTHERS):
            known = (*_NAMES, *_OTHERS, *(f"{name}_um" for name in _LENGTHS))
            faults.add(f"{where}: {column}", "unknown column", cure=did_you_mean(column, known))
    name = next((column for column in header if column in _NAMES), "")
    shape = next((s for s in _SHAPES if all(part in lengths for part in s)), None)
    if not name or shape is None:
        faults.add(where, f"columns {', '.join(header) or '(none)'}", _COLUMNS)
        return None
    scales = tuple(lengths[part][1] for part in shape)
    return _Columns(name, tuple(lengths[part][0] for part in shape), scales, shape == _SHAPES[1])


def _block(
    cells: Mapping[str, str], columns: _Columns, die: str, where: str, faults: Faults
) -> tuple[str, SketchBlock | None]:
    """Return the die's name and the block of a row."""
    name, owner = cells[columns.name], cells.get("die", "") or die
    if columns.name == "key":
        owner, _, name = name.partition("/")
    if not name:
        allowed = "DIE/BLOCK" if columns.name == "key" else "a name"
        faults.add(f"{where}: {columns.name}", f"{cells[columns.name]!r}", allowed)
    values = [
        number(cells[column], where, column, faults, positive=columns.sized and index > 1)
        for index, column in enumerate(columns.shape)
    ]
    kind = cells.get("kind", "").casefold()
    if kind and kind not in set(BlockKind):
        cure = did_you_mean(kind, [str(kind) for kind in BlockKind])
        faults.add(f"{where}: kind", f"unknown {kind!r}", cure=cure)
        kind = ""
    enabled = cells.get("enabled", "").casefold()
    if enabled not in _FLAGS:
        faults.add(f"{where}: enabled", f"{cells['enabled']!r}", "true or false")
    known = [value for value in values if value is not None]
    if len(known) < 4 or not name:
        return owner, None
    a, b, c, d = (
        round(value * scale, 6) for value, scale in zip(known, columns.scale_um, strict=True)
    )
    x1, y1 = (round(a + c, 6), round(b + d, 6)) if columns.sized else (c, d)
    if x1 <= a or y1 <= b:
        faults.add(where, f"block {name!r} has no area", "x1 above x0, and y1 above y0")
        return owner, None
    block = SketchBlock(
        name,
        box(a, b, x1, y1),
        where,
        kind=BlockKind(kind) if kind else None,
        macs=int(_amount(cells, "macs", where, faults, whole=True)),
        sram_byte=_amount(cells, "sram_byte", where, faults),
        lanes=int(_amount(cells, "lanes", where, faults, whole=True)),
        stack=cells.get("stack", ""),
        enabled=_FLAGS.get(enabled, True),
    )
    return owner, block


def _is_polygon(cells: Mapping[str, str], block: SketchBlock) -> bool:
    """Whether the area that a row gives is not that of its rectangle."""
    area_um2 = as_float(cells.get("area_mm2", "")) * _UM2_PER_MM2
    return abs(area_um2 - block.outline.area) > _ROUND_OFF * block.outline.area


def _amount(
    cells: Mapping[str, str], key: str, where: str, faults: Faults, *, whole: bool = False
) -> float:
    """Read an amount of 0 or more; 0 where it is not given or wrong."""
    if not cells.get(key):
        return 0.0
    value = number(cells[key], f"{where}: {key}", key, faults, positive=False)
    if value is None:
        return 0.0
    if value < 0.0 or (whole and not value.is_integer()):
        allowed = "a whole number, 0 or more" if whole else "0 or more"
        faults.add(f"{where}: {key}", f"{cells[key]}", allowed)
        return 0.0
    return value
