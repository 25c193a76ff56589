"""DEF: the package with its dies and stacks, and each die with its blocks placed."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

import shapely

from floorplan.block import Block
from floorplan.bump import BumpField, BumpKind
from floorplan.die import Die
from floorplan.formats.def_names import body_name, def_name
from floorplan.formats.def_supplies import supply_nets, supply_vias
from floorplan.formats.macros import MacroSet, macros_of
from floorplan.formats.nanometres import NM_PER_UM, Box, box_nm, nm, pieces_nm, um_text
from floorplan.formats.pins import Pin, is_signal, signal_pins
from floorplan.formats.registry import Content, Job
from floorplan.hierarchy import groups_of
from floorplan.layout import Layout
from floorplan.metal import routing_metals
from techlib import Faults

__all__ = ["PACKAGE", "PROPERTIES", "die_def_text", "files", "package_def_text"]

#: Name and value of the design property that tells the DEF of a package from that of a die.
PACKAGE = ("level", "package")

#: What a component may say of a block, with the types of DEF.
PROPERTIES = {"macs": "INTEGER", "sram_byte": "REAL", "lanes": "INTEGER", "stack": "STRING"}


def files(job: Job) -> Iterator[tuple[str, Content]]:
    """Yield the package and each die."""
    macros = macros_of(job.layout)
    yield f"{job.stem}.def", package_def_text(job.layout, macros)
    for die in job.floorplan.dies:
        fields = job.layout.fields_of(die.name)
        yield job.die_file(die.name, "def"), die_def_text(die, macros, fields)


def package_def_text(layout: Layout, macros: MacroSet) -> str:
    """Return the interposer as DEF, its dies and stacks as fixed components.

    Each signal that joins two of them, such as a wire of an HBM channel, is a net. C4 joints are
    pins where they are the ends of signals, and special nets of arrays of vias for supplies.
    """
    plan = layout.floorplan
    bodies = [(die.name, die.x_um, die.y_um) for die in plan.dies]
    bodies += [(stack.name, stack.x_um, stack.y_um) for stack in plan.stacks]
    names = {name: body_name(name) for name, _, _ in bodies}
    parts = [_component(names[name], macros.of_body[name], x, y) for name, x, y in bodies]
    size = (nm(plan.width_um), nm(plan.height_um))
    joints = [f for f in layout.fields_of("interposer") if f.kind is BumpKind.C4]
    pins = [pin for field in joints for pin in signal_pins(field)]
    sections = (
        _section("VIAS", supply_vias(joints)),
        _section("COMPONENTS", parts),
        _section("PINS", [_pin(pin) for pin in pins]),
        _section("SPECIALNETS", supply_nets(joints)),
        _section("NETS", _wires(layout, names, pins)),
    )
    name, value = PACKAGE
    level = f'PROPERTYDEFINITIONS\n  DESIGN {name} STRING "{value}" ;\nEND PROPERTYDEFINITIONS\n'
    return "\n".join([_head(plan.name, size, level), *filter(None, sections), "END DESIGN\n"])


def _wires(layout: Layout, names: Mapping[str, str], pins: Sequence[Pin]) -> list[str]:
    """Return the nets between bodies and C4 joints, each with its terminals."""
    ends = {pin.name: [f"( PIN {pin.name} )"] for pin in pins}
    for field in layout.fields:
        if field.owner in names:
            for net, terminal in zip(field.nets, field.terminals, strict=True):
                if is_signal(net):
                    end = f"( {names[field.owner]} {def_name(terminal)} )"
                    ends.setdefault(def_name(net), []).append(end)
    return [f"- {net} {' '.join(found)}" for net, found in ends.items() if len(found) > 1]


def die_def_text(die: Die, macros: MacroSet, fields: Sequence[BumpField] = ()) -> str:
    """Return a die as DEF: area, tracks, blocks, pins, groups, and where no block may lie.

    The pins are the signal bumps, as they lie when the die is seen from above in the package,
    face down, which is how its blocks lie too; each is on a net with the interface that it belongs
    to. The bumps of `fields` that carry a supply are special nets of arrays of vias. Scribe lane,
    seal ring and keep-outs are blockages; blocks that tile a rectangle, such as a slice, are a
    group with a guide.

    Raises
    ------
    InputError
        Every keep-out that is not rectilinear.
    """
    size = (nm(die.width_um), nm(die.height_um))
    names = {block.name: def_name(block.name) for block in die.blocks}
    components = [
        _component(names[block.name], macros.of_block[die.name, block.name], x0, y0)
        + _properties(block)
        for block in die.blocks
        for x0, y0 in [block.outline.bounds[:2]]
    ]
    pins = macros.macros[macros.of_body[die.name]].pins
    groups, _ = groups_of(die)
    regions = [
        f"- {def_name(group.name)} {_points(box_nm(group.bounds))} + TYPE GUIDE" for group in groups
    ]
    members = [
        f"- {def_name(g.name)} {def_name(g.name)}/* + REGION {def_name(g.name)}" for g in groups
    ]
    parts = [
        _head(die.name, size, _definitions(die)),
        *_tracks(die),
        _section("VIAS", supply_vias(fields)),
        _section("REGIONS", regions),
        _section("COMPONENTS", components),
        _section("PINS", [_pin(pin) for pin in pins]),
        _section("BLOCKAGES", _blockages(die)),
        _section("SPECIALNETS", supply_nets(fields)),
        _section("NETS", [_net(pin, names) for pin in pins]),
        _section("GROUPS", members),
        "END DESIGN\n",
    ]
    return "\n".join(part for part in parts if part)


def _head(design: str, size: tuple[int, int], definitions: str = "") -> str:
    return (
        f'VERSION 5.8 ;\nDIVIDERCHAR "/" ;\nBUSBITCHARS "[]" ;\nDESIGN {def_name(design)} ;\n'
        f"UNITS DISTANCE MICRONS {NM_PER_UM} ;\n{definitions}"
        f"DIEAREA {_points((0, 0, *size))} ;\n"
    )


def _definitions(die: Die) -> str:
    """Return the properties by which a floorplan is read from the file as it was written."""
    kinds = "".join(f"  COMPONENT {name} {kind} ;\n" for name, kind in PROPERTIES.items())
    lengths = {"scribe_um": die.scribe_um, "seal_ring_um": die.seal_ring_um}
    edge = "".join(f"  DESIGN {name} REAL {um_text(nm(v))} ;\n" for name, v in lengths.items())
    node = f'  DESIGN node STRING "{die.node.name}" ;\n'
    return f"PROPERTYDEFINITIONS\n{edge}{node}{kinds}END PROPERTYDEFINITIONS\n"


def _properties(block: Block) -> str:
    """Return what a block holds; what has its default is left out."""
    held = {
        "macs": str(block.macs) if block.macs else "",
        "sram_byte": f"{block.sram_byte:.12g}" if block.sram_byte else "",
        "lanes": str(block.lanes) if block.lanes else "",
        "stack": f'"{block.stack}"' if block.stack else "",
    }
    words = " ".join(f"{name} {value}" for name, value in held.items() if value)
    return f" + PROPERTY {words}" if words else ""


def _section(name: str, entries: Sequence[str]) -> str:
    """Return a section with its count; nothing where it is empty."""
    if not entries:
        return ""
    lines = "".join(f"{entry} ;\n" for entry in entries)
    return f"{name} {len(entries)} ;\n{lines}END {name}\n"


def _component(name: str, macro: str, x_um: float, y_um: float) -> str:
    return f"- {name} {macro} + FIXED ( {nm(x_um)} {nm(y_um)} ) N"


def _pin(pin: Pin) -> str:
    name, (x0, y0, x1, y1) = pin.name, pin.box_nm
    x, y = (x0 + x1) // 2, (y0 + y1) // 2
    return (
        f"- {name} + NET {name} + DIRECTION INOUT + USE SIGNAL + LAYER {pin.layer} "
        f"{_points((x0 - x, y0 - y, x1 - x, y1 - y))} + FIXED ( {x} {y} ) N"
    )


def _net(pin: Pin, names: Mapping[str, str]) -> str:
    """Return the net of a pin: to the block that it belongs to, if any."""
    block = f" ( {names[pin.block]} {pin.port} )" if pin.block else ""
    return f"- {pin.name} ( PIN {pin.name} ){block}"


def _points(corners: Box) -> str:
    x0, y0, x1, y1 = corners
    return f"( {x0} {y0} ) ( {x1} {y1} )"


def _tracks(die: Die) -> Iterator[str]:
    """Yield the tracks of each metal inside the seal ring."""
    x0, y0, x1, y1 = box_nm(die.core.bounds)
    for metal in routing_metals():
        axis, low, high = ("Y", y0, y1) if metal.direction == "horizontal" else ("X", x0, x1)
        step, half = nm(metal.pitch_um), nm(metal.width_um) // 2
        start = low + half
        if start <= high - half:
            count = (high - half - start) // step + 1
            yield f"TRACKS {axis} {start} DO {count} STEP {step} LAYER {metal.lef_name} ;\n"


def _blockages(die: Die) -> list[str]:
    faults = Faults()
    edge = shapely.get_parts(die.outline.difference(die.core))
    rim = [piece for part in edge for piece in pieces_nm(part) or ()]
    inner: list[Box] = []
    for number, keepout in enumerate(die.keepouts):
        pieces = pieces_nm(keepout)
        if pieces is None:
            faults.add(f"{die.name}: keep-out {number}", "is slanted", "a rectilinear one in DEF")
        inner += pieces or ()
    faults.raise_if_any()
    found = [f"- PLACEMENT RECT {_points(piece)}" for piece in (*rim, *inner)]
    if rim:
        everywhere = " ".join(f"RECT {_points(piece)}" for piece in rim)
        found += [f"- LAYER {metal.lef_name} {everywhere}" for metal in routing_metals()]
    return found
