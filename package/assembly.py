"""From a floorplan and a stack-up to the package: layers, regions, faces."""

from __future__ import annotations

import dataclasses
import itertools
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence

from floorplan import Floorplan
from package.bodies import Body, bodies, check_heights
from package.channel import channel_layers, check_channel
from package.cooling import face
from package.layers import GRID_UM, Layer, Patch, Region
from package.outlines import Outlines
from package.package import Package
from package.placement import check_placement
from package.stackup import StackUp
from techlib import Coolant, Faults, InputError, Library, Material
from techlib import coolants as known_coolants
from techlib import materials as known_materials

__all__ = ["assemble"]

_ZONES = ("substrate", "c4", "interposer", "microbump", "tim1", "lid", "tim2", "sink")  #: not dies


def assemble(
    floorplan: Floorplan,
    stackup: StackUp,
    *,
    materials: Library[Material] | None = None,
    coolants: Library[Coolant] | None = None,
    patches: Mapping[str, tuple[Patch, ...]] | None = None,
    where: str = "package",
) -> Package:
    """Build the package of a floorplan.

    The zone of the dies is cut into slabs at every height where a die or a stack changes; mould
    fills what they leave of it above the interposer. TIM1 lies on the dies and stacks alone, with
    the filler (air) around: the mould is ground flush with the dies, so that beside the pads there
    is only the cavity under the lid. Over a body that is lower than the others the TIM1 is as much
    thicker, since the lid is flat.

    Each block heats its outline in the active layer; a stack's base key heats its base die and its
    DRAM key all DRAM dies, by volume.

    Parameters
    ----------
    floorplan : Floorplan
        What stands on the interposer.
    stackup : StackUp
        What it is packed in.
    materials, coolants : Library, optional
        With a user's own records; those that ship with the toolkit by default.
    patches : mapping of str to tuple of Patch, optional
        Parts of the ``"top"`` and the ``"bottom"`` with an exchange of their own.
    where : str
        Section that the stack-up was read from, for error messages.

    Returns
    -------
    Package
        In interposer coordinates; ``package.heat_keys`` are those of the floorplan.

    Raises
    ------
    InputError
        Every unknown material or coolant, contradiction, body off the interposer or on another
        one, and height that does not fit.

    Examples
    --------
    >>> import floorplan, package
    >>> plan = floorplan.build(floorplan.recipes()["jalapeno"])
    >>> built = package.assemble(plan, package.stackups()["lidded-2.5d"])
    >>> set(built.heat_keys) == set(plan.heat_keys)
    True
    """
    faults = Faults()
    named = _materials(
        stackup, known_materials() if materials is None else materials, where, faults
    )
    slabs = Outlines.of(floorplan, stackup, where, faults)
    coolants = known_coolants() if coolants is None else coolants
    top, bottom, sides = (
        face(
            stackup,
            side,
            coolants,
            area_um2=area_um2,
            where=where,
            faults=faults,
            patches=(patches or {}).get(side, ()),
        )
        for side, area_um2 in (
            ("top", slabs.top(stackup).area),
            ("bottom", slabs.bottom(stackup).area),
            ("sides", 0.0),
        )
    )
    if stackup.tim2_thickness_um > 0.0 and stackup.lid_thickness_um == 0.0:
        cure = 'set tim2.thickness = "0 um", or give the lid a thickness'
        faults.add(f"{where}.tim2.thickness", "TIM2 without a lid below it", "", cure)
    _check_contacts(stackup, where, faults)
    check_channel(stackup, where, faults)
    check_placement(floorplan, faults)
    check_heights(floorplan, stackup, where, faults)
    faults.raise_if_any()
    return Package(
        name=floorplan.name,
        layers=tuple(_layers(floorplan, stackup, named, slabs)),
        filler=named["filler.material"],
        top=top,
        bottom=bottom,
        sides=sides,
        ambient_c=stackup.ambient_c,
    )


def _materials(
    stackup: StackUp, library: Library[Material], where: str, faults: Faults
) -> dict[str, Material]:
    """Look up every material that the stack-up names, by its key there."""
    found: dict[str, Material] = {}
    for field in dataclasses.fields(stackup):
        if field.name.endswith("_material") and getattr(stackup, field.name):
            key = field.metadata["key"]
            try:
                found[key] = library.find(getattr(stackup, field.name), where=f"{where}.{key}")
            except InputError as error:
                faults.take(error)
    return found


def _check_contacts(stackup: StackUp, where: str, faults: Faults) -> None:
    """Note contacts on layers that are left out."""
    for zone in ("substrate", "tim1", "lid", "tim2", "sink"):
        thickness_um = getattr(stackup, f"{zone}_thickness_um")
        if thickness_um == 0.0 and getattr(stackup, f"{zone}_contact_k_m2_w"):
            what = f"contact of a {zone} of no thickness"
            faults.add(f"{where}.{zone}.contact", what, cure="give it to the layer below")


def _layers(
    floorplan: Floorplan, stackup: StackUp, named: Mapping[str, Material], slabs: Outlines
) -> Iterator[Layer]:
    """Yield the layers from bottom to top, without those of zero thickness."""
    technology = floorplan.technology
    standing = bodies(floorplan, stackup, named)
    filler, mould = named["filler.material"], named["mould.material"]

    def given(own_um: float | None, technology_um: float) -> float:
        return technology_um if own_um is None else own_um

    def pads(key: str) -> tuple[Region, ...]:
        return tuple(
            Region(f"{body.name}/{key}", body.outline, named[f"{key}.material"])
            for body in standing
        )

    below = (
        ("substrate", stackup.substrate_thickness_um, slabs.substrate),
        ("c4", given(stackup.c4_height_um, technology.c4_height_um), slabs.interposer),
        (
            "interposer",
            given(stackup.interposer_thickness_um, technology.thickness_um),
            slabs.interposer,
        ),
    )
    above = (
        ("lid", stackup.lid_thickness_um, slabs.lid),
        ("tim2", stackup.tim2_thickness_um, slabs.lid),
        ("sink", stackup.sink_thickness_um, slabs.sink),
    )
    microbump_um = given(stackup.microbump_height_um, technology.microbump_height_um)
    layers = (
        *(Layer(name, t_um, outline, named[f"{name}.material"]) for name, t_um, outline in below),
        Layer("microbump", microbump_um, slabs.interposer, mould, pads("microbump")),
        *_die_zone(standing, slabs, mould, named["tim1.material"]),
        Layer("tim1", stackup.tim1_thickness_um, slabs.interposer, filler, pads("tim1")),
        *(Layer(name, t_um, outline, named[f"{name}.material"]) for name, t_um, outline in above),
    )
    kept = [layer for layer in layers if layer.thickness_um > 0.0]
    for layer, next_one in itertools.zip_longest(kept, kept[1:]):
        yield _touching(layer, next_one, stackup)
    yield from channel_layers(stackup, named, slabs.top(stackup))


def _touching(layer: Layer, above: Layer | None, stackup: StackUp) -> Layer:
    """Return a layer with the contact resistance of its zone, if it is the zone's uppermost."""
    zone, zone_above = _zone(layer.name), None if above is None else _zone(above.name)
    contact = getattr(stackup, f"{zone}_contact_k_m2_w")
    if zone == zone_above or not contact:
        return layer
    return dataclasses.replace(layer, contact_resistance_k_m2_w=contact)


def _zone(layer: str) -> str:
    """Return the stack-up's word for a layer; the slabs of the die zone are one."""
    return layer if layer in _ZONES else "die"


def _die_zone(
    standing: Sequence[Body], slabs: Outlines, mould: Material, step: Material
) -> Iterator[Layer]:
    """Yield the slabs between all heights where a body changes, named after the first body's."""
    cuts = _cuts(standing)
    spans = list(itertools.pairwise(cuts))
    kinds = [_section_name(standing[0], (low + high) / 2) for low, high in spans]
    counts, seen = Counter(kinds), Counter[str]()
    for kind, (low_um, high_um) in zip(kinds, spans, strict=True):
        seen[kind] += 1
        name = kind if counts[kind] == 1 else f"{kind}{seen[kind]:02d}"
        regions = tuple(_regions_at(standing, (low_um + high_um) / 2, step))
        yield Layer(name, high_um - low_um, slabs.interposer, mould, regions)


def _cuts(standing: Sequence[Body]) -> list[float]:
    """All heights where a body changes, once each to within the database grid [um]."""
    heights = sorted({0.0} | {s.top_um for body in standing for s in body.sections})
    cuts = heights[:1]
    for height_um in heights[1:]:
        if height_um - cuts[-1] > GRID_UM:
            cuts.append(height_um)
    return cuts


def _section_name(body: Body, height_um: float) -> str:
    return next((s.name for s in body.sections if s.bottom_um < height_um < s.top_um), "step")


def _regions_at(standing: Sequence[Body], height_um: float, step: Material) -> Iterator[Region]:
    for body in standing:
        section = next((s for s in body.sections if s.bottom_um < height_um < s.top_um), None)
        if section is None:
            yield Region(f"{body.name}/step", body.outline, step)
        else:
            yield from section.regions
