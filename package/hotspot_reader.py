"""Read HotSpot input sets: the whole package as solids of their real sizes."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path

from shapely import Polygon, box

from floorplan.formats.hotspot_floorplan import Unit
from floorplan.formats.text import tidy
from package.case import Case
from package.case_trace import CaseTrace
from package.foreign import celsius
from package.hotspot_chip import (
    Reading,
    Slab,
    chip_size,
    dissipators,
    is_detailed,
    read_chip,
)
from package.hotspot_lines import read_materials
from package.hotspot_powers import read_powers
from package.hotspot_set import find_input_set
from package.hotspot_settings import read_settings, secondary_materials
from package.layers import Face, Layer, Region
from package.package import Package
from package.tiles import Tile, fit, overlay
from techlib import Faults, Material
from techlib import materials as known_materials

__all__ = ["read_hotspot"]

_DEAD = "_"  # HotSpot's prefix for dead space between blocks
_M2_PER_UM2 = 1e-12


def read_hotspot(path: str | Path, flags: Mapping[str, str] | None = None) -> Case:
    r"""Read a HotSpot input set as a case.

    Die, interface, spreader and sink become solids of their real extents; the convection
    resistance is a film over the whole sink, ``film = 1 / (r_convec s_sink^2)``. The secondary
    path, if it is on, becomes solids too. Where HotSpot has the node of a powered layer on the
    layer's lower face, a thin sheet there dissipates (``t_active``, 1 um, a key of our own); with
    ``detailed_3D`` the layers above the lowest one dissipate over their whole thickness.

    Parameters
    ----------
    path : str or Path
        The configuration, or the folder; floorplan or layer configuration, power trace and
        materials are those named in the configuration or the only ones in its folder.
    flags : mapping of str to str, optional
        Options as on HotSpot's command line, e.g. ``{"f": "ev6.flp", "p": "gcc.ptrace"}``.

    Raises
    ------
    InputError
        Every fault of the files, with file and line, and of the package that they describe.

    Examples
    --------
    >>> import tempfile, pathlib
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     for name, text in {
    ...         "run.config": "-t_chip 0.0005\n-k_chip 120\n-p_chip 1.6e6\n",
    ...         "die.flp": "core 0.01 0.01 0 0\n",
    ...         "die.ptrace": "core\n30\n50\n",
    ...     }.items():
    ...         _ = (pathlib.Path(folder) / name).write_text(text)
    ...     case = read_hotspot(folder)
    >>> case.power_w, [(layer.name, layer.thickness_um) for layer in case.package.layers]
    ({'core': 40.0}, [('chip.active', 1.0), ('chip', 499.0), ('interface', 20.0),
    ('spreader', 1000.0), ('sink', 6900.0)])
    """
    faults, notes = Faults(), list[str]()
    files = find_input_set(Path(path), flags or {}, faults)
    materials: Mapping[str, Material | None] = {}
    if files.materials is not None:
        materials = read_materials(files.materials, faults)
    reading = Reading(read_settings(files.lines, materials, faults, notes), faults, notes)
    reading.solids.update(
        {(m.conductivity_w_mk[0], m.heat_capacity_j_m3k): m for m in materials.values() if m}
    )
    known = len(faults.found)
    slabs = read_chip(files, reading)
    reading.detailed = is_detailed(slabs, reading)
    blocks = dissipators(slabs)
    powers = read_powers(files.powers, blocks if len(faults.found) == known else None, faults)
    faults.raise_if_any()
    assert powers is not None
    dead = [b.key for b in blocks if b.name.startswith(_DEAD) and not powers[b.key].any()]
    powers = powers.drop(columns=dead)
    keys = {(b.layer, b.name): b.key for b in blocks if b.key not in dead}
    package = _package(files.name, slabs, keys, reading)
    step_s = reading.settings["sampling_intvl"]
    return Case(
        package,
        {str(key): tidy(float(mean)) for key, mean in powers.mean().items()},
        CaseTrace(step_s, powers) if len(powers) > 1 else None,
        initial_c=celsius(reading.settings["init_temp"]),
        description=f"HotSpot input set {files.name}",
        notes=tuple(notes),
    )


def _package(
    name: str, slabs: Sequence[Slab], keys: Mapping[tuple[int, str], str], reading: Reading
) -> Package:
    """Stack everything, each part centred over the widest one."""
    settings = reading.settings
    width, height = chip_size(slabs[0].units)
    below, above = _secondary(reading), _cooler((width, height), reading)
    side = max([width, height, *(size for _, _, size, _ in (*below, *above))])
    middle = side / 2.0
    x0, y0 = round(middle - width / 2.0, 6), round(middle - height / 2.0, 6)
    die = box(x0, y0, round(x0 + width, 6), round(y0 + height, 6))
    chip = [
        layer
        for number, slab in enumerate(slabs)
        for layer in _slab_layers(number, slab, die, keys, reading)
    ]
    reading.faults.raise_if_any()

    def square(parts: Sequence[_Part]) -> list[Layer]:
        return [
            Layer(part, t, box(low, low, high, high), solid)
            for part, t, size, solid in parts
            for low, high in [(middle - size / 2.0, middle + size / 2.0)]
        ]

    ambient_c = celsius(settings["ambient"])
    bottom = Face()
    if below:
        bottom = Face(_film(settings["r_convec_sec"], reading.um("s_pcb")), ambient_c)
    return Package(
        name=name,
        layers=(*square(below), *chip, *square(above)),
        filler=known_materials()["air"],
        top=Face(_film(settings["r_convec"], reading.um("s_sink")), ambient_c),
        bottom=bottom,
        sides=Face(),
        ambient_c=celsius(settings["init_temp"]),
    )


_Part = tuple[str, float, float, Material]  # name, thickness [um], side [um], material


def _film(resistance_k_w: float, side_um: float) -> float:
    return tidy(1.0 / (resistance_k_w * side_um**2 * _M2_PER_UM2))


def _cooler(die_um: tuple[float, float], reading: Reading) -> list[_Part]:
    parts = []
    for part, least, what in (
        ("spreader", max(die_um), "the chip"),
        ("sink", reading.um("s_spreader"), "the spreader"),
    ):
        side = reading.um(f"s_{part}")
        if side < least - 1.0:
            given = reading.settings.lines.get(f"s_{part}")
            where = given.where if given else f"default of -s_{part}"
            faults = reading.faults
            faults.add(
                where, f"the {part} is {side:g} um wide", f"{least:g} um, as {what}, or more"
            )
        material = reading.settings.solid(part, reading.faults)
        parts.append((part, reading.um(f"t_{part}"), side, material))
    return parts


def _secondary(reading: Reading) -> list[_Part]:
    """Return board, solder balls and substrate, which are squares of their own."""
    if not reading.settings.on("model_secondary"):
        return []
    solids = secondary_materials()
    return [
        (part, reading.um(f"t_{part}"), reading.um(f"s_{part}"), solids[part])
        for part in ("pcb", "solder", "sub")
    ]


def _slab_layers(
    number: int,
    slab: Slab,
    die: Polygon,
    keys: Mapping[tuple[int, str], str],
    reading: Reading,
) -> list[Layer]:
    """Return the layers of a slab: the sheet that dissipates, and the rest above it."""
    tiles = [_tile(unit, die, keys.get((number, unit.name), ""), reading) for unit in slab.units]
    tiles = [tile for tile in tiles if tile.heats or tile.material]
    fitted = fit(tiles, die, reading.faults, reading.notes)
    heated = [tile for tile in fitted if tile.heats]
    solid = [replace(tile, heats="") for tile in fitted if tile.material]

    def layer(name: str, thickness_um: float, regions: Sequence[Region]) -> Layer:
        return Layer(name, thickness_um, die, slab.material, tuple(regions))

    plain = overlay(solid, [], slab.material)
    if not heated:
        return [layer(slab.name, slab.thickness_um, plain)]
    regions = overlay(solid, heated, slab.material)
    sheet_um = _sheet_um(number, reading)
    if sheet_um >= slab.thickness_um:
        return [layer(slab.name, slab.thickness_um, regions)]
    return [
        layer(f"{slab.name}.active", sheet_um, regions),
        layer(slab.name, round(slab.thickness_um - sheet_um, 6), plain),
    ]


def _sheet_um(number: int, reading: Reading) -> float:
    """Return how much of a powered layer dissipates, from below [um]."""
    upper = number > 0 or reading.settings.on("model_secondary")
    if reading.detailed and upper and "t_active" not in reading.settings.lines:
        return math.inf
    return reading.um("t_active")


def _tile(unit: Unit, die: Polygon, key: str, reading: Reading) -> Tile:
    dx, dy = die.bounds[:2]
    x0, y0, x1, y1 = unit.rectangle_um
    outline = box(round(x0 + dx, 6), round(y0 + dy, 6), round(x1 + dx, 6), round(y1 + dy, 6))
    material = None
    if reading.detailed and unit.solid is not None:
        material = reading.solid_of(unit.solid, unit.name)
    return Tile(unit.name, outline, unit.where, material, key)
