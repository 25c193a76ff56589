"""Two layouts of any form against each other."""

from __future__ import annotations

import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import floorplan
from floorplan import Difference, LayoutFile
from scoville.layout_source import LayoutSource, layout_source, shown_layers
from scoville.run_record import input_hash
from techlib import InputError, Source, bibliography, read_quantity

__all__ = ["LayoutDiff", "diff_of"]


@dataclass(frozen=True, eq=False)
class LayoutDiff:
    """What differs between two layouts.

    Parameters
    ----------
    before, after : LayoutSource
        The two.
    tolerance_um : float
        Lengths up to this did not count [um].
    differences : tuple of Difference
        In their fixed order.
    """

    before: LayoutSource
    after: LayoutSource
    tolerance_um: float
    differences: tuple[Difference, ...]

    @property
    def input_hash(self) -> str:
        """SHA-256 over what was read."""
        return input_hash({"before": self.before.input_hash, "after": self.after.input_hash})

    @property
    def sources(self) -> tuple[Source, ...]:
        """Every source behind the numbers of the two."""
        return bibliography((*self.before.sources, *self.after.sources))

    def to_dict(self) -> dict[str, Any]:
        """Return the differences as plain values."""
        return {
            "same": not self.differences,
            "before": self.before.label,
            "after": self.after.label,
            "tolerance_um": self.tolerance_um,
            "differences": [difference.to_dict() for difference in self.differences],
        }


def diff_of(
    before: str, after: str, tolerance: str = "0 nm", layers: Path | None = None
) -> LayoutDiff:
    """Compare two layouts, each a design, a floorplan in full, or a GDSII or OASIS file.

    Two designs or floorplans are compared as layouts, with nodes, memory and nets; if one is a
    layout file, the other is drawn too.

    Raises
    ------
    InputError
        One of them cannot be read, or the tolerance is no length of zero or more.
    """
    tolerance_um = read_quantity(tolerance, "um", where="--tolerance")
    if tolerance_um < 0.0:
        raise InputError.of("--tolerance", f"{tolerance_um:g} um", "at least 0 um")
    sources = [layout_source(target) for target in (before, after)]
    if all(source.floorplan is not None for source in sources):
        if layers is not None:
            what, cure = "neither of the two is a layout file", "leave --layers out"
            raise InputError.of("--layers", what, "a GDSII or OASIS file", cure)
        first, second = (source.lay_out() for source in sources)
        found = floorplan.diff(first, second, tolerance_um=tolerance_um)
    else:
        files = [_drawn(source) for source in sources]
        # What we draw ourselves has our own layers; a user's map is that of the files.
        maps = [shown_layers(layers if source.layout else None) for source in sources]
        found = floorplan.diff_files(
            files[0], files[1], maps[0], maps[1], tolerance_um=tolerance_um
        )
    return LayoutDiff(sources[0], sources[1], tolerance_um, found)


def _drawn(source: LayoutSource) -> LayoutFile:
    """Return a layout file, or a floorplan as the file that would be written of it."""
    if source.layout is not None:
        return source.layout
    with tempfile.TemporaryDirectory() as folder:
        file = floorplan.write_oasis(source.lay_out(), Path(folder) / "drawn.oas")
        return floorplan.read_layout(file)
