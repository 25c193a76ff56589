"""A sketch: what a foreign layout file says of dies, blocks and stacks, before it has a meaning."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field, replace

import numpy as np
from shapely import Polygon, box
from shapely.affinity import translate

from floorplan.block import BlockKind
from floorplan.stack import Edge

__all__ = ["Sketch", "SketchBlock", "SketchDie", "SketchStack", "die_around", "moved"]


@dataclass(frozen=True)
class SketchBlock:
    """A block as a file has it.

    Parameters
    ----------
    name : str
        As written.
    outline : shapely.Polygon
        In die coordinates [um].
    where : str
        File and, where there are lines, the line.
    hint : str
        Cell, macro or layer that it is drawn by; rules may go by it.
    kind : BlockKind or None
        Where the file says it.
    macs, sram_byte, lanes, stack, enabled
        As in `Block`, where the file says it.
    """

    name: str
    outline: Polygon
    where: str
    hint: str = ""
    kind: BlockKind | None = None
    macs: int = 0
    sram_byte: float = 0.0
    lanes: int = 0
    stack: str = ""
    enabled: bool = True


@dataclass(frozen=True)
class SketchDie:
    """A die as a file has it.

    Parameters
    ----------
    name : str
        Empty where the file has none.
    width_um, height_um : float
        Extent [um].
    blocks : tuple of SketchBlock
        On it.
    x_um, y_um : float or None
        Place on the interposer [um], where the file says it.
    scribe_um, seal_ring_um : float
        Widths of both, where the file says them [um].
    keepouts : tuple of shapely.Polygon
        In die coordinates [um].
    node : str
        Name of its process, where the file says it.
    around_blocks : bool
        The extent is that of the blocks, since the file has none.
    """

    name: str
    width_um: float
    height_um: float
    blocks: tuple[SketchBlock, ...]
    x_um: float | None = None
    y_um: float | None = None
    scribe_um: float = 0.0
    seal_ring_um: float = 0.0
    keepouts: tuple[Polygon, ...] = ()
    node: str = ""
    around_blocks: bool = False


@dataclass(frozen=True)
class SketchStack:
    """An HBM stack as a file has it: body and interface side on the interposer [um]."""

    name: str
    outline: Polygon
    where: str
    hint: str = ""
    phy_edge: Edge | None = None


@dataclass(frozen=True)
class Sketch:
    """Everything that one file says.

    Parameters
    ----------
    where : str
        The file.
    dies : tuple of SketchDie
        At least one.
    stacks : tuple of SketchStack
        May be empty.
    name : str
        Of the layout, where the file has one.
    size_um : (float, float) or None
        Extent of the interposer, where the file says it [um].
    power_w : mapping of str to float
        Power by block name, where the file has it and there is one die [W].
    notes : tuple of str
        What was passed over or made up, in words.
    """

    where: str
    dies: tuple[SketchDie, ...]
    stacks: tuple[SketchStack, ...] = ()
    name: str = ""
    size_um: tuple[float, float] | None = None
    power_w: dict[str, float] = field(default_factory=dict)
    notes: tuple[str, ...] = ()


def die_around(name: str, blocks: Iterable[SketchBlock], *, placed: bool = False) -> SketchDie:
    """Return the die that blocks fill, its lower left corner theirs.

    Parameters
    ----------
    name : str
        Of the die.
    blocks : iterable of SketchBlock
        In coordinates of their own.
    placed : bool
        Those coordinates are the interposer's, so that the die stands where they are.
    """
    given = list(blocks)
    bounds = np.array([block.outline.bounds for block in given])
    x0, y0 = bounds[:, :2].min(axis=0).tolist()
    x1, y1 = bounds[:, 2:].max(axis=0).tolist()
    shifted = tuple(_moved(block, -x0, -y0) for block in given)
    return SketchDie(
        name,
        _tidy(x1 - x0),
        _tidy(y1 - y0),
        shifted,
        x_um=x0 if placed else None,
        y_um=y0 if placed else None,
        around_blocks=True,
    )


def _moved(block: SketchBlock, dx_um: float, dy_um: float) -> SketchBlock:
    return replace(block, outline=moved(block.outline, dx_um, dy_um))


def moved(outline: Polygon, dx_um: float, dy_um: float) -> Polygon:
    """Return an outline elsewhere, on whole picometres, so that neighbours still meet."""
    if len(outline.exterior.coords) == 5 and not outline.interiors:
        x0, y0, x1, y1 = outline.bounds
        if outline.area == (x1 - x0) * (y1 - y0):
            return box(_tidy(x0 + dx_um), _tidy(y0 + dy_um), _tidy(x1 + dx_um), _tidy(y1 + dy_um))
    shifted = translate(outline, dx_um, dy_um)
    return Polygon(
        [(_tidy(x), _tidy(y)) for x, y in shifted.exterior.coords],
        [[(_tidy(x), _tidy(y)) for x, y in ring.coords] for ring in shifted.interiors],
    )


def _tidy(length_um: float) -> float:
    return round(length_um, 6)
