"""A cross-section of the package as a picture; widths to scale, heights not."""

from __future__ import annotations

import itertools
import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

from matplotlib.axes import Axes
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure
from matplotlib.patches import Patch, Rectangle
from shapely import LineString, Polygon, get_parts

from floorplan.sheet import INK, legend_beside
from package.layers import Face, Layer
from package.package import Package
from techlib import InputError

__all__ = ["cross_section"]

_COLOURS = {
    "air": "#ffffff",
    "mould": "#4a4f57",
    "silicon": "#a9b8c9",
    "silicon_active": "#d1495b",
    "tsv_silicon": "#8d9fb5",
    "beol": "#e0b84c",
    "copper": "#d08c60",
    "aluminium": "#c5cad1",
    "indium": "#7f6bb0",
    "polymer_tim": "#9b86c8",
    "liquid_metal_tim": "#7f6bb0",
    "tim2_grease": "#b9a8dc",
    "microbump_layer": "#c9a227",
    "c4_layer": "#b08d1e",
    "organic_substrate": "#5c8f6b",
    "hbm_base": "#2f6690",
    "dram_die": "#5fa3d0",
    "hbm_bond": "#20415c",
}
_OTHERS = ("#6b9080", "#c08497", "#8e9aaf", "#b5838d", "#7f9c96", "#a98467", "#83a0a0", "#997b66")
_EXPONENT = 0.4  # drawn height goes with this power of the thickness: 2 um and 2 mm both show


@dataclass(frozen=True)
class _Piece:
    """A rectangle of the picture."""

    x0_um: float
    x1_um: float
    low: float
    high: float
    material: str
    heated: bool


def cross_section(package: Package, *, y_um: float | None = None) -> Figure:
    """Draw the section of a package along x.

    Parameters
    ----------
    package : Package
        What to cut.
    y_um : float, optional
        Where to cut, in package coordinates; through the middle by default [um].

    Returns
    -------
    matplotlib.figure.Figure
        Widths to scale, heights not (and said so on it); heated regions are hatched.

    Raises
    ------
    InputError
        The cut misses the package.
    """
    x0, y0, x1, y1 = package.extent_um
    y_um = (y0 + y1) / 2 if y_um is None else y_um
    if not y0 < y_um < y1:
        allowed = f"between {y0:g} and {y1:g} um"
        raise InputError.of("y_um", f"{y_um:g} um misses the package", allowed)
    heights = [layer.thickness_um**_EXPONENT for layer in package.layers]
    edges = list(itertools.accumulate(heights, initial=0.0))
    pieces = [
        piece
        for layer, (low, high) in zip(package.layers, itertools.pairwise(edges), strict=True)
        for piece in _pieces(layer, y_um, low, high)
    ]
    figure = Figure(figsize=(11.0, 5.6), dpi=130, facecolor="white")
    FigureCanvasAgg(figure)
    axes = figure.add_axes((0.165, 0.17, 0.625, 0.7))
    colours = _colours(pieces)
    for piece in _joined(pieces):
        axes.add_patch(_patch(piece, colours[piece.material]))
    axes.set_xlim(x0 / 1e3, x1 / 1e3)
    axes.set_ylim(0.0, edges[-1])
    _label(axes, package, y_um, edges)
    _legend(axes, pieces, colours)
    return figure


def _pieces(layer: Layer, y_um: float, low: float, high: float) -> Iterator[_Piece]:
    for x0, x1 in _spans(layer.outline, y_um):
        yield _Piece(x0, x1, low, high, layer.background.name, heated=False)
    for region in layer.regions:
        for x0, x1 in _spans(region.outline, y_um):
            yield _Piece(x0, x1, low, high, region.material.name, heated=bool(region.heats))


def _joined(pieces: Sequence[_Piece]) -> list[_Piece]:
    """Join pieces of one region that lie on one another, whatever slabs they are cut into."""
    open_at: dict[tuple[float, float, str, bool, float], int] = {}
    joined: list[_Piece] = []
    for piece in pieces:
        key = (piece.x0_um, piece.x1_um, piece.material, piece.heated)
        index = open_at.pop((*key, piece.low), None)
        if index is None:
            joined.append(piece)
            index = len(joined) - 1
        else:
            joined[index] = replace(joined[index], high=piece.high)
        open_at[(*key, piece.high)] = index
    return joined


def _spans(outline: Polygon, y_um: float) -> Iterator[tuple[float, float]]:
    """Yield the parts of an outline that a cut along x runs through [um]."""
    x0, y0, x1, y1 = outline.bounds
    if not y0 <= y_um < y1:
        return
    cut = LineString([(x0 - 1.0, y_um), (x1 + 1.0, y_um)])
    for part in get_parts(cut.intersection(outline)):
        if part.length > 0.0:
            left, _, right, _ = part.bounds
            yield left, right


def _colours(pieces: Sequence[_Piece]) -> dict[str, str]:
    """Colour every material: its own, or the next of the others."""
    others = itertools.cycle(_OTHERS)
    names = dict.fromkeys(piece.material for piece in pieces)
    return {name: _COLOURS.get(name) or next(others) for name in names}


def _patch(piece: _Piece, colour: str) -> Rectangle:
    width, height = piece.x1_um - piece.x0_um, piece.high - piece.low
    return Rectangle(
        (piece.x0_um / 1e3, piece.low),
        width / 1e3,
        height,
        facecolor=colour,
        edgecolor=INK,
        linewidth=0.25,
        hatch="////" if piece.heated else None,
        hatch_linewidth=0.35,
    )


def _label(axes: Axes, package: Package, y_um: float, edges: Sequence[float]) -> None:
    """Name the layers on the left, and what cools the package above and below."""
    places, names = zip(*_groups(package, edges), strict=True)
    for place, label_at, name in zip(places, _apart(places, edges[-1] / 26.0), names, strict=True):
        axes.annotate(
            name,
            xy=(0.0, place),
            xytext=(-0.025, label_at),
            xycoords=("axes fraction", "data"),
            textcoords=("axes fraction", "data"),
            ha="right",
            va="center",
            fontsize=8,
            color=INK,
            arrowprops={
                "arrowstyle": "-",
                "color": "#9aa1a9",
                "linewidth": 0.6,
                "relpos": (1.0, 0.5),
            },
        )
    axes.set_yticks([])
    axes.tick_params(axis="x", labelsize=8, color=INK)
    axes.set_xlabel("x [mm]", fontsize=9)
    for spine in axes.spines.values():
        spine.set_visible(False)
    cut = f"section at y = {y_um / 1e3:.4g} mm; widths to scale, heights not"
    axes.figure.text(0.165, 0.945, package.name, fontsize=13, weight="bold", color=INK)
    axes.figure.text(0.165, 0.905, cut, fontsize=9, color="#5a6068")
    faces = [
        f"{side}: {_exchange(face)}"
        for side, face in (("top", package.top), ("bottom", package.bottom))
        if face.film_w_m2k > 0.0
    ]
    axes.figure.text(0.165, 0.04, "    ".join(faces), fontsize=9, color=INK)


def _exchange(face: Face) -> str:
    """Return the film of a face in words."""
    if math.isinf(face.film_w_m2k):
        return f"held at {face.temperature_c:g} \u00b0C"
    return f"{face.film_w_m2k:,.0f} W/(m\u00b2 K) to {face.temperature_c:g} \u00b0C"


def _groups(package: Package, edges: Sequence[float]) -> Iterator[tuple[float, str]]:
    """Yield the middle and the label of each layer; numbered slabs in a row share one."""
    numbered = enumerate(package.layers)
    for stem, group in itertools.groupby(numbered, key=lambda item: _stem(item[1].name)):
        members = list(group)
        first, last = members[0][0], members[-1][0]
        thickness = _length(sum(layer.thickness_um for _, layer in members))
        name = members[0][1].name if first == last else f"{stem} ({len(members)} slabs)"
        yield (edges[first] + edges[last + 1]) / 2, f"{name}  {thickness}"


def _stem(name: str) -> str:
    """Name of a slab without its two-digit number."""
    return name[:-2] if name[-2:].isdigit() else name


def _apart(places: Sequence[float], least: float) -> list[float]:
    """Push labels up until no two are closer than `least`."""
    pushed: list[float] = []
    for place in places:
        pushed.append(max(place, pushed[-1] + least) if pushed else place)
    return pushed


def _length(length_um: float) -> str:
    return f"{length_um / 1e3:.3g} mm" if length_um >= 1e3 else f"{length_um:.3g} \u00b5m"


def _legend(axes: Axes, pieces: Sequence[_Piece], colours: dict[str, str]) -> None:
    entries = [
        Patch(facecolor=colour, edgecolor=INK, linewidth=0.4, label=name)
        for name, colour in reversed(colours.items())
    ]
    if any(piece.heated for piece in pieces):
        entries.append(
            Patch(facecolor="white", edgecolor=INK, linewidth=0.4, hatch="////", label="heated")
        )
    legend_beside(axes, entries, handlelength=1.6, labelspacing=0.6)
