"""Prefix blocks: which parts of their prompts requests have in common."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from techlib import InputError

__all__ = ["PrefixBlocks"]


@dataclass(frozen=True, eq=False)
class PrefixBlocks:
    """Identities of the blocks that prompts are made of.

    Two requests whose lists begin with the same numbers begin with the same tokens. The last block
    of a prompt may be partial.

    Parameters
    ----------
    block_tokens : int
        Tokens of a block.
    offsets : array, shape (n + 1,)
        Where the blocks of each request begin in `ids`, and where the last one's end.
    ids : array, shape (m,)
        The identities, request after request.

    Raises
    ------
    InputError
        Offsets that do not divide `ids`, or a block without tokens.

    Examples
    --------
    >>> blocks = PrefixBlocks.of(512, [[7, 8], [7, 9, 4], []])
    >>> len(blocks), blocks.take(slice(1, 2)).ids.tolist(), blocks.distinct
    (3, [7, 9, 4], 4)
    """

    block_tokens: int
    offsets: NDArray[np.int64]
    ids: NDArray[np.int64]

    def __post_init__(self) -> None:
        offsets, ids = (np.asarray(part, dtype=np.int64) for part in (self.offsets, self.ids))
        whole = len(offsets) > 0 and offsets[0] == 0 and offsets[-1] == len(ids)
        if not whole or (np.diff(offsets) < 0).any():
            raise InputError.of("prefix blocks: offsets", "do not divide the ids", "0 to their end")
        if self.block_tokens < 1:
            what = f"{self.block_tokens} tokens"
            raise InputError.of("prefix blocks: block_tokens", what, "at least 1")
        for name, column in (("offsets", offsets), ("ids", ids)):
            column.setflags(write=False)
            object.__setattr__(self, name, column)

    @classmethod
    def of(cls, block_tokens: int, lists: Any) -> PrefixBlocks:
        """Build from one list of identities a request."""
        sizes = np.array([len(entry) for entry in lists], dtype=np.int64)
        offsets = np.concatenate([[0], np.cumsum(sizes)])
        parts = [np.asarray(entry, dtype=np.int64) for entry in lists if len(entry)]
        ids = np.concatenate(parts) if parts else np.empty(0, np.int64)
        return cls(block_tokens, offsets, ids)

    @classmethod
    def none(cls, requests: int) -> PrefixBlocks:
        """Return the blocks of requests that have nothing in common."""
        return cls(1, np.zeros(requests + 1, np.int64), np.empty(0, np.int64))

    @classmethod
    def joined(cls, parts: Sequence[PrefixBlocks]) -> PrefixBlocks:
        """Return the blocks of requests after one another.

        Raises
        ------
        InputError
            Blocks of different size, where both sides have any.
        """
        sizes = {part.block_tokens for part in parts if len(part.ids)}
        if len(sizes) > 1:
            what = " and ".join(f"{size}" for size in sorted(sizes))
            raise InputError.of("prefix blocks: block_tokens", what, "one size")
        counts = np.concatenate([np.diff(part.offsets) for part in parts])
        offsets = np.concatenate([[0], np.cumsum(counts)])
        ids = np.concatenate([part.ids for part in parts])
        return cls(sizes.pop() if sizes else parts[-1].block_tokens, offsets, ids)

    def __len__(self) -> int:
        return len(self.offsets) - 1

    @property
    def distinct(self) -> int:
        """Number of different blocks."""
        return len(np.unique(self.ids))

    def take(self, rows: slice | NDArray[np.int64]) -> PrefixBlocks:
        """Return the blocks of some requests."""
        chosen = np.arange(len(self))[rows]
        sizes = np.diff(self.offsets)[chosen]
        offsets = np.concatenate([[0], np.cumsum(sizes)])
        where = np.repeat(self.offsets[chosen] - offsets[:-1], sizes) + np.arange(offsets[-1])
        return PrefixBlocks(self.block_tokens, offsets, self.ids[where])

    def repeated_share(self) -> float:
        """Return the share of all blocks that an earlier request has brought already."""
        return 1.0 - self.distinct / len(self.ids) if len(self.ids) else 0.0
