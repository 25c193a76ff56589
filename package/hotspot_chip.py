"""The chip of a HotSpot input set: its layers between secondary path and spreader."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

from floorplan.formats.hotspot_floorplan import Unit, read_floorplan
from floorplan.formats.text import um_from_m
from package.foreign import find_file, given_material
from package.hotspot_layers import read_layers
from package.hotspot_powers import Dissipator
from package.hotspot_set import InputSet
from package.hotspot_settings import Settings, secondary_materials
from techlib import Faults, InputError, Material

__all__ = ["Reading", "Slab", "chip_size", "dissipators", "is_detailed", "read_chip"]


@dataclass(frozen=True, eq=False)
class Slab:
    """A layer of the chip: everything between the secondary path and the spreader."""

    name: str
    thickness_um: float
    material: Material
    units: tuple[Unit, ...]
    power: bool


@dataclass(eq=False)
class Reading:
    """What is known while a set is read."""

    settings: Settings
    faults: Faults
    notes: list[str]
    solids: dict[tuple[float, float], Material] = field(default_factory=dict)
    detailed: bool = False

    def um(self, key: str) -> float:
        """Return a length of the settings in micrometres."""
        return um_from_m(self.settings[key])

    def solid_of(self, values: tuple[float, float], name: str) -> Material:
        """Return the material of these values, one object for equal ones."""
        k = values[0]
        if values not in self.solids:
            self.solids[values] = given_material(name, (k, k, k), values[1])
        return self.solids[values]


def read_chip(files: InputSet, reading: Reading) -> list[Slab]:
    """Read the layers of the chip from bottom to top; faults go into `reading`."""
    settings, faults = reading.settings, reading.faults
    if files.layers is not None:
        return _layers(files.layers, files, reading)
    assert files.floorplan is not None
    units = _units(files.floorplan, faults)
    slabs = []
    if settings.on("model_secondary"):
        for name in ("c4", "metal"):
            thickness_um = reading.um(f"t_{name}")
            slabs.append(Slab(name, thickness_um, secondary_materials()[name], units, False))
    for name, power in (("chip", True), ("interface", False)):
        thickness_um = reading.um(f"t_{name}")
        slabs.append(Slab(name, thickness_um, settings.solid(name, faults), units, power))
    return slabs


def _layers(path: Path, files: InputSet, reading: Reading) -> list[Slab]:
    slabs, faults = [], reading.faults
    still = []
    try:
        entries = read_layers(path, faults)
    except InputError as error:
        faults.take(error)
        return []
    for entry in entries:
        name = f"layer{entry.number}"
        if entry.floorplan.endswith(".csv"):
            what = f"layer {entry.number} is a layer of coolant channels: they are not computed"
            faults.add(entry.where, what, "a solid layer with a floorplan")
            continue
        if isinstance(entry.solid, str):
            material = reading.settings.material(entry.solid, entry.where, faults)
        else:
            material = reading.solid_of(entry.solid, name)
        units = _units(find_file(entry.floorplan, [path.parent, files.folder]), faults)
        slabs.append(Slab(name, entry.thickness_um, material, units, entry.power))
        if not entry.lateral:
            still.append(name)
    if still:
        reading.notes.append(
            f"lateral heat flow is switched off in {', '.join(still)}; here a solid conducts in "
            "every direction"
        )
    _check_sizes(slabs, faults)
    if slabs and not any(slab.power for slab in slabs):
        faults.add(str(path), "no layer dissipates power", "Y in the third line of one or more")
    return slabs


def _units(path: Path, faults: Faults) -> tuple[Unit, ...]:
    try:
        return read_floorplan(path, faults)
    except InputError as error:
        if not any(fault in faults.found for fault in error.faults):
            faults.take(error)
        return ()


def chip_size(units: Sequence[Unit]) -> tuple[float, float]:
    """Return width and height of a floorplan [um]."""
    return max(u.rectangle_um[2] for u in units), max(u.rectangle_um[3] for u in units)


def _check_sizes(slabs: Sequence[Slab], faults: Faults) -> None:
    """Hold every layer against the size of the lowest one, to the micrometre."""
    sized = [slab for slab in slabs if slab.units]
    for slab in sized[1:]:
        (width, height), (w0, h0) = chip_size(slab.units), chip_size(sized[0].units)
        if abs(width - w0) > 1.0 or abs(height - h0) > 1.0:
            what = f"{slab.name} is {width:g} x {height:g} um"
            where = slab.units[0].where.rpartition(":")[0]
            faults.add(where, what, f"{w0:g} x {h0:g} um, as {sized[0].name}")


def dissipators(slabs: Sequence[Slab]) -> list[Dissipator]:
    """Return every block of every powered layer, from bottom to top."""
    powered = [(i, slab) for i, slab in enumerate(slabs) if slab.power]
    times = Counter(unit.name for _, slab in powered for unit in slab.units)
    return [
        Dissipator(i, unit.name, unit.name if times[unit.name] == 1 else f"{slab.name}.{unit.name}")
        for i, slab in powered
        for unit in slab.units
    ]


def is_detailed(slabs: Sequence[Slab], reading: Reading) -> bool:
    """Return whether the blocks' own heat capacity and resistivity count.

    HotSpot takes the switch from its command line, which a configuration does not show: without
    a word on it they count where they are given.
    """
    word = reading.settings.word("detailed_3D")
    own = [slab.name for slab in slabs if any(unit.solid for unit in slab.units)]
    if own and word and word != "on":
        reading.notes.append(
            f"{', '.join(own)}: heat capacity and resistivity of blocks are not used, as "
            f"detailed_3D is {word}"
        )
    return word == "on" or bool(own and not word)
