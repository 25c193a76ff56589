"""``scoville show``: a design or a technology record, each value with where it comes from."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Annotated, Any

import typer

from scoville.catalogue import describe_record, find_records, format_value
from scoville.console import Session, Set
from scoville.design_file import builtin_designs
from techlib import data_sources

__all__ = ["show_command"]

_Name = Annotated[
    str,
    typer.Argument(metavar="NAME", help="A design (name or file), or any record that is listed."),
]
_Kind = Annotated[
    str, typer.Option("--kind", help="Look in this library only, as `scoville list` names it.")
]


def show_command(session: Session, name: _Name, overrides: Set = None, kind: _Kind = "") -> None:
    """Show a design or a record with the source, trust and band of each value."""
    if not kind and (name in builtin_designs() or name.endswith(".toml") or overrides):
        _show_design(session, name, overrides or [])
        return
    records = find_records(name, kind)
    content: dict[str, Any] = {}
    for library, record in records.items():
        content[library] = {"title": record.title, "values": describe_record(record)}
        _print_values(session, f"{library}: {name} - {record.title}", content[library]["values"])
        if library in ("workloads", "traces"):
            from scoville.workload_statistics import statistics_rows, workload_statistics

            content[library]["statistics"] = found = workload_statistics()
            session.table("statistics, generated and published", *statistics_rows(found))
            session.say("")
    _print_sources(session, [s["values"] for s in content.values()])
    session.save_result(content)
    session.emit(content)


def _show_design(session: Session, name: str, overrides: list[str]) -> None:
    from scoville.design import load_design

    design = load_design(name, overrides)
    sections = {key: describe_record(record) for key, record in design.records.items()}
    patches = [
        {
            "side": side,
            "bounds_um": list(patch.outline.bounds),
            "film_w_m2k": patch.film_w_m2k if math.isfinite(patch.film_w_m2k) else "held",
            "temperature_c": patch.temperature_c,
        }
        for side, given in design.patches.items()
        for patch in given
    ]
    content = {
        "design": design.name,
        "title": design.title,
        "files": list(design.file.chain),
        "input_hash": design.input_hash,
        "sections": sections,
        "patches": patches,
        "sources": [source.to_dict() for source in design.sources],
    }
    session.say(f"{design.name}: {design.title}\nfrom {' <- '.join(design.file.chain)}\n")
    for section, values in sections.items():
        _print_values(session, f"[{section}] {design.records[section].title}", values)
    if patches:
        _print_patches(session, patches)
    _print_sources(session, list(sections.values()))
    session.save_result(content, design, design.sources)
    session.emit(content)


def _print_patches(session: Session, patches: list[dict[str, Any]]) -> None:
    rows = [
        (
            patch["side"],
            ", ".join(f"{value:g}" for value in patch["bounds_um"]),
            patch["film_w_m2k"] if patch["film_w_m2k"] == "held" else f"{patch['film_w_m2k']:g}",
            f"{patch['temperature_c']:g}",
        )
        for patch in patches
    ]
    columns = ("side", "x0, y0, x1, y1 um", "film W/(m2 K)", "degC")
    session.table("patches of [package]", columns, rows)
    session.say("")


def _print_values(session: Session, title: str, values: Mapping[str, Mapping[str, Any]]) -> None:
    rows = [
        (key, format_value(entry), entry.get("trust", ""), entry.get("source", ""))
        for key, entry in values.items()
    ]
    session.table(title, ("key", "value", "trust", "source"), rows)
    session.say("")


def _print_sources(session: Session, groups: list[Mapping[str, Mapping[str, Any]]]) -> None:
    used = {entry["source"] for group in groups for entry in group.values() if "source" in entry}
    known = data_sources()
    rows = [(key, str(known[key])) for key in sorted(used)]
    session.table("sources", ("key", "reference"), rows)
    session.say("trust: P primary, C public tool, S secondary, W weak or estimate, U user")
