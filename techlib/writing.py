"""Files that are written whole or not at all."""

from __future__ import annotations

import contextlib
import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path

from techlib.errors import Faults, InputError

__all__ = ["staged_files"]


@contextlib.contextmanager
def staged_files(folder: Path, *names: str) -> Iterator[Path]:
    """Give a place to write files of a folder, which take their names once all are whole.

    Parameters
    ----------
    folder : Path
        That exists.
    names : str
        Of the files; each is to be written in the place that is given. What bears their names
        is replaced, a link's target where one is a link.

    Raises
    ------
    InputError
        Every file that cannot be written there; on any error nothing is changed.

    Examples
    --------
    >>> folder = Path(tempfile.mkdtemp())
    >>> with staged_files(folder, "a.txt") as place:
    ...     _ = (place / "a.txt").write_text("whole")
    >>> (folder / "a.txt").read_text()
    'whole'
    """
    faults = Faults()
    for name in names:
        if (folder / name).is_dir():
            faults.add(str(folder / name), "is a folder", "the name of a file")
    if not folder.is_dir():
        what = "is a file" if folder.exists() else "no such folder"
        faults.add(str(folder), what, "a folder that exists")
    faults.raise_if_any()
    try:
        place = Path(tempfile.mkdtemp(prefix=".writing.", dir=folder))
        try:
            yield place
            for name in names:
                target = (folder / name).resolve()
                if target.parent == folder.resolve():
                    (place / name).replace(target)
                else:
                    shutil.copyfile(place / name, target)
        finally:
            shutil.rmtree(place, ignore_errors=True)
    except OSError as error:
        what = f"cannot be written: {error.strerror or error}"
        raise InputError.of(str(folder), what, "a folder that can be written") from None
