"""Microbump maps of HBM stacks, by generation: where the signals are, and what supplies them."""

from __future__ import annotations

import functools
from collections import Counter
from dataclasses import dataclass

from techlib import HbmGeneration, Library, Record, quantity, text

__all__ = ["HbmMap", "hbm_map_of", "hbm_maps"]


@dataclass(frozen=True, eq=False)
class HbmMap(Record):
    """Array, counts and order of the channels of a microbump map; `fill_sites` populates it."""

    columns: float = quantity("columns", "", at_least=1.0, whole=True)
    rows: float = quantity("rows", "", at_least=1.0, whole=True)
    column_step_um: float = quantity("column_step", "um", above=0.0)
    row_step_um: float = quantity("row_step", "um", above=0.0)
    first_x_um: float = quantity("first_x", "um")  #: of bump A1, upper left
    first_y_um: float = quantity("first_y", "um")
    pad_um: float = quantity("pad", "um", above=0.0)
    word_columns: float = quantity("word_columns", "", at_least=1.0, whole=True)
    word_rows: float = quantity("word_rows", "", at_least=1.0, whole=True)
    word_gap_columns: float = quantity("word_gap_columns", "", at_least=0.0, whole=True)
    word_gap_rows: float = quantity("word_gap_rows", "", at_least=0.0, whole=True)
    signals_per_row: float = quantity("signals_per_row", "", at_least=1.0, whole=True)
    vss: float = quantity("vss", "", at_least=0.0, whole=True)
    vddc: float = quantity("vddc", "", at_least=0.0, whole=True)
    vddq: float = quantity("vddq", "", at_least=0.0, whole=True)
    vddql: float = quantity("vddql", "", at_least=0.0, whole=True)
    mechanical: float = quantity("mechanical", "", at_least=0.0, whole=True)
    channels: str = text("channels")
    mirrored_bands: str = text("mirrored_bands")
    words: str = text("words")
    dword: str = text("dword")
    dword2: str = text("dword2")
    aword: str = text("aword")
    estimated: str = text("estimated")

    @functools.cached_property
    def bands(self) -> tuple[tuple[str, ...], ...]:
        """Channels of each band, outermost first."""
        return tuple(tuple(band.strip().split(",")) for band in self.channels.split("/"))

    @property
    def field_shape(self) -> tuple[int, int]:
        """Columns and rows of the signal field."""
        across, along = len(self.bands[0]), len(self.bands) * len(self.word_kinds)
        columns = across * int(self.word_columns + self.word_gap_columns) - self.word_gap_columns
        rows = along * int(self.word_rows + self.word_gap_rows) - self.word_gap_rows
        return int(columns), int(rows)

    @functools.cached_property
    def signals(self) -> int:
        """Number of signal bumps."""
        return sum(map(len, self.bands)) * len(self.channel_signals[0])

    @property
    def count(self) -> int:
        """Number of bumps."""
        supply = self.vss + self.vddc + self.vddq + self.vddql + self.mechanical
        return self.signals + int(supply)

    @property
    def word_kinds(self) -> tuple[str, ...]:
        """Kinds of the words of a channel along the edge."""
        return tuple(name.strip() for name in self.words.split("/"))

    @functools.cached_property
    def channel_signals(self) -> tuple[tuple[str, ...], tuple[int, ...]]:
        """The signals of a channel in order, and the word of each."""
        seen: Counter[str] = Counter()
        names: list[str] = []
        words: list[int] = []
        for word, kind in enumerate(self.word_kinds):
            for token in getattr(self, kind).split():
                pattern, _, times = token.partition("*")
                for _ in range(int(times or 1)):
                    names.append(pattern.format(seen[pattern]))
                    words.append(word)
                    seen[pattern] += 1
        return tuple(names), tuple(words)


@functools.cache
def hbm_maps() -> Library[HbmMap]:
    """Return the microbump maps that ship with the toolkit.

    Examples
    --------
    >>> {name: chart.count for name, chart in hbm_maps().items()}
    {'HBM3': 7261, 'HBM4': 16148, 'HBM2E': 5000}
    """
    return Library.load("HBM map", HbmMap, "hbm_maps.toml", room="floorplan")


def hbm_map_of(generation: HbmGeneration) -> HbmMap | None:
    """Return the map of a generation: that of its name, else that of as many channels."""
    charts = hbm_maps()
    if generation.name in charts:
        return charts[generation.name]
    alike = [
        chart for chart in charts.values() if sum(map(len, chart.bands)) == int(generation.channels)
    ]
    return alike[0] if alike else None
