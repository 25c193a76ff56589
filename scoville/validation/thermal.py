"""The validation of the thermal engine: all cases, one after the other."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from scoville.console import Progress
from scoville.validation.ev6 import hotspot_ev6
from scoville.validation.found import Validation
from scoville.validation.fourier import analytic_stack, spreading_plate
from scoville.validation.manufactured import manufactured
from scoville.validation.package25d import package25d
from scoville.validation.reduced_bound import reduced_bound
from scoville.validation.robustness import robustness
from scoville.validation.section import Section

__all__ = ["validate_thermal"]


def validate_thermal(
    data: Path,
    *,
    quick: bool = False,
    progress: Progress = lambda _stage, _share: None,
) -> Validation:
    """Run every case whose data are there; those that need none always run.

    Parameters
    ----------
    data : Path
        Folder with a folder for each case; it need not be there.
    quick : bool
        Coarser meshes, fewer steps and fewer packages; their targets are the same.
    progress : callable
        Called with the case and the share that is done.

    Raises
    ------
    InputError
        Faults of the case files.
    ConvergenceError
        A solve of a case stopped short.
    """

    def there(name: str) -> Path | None:
        return data if (data / name / _FILES[name]).is_file() else None

    cases: list[tuple[str, Callable[[], Section]]] = [
        ("analytic_stack", lambda: analytic_stack(there("analytic_stack"), quick=quick)),
        ("spreading_plate", lambda: spreading_plate(there("spreading_plate"), quick=quick)),
        ("manufactured", lambda: manufactured(quick=quick)),
    ]
    package_data, ev6_data = there("pkg25d"), there("hotspot_ev6")
    if package_data is not None:
        cases.append(("pkg25d", lambda: package25d(package_data, quick=quick)))
    if ev6_data is not None:
        cases.append(("hotspot_ev6", lambda: hotspot_ev6(ev6_data)))
    cases.append(("reduced_bound", lambda: reduced_bound(quick=quick)))
    cases.append(("robustness", lambda: robustness(quick=quick)))
    sections = []
    for index, (name, run) in enumerate(cases):
        progress(name, index / len(cases))
        sections.append(run())
    missing = [name for name in _FILES if there(name) is None]
    return Validation(tuple(sections), tuple(_note(name) for name in missing))


_FILES = {
    "analytic_stack": "case.json",
    "spreading_plate": "spreading.csv",
    "pkg25d": "case.json",
    "hotspot_ev6": "case.json",
}
_OWN = ("analytic_stack", "spreading_plate")  # run without data, against our own series alone


def _note(name: str) -> str:
    if name in _OWN:
        return f"{name}: its published table is not there; compared with our own series alone"
    return f"{name}: its data are not there (--data FOLDER)"
