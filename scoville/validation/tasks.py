"""What measured files leave out of their tasks: how long prompts are."""

from __future__ import annotations

import functools
from dataclasses import dataclass

from techlib import Library, Record, quantity

__all__ = ["Task", "tasks"]


@dataclass(frozen=True, eq=False)
class Task(Record):
    """A task of a serving benchmark."""

    prompt_tokens: float = quantity("prompt_tokens", "", at_least=1.0)  #: mean of a request


@functools.cache
def tasks() -> Library[Task]:
    """Return the tasks that are known; others are taken as ``"other"``.

    Examples
    --------
    >>> tasks()["gpqa"].prompt_tokens
    250.0
    """
    return Library.load("task", Task, "measured.toml", room="scoville")
