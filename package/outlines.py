"""How far each slab of a package reaches."""

from __future__ import annotations

from dataclasses import dataclass

from shapely import Polygon, box

from floorplan import Floorplan
from package.stackup import StackUp
from techlib import Faults

__all__ = ["Outlines"]


@dataclass(frozen=True)
class Outlines:
    """Outlines of the slabs in interposer coordinates, all centred on the interposer [um]."""

    substrate: Polygon
    interposer: Polygon
    lid: Polygon
    sink: Polygon

    @classmethod
    def of(cls, floorplan: Floorplan, stackup: StackUp, where: str, faults: Faults) -> Outlines:
        """Size every slab by its width and height, or else by its margin to the interposer.

        Parameters
        ----------
        floorplan, stackup
            Of the package.
        where : str
            Prefix of fault positions.
        faults : Faults
            Takes slabs of no size, and a lid or sink that leaves a die or a stack uncovered.
        """
        found = {"interposer": floorplan.outline}
        for slab in ("substrate", "lid", "sink"):
            margin_um = getattr(stackup, f"{slab}_margin_um")
            width_um = getattr(stackup, f"{slab}_width_um") or floorplan.width_um + 2 * margin_um
            height_um = getattr(stackup, f"{slab}_height_um") or floorplan.height_um + 2 * margin_um
            if min(width_um, height_um) <= 0.0:
                size = f"{margin_um:g} um leaves {width_um:g} x {height_um:g} um"
                faults.add(f"{where}.{slab}.margin", size, "above half the interposer's extent")
                width_um, height_um = floorplan.width_um, floorplan.height_um
            elif getattr(stackup, f"{slab}_thickness_um") > 0.0:
                outline = _centred(floorplan, width_um, height_um)
                _check_cover(slab, outline, floorplan, where, faults)
            found[slab] = _centred(floorplan, width_um, height_um)
        return cls(**found)

    def top(self, stackup: StackUp) -> Polygon:
        """Outline of the topmost slab."""
        if stackup.sink_thickness_um > 0.0:
            return self.sink
        return self.lid if stackup.lid_thickness_um > 0.0 else self.interposer

    def bottom(self, stackup: StackUp) -> Polygon:
        """Outline of the lowest slab."""
        return self.substrate if stackup.substrate_thickness_um > 0.0 else self.interposer


def _centred(floorplan: Floorplan, width_um: float, height_um: float) -> Polygon:
    x_um, y_um = (floorplan.width_um - width_um) / 2, (floorplan.height_um - height_um) / 2
    return box(x_um, y_um, x_um + width_um, y_um + height_um)


def _check_cover(
    slab: str, outline: Polygon, floorplan: Floorplan, where: str, faults: Faults
) -> None:
    """Note a substrate below, or a lid or sink above, that a body sticks out of."""
    bodies = {die.name: die.placed_outline for die in floorplan.dies}
    bodies |= {stack.name: stack.placed_outline for stack in floorplan.stacks}
    for name, placed in bodies.items():
        area_mm2 = placed.difference(outline).area * 1e-6
        if area_mm2 > 0.0:
            what = f"leaves {area_mm2:.3g} mm2 of {name!r} uncovered"
            faults.add(f"{where}.{slab}", what, cure=f"widen the {slab}, or move {name!r}")
