"""What stands on the interposer, cut along z: dies, and HBM stacks die by die."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

import shapely
from shapely import Polygon

from floorplan import Die, Floorplan, HbmStack
from package.homogenise import homogenised
from package.layers import GRID_UM, Region
from package.stackup import StackUp
from techlib import Faults, Material

__all__ = ["Body", "Section", "bodies", "check_heights", "die_height_um"]

Materials = Mapping[str, Material]


@dataclass(frozen=True)
class Section:
    """A part of a body between two heights above the microbumps [um]."""

    name: str
    bottom_um: float
    top_um: float
    regions: tuple[Region, ...]


@dataclass(frozen=True)
class Body:
    """A die or an HBM stack: its outline on the interposer, and its sections from the bottom."""

    name: str
    outline: Polygon
    sections: tuple[Section, ...]

    @property
    def top_um(self) -> float:
        """Height above the microbumps [um]."""
        return self.sections[-1].top_um


def die_height_um(floorplan: Floorplan, stackup: StackUp) -> float | None:
    """Height of the dies: as given, or that of the tallest HBM stack; None if there is none."""
    if stackup.die_height_um is not None:
        return stackup.die_height_um
    return max((stack.generation.height_um for stack in floorplan.stacks), default=None)


def check_heights(floorplan: Floorplan, stackup: StackUp, where: str, faults: Faults) -> None:
    """Note every die or stack whose inside is taller than itself, and a half die."""
    height_um = die_height_um(floorplan, stackup)
    front_um = stackup.die_beol_thickness_um + stackup.die_active_thickness_um
    if height_um is None:
        cure = 'there is no HBM stack to take it from; e.g. height = "775 um"'
        faults.add(f"{where}.die.height", "is missing", "a quantity in um", cure)
    elif height_um <= front_um:
        faults.add(
            f"{where}.die.active_thickness",
            f"BEOL and active layer are {front_um:g} um, not below the die's {height_um:g} um",
            f"below {height_um:g} um together",
        )
    for name, stack in {stack.generation.name: stack for stack in floorplan.stacks}.items():
        _check_stack(stack, f"HBM generation {name}", faults)


def _check_stack(stack: HbmStack, where: str, faults: Faults) -> None:
    generation = stack.generation
    if generation.dram_dies != _dram_dies(stack):
        faults.add(f"{where}: dram_dies", f"{generation.dram_dies:g} dies", "a whole number")
    inside_um = generation.base_die_um + _core_um(stack)
    if inside_um > generation.height_um + GRID_UM:
        faults.add(
            where,
            f"base die, {_dram_dies(stack)} DRAM dies and bonds are {inside_um:g} um",
            f"at most its height of {generation.height_um:g} um",
            "make the dies thinner or fewer, or the stack taller",
        )


def bodies(floorplan: Floorplan, stackup: StackUp, materials: Materials) -> tuple[Body, ...]:
    """Cut every die and stack of the floorplan into sections.

    Parameters
    ----------
    floorplan, stackup
        Of heights that `check_heights` has no fault with.
    materials : mapping of str to Material
        By the stack-up's key, e.g. ``"die.material"``.
    """
    height_um = die_height_um(floorplan, stackup)
    if height_um is None:
        raise ValueError("the height of the dies is not known")
    dies = (_die_body(die, height_um, stackup, materials) for die in floorplan.dies)
    stacks = (_stack_body(stack, stackup, materials) for stack in floorplan.stacks)
    return (*dies, *stacks)


def _die_body(die: Die, height_um: float, stackup: StackUp, materials: Materials) -> Body:
    """Face down: BEOL on the microbumps, then the active layer that heats, then bulk silicon."""
    outline = die.placed_outline
    active_um = stackup.die_beol_thickness_um
    bulk_um = active_um + stackup.die_active_thickness_um
    beol = (Region(f"{die.name}/beol", outline, materials["die.beol_material"]),)
    active = tuple(_active_regions(die, materials["die.active_material"]))
    bulk = (Region(f"{die.name}/bulk", outline, materials["die.material"]),)
    sections = (
        Section("beol", 0.0, active_um, beol),
        Section("active", active_um, bulk_um, active),
        Section("bulk", bulk_um, height_um, bulk),
    )
    return Body(die.name, outline, tuple(s for s in sections if s.top_um > s.bottom_um))


def _active_regions(die: Die, material: Material) -> Iterator[Region]:
    """Yield the blocks of a die, and what they leave of its outline (seal ring, scribe lane)."""
    blocks = list(die.placed_blocks())
    for key, _, outline in blocks:
        yield Region(key, outline, material, heats=key)
    covered = shapely.union_all([outline for _, _, outline in blocks])
    rest = shapely.difference(die.placed_outline, covered, grid_size=GRID_UM)
    pieces = [p for p in shapely.get_parts(rest) if isinstance(p, Polygon) and not p.is_empty]
    for index, piece in enumerate(pieces):
        yield Region(f"{die.name}/unused{index}", piece, material)


def _dram_dies(stack: HbmStack) -> int:
    return round(stack.generation.dram_dies)


def _core_um(stack: HbmStack) -> float:
    """Height of all DRAM dies and of the bond below each [um]."""
    return _dram_dies(stack) * (stack.generation.bond_um + stack.generation.dram_die_um)


def _stack_body(stack: HbmStack, stackup: StackUp, materials: Materials) -> Body:
    """Stack the base die, then bond and DRAM die in turn, then the cap up to the full height.

    All DRAM dies are equally thick, and what a thicker top die has more belongs to the cap: its
    circuits are as many as the others' and lie on its lower face.
    """
    outline, generation = stack.placed_outline, stack.generation
    base_um = generation.base_die_um
    base = Region(stack.base_key, outline, materials["hbm.base_material"], heats=stack.base_key)
    sections = [Section("base", 0.0, base_um, (base,))]
    inside = _lumped_core if stackup.hbm_detail == "lumped" else _detailed_core
    sections += inside(stack, base_um, materials)
    top_um = sections[-1].top_um
    if generation.height_um - top_um > GRID_UM:
        cap = Region(f"{stack.name}/cap", outline, materials["hbm.cap_material"])
        sections.append(Section("cap", top_um, generation.height_um, (cap,)))
    return Body(stack.name, outline, tuple(sections))


def _detailed_core(stack: HbmStack, bottom_um: float, materials: Materials) -> list[Section]:
    outline, generation = stack.placed_outline, stack.generation
    pitch_um = generation.bond_um + generation.dram_die_um
    sections = []
    for level in range(_dram_dies(stack)):
        low_um = bottom_um + level * pitch_um
        middle_um, high_um = low_um + generation.bond_um, bottom_um + (level + 1) * pitch_um
        number = f"{level + 1:02d}"
        bond = Region(f"{stack.name}/bond{number}", outline, materials["hbm.bond_material"])
        dram = Region(
            f"{stack.name}/dram{number}",
            outline,
            materials["hbm.dram_material"],
            heats=stack.dram_key,
        )
        sections.append(Section(f"bond{number}", low_um, middle_um, (bond,)))
        sections.append(Section(f"dram{number}", middle_um, high_um, (dram,)))
    return sections


def _lumped_core(stack: HbmStack, bottom_um: float, materials: Materials) -> list[Section]:
    """Lump the DRAM dies and the bonds between them; the bond on the base die stays apart.

    Then the pile begins and ends with a die, and its heat has the same centre as die by die.
    """
    generation, count = stack.generation, _dram_dies(stack)
    dram, bond = materials["hbm.dram_material"], materials["hbm.bond_material"]
    first_um, top_um = bottom_um + generation.bond_um, bottom_um + _core_um(stack)
    pile = [(count * generation.dram_die_um, dram)]
    if count > 1:
        pile.append(((count - 1) * generation.bond_um, bond))
    material = homogenised(f"{dram.name}+{bond.name} ({generation.name})", pile)
    joint = Region(f"{stack.name}/bond01", stack.placed_outline, bond)
    core = Region(f"{stack.name}/dram", stack.placed_outline, material, heats=stack.dram_key)
    return [
        Section("bond01", bottom_um, first_um, (joint,)),
        Section("dram", first_um, top_um, (core,)),
    ]
