"""3D-ICE's stack description (``.stk``), section by section, in its own units."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

from floorplan.formats.ice_forms import need, one_number, one_word, only, positive, unknown_clause
from floorplan.formats.ice_text import Clause, Section, read_sections
from techlib import Faults

__all__ = ["DieLayer", "Placed", "Stack", "Template", "Wall", "read_material", "read_stack"]

_CHANNELS = ("microchannel 4rm", "microchannel 2rm", "pinfin")
_SECTIONS = (
    "material @",
    "top heat sink",
    "bottom heat sink",
    "dimensions",
    "layer @",
    "die @",
    "stack",
    "solver",
    "output",
)
_OUTPUTS = ("T", "Tmap", "Pmap", "Tflp", "Tflpel", "Tcoolant", "T3d")


@dataclass(frozen=True)
class Wall:
    """A heat sink: film coefficient [W/(um^2 K)] and fluid temperature [K]."""

    film: float
    temperature: float


@dataclass(frozen=True)
class Template:
    """A layer that a stack or a die may use: height [um], material, layout file or empty."""

    height: float
    material: str
    layout: str
    where: str


@dataclass(frozen=True)
class DieLayer:
    """A layer of a die: its own height and material, or the name of a layer; source or not."""

    source: bool
    layer: str
    height: float
    material: str
    where: str


@dataclass(frozen=True)
class Placed:
    """An element of the stack: a layer, or a die with its floorplan file."""

    name: str
    kind: str
    template: str
    floorplan: str
    where: str


@dataclass(eq=False)
class Stack:
    """The content of a stack description.

    Parameters
    ----------
    materials : dict
        Conductivities [W/(um K)] and heat capacity [J/(um^3 K)] by name.
    walls : dict of str to Wall
        Heat sinks by side, ``top`` or ``bottom``.
    size : tuple of float
        Length along x and width along y of the chip [um].
    non_uniform : bool
        Whether elements of floorplans may have materials.
    layers, dies : dict
        What the stack may use, by name.
    elements : list of Placed
        From top to bottom.
    slot_s : float
        Time that a power value holds [s]; 0 for a steady state.
    initial_k : float
        [K].
    notes : list of str
        What is passed over.
    """

    materials: dict[str, tuple[tuple[float, float, float], float]] = field(default_factory=dict)
    walls: dict[str, Wall] = field(default_factory=dict)
    size: tuple[float, float] = (0.0, 0.0)
    non_uniform: bool = False
    layers: dict[str, Template] = field(default_factory=dict)
    dies: dict[str, tuple[DieLayer, ...]] = field(default_factory=dict)
    elements: list[Placed] = field(default_factory=list)
    slot_s: float = 0.0
    initial_k: float = 0.0
    notes: list[str] = field(default_factory=list)


def read_stack(path: Path, faults: Faults) -> Stack:
    """Read a stack description; the sections may stand in any order.

    Raises
    ------
    InputError
        The file cannot be read.
    """
    stack = Stack()
    sections = read_sections(path, "a 3D-ICE stack description", faults)
    seen: set[str] = set()
    for section in sections:
        for form, reader in _READERS.items():
            values = section.heading.match(form)
            if values is not None:
                if str(section.heading) in seen:
                    faults.add(section.where, f"a second section '{section.heading}'", "one")
                seen.add(str(section.heading))
                reader(section, [str(value) for value in values], stack, faults)
                break
        else:
            _unknown_section(section, faults)
    for needed in ("dimensions", "stack", "solver"):
        if needed not in seen:
            faults.add(str(path), f"has no section '{needed} :'", "one")
    return stack


def _unknown_section(section: Section, faults: Faults) -> None:
    heading = str(section.heading)
    if heading in _CHANNELS:
        cure = "leave channels out, or describe the cold plate by its film, 'top heat sink :'"
        faults.add(section.where, f"'{heading}': coolant channels are not computed", cure=cure)
    elif heading == "top pluggable heat sink":
        what = "a pluggable heat sink is a program of its own, which is not run"
        cure = "give its film coefficient and temperature by 'top heat sink :'"
        faults.add(section.where, what, cure=cure)
    else:
        unknown_clause(section.heading, _SECTIONS, faults)


def read_material(
    section: Section, faults: Faults
) -> tuple[tuple[float, float, float], float] | None:
    """Read conductivities and heat capacity of a material; None after a fault."""
    known = len(faults.found)
    k: list[float] = []
    capacity: list[float] = []
    for clause in section.clauses:
        if (values := clause.numbers("thermal conductivity")) and len(values) in (1, 3):
            k = positive(values, clause.where, "thermal conductivity", faults)
        elif values := clause.numbers("volumetric heat capacity"):
            capacity = positive(values[:1], clause.where, "volumetric heat capacity", faults)
        else:
            forms = ("thermal conductivity #", "volumetric heat capacity #")
            unknown_clause(clause, forms, faults)
    need(section, {"thermal conductivity": k, "volumetric heat capacity": capacity}, faults)
    if len(faults.found) > known:
        return None
    kx, ky, kz = k if len(k) == 3 else k * 3
    return (kx, ky, kz), capacity[0]


def _material(section: Section, names: list[str], stack: Stack, faults: Faults) -> None:
    found = read_material(section, faults)
    stack.materials[names[0]] = found or ((1.0, 1.0, 1.0), 1.0)


def _wall(side: str) -> Callable[[Section, list[str], Stack, Faults], None]:
    def read(section: Section, _: list[str], stack: Stack, faults: Faults) -> None:
        film = one_number(section, "heat transfer coefficient #", faults, or_zero=True)
        temperature = one_number(section, "temperature #", faults)
        only(section, ("heat transfer coefficient #", "temperature #"), faults)
        stack.walls[side] = Wall(film, temperature)

    return read


def _dimensions(section: Section, _: list[str], stack: Stack, faults: Faults) -> None:
    chip, cell = "chip length # , width #", "cell length # , width #"
    sizes = [clause.match(chip) for clause in section.clauses if clause.match(chip)]
    for clause in section.clauses:
        if values := (clause.match(chip) or clause.match(cell)):
            positive([float(v) for v in values], clause.where, "size", faults)
        if clause.match("non-uniform true") is not None:
            stack.non_uniform = True
    only(section, (chip, cell, "non-uniform true", "non-uniform false"), faults)
    if not sizes or sizes[0] is None:
        faults.add(section.where, "no 'chip length', width", "chip length <um>, width <um> ;")
    else:
        stack.size = (float(sizes[0][0]), float(sizes[0][1]))


def _layer(section: Section, names: list[str], stack: Stack, faults: Faults) -> None:
    height = one_number(section, "height #", faults)
    material = one_word(section, "material @", faults)
    layout = one_word(section, 'layout "', faults, needed=False)
    only(section, ("height #", "material @", 'layout "'), faults)
    stack.layers[names[0]] = Template(height, material, layout, section.where)


def _die(section: Section, names: list[str], stack: Stack, faults: Faults) -> None:
    found = []
    for clause in section.clauses:
        layer = _die_layer(clause, faults)
        if layer is None:
            forms = ("layer # @", "source # @", "layer @", "source @")
            unknown_clause(clause, forms, faults)
        else:
            found.append(layer)
    sources = sum(layer.source for layer in found)
    if sources != 1:
        faults.add(section.where, f"die {names[0]!r} has {sources} source layers", "one")
    stack.dies[names[0]] = tuple(found)


def _die_layer(clause: Clause, faults: Faults) -> DieLayer | None:
    for word in ("layer", "source"):
        source = word == "source"
        if values := clause.match(f"{word} # @"):
            height = positive([float(values[0])], clause.where, "height", faults)[0]
            return DieLayer(source, "", height, str(values[1]), clause.where)
        if values := clause.match(f"{word} @"):
            return DieLayer(source, str(values[0]), 0.0, "", clause.where)
    return None


def _stack(section: Section, _: list[str], stack: Stack, faults: Faults) -> None:
    cells = " discretization # #"
    layer, die = "layer @ @", 'die @ @ floorplan "'
    for clause in section.clauses:
        if values := (clause.match(layer) or clause.match(layer + cells)):
            name, template, *_ = map(str, values)
            stack.elements.append(Placed(name, "layer", template, "", clause.where))
        elif values := (clause.match(die) or clause.match(die + cells)):
            name, template, file, *_ = map(str, values)
            stack.elements.append(Placed(name, "die", template, file, clause.where))
        elif clause.match("channel @"):
            what = f"'{clause}': coolant channels are not computed"
            faults.add(clause.where, what, "layers and dies")
        else:
            unknown_clause(clause, (die, layer), faults)


def _solver(section: Section, _: list[str], stack: Stack, faults: Faults) -> None:
    transient, steady, initial = "transient step # , slot #", "steady", "initial temperature #"
    for clause in section.clauses:
        if values := clause.match(transient):
            times = [float(value) for value in values]
            stack.slot_s = positive(times, clause.where, "time", faults)[1]
    kinds = [c for c in section.clauses if c.match(transient) or c.match(steady) is not None]
    if len(kinds) != 1:
        faults.add(section.where, f"{len(kinds)} kinds of analysis", "steady, or transient")
    stack.initial_k = one_number(section, initial, faults)
    only(section, (transient, steady, initial, "numofcores #"), faults)


def _output(section: Section, _: list[str], stack: Stack, faults: Faults) -> None:
    for clause in section.clauses:
        words = [token.text for token in clause.tokens]
        if len(words) < 3 or words[0] not in _OUTPUTS or words[1] != "(" or words[-1] != ")":
            allowed = f"{', '.join(_OUTPUTS)}, with what to write in parentheses"
            faults.add(clause.where, f"cannot read {str(clause)!r}", allowed)
    stack.notes.append("the output section is not used: every block is always reported")


_READERS: dict[str, Callable[[Section, list[str], Stack, Faults], None]] = {
    "material @": _material,
    "top heat sink": _wall("top"),
    "bottom heat sink": _wall("bottom"),
    "dimensions": _dimensions,
    "layer @": _layer,
    "die @": _die,
    "stack": _stack,
    "solver": _solver,
    "output": _output,
}
