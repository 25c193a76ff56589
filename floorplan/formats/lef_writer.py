"""LEF: the layers that pins and tracks need, and a macro for each kind of block, die and stack."""

from __future__ import annotations

from collections.abc import Iterator

from floorplan.bump import BumpField
from floorplan.formats.macros import Macro, macros_of
from floorplan.formats.nanometres import NM_PER_UM, nm, um_text
from floorplan.formats.pins import Pin
from floorplan.formats.registry import Content, Job
from floorplan.metal import PAD, Metal, metals

__all__ = ["OVERLAP", "bump_macro", "files", "lef_text", "tech_lef_text"]

OVERLAP = "OVERLAP"  #: the layer on which LEF keeps outlines that are no rectangles
_END = "END LIBRARY\n"
_HEAD = 'VERSION 5.8 ;\nBUSBITCHARS "[]" ;\nDIVIDERCHAR "/" ;\n'


def files(job: Job) -> Iterator[tuple[str, Content]]:
    """Yield the layers, and the macros of blocks, dies, stacks and bumps."""
    yield f"{job.stem}.tech.lef", tech_lef_text(job.floorplan.grid_um)
    macros = lef_text(tuple(macros_of(job.layout).macros.values()))
    bumps = {bump_macro(field): nm(field.pad_um) for field in job.layout.fields}
    cells = "\n".join(_bump(name, pad_nm) for name, pad_nm in sorted(bumps.items()))
    yield f"{job.stem}.lef", macros.replace(_END, f"{cells}\n{_END}") if cells else macros


def bump_macro(field: BumpField) -> str:
    """Return the name of the macro of a field's bumps, e.g. ``"HBM_BUMP_25000"``."""
    return f"{field.kind.upper()}_BUMP_{nm(field.pad_um)}"


def _bump(name: str, pad_nm: int) -> str:
    """Return the macro of a bump, its origin in the middle."""
    half, size = um_text(pad_nm // 2), um_text(2 * (pad_nm // 2))
    pad = metals()[PAD].lef_name
    return (
        f"MACRO {name}\n  CLASS COVER BUMP ;\n  ORIGIN {half} {half} ;\n  SIZE {size} BY {size} ;\n"
        f"  SYMMETRY X Y ;\n  PIN PAD\n    DIRECTION INOUT ;\n    USE SIGNAL ;\n    PORT\n"
        f"      LAYER {pad} ;\n        RECT -{half} -{half} {half} {half} ;\n    END\n  END PAD\n"
        f"END {name}\n"
    )


def tech_lef_text(grid_um: float) -> str:
    """Return the layers as LEF: metals from the ground up, and the layer of outlines.

    Examples
    --------
    >>> [line for line in tech_lef_text(0.005).splitlines() if line.startswith("LAYER")]
    ['LAYER M8', 'LAYER M9', 'LAYER PAD', 'LAYER OVERLAP']
    """
    units = f"UNITS\n  DATABASE MICRONS {NM_PER_UM} ;\nEND UNITS\n"
    parts = [
        f"{_HEAD}{units}MANUFACTURINGGRID {um_text(nm(grid_um))} ;\n",
        *(_layer(metal) for metal in metals().values()),
        f"LAYER {OVERLAP}\n  TYPE OVERLAP ;\nEND {OVERLAP}\n",
    ]
    return "\n".join([*parts, _END])


def _layer(metal: Metal) -> str:
    pitch, width, spacing = (
        um_text(nm(length)) for length in (metal.pitch_um, metal.width_um, metal.spacing_um)
    )
    return (
        f"LAYER {metal.lef_name}\n  TYPE ROUTING ;\n  DIRECTION {metal.direction.upper()} ;\n"
        f"  PITCH {pitch} ;\n  WIDTH {width} ;\n  SPACING {spacing} ;\nEND {metal.lef_name}\n"
    )


def lef_text(macros: tuple[Macro, ...]) -> str:
    """Return macros as LEF; an outline that is no rectangle is an obstruction on `OVERLAP`.

    The kind of a block is the property ``kind``.
    """
    head = f"{_HEAD}PROPERTYDEFINITIONS\n  MACRO kind STRING ;\nEND PROPERTYDEFINITIONS\n"
    return "\n".join([head, *(_macro(macro) for macro in macros), _END])


def _macro(macro: Macro) -> str:
    lines = [
        f"MACRO {macro.name}",
        "  CLASS BLOCK ;",
        f"  FOREIGN {macro.cell} 0 0 ;",
        "  ORIGIN 0 0 ;",
        f"  SIZE {um_text(macro.width_nm)} BY {um_text(macro.height_nm)} ;",
        "  SYMMETRY X Y ;",
    ]
    shapes = [f"RECT {_um(piece)}" for piece in macro.pieces_nm]
    if macro.points_nm:
        shapes.append("POLYGON " + " ".join(_um(point) for point in macro.points_nm))
    if shapes:
        lines += ["  OBS", f"    LAYER {OVERLAP} ;", *(f"      {s} ;" for s in shapes), "  END"]
    lines += [_pin(pin) for pin in macro.pins]
    lines += [f'  PROPERTY kind "{macro.kind}" ;', f"END {macro.name}"]
    return "\n".join(lines) + "\n"


def _pin(pin: Pin) -> str:
    return (
        f"  PIN {pin.name}\n    DIRECTION INOUT ;\n    USE SIGNAL ;\n    PORT\n"
        f"      LAYER {pin.layer} ;\n        RECT {_um(pin.box_nm)} ;\n    END\n"
        f"  END {pin.name}"
    )


def _um(values: tuple[int, ...]) -> str:
    return " ".join(um_text(value) for value in values)
