"""Microbump maps of die-to-die links: what a module has, and where on the edge of a die."""

from __future__ import annotations

import functools
import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from techlib import Library, Record, quantity, text

__all__ = ["DieLinkMap", "DieLinkSites", "die_link_maps", "fill_module"]

#: Directions of a link: from its first die to the other, and back.
_DIRECTIONS = ("dn", "up")
_SUPPLIES = ("VSS", "VDD")
_WORDS = 2  # of a direction, behind each other


@dataclass(frozen=True, eq=False)
class DieLinkMap(Record):
    """Lanes, size and pitch of a module; `fill_module` gives each bump its place."""

    pitch_um: float = quantity("pitch", "um", above=0.0)
    pad_um: float = quantity("pad", "um", above=0.0)
    module_width_um: float = quantity("module_width", "um", above=0.0)
    module_depth_um: float = quantity("module_depth", "um", above=0.0)
    lanes: float = quantity("lanes", "", at_least=1.0, whole=True)
    spare_lanes: float = quantity("spare_lanes", "", at_least=0.0, whole=True)
    rate_bit_s: float = quantity("rate", "bit/s", above=0.0)
    forwarded: str = text("forwarded")
    estimated: str = text("estimated")

    @property
    def signals(self) -> tuple[str, ...]:
        """Signals of one direction of a module."""
        data = tuple(f"d{lane}" for lane in range(int(self.lanes)))
        spare = tuple(f"rd{lane}" for lane in range(int(self.spare_lanes)))
        return (*data, *spare, *self.forwarded.split())

    @property
    def bandwidth_bit_s(self) -> float:
        """Of a module, both directions together."""
        return len(_DIRECTIONS) * self.lanes * self.rate_bit_s


@dataclass(frozen=True, eq=False)
class DieLinkSites:
    """The bumps of a module.

    Parameters
    ----------
    ports : tuple of str
        Signals, and behind them the supplies.
    port_of : ndarray of int32, shape (n,)
        Position in `ports` of each bump.
    along_um, depth_um : ndarray, shape (n,)
        Along the edge from the module's beginning, and from the outermost bump inwards [um].
    words : ndarray of int32
        Word of each signal; the words of a direction lie behind each other.
    """

    ports: tuple[str, ...]
    port_of: NDArray[np.int32]
    along_um: NDArray[np.float64]
    depth_um: NDArray[np.float64]
    words: NDArray[np.int32]

    @property
    def words_per_module(self) -> int:
        """Number of words."""
        return len(_DIRECTIONS) * _WORDS


def fill_module(chart: DieLinkMap, pitch_um: float, grid_um: float) -> DieLinkSites:
    """Return the bumps of a module: a staggered array, half of its columns for each direction.

    Signals are spread evenly over the sites of their half, row by row from the edge of the die;
    ground and supply take the others in turn.

    Parameters
    ----------
    chart : DieLinkMap
        What a module has.
    pitch_um : float
        Least distance of centres [um]; that of the map if it is larger.
    grid_um : float
        Manufacturing grid [um].

    Examples
    --------
    >>> sites = fill_module(die_link_maps()["UCIe-A"], 45.0, 0.005)
    >>> len(sites.port_of), len(sites.words), sites.ports[0], sites.ports[-1]
    (220, 156, 'dn_d0', 'VDD')
    """
    along, depth, half = _sites(chart, max(pitch_um, chart.pitch_um), grid_um)
    names, ways = chart.signals, len(_DIRECTIONS)
    port_of = np.empty(len(half), dtype=np.int32)
    for way in range(ways):
        mine = np.flatnonzero(half == way)
        signal = np.arange(len(names)) * len(mine) // len(names)
        rest = np.setdiff1d(np.arange(len(mine)), signal)
        port_of[mine[signal]] = np.arange(len(names)) + way * len(names)
        port_of[mine[rest]] = ways * len(names) + np.arange(len(rest)) % len(_SUPPLIES)
    word = np.arange(len(names)) * _WORDS // len(names)
    return DieLinkSites(
        ports=tuple(f"{way}_{name}" for way in _DIRECTIONS for name in names) + _SUPPLIES,
        port_of=port_of,
        along_um=along,
        depth_um=depth,
        words=np.concatenate([word + way * _WORDS for way in range(ways)]).astype(np.int32),
    )


def _sites(
    chart: DieLinkMap, pitch_um: float, grid_um: float
) -> tuple[NDArray[np.float64], NDArray[np.float64], NDArray[np.int64]]:
    """Return the sites of a module, row by row: along the edge, inwards [um], and their half.

    At a larger pitch than its own a module is deeper, so that it keeps its bumps.
    """
    columns, rows, _ = _lattice(chart, chart.pitch_um, grid_um)
    bumps = max(columns * rows, len(_DIRECTIONS) * len(chart.signals))
    columns, _, up_um = _lattice(chart, pitch_um, grid_um)
    column, row = np.meshgrid(np.arange(columns), np.arange(-(-bumps // columns)))
    along = (column.ravel() + 0.5) * chart.module_width_um / columns
    depth = 2.0 * row.ravel() * up_um + column.ravel() % 2 * up_um
    order = np.lexsort((along, depth))
    half = column.ravel() // (columns // len(_DIRECTIONS))
    along = np.round(np.round(along / grid_um) * grid_um, 6)
    return along[order], np.asarray(np.round(depth[order], 6), dtype=np.float64), half[order]


def _lattice(chart: DieLinkMap, pitch_um: float, grid_um: float) -> tuple[int, int, float]:
    """Return columns and rows of a module, and how far every second column is shifted [um]."""
    columns = 2 * max(round(chart.module_width_um / (pitch_um * math.sqrt(3.0))), 1)
    step_um = chart.module_width_um / columns
    up_um = math.sqrt(max(pitch_um**2 - step_um**2, (pitch_um / 2.0) ** 2))
    up_um = math.ceil(round(up_um / grid_um, 6)) * grid_um
    rows = max(math.floor((chart.module_depth_um - up_um) / (2.0 * up_um)) + 1, 1)
    return columns, rows, up_um


@functools.cache
def die_link_maps() -> Library[DieLinkMap]:
    """Return the maps of die-to-die links that ship with the toolkit.

    Examples
    --------
    >>> die_link_maps()["UCIe-A"].pitch_um
    45.0
    """
    return Library.load("die link", DieLinkMap, "die_links.toml", room="floorplan")
