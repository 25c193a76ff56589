"""The files of a layout: the design's floorplan in every format, or in some."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import floorplan
from floorplan import WrittenFiles
from scoville.console import Progress
from scoville.design import Design

__all__ = ["sustained_power", "write_layout"]


def write_layout(
    design: Design,
    folder: Path,
    progress: Progress,
    *,
    formats: Sequence[str] | None = None,
    power: bool = False,
    every_bump: bool = False,
) -> WrittenFiles:
    """Write the layout of a design into a folder.

    Parameters
    ----------
    design : Design
        Its name is the first part of the file names.
    folder : Path
        Where to.
    progress : callable
        Progress meter.
    formats : sequence of str, optional
        Names of `floorplan.FORMATS`; all that can hold the design if not given.
    power : bool
        Serve the design's trace, and write power where a format carries it.
    every_bump : bool
        List supply bumps one by one in text files.

    Raises
    ------
    InputError
        Unknown formats, and what a format that was asked for cannot hold.
    """
    power_w: dict[str, float] = {}
    if power:
        progress("serving the trace", 0.1)
        power_w = sustained_power(design)
    progress("writing the layout", 0.5)
    return floorplan.write_formats(
        design.layout,
        folder,
        formats,
        stem=design.name,
        power_w=power_w,
        every_bump=every_bump,
    )


def sustained_power(design: Design) -> dict[str, float]:
    """Return the mean power of the hottest sustained window by heat key [W].

    Leakage is counted at the reference temperature of the compute die's process.
    """
    from scoville.analysis import analyse_power

    sustained = analyse_power(design, design.trace()).sustained
    watts = sustained.mean_watts(design.machine.node.reference_temperature_c)
    return dict(zip(design.floorplan.heat_keys, watts.tolist(), strict=True))
