"""Layout checks: rules, what breaks them, and where."""

from floorplan.checks.check import check, check_layout

__all__ = ["check", "check_layout"]
