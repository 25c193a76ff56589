"""The run record: what made an output folder, so that it can be made again."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from importlib.metadata import version
from pathlib import Path
from typing import Any

from scoville.doctor import DISTRIBUTION, package_versions
from scoville.output import RUN_RECORD, write_json
from techlib import Source

__all__ = ["RunRecord", "input_hash", "toolkit_version"]

_PIECE_BYTE = 2**20


def toolkit_version() -> str:
    """Return the version of the installed toolkit."""
    return version(DISTRIBUTION)


def input_hash(tables: Mapping[str, Any], *data: bytes | Path) -> str:
    """Return the SHA-256 over a resolved design and the bytes of its data files.

    Files are read in pieces, so that their length does not matter.

    Examples
    --------
    >>> input_hash({"a": 1, "b": 2}) == input_hash({"b": 2, "a": 1})
    True
    >>> input_hash({"a": 1}) == input_hash({"a": 1}, b"trace")
    False
    """
    canonical = json.dumps(tables, sort_keys=True, ensure_ascii=False, default=str)
    digest = hashlib.sha256(canonical.encode("utf-8"))
    for block in data:
        if isinstance(block, bytes):
            digest.update(len(block).to_bytes(8, "big"))
            digest.update(block)
            continue
        digest.update(block.stat().st_size.to_bytes(8, "big"))
        with block.open("rb") as file:
            while piece := file.read(_PIECE_BYTE):
                digest.update(piece)
    return digest.hexdigest()


@dataclass(frozen=True)
class RunRecord:
    """What was run: everything but the timings is the same for the same input.

    Parameters
    ----------
    command : str
        The command.
    input_hash : str
        See `input_hash`; empty for a command without a design.
    seed : int or None
        Seed of the generated trace.
    sources : tuple of Source
        Behind the numbers that were used.
    timings_s : mapping of str to float
        Seconds by stage.
    """

    command: str
    input_hash: str = ""
    seed: int | None = None
    sources: tuple[Source, ...] = ()
    timings_s: Mapping[str, float] = field(default_factory=dict)

    def to_dict(self) -> dict[str, Any]:
        """Return the record as plain values."""
        return {
            "toolkit": DISTRIBUTION,
            "version": toolkit_version(),
            "command": self.command,
            "input_hash": self.input_hash,
            "seed": self.seed,
            "sources": [source.to_dict() for source in self.sources],
            "packages": package_versions(),
            "timings_s": dict(self.timings_s),
        }

    def write(self, folder: Path, timings_s: Iterable[tuple[str, float]] = ()) -> None:
        """Write ``run.json`` into an output folder."""
        content = self.to_dict()
        content["timings_s"] |= {name: round(seconds, 4) for name, seconds in timings_s}
        write_json(folder / RUN_RECORD, content)
