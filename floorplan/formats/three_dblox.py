"""3Dblox: chiplets (``.3dbv``), how they are stacked (``.3dbx``) and their bumps (``.bmap``)."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import TypeAlias

from floorplan.die import Die
from floorplan.formats import def_writer, lef_writer
from floorplan.formats.bump_maps import (
    BumpMap,
    back_map,
    body_maps,
    front_map,
    listed,
    rows,
    stack_body,
    substrate_maps,
)
from floorplan.formats.def_names import body_name, def_name
from floorplan.formats.nanometres import NM_PER_UM
from floorplan.formats.registry import Content, Job
from floorplan.layer_map import MapLayer, layer_map
from floorplan.layout import Layout

__all__ = ["files"]

_FLIPPED = "MZ"  # face down: x and y stay as they are
_INTERPOSER, _SUBSTRATE = "interposer", "substrate"
_HEADER = ("version: 2.5", "unit: micron", f"precision: {NM_PER_UM}")
Lines: TypeAlias = list[str]


def files(job: Job) -> Iterator[tuple[str, Content]]:
    """Yield chiplets, stack and bump maps, and the LEF and DEF that they name.

    Dies and stacks lie face down on the interposer. Coordinates of a chiplet begin at its outer
    corner, scribe lane included; its design area is what is inside the seal ring.
    """
    layout = job.layout
    maps = {f"{body_name(bumps.body)}.front": bumps for bumps in body_maps(layout)}
    maps |= {"interposer.front": front_map(layout), "interposer.back": back_map(layout)}
    maps |= {f"{_SUBSTRATE}.{side}": bumps for side, bumps in substrate_maps(layout).items()}
    names = {face: f"{job.stem}.{face}.bmap" for face in maps}
    yield from lef_writer.files(job)
    yield from def_writer.files(job)
    yield f"{job.stem}.3dbv", _chiplets(job, names)
    yield f"{job.stem}.3dbx", _stack(job)
    for face, bumps in maps.items():
        yield names[face], _bump_map(bumps, job.every_bump)


def _bump_map(bumps: BumpMap, every: bool) -> Callable[[Path], None]:
    """Return what writes a bump map: name, cell, place, port and net of each bump."""
    left = sum(field.count - len(listed(field, every)) for field in bumps.fields)

    def write(file: Path) -> None:
        with file.open("w", encoding="utf-8", newline="\n") as stream:
            stream.write("# bump cell x y port net\n")
            if left:
                stream.write(
                    f"# without {left} core and C4 bumps of supplies, which bumps.parquet has\n"
                )
            for field in bumps.fields:
                cell = lef_writer.bump_macro(field)
                stream.writelines(
                    f"{def_name(name)} {cell} {x} {y} {_word(port)} {_word(net)}\n"
                    for name, x, y, port, net in rows(field, every=every, own_words=bumps.own_words)
                )

    return write


def _word(name: str) -> str:
    """Return a port or a net as DEF has it, and a dash for none as it is."""
    return name if name == "-" else def_name(name)


def _chiplets(job: Job, bump_maps: Mapping[str, str]) -> str:
    plan, layers = job.floorplan, layer_map()
    lines = ["Header:", *_indented(_HEADER), "ChipletDef:"]
    for die in plan.dies:
        edge = die.scribe_um + die.seal_ring_um
        design = [f"{die.width_um - 2 * edge:.3f}", f"{die.height_um - 2 * edge:.3f}"]
        external = [f"DEF_file: {job.die_file(die.name, 'def')}"]
        body = [
            *_size(design, _height_um(job.layout)),
            f"seal_ring_width: {_four(die.seal_ring_um)}",
            f"scribe_line_remaining_width: {_four(die.scribe_um)}",
            "cad_layer:",
            *_indented(_cad_layers(die, layers.layers)),
            *_regions({"front": (body_name(die.name), die.core.bounds)}, bump_maps),
            *_external(job, external),
        ]
        lines += _indented([f"{body_name(die.name)}:", *_indented(body)])
    for name, stack in {body_name(stack_body(stack)): stack for stack in plan.stacks}.items():
        size = [f"{stack.width_um:.3f}", f"{stack.height_um:.3f}"]
        bounds = (0.0, 0.0, stack.width_um, stack.height_um)
        body = [
            *_size(size, stack.generation.height_um),
            *_regions({"front": (name, bounds)}, bump_maps),
            *_external(job),
        ]
        lines += _indented([f"{name}:", *_indented(body)])
    substrate = job.layout.substrate
    for name, kind, carrier, thickness_um in (
        (_INTERPOSER, "die", plan, plan.technology.thickness_um),
        (_SUBSTRATE, "substrate", substrate, substrate.thickness_um),
    ):
        bounds = (0.0, 0.0, carrier.width_um, carrier.height_um)
        size = [f"{carrier.width_um:.3f}", f"{carrier.height_um:.3f}"]
        body = [
            *_size(size, thickness_um, kind=kind, tsv=name == _INTERPOSER),
            *_regions({"front": (name, bounds), "back": (name, bounds)}, bump_maps),
            *_external(job),
        ]
        lines += _indented([f"{name}:", *_indented(body)])
    return "\n".join(lines) + "\n"


def _height_um(layout: Layout) -> float:
    """Return the height of the dies: all are ground to that of the tallest stack; 0 if unknown."""
    return max((s.generation.height_um for s in layout.floorplan.stacks), default=0.0)


def _size(
    size: Sequence[str], thickness_um: float, *, kind: str = "die", tsv: bool = False
) -> Lines:
    thickness = [f"thickness: {thickness_um:.3f}"] if thickness_um else []
    return [
        f"type: {kind}",
        f"design_area: [{', '.join(size)}]",
        "shrink: 1",
        f"tsv: {str(tsv).lower()}",
        *thickness,
        "offset: [0, 0]",
    ]


def _four(width_um: float) -> str:
    return f"[{', '.join([f'{width_um:.3f}'] * 4)}]"


def _cad_layers(die: Die, layers: Mapping[str, MapLayer]) -> Lines:
    """Return the layers of the GDS that mean something to 3Dblox."""
    found = [("die.outline", ["type: design_area"])]
    if die.seal_ring_um:
        width = f"seal_ring_width: {_four(die.seal_ring_um)}"
        found.append(("die.seal_ring", ["type: seal_ring", width]))
    if die.scribe_um:
        width = f"scribe_line_remaining_width: {_four(die.scribe_um)}"
        found.append(("die.scribe", ["type: scribe_line", width]))
    lines: Lines = []
    for name, body in found:
        layer = layers[name]
        lines += [f"{layer.gds_layer};{layer.gds_datatype}:", *_indented(body)]
    return lines


def _regions(
    faces: Mapping[str, tuple[str, tuple[float, ...]]], bump_maps: Mapping[str, str]
) -> Lines:
    lines = ["regions:"]
    for side, (body, (x0, y0, x1, y1)) in faces.items():
        corners = ((x0, y0), (x1, y0), (x1, y1), (x0, y1))
        entries = [
            f"side: {side}",
            f"bmap: {bump_maps[f'{body}.{side}']}",
            "layer: PAD",
            "coords:",
            *_indented(f"- [{x:.3f}, {y:.3f}]" for x, y in corners),
        ]
        lines += _indented([f"{side}:", *_indented(entries)])
    return lines


def _external(job: Job, more: Sequence[str] = ()) -> Lines:
    entries = [f"APR_tech_file: [{job.stem}.tech.lef]", f"LEF_file: [{job.stem}.lef]", *more]
    return ["external:", *_indented(entries)]


def _stack(job: Job) -> str:
    """Return who stands where, and which faces meet."""
    plan, technology = job.floorplan, job.floorplan.technology
    joint_um, substrate = technology.microbump_height_um, job.layout.substrate
    base_um = substrate.thickness_um + technology.c4_height_um
    bodies = [(die.name, die.name, die.x_um, die.y_um) for die in plan.dies]
    bodies += [(stack.name, stack_body(stack), stack.x_um, stack.y_um) for stack in plan.stacks]
    bodies = [(body_name(name), body_name(chiplet), x, y) for name, chiplet, x, y in bodies]
    instances: Lines = []
    places: Lines = []
    joints: Lines = []
    carriers = (
        (_SUBSTRATE, -substrate.x_um, -substrate.y_um, 0.0),
        (_INTERPOSER, 0.0, 0.0, base_um),
    )
    for name, x_um, y_um, z_um in carriers:
        instances += [f"{name}:", f"  reference: {name}"]
        places += [
            f"{name}:",
            f"  loc: [{x_um:.3f}, {y_um:.3f}]",
            f"  z: {z_um:.3f}",
            "  orient: R0",
        ]
    for name, chiplet, x_um, y_um in bodies:
        instances += [f"{name}:", f"  reference: {chiplet}"]
        places += [
            f"{name}:",
            f"  loc: [{x_um:.3f}, {y_um:.3f}]",
            f"  z: {base_um + technology.thickness_um + joint_um:.3f}",
            f"  orient: {_FLIPPED}",
        ]
        joints += [
            f"{name}_to_{_INTERPOSER}:",
            f"  top: {name}.regions.front",
            f"  bot: {_INTERPOSER}.regions.front",
            f"  thickness: {joint_um:.3f}",
        ]
    joints += [
        f"{_INTERPOSER}_to_{_SUBSTRATE}:",
        f"  top: {_INTERPOSER}.regions.back",
        f"  bot: {_SUBSTRATE}.regions.front",
        f"  thickness: {technology.c4_height_um:.3f}",
        f"{_SUBSTRATE}_to_board:",
        f"  top: {_SUBSTRATE}.regions.back",
        "  bot: ~",
        "  thickness: 0.000",
    ]
    lines = ["Header:", *_indented(_HEADER), "  include:", f"    - {job.stem}.3dbv"]
    lines += ["Design:", f"  name: {plan.name}", "ChipletInst:", *_indented(instances)]
    lines += ["Stack:", *_indented(places), "Connection:", *_indented(joints)]
    return "\n".join(lines) + "\n"


def _indented(lines: Iterable[str]) -> Lines:
    return [f"  {line}" for line in lines]
