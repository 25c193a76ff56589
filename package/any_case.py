"""One reader for every kind of case: neutral files, HotSpot input sets, 3D-ICE stacks."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from package.case import Case
from package.case_reader import read_case
from package.hotspot_reader import read_hotspot
from package.ice_reader import read_ice
from techlib import InputError

__all__ = ["is_case", "read_any_case"]

_HOTSPOT = (".config", ".lcf", ".flp", ".ptrace")
_ALLOWED = (
    "a thermal-case/1 file (.json), a 3D-ICE stack (.stk), a HotSpot configuration (.config, .lcf, "
    ".flp) or the folder of a HotSpot run"
)


def is_case(path: str | Path) -> bool:
    """Return whether a path looks like one that `read_any_case` reads.

    Examples
    --------
    >>> is_case("chip.stk"), is_case("jalapeno")
    (True, False)
    """
    path = Path(path)
    if path.suffix in (".json", ".stk", *_HOTSPOT):
        return True
    return path.is_dir() and any(file.suffix in _HOTSPOT for file in path.iterdir())


def read_any_case(path: str | Path, flags: Mapping[str, str] | None = None) -> Case:
    """Read a case, whichever tool it was written for.

    Parameters
    ----------
    path : str or Path
        ``.json`` is a neutral case file, ``.stk`` a 3D-ICE stack; ``.config``, ``.lcf``, ``.flp``
        and a folder are HotSpot's.
    flags : mapping of str to str, optional
        For HotSpot alone: options as on its command line, without the dash.

    Raises
    ------
    InputError
        Another kind of file, flags that nothing takes, and every fault of the files.

    Examples
    --------
    See `package.write_case`, `package.write_ice` and `package.read_hotspot`.
    """
    path = Path(path)
    if path.is_dir() or path.suffix in _HOTSPOT:
        return read_hotspot(path, flags)
    if flags:
        what = f"{len(flags)} flags: {', '.join(sorted(flags))}"
        raise InputError.of(str(path), what, "none: HotSpot's inputs alone take flags")
    if path.suffix == ".stk":
        return read_ice(path)
    if path.suffix == ".json":
        return read_case(path)
    raise InputError.of(str(path), "is of no known kind", _ALLOWED)
