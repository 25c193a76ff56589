"""The blocks and memory dies of a floorplan as arrays, in the order of its heat keys."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.sparse.csgraph import minimum_spanning_tree

from floorplan import BlockKind, Floorplan

__all__ = ["BlockTable"]

_UM_PER_MM = 1e3

#: Kinds that do work in a core slice, and so can be shut off with it.
SLICE_KINDS = (BlockKind.TENSOR, BlockKind.VECTOR, BlockKind.SRAM, BlockKind.ROUTER)


@dataclass(frozen=True, eq=False)
class BlockTable:
    """One entry for each heat key of a floorplan; see `Floorplan.heat_keys`.

    Parameters
    ----------
    keys : tuple of str
        The heat keys.
    kind : array of str, shape (nk,)
        `BlockKind` of a block; ``"base"`` or ``"dram"`` for the dies of a stack.
    area_mm2 : array, shape (nk,)
        Area [mm^2].
    die : array of int, shape (nk,)
        Index of the die; -1 for memory.
    core_slice : array of int, shape (nk,)
        Index of the core slice that the block belongs to; -1 for none.
    stack : array of int, shape (nk,)
        Index of the HBM stack that it is, talks to, or is fed by; -1 for none.
    macs, sram_byte, lanes : array, shape (nk,)
        What the block holds.
    enabled : array of bool, shape (nk,)
        False for a spare that is fused off.
    position_mm : array, shape (nk, 2)
        Centre on the interposer [mm].
    """

    keys: tuple[str, ...]
    kind: NDArray[np.str_]
    area_mm2: NDArray[np.float64]
    die: NDArray[np.int64]
    core_slice: NDArray[np.int64]
    stack: NDArray[np.int64]
    macs: NDArray[np.float64]
    sram_byte: NDArray[np.float64]
    lanes: NDArray[np.float64]
    enabled: NDArray[np.bool_]
    position_mm: NDArray[np.float64]

    @classmethod
    def of(cls, floorplan: Floorplan) -> BlockTable:
        """Read the table off a floorplan."""
        stack_index = {stack.name: index for index, stack in enumerate(floorplan.stacks)}
        slices = _slice_names(floorplan)
        rows: list[tuple[object, ...]] = []
        for number, die in enumerate(floorplan.dies):
            for block in die.blocks:
                group = slices.get((number, block.parent), -1)
                member = group if block.kind in SLICE_KINDS else -1
                centre = block.outline.centroid
                place = (centre.x + die.x_um, centre.y + die.y_um)
                fed = stack_index.get(block.stack, -1)
                held = (float(block.macs), block.sram_byte, float(block.lanes), block.enabled)
                row = (str(block.kind), block.area_um2, number, member, fed, *held, *place)
                rows.append(row)
        for number, stack in enumerate(floorplan.stacks):
            centre = stack.placed_outline.centroid
            for part in ("base", "dram"):
                size = (part, stack.placed_outline.area, -1, -1, number)
                rows.append((*size, 0.0, 0.0, 0.0, True, centre.x, centre.y))
        return cls._of_rows(floorplan.heat_keys, rows)

    @classmethod
    def _of_rows(cls, keys: tuple[str, ...], rows: list[tuple[object, ...]]) -> BlockTable:
        kind, area, die, group, stack, macs, sram, lanes, enabled, x, y = map(
            np.array, zip(*rows, strict=True)
        )
        position = np.stack([x, y], axis=1) / _UM_PER_MM
        area_mm2 = area / _UM_PER_MM**2
        return cls(keys, kind, area_mm2, die, group, stack, macs, sram, lanes, enabled, position)

    def __len__(self) -> int:
        return len(self.keys)

    @property
    def slice_count(self) -> int:
        """Number of core slices."""
        return int(self.core_slice.max(initial=-1)) + 1

    @property
    def arrays(self) -> NDArray[np.bool_]:
        """Systolic arrays that are not fused off."""
        return self.of_kind(BlockKind.TENSOR) & self.enabled & (self.macs > 0.0)

    def of_kind(self, *kinds: str) -> NDArray[np.bool_]:
        """Return which entries are of any of some kinds."""
        return np.asarray(np.isin(self.kind, [str(kind) for kind in kinds]), dtype=np.bool_)

    def share(self, choices: Iterable[NDArray[np.bool_]]) -> NDArray[np.float64]:
        """Spread one by area over the first choice of entries that is not empty, shape (nk,).

        Every block but filler is the last choice, so that no power is lost on a floorplan that
        lacks a kind of block.
        """
        logic = (self.die >= 0) & (self.kind != BlockKind.FILLER) & self.enabled
        for chosen in (*choices, logic, self.die >= 0):
            if chosen.any():
                weight = np.where(chosen, self.area_mm2, 0.0)
                return np.asarray(weight / weight.sum())
        raise ValueError("a floorplan without blocks")  # Machine.of refuses it before

    def slice_positions_mm(self) -> NDArray[np.float64]:
        """Return the centre of each core slice by the area of its blocks, shape (ns, 2) [mm]."""
        weight = np.zeros((self.slice_count, len(self)))
        inside = self.core_slice >= 0
        weight[self.core_slice[inside], np.flatnonzero(inside)] = self.area_mm2[inside]
        return np.asarray(weight @ self.position_mm / weight.sum(axis=1, keepdims=True))

    def hbm_distance_mm(self) -> float:
        """Return the mean way from an HBM interface to the slices that it feeds [mm].

        Ways are rectilinear. A slice that names no stack is fed by all of them alike.
        """
        interfaces = self._interface_positions_mm()
        ways = []
        for number, place in enumerate(self.slice_positions_mm()):
            fed = self.stack[(self.core_slice == number) & (self.stack >= 0)]
            sources = interfaces[np.unique(fed)] if len(fed) else interfaces
            ways.append(np.abs(sources - place).sum(axis=1).mean())
        return float(np.mean(ways))

    def _interface_positions_mm(self) -> NDArray[np.float64]:
        """Return the centre of each stack's PHY, or of the stack where it has none."""
        places = []
        for number in range(int(self.stack[self.of_kind("base")].max(initial=-1)) + 1):
            mine = self.stack == number
            phy = mine & self.of_kind(BlockKind.HBM_PHY)
            places.append(self.position_mm[phy if phy.any() else mine].mean(axis=0))
        return np.array(places)

    def tree_mm(self) -> float:
        """Return the length of the shortest rectilinear tree that joins all slices [mm]."""
        places = self.slice_positions_mm()
        ways = np.abs(places[:, None, :] - places[None, :, :]).sum(axis=2)
        return float(minimum_spanning_tree(ways).sum())


def _slice_names(floorplan: Floorplan) -> dict[tuple[int, str], int]:
    """Give each group of blocks that holds a systolic array a number."""
    slices: dict[tuple[int, str], int] = {}
    for number, die in enumerate(floorplan.dies):
        for block in die.blocks:
            if block.kind == BlockKind.TENSOR:
                slices.setdefault((number, block.parent), len(slices))
    return slices
