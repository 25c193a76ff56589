"""The output folder: written beside its place, and moved there when it is complete."""

from __future__ import annotations

import json
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from techlib import InputError

__all__ = ["RUN_RECORD", "check_output_folder", "output_folder", "write_json"]

RUN_RECORD = "run.json"


@contextmanager
def output_folder(path: str | Path) -> Iterator[Path]:
    """Give a folder to write into; it becomes `path` when the block ends without an error.

    A folder of an earlier run is replaced. Anything else that stands at `path` is left alone,
    and so is everything when the block fails or is interrupted.

    Parameters
    ----------
    path : str or Path
        Where the folder shall be.

    Yields
    ------
    Path
        An empty folder beside `path`.

    Raises
    ------
    InputError
        `path` is a file, or a folder that no earlier run wrote, or cannot be written.

    Examples
    --------
    >>> import tempfile
    >>> place = Path(tempfile.mkdtemp()) / "result"
    >>> with output_folder(place) as folder:
    ...     write_json(folder / "run.json", {"version": "1"})
    >>> (place / "run.json").exists()
    True
    """
    check_output_folder(path)
    target = Path(path).resolve()  # a link stays where it is; what it points at is written
    try:
        target.parent.mkdir(parents=True, exist_ok=True)
        staging = Path(tempfile.mkdtemp(prefix=f".{target.name}.", dir=target.parent))
    except OSError as error:
        raise _unwritable(path, error.strerror) from None
    try:
        staging.chmod(0o755)
        yield staging
        _replace(staging, target)
    finally:
        shutil.rmtree(staging, ignore_errors=True)


def check_output_folder(path: str | Path) -> None:
    """Raise `InputError` if a run may not write at `path`; long runs ask before they start."""
    target = Path(path).resolve()
    place = f"--out {path}"
    if target.is_dir():
        if any(target.iterdir()) and not (target / RUN_RECORD).is_file():
            what = f"the folder has files in it and no {RUN_RECORD} of an earlier run"
            allowed = "a new, an empty or an earlier run's folder"
            raise InputError.of(place, what, allowed, "choose another name or empty it yourself")
    elif target.exists():
        raise InputError.of(place, "is a file", "a folder", "choose another name")
    above = next(folder for folder in target.parents if folder.exists())
    if not above.is_dir():
        raise _unwritable(path, f"{above} is a file")
    try:
        Path(tempfile.mkdtemp(prefix=f".{target.name}.", dir=above)).rmdir()
    except OSError as error:
        raise _unwritable(path, error.strerror) from None


def _replace(staging: Path, target: Path) -> None:
    """Move the finished folder into place; the old one is removed last."""
    if not target.exists():
        staging.rename(target)
        return
    retired = Path(tempfile.mkdtemp(prefix=f".{target.name}.old.", dir=target.parent))
    try:
        target.rename(retired / "old")
        try:
            staging.rename(target)
        except BaseException:
            (retired / "old").rename(target)
            raise
    finally:
        shutil.rmtree(retired, ignore_errors=True)


def _unwritable(path: str | Path, reason: str | None) -> InputError:
    what = f"cannot be written: {reason or 'for an unknown reason'}"
    return InputError.of(f"--out {path}", what, cure="choose another folder")


def write_json(path: Path, content: Any) -> None:
    """Write JSON with a fixed layout; NaN and infinity are refused."""
    text = json.dumps(content, indent=2, ensure_ascii=False, allow_nan=False)
    path.write_text(text + "\n", encoding="utf-8")
