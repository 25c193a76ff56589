"""What must hold for a package before anything is computed on it."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Literal, get_args

import shapely
from shapely import Polygon, STRtree

from package.layers import GRID_UM, Face, Flow, Layer, Patch
from techlib import Faults

__all__ = ["check_package"]

Axis = Literal["x", "y"]
Piece = tuple[str, Polygon]


def check_package(
    name: str, layers: Sequence[Layer], faces: Mapping[str, Face], ambient_c: float
) -> None:
    """Hold layers, regions and faces against what a conduction problem needs.

    Parameters
    ----------
    name : str
        Of the package, for messages.
    layers : sequence of Layer
        Bottom to top.
    faces : mapping of str to Face
        By side.
    ambient_c : float
        Temperature at the start [degC].

    Raises
    ------
    InputError
        Every fault: no layer, thickness not above zero, layer names given twice, regions that are
        invalid, outside their layer or on one another, negative films or contacts, temperatures
        that are not finite, flows without volume or in other than a plain rectangle, and neither
        film nor flow (then there is no steady state).
    """
    faults = Faults()
    if not layers:
        faults.add(name, "has no layers", "one or more")
    for layer_name, times in Counter(layer.name for layer in layers).items():
        if times > 1:
            what = f"{times} layers have this name"
            faults.add(f"{name}: layer {layer_name}", what, "one", "rename all but one")
    for layer in layers:
        _check_layer(layer, f"{name}: layer {layer.name}", faults)
    for side, face in faces.items():
        _check_face(face, layers, f"{name}: {side}", faults)
    if faces["sides"].patches:
        faults.add(f"{name}: sides", "has patches", "patches on top or bottom")
    flows = any(layer.flow is not None for layer in layers)
    if not flows and not any(face.cools for face in faces.values()):
        faults.add(
            name,
            "no face has a film above zero: heat has no way out, and there is no steady state",
            "a film above 0 W/(m^2 K) on one face or more",
            "name a coolant for the top",
        )
    if not math.isfinite(ambient_c):
        faults.add(f"{name}: ambient", f"{ambient_c} degC", "a finite temperature")
    faults.raise_if_any()


def _check_face(face: Face, layers: Sequence[Layer], where: str, faults: Faults) -> None:
    _check_exchange(face, where, faults)
    sound = []
    for index, patch in enumerate(face.patches):
        _check_exchange(patch, f"{where}: patch {index}", faults)
        if _is_sound(f"patch {index}", patch.outline, where, faults):
            sound.append((f"patch {index}", patch.outline))
    outlines = [layer.outline for layer in layers if not layer.outline.is_empty]
    if sound and outlines:
        extent = shapely.box(*shapely.total_bounds(outlines))
        _check_inside(extent, "the package", sound, where, faults)
        _check_apart(sound, where, faults)


def _check_exchange(part: Face | Patch, where: str, faults: Faults) -> None:
    if not part.film_w_m2k >= 0.0:
        allowed = "0 or more; infinite where the temperature is that of the face"
        faults.add(where, f"film {part.film_w_m2k:g} W/(m^2 K)", allowed)
    if not math.isfinite(part.temperature_c):
        faults.add(where, f"fluid temperature {part.temperature_c:g} degC", "a finite temperature")


def _check_layer(layer: Layer, where: str, faults: Faults) -> None:
    if not 0.0 < layer.thickness_um < math.inf:
        faults.add(
            where,
            f"thickness {layer.thickness_um:g} um",
            "above 0 um, finite",
            "leave out a layer of no thickness",
        )
    if not 0.0 <= layer.contact_resistance_k_m2_w < math.inf:
        what = f"contact resistance {layer.contact_resistance_k_m2_w:g} K m2/W"
        faults.add(where, what, "0 or more, finite")
    if layer.outline.is_empty or not layer.outline.is_valid:
        reason = "is empty" if layer.outline.is_empty else shapely.is_valid_reason(layer.outline)
        faults.add(where, f"outline: {reason}", "a simple polygon with an area")
        return
    if layer.flow is not None:
        _check_flow(layer, layer.flow, where, faults)
    regions = [(region.name, region.outline) for region in layer.regions]
    sound = [piece for piece in regions if _is_sound(*piece, where, faults)]
    if sound:
        _check_inside(layer.outline, "the layer", sound, where, faults)
        _check_apart(sound, where, faults)


def _check_flow(layer: Layer, flow: Flow, where: str, faults: Faults) -> None:
    if flow.axis not in get_args(Axis):
        faults.add(f"{where}: flow", f"along {flow.axis!r}", "'x' or 'y'")
    for what, value, unit in (
        ("volume flow", flow.volume_m3_s, "m3/s"),
        ("heat capacity", flow.heat_capacity_j_m3k, "J/(m3 K)"),
    ):
        if not 0.0 < value < math.inf:
            faults.add(f"{where}: flow", f"{what} {value:g} {unit}", "above 0, finite")
    for side, film in (("floor", flow.floor_film_w_m2k), ("ceiling", flow.ceiling_film_w_m2k)):
        if not 0.0 <= film < math.inf:
            faults.add(f"{where}: flow", f"{side} film {film:g} W/(m^2 K)", "0 or more, finite")
    if not math.isfinite(flow.inlet_c):
        faults.add(f"{where}: flow", f"inlet at {flow.inlet_c:g} degC", "a finite temperature")
    if layer.regions:
        faults.add(where, f"{len(layer.regions)} regions in a flow", "none", "cut the layer")
    if layer.outline.area < layer.outline.envelope.area * (1.0 - 1e-9):
        faults.add(where, "outline of a flow is no rectangle", "a rectangle")


def _is_sound(name: str, outline: Polygon, where: str, faults: Faults) -> bool:
    if outline.is_valid and outline.area > 0.0:
        return True
    reason = "has no area" if outline.is_valid else shapely.is_valid_reason(outline)
    faults.add(f"{where}: {name}", f"outline: {reason}", "a simple polygon with an area")
    return False


def _check_inside(
    around: Polygon, what: str, pieces: Sequence[Piece], where: str, faults: Faults
) -> None:
    """Note pieces that reach beyond an outline by more than the grid along their edge."""
    outlines = [outline for _, outline in pieces]
    beyond_um2 = shapely.area(shapely.difference(outlines, around))
    allowed_um2 = GRID_UM * shapely.length(outlines)
    for (name, _), area_um2, limit_um2 in zip(pieces, beyond_um2, allowed_um2, strict=True):
        if area_um2 > limit_um2:
            faults.add(
                f"{where}: {name}",
                f"{area_um2 * 1e-6:.3g} mm2 lie outside {what}",
                "inside its outline",
                f"move or shrink it, or widen {what}",
            )


def _check_apart(pieces: Sequence[Piece], where: str, faults: Faults) -> None:
    """Note pairs of pieces that overlap by more than the grid along their edge."""
    names, outlines = [name for name, _ in pieces], [outline for _, outline in pieces]
    first, second = STRtree(outlines).query(outlines, predicate="intersects")
    pairs = [(i, j) for i, j in zip(first.tolist(), second.tolist(), strict=True) if i < j]
    if not pairs:
        return
    ones, others = ([outlines[pair[k]] for pair in pairs] for k in (0, 1))
    common_um2 = shapely.area(shapely.intersection(ones, others))
    allowed_um2 = GRID_UM * shapely.length(ones)
    for (i, j), area_um2, limit_um2 in zip(pairs, common_um2, allowed_um2, strict=True):
        if area_um2 > limit_um2:
            faults.add(
                f"{where}: {names[i]}",
                f"overlaps {names[j]!r} on {area_um2 * 1e-6:.3g} mm2",
                "no overlap",
                "move one of the two",
            )
