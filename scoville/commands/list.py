"""``scoville list``: what ships with the toolkit."""

from __future__ import annotations

from typing import Annotated, Any

import typer

from scoville.catalogue import KINDS, library_of
from scoville.console import Session
from scoville.design_file import builtin_designs, read_design
from techlib import InputError, did_you_mean

__all__ = ["list_command"]

_WITH_STATISTICS = ("workloads", "traces")
_Kind = Annotated[str | None, typer.Argument(metavar="[KIND]", help=f"One of: {', '.join(KINDS)}.")]


def list_command(session: Session, kind: _Kind = None) -> None:
    """List the built-in designs, workloads, technology records and layout formats."""
    if kind is not None and kind not in KINDS:
        raise InputError.of(f"list {kind}", "is not a kind", cure=did_you_mean(kind, KINDS))
    content: dict[str, Any] = {name: _titles(name) for name in ([kind] if kind else KINDS)}
    for name, titles in content.items():
        session.table(name, ("name", "title"), list(titles.items()))
        session.say("")
    if kind in _WITH_STATISTICS:
        content["statistics"] = _statistics(session)
    session.save_result(content)
    session.emit(content)


def _statistics(session: Session) -> dict[str, dict[str, float]]:
    """Print and return statistics of classes of workload and of published traces."""
    from scoville.workload_statistics import statistics_rows, workload_statistics

    found = workload_statistics()
    session.table("generated (seed 1, 20,000 requests) and published", *statistics_rows(found))
    return found


def _titles(kind: str) -> dict[str, str]:
    """Return the names of a kind with their titles."""
    if kind == "formats":
        from floorplan import FORMATS

        return {entry.name: f"{entry.title}: {entry.files}" for entry in FORMATS.values()}
    if kind == "rules":
        from floorplan import rule_deck

        return {name: rule.title for name, rule in rule_deck().items()}
    if kind != "designs":
        return {name: record.title for name, record in library_of(kind).items()}
    designs: dict[str, Any] = {name: read_design(name).tables for name in builtin_designs()}
    return {name: str(tables.get("title", name)) for name, tables in designs.items()}
