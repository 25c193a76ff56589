"""The sites of an HBM microbump map: signals in their words, supply between and beside them."""

from __future__ import annotations

import functools
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from floorplan.hbm_map import HbmMap
from techlib import Faults, InputError

__all__ = ["HbmSites", "fill_sites"]


@dataclass(frozen=True)
class HbmSites:
    """The populated sites of a map, the interface to the west, the body's middle at the origin.

    Parameters
    ----------
    positions_um : ndarray, shape (n, 2)
        Centres [um], signals first.
    ports : tuple of str
        Terminals of the stack; the signals', then those of `supply`.
    port_of : ndarray of int32, shape (n,)
        Position in `ports` of each site.
    in_field : ndarray of bool, shape (n,)
        Whether it is in the signal field, which a PHY has as well.
    words : ndarray of int32, shape (signals,)
        Word of each signal, counted through all channels: ``channel * words + word``.
    channels : tuple of str
        Names of the channels in the order that `words` counts them.
    """

    positions_um: NDArray[np.float64]
    ports: tuple[str, ...]
    port_of: NDArray[np.int32]
    in_field: NDArray[np.bool_]
    words: NDArray[np.int32]
    channels: tuple[str, ...]


@functools.lru_cache(maxsize=8)
def fill_sites(chart: HbmMap) -> HbmSites:
    """Populate the sites of a map.

    Words lie along the edge, channels behind each other, as the map has them. What is not public
    is filled evenly: the signals over the sites of their word, the I/O supplies and ground over
    what they leave of the signal field, core supply and ground over every other row behind it,
    mechanical bumps beside it.

    Raises
    ------
    InputError
        The array has fewer sites than the map has bumps.

    Examples
    --------
    >>> from floorplan.hbm_map import hbm_maps
    >>> sites = fill_sites(hbm_maps()["HBM3"])
    >>> len(sites.positions_um), sites.ports[0], sites.ports[-1]
    (7261, 'DQ0_m', 'MECH')
    """
    return _Filling(chart).sites()


class _Filling:
    """The filling of a map: signals in their words, supply between them, the rest outside."""

    def __init__(self, of: HbmMap) -> None:
        self._map = of
        self._columns, self._rows = of.field_shape
        self._first_row = (int(of.rows) - self._rows) // 2
        row, column = np.mgrid[: int(of.rows), : int(of.columns)]
        row, column = (axis[(row + column) % 2 == 0] for axis in (row, column))
        self._row, self._column = row, column
        inside = (row >= self._first_row) & (row < self._first_row + self._rows)
        self._in_field = inside & (column < self._columns)
        self._outside_field = ~inside & (column < self._columns)

    def sites(self) -> HbmSites:
        ports, signal_sites, words = self._signals()
        free = self._in_field.copy()
        free[signal_sites] = False
        supply = self._supply_in_field(np.flatnonzero(free))
        supply |= self._supply_outside(supply["VSS"].size)
        chosen, codes, names = [signal_sites], [np.arange(len(ports))], list(ports)
        for name, at in supply.items():
            net = name.partition(" ")[0]
            if net not in names:
                names.append(net)
            chosen.append(at)
            codes.append(np.full(at.size, names.index(net)))
        every = np.concatenate(chosen)
        positions = np.stack([self._column[every], self._row[every]], axis=-1)
        steps = np.array([self._map.column_step_um, -self._map.row_step_um])
        return HbmSites(
            positions_um=(self._map.first_x_um, self._map.first_y_um) + positions * steps,
            ports=tuple(names),
            port_of=np.concatenate(codes).astype(np.int32),
            in_field=self._in_field[every],
            words=words,
            channels=tuple(channel for band in self._map.bands for channel in band),
        )

    def _signals(self) -> tuple[list[str], NDArray[np.int64], NDArray[np.int32]]:
        """Return the ports, the sites and the words of all signals."""
        names, word_of = self._map.channel_signals
        words = len(self._map.word_kinds)
        mirrored = {int(band) for band in self._map.mirrored_bands.split(",")}
        ports: list[str] = []
        sites: list[NDArray[np.int64]] = []
        numbers: list[int] = []
        for band, channels in enumerate(self._map.bands):
            for depth, channel in enumerate(channels):
                for word in range(words):
                    place = words - 1 - word if band + 1 in mirrored else word
                    here = [n for n, w in zip(names, word_of, strict=True) if w == word]
                    sites.append(self._word_sites(depth, band * words + place, len(here)))
                    if band + 1 in mirrored:
                        order = np.lexsort((self._column[sites[-1]], -self._row[sites[-1]]))
                        sites[-1] = sites[-1][order]
                    ports += [f"{name}_{channel}" for name in here]
                    numbers += [(band * len(channels) + depth) * words + word] * len(here)
        return ports, np.concatenate(sites), np.array(numbers, dtype=np.int32)

    def _word_sites(self, depth: int, place: int, count: int) -> NDArray[np.int64]:
        """Return the sites of a word's signals, from the outer row inwards."""
        of = self._map
        x0 = depth * int(of.word_columns + of.word_gap_columns)
        y0 = self._first_row + place * int(of.word_rows + of.word_gap_rows)
        rows = (self._row >= y0) & (self._row < y0 + of.word_rows)
        here = np.flatnonzero(rows & (self._column >= x0) & (self._column < x0 + of.word_columns))
        per_row = here.size // int(of.word_rows)
        taken = np.tile(_spread(int(of.signals_per_row), per_row), int(of.word_rows))
        signals = here[taken]
        if signals.size < count:
            what = f"a word of {count} signals has {signals.size} sites"
            raise InputError.of(f"HBM map {of.name}", what, cure="raise signals_per_row")
        return signals[_spread(count, signals.size)]

    def _supply_in_field(self, free: NDArray[np.int64]) -> dict[str, NDArray[np.int64]]:
        """Share the free sites of the field out evenly: I/O supplies, then ground."""
        supply = {}
        for name, wanted in (("VDDQ", self._map.vddq), ("VDDQL", self._map.vddql)):
            taken = _spread(min(int(wanted), free.size), free.size)
            supply[name], free = free[taken], free[~taken]
        supply["VSS"] = free[_spread(min(int(self._map.vss), free.size), free.size)]
        return supply

    def _supply_outside(self, ground: int) -> dict[str, NDArray[np.int64]]:
        """Fill every other row far from the interface with core supply and ground."""
        wanted = {
            "VDDC": int(self._map.vddc),
            "VSS outside": int(self._map.vss) - ground,
            "MECH": int(self._map.mechanical),
        }
        power = np.flatnonzero((self._column >= self._columns) & (self._row % 2 == 0))
        power = power[np.lexsort((self._row[power], -self._column[power]))]
        fringe = np.flatnonzero(self._outside_field)
        self._require(wanted, power.size, fringe.size)
        per_column = (int(self._map.rows) + 1) // 2
        whole = {name: wanted[name] // per_column for name in ("VDDC", "VSS outside")}
        columns = sum(whole.values())
        is_core = np.repeat(_spread(whole["VDDC"], columns), per_column)
        rest = power[columns * per_column :]
        more = wanted["VDDC"] - whole["VDDC"] * per_column
        last = wanted["VSS outside"] - whole["VSS outside"] * per_column
        full = power[: columns * per_column]
        return {
            "VDDC": np.concatenate([full[is_core], rest[:more]]),
            "VSS outside": np.concatenate([full[~is_core], rest[more : more + last]]),
            "MECH": fringe[_spread(wanted["MECH"], fringe.size)],
        }

    def _require(self, wanted: dict[str, int], power: int, fringe: int) -> None:
        faults = Faults()
        where = f"HBM map {self._map.name}"
        needed = wanted["VDDC"] + wanted["VSS outside"]
        if needed > power:
            what = f"{needed} supply bumps outside the signal field, which has {power} sites there"
            faults.add(where, what, cure="raise columns or rows")
        if wanted["MECH"] > fringe:
            what = f"{wanted['MECH']} mechanical bumps beside the signal field; {fringe} sites"
            faults.add(where, what, cure="raise rows")
        faults.raise_if_any()


def _spread(count: int, of: int) -> NDArray[np.bool_]:
    """Return which of some places are taken so that `count` of them are spread evenly."""
    if not of:
        return np.zeros(0, dtype=np.bool_)
    steps = (np.arange(of + 1) * count + of // 2) // of  # symmetric about the middle
    return np.diff(steps) > 0
