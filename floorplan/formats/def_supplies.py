"""Supply bumps in DEF: a via for each kind of pad, and special nets of arrays of them."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from floorplan.bump import NO_CONNECT, BumpField
from floorplan.formats.nanometres import NM_PER_UM, nm
from floorplan.formats.pins import is_signal
from floorplan.metal import PAD, metals

__all__ = ["supply_nets", "supply_vias"]

_GROUND = ("VSS", "GND")


def supply_vias(fields: Sequence[BumpField]) -> list[str]:
    """Return the pads that supply bumps have, as vias of one layer."""
    pads = sorted({(_via(field), nm(field.pad_um) // 2) for field in fields if _supplies(field)})
    layer = metals()[PAD].lef_name
    return [f"- {name} + RECT {layer} ( -{h} -{h} ) ( {h} {h} )" for name, h in pads]


def supply_nets(fields: Sequence[BumpField]) -> list[str]:
    """Return a special net for each supply, its bumps as arrays of vias and single ones."""
    layer, places = metals()[PAD].lef_name, dict[str, list[str]]()
    for field in fields:
        for net in _supplies(field):
            places.setdefault(field.nets[net], []).extend(_placed(field, net))
    return [
        f"- {name} + USE {'GROUND' if name.upper() in _GROUND else 'POWER'}\n  + FIXED "
        + "\n    NEW ".join(f"{layer} 0 {place}" for place in found)
        for name, found in sorted(places.items())
    ]


def _via(field: BumpField) -> str:
    return f"PAD_{field.kind.upper()}_{nm(field.pad_um)}"


def _supplies(field: BumpField) -> list[int]:
    """Return the positions of the nets of a field that are supplies and have bumps."""
    return [
        net
        for net, _, _ in field.parts()
        if not is_signal(field.nets[net]) and field.nets[net] != NO_CONNECT
    ]


def _placed(field: BumpField, wanted: int) -> Iterator[str]:
    """Yield place and via of the bumps of a net, arrays with their counts and steps."""
    via = _via(field)
    for net, arrays, points in field.parts():
        if net != wanted:
            continue
        for array in arrays:
            x, y = nm(array.x_um), nm(array.y_um)
            steps = f"{nm(array.pitch_x_um)} {nm(array.pitch_y_um)}"
            many = f" DO {array.columns} BY {array.rows} STEP {steps}" if array.count > 1 else ""
            yield f"( {x} {y} ) {via}{many}"
        for x, y in (points * NM_PER_UM).round().astype(int).tolist():
            yield f"( {x} {y} ) {via}"
