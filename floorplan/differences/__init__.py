"""Differences of two layouts: what moved, grew, changed its layer or net, came or went."""

from floorplan.differences.compare import diff, diff_files
from floorplan.differences.difference import Change, Difference

__all__ = ["Change", "Difference", "diff", "diff_files"]
