"""Read 3D-ICE stack descriptions with their floorplans and layouts."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from shapely import Polygon, box

from floorplan.formats.ice_floorplan import Element, read_areas, read_floorplan
from floorplan.formats.ice_text import read_sections
from floorplan.formats.text import tidy
from package.case import Case
from package.case_trace import CaseTrace
from package.foreign import celsius, find_file, given_material
from package.ice_powers import heat_keys, slot_powers
from package.ice_stack import DieLayer, Placed, Stack, Template, read_material, read_stack
from package.layers import Face, Layer
from package.package import Package
from package.tiles import Tile, fit, overlay
from techlib import Faults, InputError, Material, did_you_mean
from techlib import materials as known_materials

__all__ = ["read_ice"]

_PER_M = 1e6  # W/(um K) to W/(m K)
_PER_M2 = 1e12
_PER_M3 = 1e18


@dataclass(eq=False)
class _Reading:
    """What is known while a stack is read."""

    path: Path
    stack: Stack
    faults: Faults
    materials: dict[str, Material] = field(default_factory=dict)
    floorplans: dict[str, tuple[Element, ...]] = field(default_factory=dict)

    @property
    def chip(self) -> Polygon:
        return box(0.0, 0.0, *self.stack.size)

    def file(self, name: str) -> Path:
        """Find a file as 3D-ICE does, from its working folder, which is not known."""
        folder = self.path.parent
        return find_file(name, [folder, Path(), folder.parent, folder.parent.parent])

    def material(
        self, name: str, where: str, local: Mapping[str, Material] | None = None
    ) -> Material:
        """Look a material up, first among those of a layout file."""
        known = {**self.materials, **(local or {})}
        if name not in known:
            cure = did_you_mean(name, known) if known else ""
            self.faults.add(where, f"unknown material {name!r}", cure=cure)
            return known_materials()["silicon"]
        return known[name]


def read_ice(path: str | Path) -> Case:
    """Read a 3D-ICE stack description as a case.

    Every layer of the stack becomes a layer of the chip's size, in the same order; the elements
    of a floorplan dissipate over the thickness of their die's source layer, and a layout gives
    regions of materials. Heat keys are the names of the elements, or ``<die>.<element>`` where
    several dies have one of that name. With a transient solver each power value holds for one
    slot; a steady one takes the first.

    Parameters
    ----------
    path : str or Path
        The ``.stk``; other files are relative to its folder, to the working folder, or to one of
        the two folders above.

    Raises
    ------
    InputError
        Every fault of the files, with file and line, and of the package that they describe.

    Examples
    --------
    >>> import tempfile, pathlib
    >>> stack = '''
    ... material SI : thermal conductivity 1.3e-4 ; volumetric heat capacity 1.63e-12 ;
    ... top heat sink : heat transfer coefficient 2e-8 ; temperature 313.15 ;
    ... dimensions : chip length 5000, width 4000 ; cell length 100, width 100 ;
    ... die LOGIC : layer 98 SI ; source 2 SI ;
    ... stack : die TOP LOGIC floorplan "core.flp" ;
    ... solver : steady ; initial temperature 300 ;
    ... '''
    >>> flp = "core : position 0, 0 ; dimension 5000, 2000 ; power values 12.5 ;"
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     file = pathlib.Path(folder) / "chip.stk"
    ...     _ = file.write_text(stack), file.with_name("core.flp").write_text(flp)
    ...     case = read_ice(file)
    >>> case.power_w, [(layer.name, layer.thickness_um) for layer in case.package.layers]
    ({'core': 12.5}, [('TOP.source', 2.0), ('TOP.layer1', 98.0)])
    """
    path = Path(path)
    faults = Faults()
    reading = _Reading(path, read_stack(path, faults), faults)
    stack = reading.stack
    reading.materials = {name: _solid(name, *values) for name, values in stack.materials.items()}
    faults.raise_if_any()  # what follows would only repeat these faults
    layers = _layers(reading)
    powers = slot_powers(stack, reading.floorplans)
    faults.raise_if_any()
    package = Package(
        name=path.stem,
        layers=layers,
        filler=known_materials()["air"],
        top=_face(stack, "top"),
        bottom=_face(stack, "bottom"),
        sides=Face(),
        ambient_c=celsius(stack.initial_k),
    )
    transient = stack.slot_s > 0.0
    means = powers.mean() if transient else powers.iloc[0]
    return Case(
        package,
        {str(key): tidy(float(mean)) for key, mean in means.items()},
        CaseTrace(stack.slot_s, powers) if transient else None,
        initial_c=celsius(stack.initial_k),
        description=f"3D-ICE stack {path.name}",
        notes=tuple(stack.notes),
    )


def _solid(name: str, k: tuple[float, float, float], capacity: float) -> Material:
    conductivity = (tidy(k[0] * _PER_M), tidy(k[1] * _PER_M), tidy(k[2] * _PER_M))
    return given_material(name, conductivity, tidy(capacity * _PER_M3))


def _face(stack: Stack, side: str) -> Face:
    wall = stack.walls.get(side)
    return Face() if wall is None else Face(tidy(wall.film * _PER_M2), celsius(wall.temperature))


def _layers(reading: _Reading) -> tuple[Layer, ...]:
    """Return the layers from bottom to top."""
    stack, faults = reading.stack, reading.faults
    for name, times in Counter(element.name for element in stack.elements).items():
        if times > 1:
            where = [e.where for e in stack.elements if e.name == name][-1]
            faults.add(where, f"stack element {name!r} is given twice", "once")
    if not any(element.kind == "die" for element in stack.elements):
        faults.add(str(reading.path), "the stack has no die", "one or more")
    _read_floorplans(reading)
    keys = heat_keys(stack, reading.floorplans)
    found: list[Layer] = []
    for element in reversed(stack.elements):
        if element.kind == "layer":
            template = _template(element.template, element.where, reading)
            found.append(_plain(element.name, template, reading))
        else:
            found += _die(element, keys, reading)
    return tuple(found)


def _read_floorplans(reading: _Reading) -> None:
    for element in reading.stack.elements:
        name = element.floorplan
        if name and name not in reading.floorplans:
            try:
                reading.floorplans[name] = read_floorplan(reading.file(name), reading.faults)
            except InputError as error:
                reading.faults.take(error)
                reading.floorplans[name] = ()


def _template(name: str, where: str, reading: _Reading) -> Template:
    known = reading.stack.layers
    if name not in known:
        cure = did_you_mean(name, known) if known else "declare it: 'layer NAME :'"
        reading.faults.add(where, f"unknown layer {name!r}", cure=cure)
        return Template(1.0, "", "", where)
    return known[name]


def _plain(name: str, template: Template, reading: _Reading) -> Layer:
    material = _material_of(template, reading)
    regions = overlay(_layout(template, reading), [], material)
    return Layer(name, template.height, reading.chip, material, tuple(regions))


def _material_of(template: Template, reading: _Reading) -> Material:
    if not template.material:  # its layer is unknown, which is a fault already
        return known_materials()["silicon"]
    return reading.material(template.material, template.where)


def _die(die: Placed, keys: Mapping[tuple[str, str], str], reading: _Reading) -> list[Layer]:
    dies = reading.stack.dies
    if die.template not in dies:
        cure = did_you_mean(die.template, dies) if dies else "declare it: 'die NAME :'"
        reading.faults.add(die.where, f"unknown die {die.template!r}", cure=cure)
        return []
    found = []
    layers = dies[die.template]
    above_source = 0
    for layer in reversed(layers):
        if layer.layer:
            template = _template(layer.layer, layer.where, reading)
        else:
            template = Template(layer.height, layer.material, "", layer.where)
        if not layer.source:
            above_source += 1
        name = _die_layer_name(die, layer, above_source, alone=len(layers) == 1)
        if layer.source:
            found.append(_source(name, die, template, keys, reading))
        else:
            found.append(_plain(name, template, reading))
    return found


def _die_layer_name(die: Placed, layer: DieLayer, number: int, *, alone: bool) -> str:
    if alone:
        return die.name
    return f"{die.name}.source" if layer.source else f"{die.name}.layer{number}"


def _source(
    name: str,
    die: Placed,
    template: Template,
    keys: Mapping[tuple[str, str], str],
    reading: _Reading,
) -> Layer:
    background = _material_of(template, reading)
    tiles = []
    for element in reading.floorplans[die.floorplan]:
        material = None
        if element.material:
            material = reading.material(element.material, element.where)
            if not reading.stack.non_uniform:
                note = (
                    f"{reading.file(die.floorplan)}: materials count with 'non-uniform true' alone"
                )
                if note not in reading.stack.notes:
                    reading.stack.notes.append(note)
                material = None
        key = keys[die.name, element.name]
        tiles.append(Tile(element.name, element.outline, element.where, material, key))
    heated = fit(tiles, reading.chip, reading.faults, reading.stack.notes)
    regions = overlay(_layout(template, reading), heated, background)
    return Layer(name, template.height, reading.chip, background, tuple(regions))


def _layout(template: Template, reading: _Reading) -> tuple[Tile, ...]:
    """Return the regions of a layer's layout file."""
    if not template.layout:
        return ()
    faults = reading.faults
    try:
        sections = read_sections(reading.file(template.layout), "a 3D-ICE layout", faults)
    except InputError as error:
        faults.take(error)
        return ()
    local: dict[str, Material] = {}
    tiles = []
    for section in sections:
        named = section.heading.match("material @")
        if named is not None:
            values = read_material(section, faults)
            local[str(named[0])] = _solid(str(named[0]), *(values or ((1.0, 1.0, 1.0), 1.0)))
            continue
        name = str(section.heading)
        material = reading.material(name, section.where, local)
        outline = read_areas(section, faults)
        if outline is not None:
            tiles.append(Tile(name, outline, section.where, material))
    return fit(tiles, reading.chip, faults, reading.stack.notes)
