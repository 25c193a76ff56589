"""Options that several commands share."""

from __future__ import annotations

import contextlib
import dataclasses
from typing import TYPE_CHECKING, Annotated

import typer

from scoville.design_file import Override
from techlib import Faults, InputError

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

__all__ = [
    "ModelOption",
    "RateOption",
    "ReplicasOption",
    "SkipBadOption",
    "TraceOption",
    "WindowOption",
    "cut_overrides",
    "named_as_given",
    "refuse_workload",
    "workload_overrides",
]

TraceOption = Annotated[
    str | None,
    typer.Option("--trace", metavar="FILE", help="Serve the requests of this file."),
]
ModelOption = Annotated[
    str | None, typer.Option("--model", metavar="LLM", help="Serve this language model.")
]

RateOption = Annotated[
    str | None,
    typer.Option(
        "--rate", metavar="FACTOR|RATE", help='Scale arrivals: a factor, or a rate "50 1/s".'
    ),
]
WindowOption = Annotated[
    str | None,
    typer.Option(
        "--window", metavar="START,DURATION", help='Serve this stretch only: "600 s, 60 s".'
    ),
]
ReplicasOption = Annotated[
    int | None,
    typer.Option("--replicas", metavar="N", help="Deal the requests out to N groups; show one."),
]
SkipBadOption = Annotated[
    bool, typer.Option("--skip-bad", help="Leave faulty rows of the trace out, and count them.")
]


def cut_overrides(
    rate: str | None, window: str | None, replicas: int | None, skip_bad: bool
) -> list[Override]:
    """Return the overrides of ``--rate``, ``--window``, ``--replicas`` and ``--skip-bad``."""
    given = {
        "rate": ("scale", rate),
        "window": ("window", window),
        "replicas": ("replicas", replicas),
        "skip-bad": ("skip_bad", skip_bad or None),
    }
    return [
        Override(f"--{option}", f"workload.{key}", value)
        for option, (key, value) in given.items()
        if value is not None
    ]


def workload_overrides(
    overrides: Sequence[str] | None, trace: str | None, model: str | None
) -> list[str | Override]:
    """Return the overrides of a design with those of ``--trace`` and ``--model`` behind them."""
    given = {"trace": trace, "model": model}
    more = [
        Override(f"--{name}", f"workload.{name}", value)
        for name, value in given.items()
        if value is not None
    ]
    return [*(overrides or ()), *more]


def refuse_workload(case: str, trace: str | None, model: str | None) -> None:
    """Raise `InputError` where a case file is given with a workload: it has powers of its own."""
    faults = Faults()
    for name, value in (("trace", trace), ("model", model)):
        if value is not None:
            what = f"{case} is a case file, which has powers of its own"
            faults.add(f"--{name}", what, cure=f"leave --{name} out, or give a design")
    faults.raise_if_any()


@contextlib.contextmanager
def named_as_given(options: Mapping[str, object]) -> Iterator[None]:
    """Call what options set by the options' names in errors, where they were given.

    Parameters
    ----------
    options : mapping
        What was given for each, by name without dashes; ``None`` for nothing.
    """
    given = {name for name, value in options.items() if value is not None}
    try:
        yield
    except InputError as error:
        faults = []
        for fault in error.faults:
            before, colon, last = fault.where.rpartition(": ")
            where = f"{before}{colon}--{last}" if last in given else fault.where
            faults.append(dataclasses.replace(fault, where=where))
        raise InputError(faults) from error
