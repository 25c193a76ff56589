"""What ships with the toolkit, by kind and name, and one record as rows to show."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Mapping
from typing import Any

import techlib
from scoville.design_file import builtin_designs
from techlib import InputError, Library, Record, did_you_mean

__all__ = ["KINDS", "describe_record", "find_records", "format_value", "library_of"]


def _recipes() -> Library[Any]:
    import floorplan

    return floorplan.recipes()


def _metals() -> Library[Any]:
    import floorplan

    return floorplan.metals()


def _detail_rules() -> Library[Any]:
    import floorplan

    return floorplan.detail_rules()


def _hbm_maps() -> Library[Any]:
    import floorplan

    return floorplan.hbm_maps()


def _die_links() -> Library[Any]:
    import floorplan

    return floorplan.die_link_maps()


def _stackups() -> Library[Any]:
    import package

    return package.stackups()


def _operations() -> Library[Any]:
    import power

    return power.operations()


def _workloads() -> Library[Any]:
    import power

    return power.workloads()


def _traces() -> Library[Any]:
    import power

    return power.published_traces()


def _thermal_settings() -> Library[Any]:
    from scoville.settings import thermal_settings

    return thermal_settings()


def _limits() -> Library[Any]:
    from scoville.limits import limits

    return limits()


_LIBRARIES: Mapping[str, Callable[[], Library[Any]]] = {
    "workloads": _workloads,
    "traces": _traces,
    "llms": techlib.language_models,
    "operations": _operations,
    "recipes": _recipes,
    "layout": _detail_rules,
    "stackups": _stackups,
    "materials": techlib.materials,
    "coolants": techlib.coolants,
    "hbm": techlib.hbm_generations,
    "hbm-maps": _hbm_maps,
    "die-links": _die_links,
    "nodes": techlib.process_nodes,
    "energy": techlib.energy_tables,
    "interposers": techlib.interposers,
    "metals": _metals,
    "accelerators": techlib.accelerators,
    "boards": techlib.boards,
    "thermal": _thermal_settings,
    "targets": _limits,
}

#: What `scoville list` can list, in the order that it lists them.
KINDS = ("designs", *_LIBRARIES, "formats", "rules")


def library_of(kind: str) -> Library[Any]:
    """Return the shipped library of a kind that has records: not of designs and formats."""
    return _LIBRARIES[kind]()


def find_records(name: str, kind: str = "") -> dict[str, Record]:
    """Return the records of a name by kind; one name may stand in several libraries.

    Raises
    ------
    InputError
        No library holds the name; the message names the nearest ones.

    Examples
    --------
    >>> sorted(find_records("copper"))
    ['materials']
    """
    if kind and kind not in _LIBRARIES:
        raise InputError.of(f"--kind {kind}", "is not a kind", cure=did_you_mean(kind, _LIBRARIES))
    libraries = {k: library_of(k) for k in ([kind] if kind else _LIBRARIES)}
    found: dict[str, Record] = {k: lib[name] for k, lib in libraries.items() if name in lib}
    if not found:
        known = {*builtin_designs(), *(key for lib in libraries.values() for key in lib)}
        raise InputError.of(f"show {name}", "no such name", cure=did_you_mean(name, known))
    return found


def describe_record(record: Record) -> dict[str, dict[str, Any]]:
    """Return every entry of a record by key: value, unit, source, trust, band, validity, note.

    Examples
    --------
    >>> entry = describe_record(techlib.materials()["copper"])["conductivity"]
    >>> entry["unit"], entry["trust"] in set("PCSWU")
    ('W/(m K)', True)
    """
    described: dict[str, dict[str, Any]] = {}
    for field in dataclasses.fields(record):
        if "key" not in field.metadata:
            continue
        value = getattr(record, field.name)
        origin = record.provenance.get(field.name)
        entry: dict[str, Any] = {"value": value, "unit": field.metadata["unit"] or ""}
        if origin is not None:
            entry |= {
                "low": origin.low,
                "high": origin.high,
                "trust": str(origin.trust),
                "source": origin.source.key,
                "at": origin.at,
                "valid": origin.valid,
                "note": origin.note,
            }
        described[field.metadata["key"]] = entry
    return described


def format_value(entry: Mapping[str, Any]) -> str:
    """Write the value of a described entry with its unit and band.

    Examples
    --------
    >>> format_value({"value": 26000.0, "unit": "um", "low": 25000.0, "high": 26000.0})
    '26000 um (25000 to 26000)'
    """
    value = entry["value"]
    if value is None:
        return "not given"
    parts = value if isinstance(value, tuple) else (value,)
    same = len(set(parts)) == 1
    shown = ", ".join(_number(part) for part in (parts[:1] if same else parts))
    text = f"{shown} {entry['unit']}".strip()
    if entry.get("low") is not None:
        text += f" ({_number(entry['low'])} to {_number(entry['high'])})"
    return text


def _number(value: Any) -> str:
    return f"{value:.6g}" if isinstance(value, (int, float)) else str(value)
