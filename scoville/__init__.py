"""The application: a design is floorplan, package, power and thermal together.

The names are imported when they are first used, so that the command line starts quickly.
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from scoville.design import Design, load_design
    from scoville.design_file import builtin_designs
    from scoville.signoff import Signoff, run_signoff
    from scoville.study import Study, read_study
    from scoville.sweep import run_sweep
    from scoville.verdict import Target

__all__ = [
    "Design",
    "Signoff",
    "Study",
    "Target",
    "builtin_designs",
    "load_design",
    "read_study",
    "run_signoff",
    "run_sweep",
]

_HOME = {
    "Design": "design",
    "Signoff": "signoff",
    "Study": "study",
    "Target": "verdict",
    "builtin_designs": "design_file",
    "load_design": "design",
    "read_study": "study",
    "run_signoff": "signoff",
    "run_sweep": "sweep",
}


def __getattr__(name: str) -> Any:
    if name in _HOME:
        return getattr(importlib.import_module(f"scoville.{_HOME[name]}"), name)
    raise AttributeError(f"module 'scoville' has no attribute {name!r}")


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
