"""Which thread does what in a round of a march of modes."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterable
from threading import Event

from thermal.workers import available_threads, shared

__all__ = ["Round"]


class Round:
    """What threads do in a round: `recur`, then `record` chunks of it; those of the next, `force`.

    One thread recurs while the others force.

    Parameters
    ----------
    recur : callable
        Takes the modes through the round.
    force : callable
        Makes ready the chunk of the next round that begins with a step.
    ahead : iterable of int
        First steps of those chunks.
    record : callable
        Takes down the chunk of this round that begins with a step, once the modes are through.
    chunks : iterable of int
        First steps of those.
    """

    def __init__(
        self,
        recur: Callable[[], None],
        force: Callable[[int], None],
        ahead: Iterable[int],
        record: Callable[[int], None],
        chunks: Iterable[int],
    ) -> None:
        self._recur, self._recurred = recur, Event()
        self._force, self._ahead = force, deque(ahead)
        self._record, self._chunks = record, deque(chunks)

    def run(self) -> None:
        """Do it all."""
        try:
            shared(lambda number, _: self._take_part(number), available_threads())
        finally:  # whatever ends it, others must not wait for ever
            self._recurred.set()

    def _take_part(self, number: int) -> None:
        if number == 0:
            self._recur()
            self._recurred.set()
        _each(self._force, self._ahead)
        self._recurred.wait()
        _each(self._record, self._chunks)


def _each(work: Callable[[int], None], waiting: deque[int]) -> None:
    """Do what is waiting, which other threads take from too."""
    while waiting:
        try:
            step = waiting.popleft()
        except IndexError:  # another thread was faster
            return
        work(step)
