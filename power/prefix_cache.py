"""The prefix cache of a server, carried from one stretch of requests to the next."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from power.prefix import PrefixBlocks

if TYPE_CHECKING:
    from power.batching_state import Blocks

__all__ = ["PrefixCache"]

Ints = NDArray[np.int64]


class PrefixCache:
    """Gives blocks places in the arrays of `power.batching_state.Blocks`.

    Places are kept for blocks that are in the cache, which its bytes bound, and for those of
    requests that have not ended; all others are given away between stretches.
    """

    def __init__(self) -> None:
        from power.batching_state import Blocks  # imports numba, which takes a second

        head = np.zeros(1, np.int64)
        self._asked, self._tokens = PrefixBlocks.none(0), 0
        self._ids = head[:0]
        self._blocks = Blocks(head[:0].copy(), head, head.copy())

    @property
    def block_tokens(self) -> int:
        """Tokens of a block; none as long as no request has had any."""
        return self._tokens

    @property
    def places(self) -> int:
        """Blocks that have a place."""
        return len(self._ids)

    def join(self, fresh: PrefixBlocks) -> tuple[Blocks, Ints, Ints]:
        """Take in new requests; return the cache, where their blocks begin, and their places."""
        self._asked = PrefixBlocks.joined([self._asked, fresh])
        if len(fresh.ids):
            self._tokens = fresh.block_tokens
        there = self._blocks.users >= 0
        ids = np.unique(np.concatenate([self._ids[there], self._asked.ids]))
        self._blocks = _moved(self._blocks, np.searchsorted(ids, self._ids), there, len(ids))
        self._ids = ids
        return self._blocks, self._asked.offsets.copy(), np.searchsorted(ids, self._asked.ids)

    def keep(self, kept: NDArray[np.bool_]) -> None:
        """Forget the requests that have ended."""
        self._asked = self._asked.take(np.flatnonzero(kept))


def _moved(blocks: Blocks, place: Ints, there: NDArray[np.bool_], size: int) -> Blocks:
    """Return the cache with its blocks at new places, the ring in the same order."""
    users = np.full(size, -1, np.int64)
    users[place[there]] = blocks.users[there]
    then = np.append(place, size)  # the head of the ring is behind all blocks
    ringed = np.append(blocks.users == 0, True)
    rings = []
    for ring in (blocks.before, blocks.after):
        moved = np.zeros(size + 1, np.int64)
        moved[then[ringed]] = then[ring[ringed]]
        rings.append(moved)
    return type(blocks)(users, *rings)
