"""A text file in blocks of whole lines, so that its length does not matter."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from techlib import InputError, did_you_mean

__all__ = ["LineBlock", "as_text", "line_blocks"]

_BLOCK_BYTE = 32 * 2**20
_BYTE_ORDER_MARK = b"\xef\xbb\xbf"
_NOT_TEXT = {
    b"\x1f\x8b": "is compressed with gzip",
    b"PK\x03\x04": "is a zip archive",
    b"(\xb5/\xfd": "is compressed with zstd",
    b"\xff\xfe": "is encoded in UTF-16",
    b"\xfe\xff": "is encoded in UTF-16",
}


@dataclass(frozen=True)
class LineBlock:
    """Some whole lines.

    Parameters
    ----------
    data : bytes
        The lines.
    line : int
        Number of the first one in the file.
    last : bool
        Whether the file ends here.
    """

    data: bytes
    line: int
    last: bool


def line_blocks(path: Path, size: int = _BLOCK_BYTE) -> Iterator[LineBlock]:
    """Yield a file in blocks of about a size [byte] that end where a line does.

    Raises
    ------
    InputError
        The file is missing, cannot be read, or is no text.
    """
    try:
        with path.open("rb") as file:
            yield from _blocks(file, path, size)
    except FileNotFoundError:
        near = [p.name for p in path.parent.iterdir()] if path.parent.is_dir() else []
        cure = did_you_mean(path.name, near) if near else "check the path"
        raise InputError.of(str(path), "no such file", "a trace file", cure) from None
    except OSError as error:
        what = f"cannot be read: {error.strerror}"
        raise InputError.of(str(path), what, "a trace file") from None


def _blocks(file: object, path: Path, size: int) -> Iterator[LineBlock]:
    rest, line, first = b"", 1, True
    while True:
        read = file.read(size)  # type: ignore[attr-defined]
        data = rest + read
        if first:
            _check_kind(data, path)
            data, first = data.removeprefix(_BYTE_ORDER_MARK), False
        last = len(read) < size
        end = len(data) if last else data.rfind(b"\n") + 1
        data, rest = data[:end], data[end:]
        if b"\x00" in data:
            place = f"{path}: line {line + data.count(bytes([10]), 0, data.index(0))}"
            raise InputError.of(place, "is binary, not text", "CSV, JSON lines or Parquet")
        if data or last:
            yield LineBlock(data, line, last)
            line += data.count(b"\n")
        if last:
            return


def _check_kind(data: bytes, path: Path) -> None:
    for magic, what in _NOT_TEXT.items():
        if data.startswith(magic):
            cure = "save it as UTF-8 text" if "UTF" in what else "unpack it or convert it to CSV"
            raise InputError.of(str(path), what, "CSV, JSON lines or Parquet", cure)


def as_text(data: bytes, line: int, path: Path) -> str:
    """Decode lines of which the first has a number, with one kind of line end.

    Raises
    ------
    InputError
        A byte that is not UTF-8, with its line.
    """
    try:
        text = data.decode("utf-8")
    except UnicodeDecodeError as error:
        place = f"{path}: line {line + data.count(bytes([10]), 0, error.start)}"
        what = f"byte {data[error.start]:#04x} is not UTF-8"
        raise InputError.of(place, what, cure="save it as UTF-8") from None
    return text.replace("\r\n", "\n").replace("\r", "\n") if "\r" in text else text
