"""The floorplan: everything that stands on one interposer, seen from above."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace

from shapely import Polygon, box

from floorplan.block import Block
from floorplan.die import Die
from floorplan.edit import with_block
from floorplan.stack import HbmStack
from techlib import (
    Fault,
    InterposerTechnology,
    Source,
    UnknownNameError,
    bibliography,
    did_you_mean,
)

__all__ = ["Floorplan"]


@dataclass(frozen=True)
class Floorplan:
    """Dies and HBM stacks on an interposer, its lower left corner at the origin.

    Parameters
    ----------
    name : str
        Name of the layout's top cell and of its files.
    technology : InterposerTechnology
        Limits and gaps of the interposer.
    width_um, height_um : float
        Extent of the interposer along x and y [um].
    dies : tuple of Die
        The first one is the compute die.
    stacks : tuple of HbmStack
        The memory around it.
    grid_um : float
        Manufacturing grid that all coordinates lie on [um]; the layout files' database unit of
        1 nm if not given.
    """

    name: str
    technology: InterposerTechnology
    width_um: float
    height_um: float
    dies: tuple[Die, ...]
    stacks: tuple[HbmStack, ...]
    grid_um: float = 0.001

    @property
    def outline(self) -> Polygon:
        """Outline of the interposer [um]."""
        return box(0.0, 0.0, self.width_um, self.height_um)

    def placed_blocks(self) -> Iterator[tuple[str, Block, Polygon]]:
        """Yield key, block and outline in interposer coordinates [um], for every die."""
        for die in self.dies:
            yield from die.placed_blocks()

    @property
    def heat_keys(self) -> tuple[str, ...]:
        """Keys that power and temperature are joined on: all blocks, then base and DRAM dies."""
        blocks = [f"{die.name}/{block.name}" for die in self.dies for block in die.blocks]
        memory = [key for stack in self.stacks for key in (stack.base_key, stack.dram_key)]
        return (*blocks, *memory)

    @property
    def sources(self) -> tuple[Source, ...]:
        """Every source behind the floorplan's numbers."""
        records = [self.technology, *(d.node for d in self.dies)]
        return bibliography(
            source
            for record in (*records, *(s.generation for s in self.stacks))
            for source in record.sources
        )

    def with_stack_at(self, name: str, x_um: float, y_um: float) -> Floorplan:
        """Return the floorplan with a stack's lower left corner moved to a place [um].

        Raises
        ------
        UnknownNameError
            There is no such stack.
        """
        self._need("stack", name, [stack.name for stack in self.stacks])
        stacks = tuple(
            replace(stack, x_um=x_um, y_um=y_um) if stack.name == name else stack
            for stack in self.stacks
        )
        return replace(self, stacks=stacks)

    def with_block(self, die: str, block: Block) -> Floorplan:
        """Return the floorplan with a block of a die replaced or added; filler gives way to it.

        Raises
        ------
        UnknownNameError
            There is no such die.
        """
        self._need("die", die, [known.name for known in self.dies])
        dies = tuple(
            with_block(known, block) if known.name == die else known for known in self.dies
        )
        return replace(self, dies=dies)

    def _need(self, what: str, name: str, known: list[str]) -> None:
        if name not in known:
            fault = Fault(f"floorplan {self.name}", f"unknown {what} {name!r}")
            raise UnknownNameError([replace(fault, cure=did_you_mean(name, known))])
