"""What measured files leave out of their tasks: how long prompts are, what inputs take."""

from __future__ import annotations

import functools
from dataclasses import dataclass

from techlib import LanguageModel, Library, Record, quantity

__all__ = ["Task", "tasks"]


@dataclass(frozen=True, eq=False)
class Task(Record):
    """A task of a serving benchmark."""

    prompt_tokens: float = quantity("prompt_tokens", "", at_least=1.0)  #: mean of a request
    #: of a model whose states of fixed size keep no prefix for later requests, where it differs
    uncached_prompt_tokens: float | None = quantity(
        "uncached_prompt_tokens", "", default=None, at_least=1.0
    )
    #: of a request, before its prompt is read: images or videos
    input_s: float = quantity("input", "s", default=0.0, at_least=0.0)

    def read_tokens(self, model: LanguageModel) -> float:
        """Return how many tokens of a prompt a model reads, less what it still has in its cache."""
        if model.state_values_per_sequence and self.uncached_prompt_tokens is not None:
            return self.uncached_prompt_tokens
        return self.prompt_tokens


@functools.cache
def tasks() -> Library[Task]:
    """Return the tasks that are known; others are taken as ``"other"``.

    Examples
    --------
    >>> tasks()["gpqa"].prompt_tokens
    250.0
    """
    return Library.load("task", Task, "measured.toml", room="scoville")
