"""Prompts read by some groups, answers written by others."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from power.server import Server
from power.trace import Trace
from power.work import Work
from techlib import InputError

__all__ = ["Handover", "PromptReaders", "check_groups", "first_group"]

Array = NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class Handover:
    """Requests that have come to a group, from the front door or with their KV cache.

    Parameters
    ----------
    trace : Trace
        Requests of one group, in the order in which it can begin with them.
    asked_s : array, shape (n,)
        When each came to the front door [s].
    first_token_s : array, shape (n,), or None
        When each got its first token from the group that read its prompt [s].
    """

    trace: Trace
    asked_s: Array
    first_token_s: Array | None = None


class PromptReaders:
    """The groups that read prompts, and what the first group that decodes gets from them when.

    Requests go to the groups in turn, both those that read prompts and those that decode. A KV
    cache takes its bytes over the links of all packages of a group, one after the other with
    nothing else.

    Parameters
    ----------
    work : Work
        One group; its operation says how many there are of each kind.
    capacity_byte : float
        KV cache of a group [byte].
    seed : int
        As for `Server`.
    """

    def __init__(self, work: Work, capacity_byte: float, *, seed: int = 0) -> None:
        run = work.machine.operation
        self._work, self._writers = work, int(run.decode_groups)
        self._link_byte_s = work.machine.chips * run.link_bandwidth_byte_s
        first = Server(work, capacity_byte, seed=seed, hands_over=True)
        more = int(run.prefill_groups) - 1
        self._servers = [first, *(first.another() for _ in range(more))]
        self._until_s = np.full(len(self._servers), -np.inf)
        self._asked: Trace | None = None  # requests that are not handed over yet
        self._number = np.empty(0, np.int64)
        self._first_s = np.empty(0)
        self._dealt = self._handed = 0

    def hand_over(self, trace: Trace, *, last: bool = True) -> Handover | None:
        """Serve the prompts of a stretch; return what is then sure to be handed over next.

        Parameters
        ----------
        trace : Trace
            What all groups together are asked.
        last : bool
            Whether no more will come.

        Raises
        ------
        InputError
            There are more groups than requests, or no answer is longer than its first token.
        """
        if last:
            check_groups(trace.name, len(self._servers), self._dealt + len(trace))
        self._take(trace)
        for index, server in enumerate(self._servers):
            self._read(index, server, trace, last)
        self._dealt += len(trace)
        found = self._sure()
        if last and not self._handed:
            what = "no answer is longer than one token"
            raise InputError.of(f"trace {trace.name}", what, cure="set power.role = prefill")
        return found

    def _take(self, trace: Trace) -> None:
        self._asked = trace if self._asked is None else self._asked.followed_by(trace)
        fresh = self._dealt + np.arange(len(trace))
        self._number = np.concatenate([self._number, fresh])
        self._first_s = np.concatenate([self._first_s, np.full(len(trace), np.nan)])

    def _read(self, index: int, server: Server, trace: Trace, last: bool) -> None:
        """Let a group read its share of a stretch."""
        groups = len(self._servers)
        first = (index - self._dealt) % groups
        if first >= len(trace) and not last:
            return
        part = _prompts_only(trace.every(groups, first)) if first < len(trace) else None
        served = server.serve(part, last=last)
        self._until_s[index] = max(self._until_s[index], served.until_s)
        place = np.searchsorted(self._number, served.number * groups + index)
        self._first_s[place] = served.first_token_s

    def _sure(self) -> Handover | None:
        """Take out the requests that no one can overtake: all to come are read later."""
        asked = self._asked
        if asked is None:
            return None
        there_s = self._first_s + _prompt_byte(asked, self._work) / self._link_byte_s
        more = asked.output_tokens > 1
        sure = (there_s <= self._until_s.min()) & more
        rows = np.flatnonzero(sure)
        rows = rows[np.argsort(there_s[rows], kind="stable")]
        mine = -self._handed % self._writers
        self._handed += len(rows)
        rows = rows[mine :: self._writers]
        found = None
        if len(rows):
            columns = (there_s[rows], asked.prompt_tokens[rows], asked.output_tokens[rows])
            blocks = None if asked.blocks is None else asked.blocks.take(rows)
            part = Trace(asked.name, *columns, blocks, asked.left_out)
            found = Handover(part, asked.arrival_s[rows], self._first_s[rows])
        left = np.flatnonzero(~sure & (more | np.isnan(self._first_s)))
        self._asked = asked.rows(left) if len(left) else None
        self._number, self._first_s = self._number[left], self._first_s[left]
        return found


def first_group(
    stretches: Iterable[tuple[Trace, bool]], work: Work, capacity_byte: float, *, seed: int = 0
) -> Iterator[Handover]:
    """Yield what the first group of the operation's role gets of a trace, stretch by stretch.

    Parameters
    ----------
    stretches : iterable of Trace and bool
        What all groups together are asked, and whether a stretch is the last one.
    work, capacity_byte, seed
        As for `PromptReaders`.

    Raises
    ------
    InputError
        As from `PromptReaders.hand_over`.
    """
    run, before = work.machine.operation, 0
    groups = int(run.prefill_groups)
    readers = PromptReaders(work, capacity_byte, seed=seed) if run.role == "decode" else None
    for trace, last in stretches:
        first = -before % groups
        before += len(trace)
        if readers is not None:
            found = readers.hand_over(trace, last=last)
            if found is not None:
                yield found
        elif run.role == "both":
            yield Handover(trace, trace.arrival_s)
        else:
            if last:
                check_groups(trace.name, groups, before)
            if first < len(trace):
                part = _prompts_only(trace.every(groups, first))
                yield Handover(part, part.arrival_s)


def check_groups(name: str, groups: int, requests: int) -> None:
    """Refuse groups without a request.

    Raises
    ------
    InputError
        There are more groups than requests.
    """
    if groups > requests:
        allowed = f"from 1 to {requests:,}, a request each"
        raise InputError.of(f"trace {name}: power.prefill_groups", f"{groups}", allowed)


def _prompt_byte(trace: Trace, work: Work) -> Array:
    """Return the KV cache of each prompt, in the whole group, shape (n,) [byte]."""
    full, windowed = work.kv_byte_per_token
    tokens = trace.prompt_tokens.astype(np.float64)
    return np.asarray(tokens * full + np.minimum(tokens, work.window_tokens) * windowed)


def _prompts_only(trace: Trace) -> Trace:
    """Return what a group that reads prompts does of requests: one token each."""
    return replace(trace, output_tokens=np.ones(len(trace), np.int64))
