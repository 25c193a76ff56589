"""Design files: TOML tables, what they extend, and what the command line sets on top."""

from __future__ import annotations

import dataclasses
import json
import tomllib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from importlib import resources
from pathlib import Path
from typing import Any

from techlib import Fault, InputError, did_you_mean, flatten

__all__ = [
    "DesignFile",
    "Override",
    "builtin_designs",
    "is_floorplan",
    "override_tables",
    "read_design",
]

_NOT_INHERITED = ("extends", "name", "title")


@dataclass(frozen=True)
class Override:
    """One entry that counts before those of every file.

    Parameters
    ----------
    option : str
        Where it was given, e.g. ``"--trace"``; faults of the entry are reported there.
    key : str
        Dotted key.
    value : object
        What TOML would hold: text, number, list or table.
    folder : Path
        What paths in the value are relative to.
    """

    option: str
    key: str
    value: Any
    folder: Path = Path()

    def layer(self) -> _Layer:
        """Return the entry as nested tables."""
        tables: Any = self.value
        for part in reversed(self.key.split(".")):
            tables = {part: tables}
        return _Layer(self.option, self.folder, tables, names_key=True)


@dataclass(frozen=True)
class _Layer:
    """The tables of one file, or of one entry on the command line."""

    label: str
    folder: Path
    tables: Mapping[str, Any]
    names_key: bool = False  #: the label says already which key is meant


@dataclass(frozen=True)
class DesignFile:
    """The merged tables of a design and, for each key, the file that gave it.

    Parameters
    ----------
    label : str
        The design file as the user named it.
    stem : str
        Name of the design where the file gives none.
    tables : mapping
        All sections, deep-merged: a table is merged key by key, anything else is replaced.
    chain : tuple of str
        The files that were merged, the design's own one first.
    """

    label: str
    stem: str
    tables: Mapping[str, Any]
    chain: tuple[str, ...]
    _layers: tuple[_Layer, ...] = dataclasses.field(repr=False)

    def where(self, key: str) -> str:
        """Return ``"file: key"`` with the file that gave a dotted key."""
        layer = self._layer_of(key)
        if layer is None:
            return f"{self.label}: {key}"
        return layer.label if layer.names_key else f"{layer.label}: {key}"

    def folder_of(self, key: str) -> Path:
        """Return the folder of the file that gave a dotted key; its paths are relative to it."""
        layer = self._layer_of(key)
        return layer.folder if layer else Path()

    def relabel(self, fault: Fault) -> Fault:
        """Return a fault that names the file which gave the key, not the one that was read."""
        label, separator, key = fault.where.partition(": ")
        if not separator or label != self.label:
            return fault
        key = key.replace(": ", ".")
        return dataclasses.replace(fault, where=self.where(key))

    def _layer_of(self, key: str) -> _Layer | None:
        """Find the topmost layer that gave the key, or else the nearest table above it."""
        parts = key.partition("[")[0].split(".")
        inherited = parts[0] not in _NOT_INHERITED
        for size in range(len(parts), 0, -1):
            for layer in self._layers:
                if layer.label in self.chain[1:] and not inherited:
                    break
                if _holds(layer.tables, parts[:size]):
                    return layer
        return None


def builtin_designs() -> tuple[str, ...]:
    """Return the names of the designs that ship with the toolkit.

    Examples
    --------
    >>> builtin_designs()
    ('b200', 'h100-sxm', 'h200-sxm', 'jalapeno', 'jalapeno-hc26', 'tpu-v4')
    """
    folder = resources.files("scoville") / "designs"
    names = (entry.name for entry in folder.iterdir())
    return tuple(sorted(name[:-5] for name in names if name.endswith(".toml")))


def read_design(name: str | Path, overrides: Iterable[str | Override] = ()) -> DesignFile:
    """Read a design by name or path, with everything that it extends.

    Parameters
    ----------
    name : str or Path
        A built-in name, or a path to a TOML file.
    overrides : iterable of str or Override
        ``"section.key=value"`` as given to ``--set``; the value is TOML, or else a string. A later
        one counts before an earlier one.

    Raises
    ------
    InputError
        A file that is missing or is not TOML, a chain of `extends` that closes on itself, or an
        override that is not ``key=value``.

    Examples
    --------
    >>> file = read_design("jalapeno", ["package.tim1.thickness=20 um"])
    >>> file.tables["package"]["tim1"]["thickness"], file.where("package.tim1.thickness")
    ('20 um', '--set: package.tim1.thickness')
    """
    layers = _read_chain(str(name))
    given = [_read_override(entry) for entry in overrides]
    merged: dict[str, Any] = {}
    for layer in reversed(layers[1:]):
        inherited = {k: v for k, v in layer.tables.items() if k not in _NOT_INHERITED}
        merged = _merge(merged, inherited)
    merged = _merge(merged, layers[0].tables)
    merged.pop("extends", None)
    for layer in given:
        merged = _merge(merged, layer.tables)
    label = layers[0].label
    return DesignFile(
        label=label,
        stem=Path(label).stem,
        tables=merged,
        chain=tuple(layer.label for layer in layers),
        _layers=(*reversed(given), *layers),
    )


def override_tables(overrides: Iterable[str | Override]) -> dict[str, Any]:
    """Return what ``--set`` gives as nested tables; a later entry counts before an earlier one.

    Raises
    ------
    InputError
        One of them is not ``key=value``.

    Examples
    --------
    >>> override_tables(["rules.die-gap=150 um", "rules.angle=off"])
    {'rules': {'die-gap': '150 um', 'angle': 'off'}}
    """
    merged: dict[str, Any] = {}
    for entry in overrides:
        merged = _merge(merged, _read_override(entry).tables)
    return merged


def _read_chain(name: str) -> list[_Layer]:
    """Read a design and what it extends, the design itself first."""
    layers: list[_Layer] = []
    seen: list[str] = []
    base, folder, where = name, Path(), ""
    while True:
        identity, label, text, own_folder = _open(base, folder, where)
        labels = [layer.label for layer in layers]
        if identity in seen:
            loop = " -> ".join((*labels, label))
            cure = "remove one of the `extends` lines"
            raise InputError.of(
                f"{labels[-1]}: extends", f"the design extends itself: {loop}", cure=cure
            )
        tables = _parse(text, label)
        if is_floorplan(tables):
            what, cure = (
                "is a floorplan in full, no design",
                f"make one of it: scoville import {label}",
            )
            raise InputError.of(label, what, "a design file", cure)
        layers.append(_Layer(label, own_folder, tables))
        seen.append(identity)
        if "extends" not in tables:
            return layers
        base, folder, where = tables["extends"], own_folder, f"{label}: extends"
        if not isinstance(base, str):
            raise InputError.of(where, f"{base!r} is not a name", 'e.g. extends = "jalapeno"')


def is_floorplan(tables: Mapping[str, Any]) -> bool:
    """Whether tables are a floorplan in full, as `scoville layout` writes it, and no design."""
    return "dies" in tables and "interposer" in tables


def _open(name: str, folder: Path, where: str) -> tuple[str, str, str, Path]:
    """Return identity, label, text and folder of a built-in design or of a file."""
    known = builtin_designs()
    if name in known:
        text = (resources.files("scoville") / "designs" / f"{name}.toml").read_text("utf-8")
        return f"built-in:{name}", f"{name}.toml", text, Path()
    path = folder / name
    if not path.suffix and not path.exists():
        place = where or f"design {name!r}"
        cure = f"{did_you_mean(name, known)} or give the path of a .toml file"
        raise InputError.of(place, f"no built-in design is named {name!r}", cure=cure)
    place = where or str(path)
    if path.is_dir():
        raise InputError.of(place, f"{path} is a folder", "a design file, *.toml")
    try:
        return str(path.resolve()), str(path), path.read_text("utf-8-sig"), path.parent
    except FileNotFoundError:
        near = sorted(entry.name for entry in path.parent.glob("*.toml"))
        cure = did_you_mean(path.name, near) if near else f"built-in designs: {', '.join(known)}"
        raise InputError.of(place, f"there is no file {path}", cure=cure) from None
    except UnicodeDecodeError as error:
        what = f"is not UTF-8 text (byte {error.start})"
        raise InputError.of(str(path), what, "a TOML file") from None
    except OSError as error:
        raise InputError.of(place, f"cannot read {path}: {error.strerror}") from None


def _parse(text: str, label: str) -> dict[str, Any]:
    try:
        return tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise InputError.of(label, f"is not TOML: {error}", cure="see https://toml.io") from None


def _read_override(entry: str | Override) -> _Layer:
    """Read ``key=value`` as a nested table."""
    if isinstance(entry, Override):
        return entry.layer()
    text = entry
    key, equals, value = text.partition("=")
    if not equals or not key.strip():
        raise InputError.of(
            f"--set {text}", "has no `=`", 'e.g. --set package.tim1.thickness="30 um"'
        )
    for candidate in (value, json.dumps(value.strip())):
        try:
            return _Layer("--set", Path(), tomllib.loads(f"{key} = {candidate}"))
        except tomllib.TOMLDecodeError:
            continue
    raise InputError.of(f"--set {text}", f"{key.strip()!r} is not a key", "names joined by dots")


def _merge(base: Mapping[str, Any], over: Mapping[str, Any]) -> dict[str, Any]:
    """Merge two tables; an entry with a ``value`` is one thing and is replaced as a whole.

    Of a layout rule, value and severity are each one thing.
    """
    merged = dict(base)
    for key, entry in over.items():
        below = merged.get(key)
        if key == "rules" and isinstance(entry, Mapping) and isinstance(below, Mapping):
            from floorplan.rule import merged_entry

            both = {name: merged_entry(below[name], entry[name]) for name in below.keys() & entry}
            merged[key] = {**below, **entry, **both}
        elif _is_section(entry) and _is_section(below):
            merged[key] = _merge(below, entry)  # type: ignore[arg-type]
        else:
            merged[key] = entry
    return merged


def _is_section(entry: object) -> bool:
    return isinstance(entry, Mapping) and "value" not in entry


def _holds(tables: Mapping[str, Any], parts: list[str]) -> bool:
    """Whether a table gives a dotted key; keys below an entry count as the entry's."""
    if not parts:
        return True
    flat = flatten(tables)
    key = ".".join(parts)
    return any(have == key or have.startswith(f"{key}.") for have in flat)
