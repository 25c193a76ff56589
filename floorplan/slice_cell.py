"""The inside of a core slice: SRAM, an array of tensor units, vector unit and router."""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass, replace

from floorplan.block import Block, BlockKind
from floorplan.grid import Grid, Rect
from floorplan.recipe import Recipe
from techlib import InputError, ProcessNode

__all__ = ["SliceCell", "SliceNeeds", "TensorArray"]

_LONGEST, _LONGEST_UNIT = 6.0, 2.0  # length over width from which a block gets wider
_WASTE_WEIGHT = 6  # a sixth of the places empty is as bad as units three times as long as wide


@dataclass(frozen=True)
class SliceNeeds:
    """Areas that one slice needs, in square grid steps."""

    units: int
    spare_units: int
    unit: float
    sram: float
    vector: float
    router: float

    @classmethod
    def of(cls, recipe: Recipe, node: ProcessNode, grid: Grid) -> SliceNeeds:
        """Work the areas out of a recipe and its process node."""
        sram_um2 = recipe.sram_per_slice_byte * 8.0 * node.sram_bit_um2 / recipe.sram_efficiency
        return cls(
            units=int(recipe.units_per_slice),
            spare_units=int(recipe.spare_units_per_slice),
            unit=grid.area(recipe.array_rows * recipe.array_columns * recipe.mac_area_um2),
            sram=grid.area(sram_um2),
            vector=grid.area(recipe.vector_area_um2),
            router=grid.area(recipe.router_area_um2),
        )

    @property
    def total(self) -> float:
        """Area of all that is in a slice."""
        return self.units * self.unit + self.sram + self.vector + self.router


@dataclass(frozen=True)
class TensorArray:
    """Columns and rows of tensor units that fill the height of a slice."""

    columns: int
    rows: int

    @classmethod
    def fit(cls, needs: SliceNeeds, height: float) -> TensorArray:
        """Choose the array whose units are nearest to square and that wastes fewest places."""

        def cost(rows: int) -> tuple[float, int]:
            columns = math.ceil(needs.units / rows)
            unit_height = height / rows
            unit_width = needs.unit / unit_height
            aspect = max(unit_width / unit_height, unit_height / unit_width)
            return aspect * (columns * rows / needs.units) ** _WASTE_WEIGHT, rows

        arrays = {(c, math.ceil(needs.units / c)) for c in range(1, needs.units + 1)}
        rows = min((rows for _, rows in arrays), key=cost)
        return cls(math.ceil(needs.units / rows), rows)


@dataclass(frozen=True)
class SliceCell:
    """The sizes inside a slice, in grid steps.

    Columns from left to right: SRAM, filler, tensor array, filler, router below vector unit. A
    column that does not reach the top of the slice has filler above it.
    """

    needs: SliceNeeds
    array: TensorArray
    sram: tuple[int, int]
    first_filler: int
    unit: tuple[int, int]
    second_filler: int
    vector: tuple[int, int]

    @classmethod
    def fit(
        cls,
        size: tuple[int, int],
        needs: SliceNeeds,
        array: TensorArray,
        *,
        sliver: int,
        grid: Grid,
        where: str,
    ) -> SliceCell:
        """Fit what a slice needs into a width and a height.

        Columns are as high as the slice, and as narrow as their area allows; those that would be
        very long get wider as far as there is room.

        Raises
        ------
        InputError
            The slice is too small for what it holds.
        """
        width, height = size
        areas = (needs.sram, needs.unit, needs.vector + needs.router)
        heights = [height, height // array.rows, height]
        widths = [math.ceil(area / full) for area, full in zip(areas, heights, strict=True)]
        counts = (1, array.columns, 1)
        slack = width - sum(w * count for w, count in zip(widths, counts, strict=True))
        if slack < 0:
            raise InputError.of(
                where,
                f"a slice needs {grid.mm2(needs.total):.4g} mm^2 and has "
                f"{grid.mm2(width * height):.4g} mm^2; it is "
                f"{grid.mm2(-slack * height):.4g} mm^2 too small",
                cure="take fewer slices or units, less SRAM, or a larger die",
            )
        for index, longest in enumerate((_LONGEST, _LONGEST_UNIT, _LONGEST)):
            wanted = math.ceil(math.sqrt(areas[index] / longest))
            more = min(max(0, wanted - widths[index]), slack // counts[index])
            lower = math.ceil(areas[index] / (widths[index] + more))
            if (heights[index] - lower) * (array.rows if index == 1 else 1) >= sliver and more:
                slack -= more * counts[index]
                widths[index], heights[index] = widths[index] + more, lower
        first = slack // 2 if slack >= 2 * sliver else slack if slack >= sliver else 0
        second = slack - first if slack >= 2 * sliver else 0
        sram, unit, vector = zip(widths, heights, strict=True)
        sram = (width - first - second - array.columns * unit[0] - vector[0], sram[1])
        return cls(needs, array, sram, first, unit, second, vector)

    def blocks(
        self, rect: Rect, recipe: Recipe, *, name: str, stack: str, mirrored: bool, grid: Grid
    ) -> Iterator[Block]:
        """Yield the blocks that tile one slice.

        Parameters
        ----------
        rect : Rect
            Outline of the slice.
        recipe : Recipe
            Array size and memory.
        name, stack : str
            Path of the slice, and the HBM stack that feeds it.
        mirrored : bool
            Put the router on the left side instead of the right one.
        grid : Grid
            Manufacturing grid.
        """
        plain = Block(name, BlockKind.FILLER, grid.polygon(rect))
        fillers: list[Rect] = []

        def block(part: str, kind: BlockKind, place: Rect) -> Block:
            outline = grid.polygon(place)
            return replace(plain, name=f"{name}/{part}", kind=kind, outline=outline, stack=stack)

        tensor_size = (self.array.columns * self.unit[0], self.array.rows * self.unit[1])
        widths = [
            self.sram[0],
            self.first_filler,
            tensor_size[0],
            self.second_filler,
            self.vector[0],
        ]
        columns = rect.columns(widths[::-1] if mirrored else widths)
        sram, first, tensor, second, vector = columns[::-1] if mirrored else columns
        fillers += [column for column in (first, second) if column.width]
        memory = block("sram", BlockKind.SRAM, _bottom(sram, self.sram[1], fillers))
        yield replace(memory, sram_byte=recipe.sram_per_slice_byte)
        lower = _bottom(vector, self.vector[1], fillers)
        router_height = math.ceil(self.needs.router / vector.width)
        router, rest = lower.rows([router_height, lower.height - router_height])
        yield block("router", BlockKind.ROUTER, router)
        yield block("vector", BlockKind.VECTOR, rest)
        for unit in self._units(_bottom(tensor, tensor_size[1], fillers), recipe, fillers, grid):
            yield replace(unit, name=f"{name}/{unit.name}", stack=stack)
        for index, place in enumerate(fillers):
            yield replace(block(f"filler{index}", BlockKind.FILLER, place), stack="")

    def _units(
        self, field: Rect, recipe: Recipe, fillers: list[Rect], grid: Grid
    ) -> Iterator[Block]:
        """Yield the tensor units, row by row from the bottom; the last ones are the spares."""
        columns, needs = self.array.columns, self.needs
        digits = max(2, len(str(needs.units - 1)))
        for index in range(needs.units):
            place = field.cell(index % columns, index // columns, *self.unit)
            yield Block(
                name=f"tensor{index:0{digits}d}",
                kind=BlockKind.TENSOR,
                outline=grid.polygon(place),
                macs=int(recipe.array_rows * recipe.array_columns),
                enabled=index < needs.units - needs.spare_units,
            )
        if waste := columns * self.array.rows - needs.units:
            last = field.cell(columns - 1, self.array.rows - 1, *self.unit)
            fillers.append(Rect(last.x1 - waste * self.unit[0], last.y0, last.x1, last.y1))


def _bottom(column: Rect, height: int, fillers: list[Rect]) -> Rect:
    """Cut the lower part off a column; note what is above as filler."""
    lower, upper = column.rows([height, column.height - height])
    if upper.height:
        fillers.append(upper)
    return lower
