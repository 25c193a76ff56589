"""The sections of a design file, each read into the object of its room."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from pathlib import Path
from typing import Any, TypeVar

import package
import power
from floorplan import DetailRules, Recipe, RuleDeck, detail_rules, recipes, rule_deck
from package import Patch, StackUp
from power import Operation
from scoville.design_file import DesignFile
from scoville.libraries import Libraries
from scoville.limits import Limits, limits
from scoville.settings import ThermalSettings, thermal_settings
from scoville.workload_choice import CUTS, WorkloadChoice, read_cut
from techlib import (
    Faults,
    InputError,
    LanguageModel,
    Library,
    Record,
    did_you_mean,
    flatten,
)

__all__ = ["SectionReader"]

R = TypeVar("R", bound=Record)

_SECTIONS = ("floorplan", "layout", "package", "power", "workload", "thermal", "targets", "rules")
_CHOICES = ("class", "model", "seed", "trace", *CUTS)
#: Last word of an entry that names a record, and the library that holds it.
_NAMED = {
    "material": "materials",
    "coolant": "coolants",
    "hbm": "hbm",
    "node": "nodes",
    "interposer": "interposers",
    "table": "energy",
}
_DERIVED = ("as-node",)  #: stands for a name that follows from another entry


class SectionReader:
    """Reads section after section and collects the faults of all of them.

    Parameters
    ----------
    file : DesignFile
        The merged tables.
    """

    def __init__(self, file: DesignFile) -> None:
        self.file = file
        self.faults = Faults()
        self.libraries = Libraries.standard().extended(
            file.tables, label=file.label, faults=self.faults
        )
        known = ("name", "title", *_SECTIONS, *Libraries.sections())
        for key in sorted(file.tables.keys() - set(known)):
            self.faults.add(self.place(key), "unknown section", cure=did_you_mean(key, known))

    def place(self, *keys: str) -> str:
        """Return the position of an entry in the file, for an error message."""
        return f"{self.file.label}: {'.'.join(keys)}"

    def raise_if_any(self) -> None:
        """Raise all faults, each at the file that gave the key."""
        if self.faults:
            raise InputError(dict.fromkeys(self.file.relabel(f) for f in self.faults.found))

    def take(self, section: str, error: InputError, owner: str = "") -> None:
        """Note the faults of a section; one that names the record gets the section's place."""
        for fault in error.faults:
            where = fault.where
            if not where.startswith(f"{self.file.label}: "):
                key = where.removeprefix(f"{owner}.") if owner else where
                where = (
                    self.place(section, key) if key != where else f"{self.place(section)}: {key}"
                )
            self.faults.found.append(dataclasses.replace(fault, where=where))

    def text(self, key: str, default: str) -> str:
        """Read a text at the top of the file."""
        value = self.file.tables.get(key, default)
        if not isinstance(value, str) or not value.strip():
            self.faults.add(self.place(key), f"{value!r} is not a text", "a text in quotes")
            return default
        return value

    def table(self, section: str) -> dict[str, Any] | None:
        """Return a copy of a section's table; none, and a fault, where it is something else."""
        given = self.file.tables.get(section, {})
        if not isinstance(given, Mapping):
            self.faults.add(self.place(section), f"{given!r} is not a section", f"[{section}]")
            return None
        return dict(given)

    def recipe(self, table: Mapping[str, Any], name: str) -> Recipe | None:
        """Read the recipe of ``[floorplan]``."""
        return self._derive(recipes(), "floorplan", "recipe", table, name)

    def detail(self, name: str) -> DetailRules | None:
        """Read ``[layout]``: sizes of what is drawn beyond the blocks; those that ship without it.

        Margin and thickness of the substrate are the package's.
        """
        table = self.table("layout")
        if table is None:
            return None
        for name_of_it in ("margin", "thickness"):
            if table.pop(key := f"substrate_{name_of_it}", None) is not None:
                cure = f"set package.substrate.{name_of_it}"
                self.faults.add(self.place("layout", key), "is given by the package", cure=cure)
        table = {"rules": "standard"} | table
        return self._derive(detail_rules(), "layout", "rules", table, name)

    def stackup(self, name: str) -> StackUp | None:
        """Read ``[package]``: a stack-up with changes; patches are read by `patches`."""
        table = self.table("package")
        if table is not None:
            for side, given in _faces(table):
                table[side] = {key: value for key, value in given.items() if key != "patches"}
        return self._derive(package.stackups(), "package", "stackup", table, name)

    def patches(self) -> dict[str, tuple[Patch, ...]]:
        """Read ``[[package.top.patches]]`` and those of the bottom."""
        found = {}
        for side, given in _faces(self.table("package") or {}):
            try:
                found[side] = package.read_patches(
                    given.get("patches", []),
                    coolants=self.libraries.coolants,
                    where=self.place("package", side, "patches"),
                )
            except InputError as error:
                self.faults.take(error)
        return found

    def operation(self, name: str) -> Operation | None:
        """Read ``[power]``: an operation with changes."""
        return self._derive(power.operations(), "power", "operation", self.table("power"), name)

    def settings(self, name: str) -> ThermalSettings | None:
        """Read ``[thermal]``: a preset with changes."""
        return self._derive(thermal_settings(), "thermal", "preset", self.table("thermal"), name)

    def limits(self, name: str) -> Limits | None:
        """Read ``[targets]``: a set of limits with changes."""
        return self._derive(limits(), "targets", "preset", self.table("targets"), name)

    def rules(self) -> RuleDeck | None:
        """Read ``[rules]``: the shipped layout rules with changes."""
        table = self.table("rules")
        if table is None:
            return None
        try:
            return rule_deck().changed(table, where=self.place("rules"))
        except InputError as error:
            self.take("rules", error)
            return None

    def workload(self) -> WorkloadChoice | None:
        """Read ``[workload]``; entries that are no choice of ours change the class."""
        table = self.table("workload")
        if table is None:
            return None
        changes = {k: v for k, v in table.items() if k == "class" or k not in _CHOICES}
        name = str(table.get("class", ""))
        workload = self._derive(power.workloads(), "workload", "class", changes, name)
        model = self._model(table.get("model"))
        seed = table.get("seed", 0)
        if isinstance(seed, bool) or not isinstance(seed, int) or seed < 0:
            self.faults.add(self.place("workload.seed"), f"{seed!r}", "a whole number, 0 or more")
            seed = 0
        trace = self._trace(table.get("trace"))
        cut = read_cut(table, self.place("workload"), self.faults)
        if workload is None or model is None:
            return None
        return WorkloadChoice(workload, model, seed, trace, cut)

    def _model(self, name: Any) -> LanguageModel | None:
        place = self.place("workload.model")
        if name is None:
            known = did_you_mean("", self.libraries.llms)
            self.faults.add(place, "is missing", "the language model to serve", known)
            return None
        try:
            return self.libraries.llms.find(str(name), where=place)
        except InputError as error:
            self.faults.take(error)
            return None

    def _trace(self, name: Any) -> Path | None:
        """Return the path of a trace, relative to the file that names it."""
        if name is None:
            return None
        if not isinstance(name, str) or not name:
            self.faults.add(self.place("workload.trace"), f"{name!r}", "the path of a trace file")
            return None
        path = self.file.folder_of("workload.trace") / name
        if not path.is_file():
            what = f"{path} is a folder" if path.is_dir() else f"there is no file {path}"
            near = sorted(entry.name for entry in path.parent.glob("*.*") if entry.is_file())
            cure = did_you_mean(path.name, near) if near else "check the path"
            if name in power.workloads():
                cure = f"for the class of that name: --set workload.class={name}"
            self.faults.add(self.place("workload.trace"), what, "a trace file", cure)
            return None
        return path

    def _derive(
        self,
        library: Library[R],
        section: str,
        selector: str,
        table: Mapping[str, Any] | None,
        name: str,
    ) -> R | None:
        """Read a section that starts from a shipped record and changes some of its entries."""
        if table is None:
            return None
        changes = dict(table)
        base = changes.pop(selector, None)
        place = self.place(section, selector)
        if not isinstance(base, str):
            what = "is missing" if base is None else f"{base!r} is not a name"
            cure = did_you_mean(str(base or ""), library)
            if base is None and len(self.file.chain) == 1:
                cure += '; or begin the file with extends = "jalapeno"'
            self.faults.add(place, what, f"the {library.kind} to start from", cure)
            return None
        known = self._names_known(section, changes, _words(library))
        try:
            library.find(base, where=place)
            record = library.derive(base, changes, name=name, where=self.place(section))
        except InputError as error:
            self.take(section, error, owner=name)
            return None
        return record if known else None

    def _names_known(self, section: str, changes: Mapping[str, Any], words: set[str]) -> bool:
        """Check that every record which a section names is in its library."""
        known = True
        for key, entry in flatten(changes).items():
            kind = _NAMED.get(key.replace(".", "_").rpartition("_")[2])
            name = entry.get("value") if isinstance(entry, Mapping) else entry
            if kind is None or key not in words or name in _DERIVED or not isinstance(name, str):
                continue
            if not name:  # an optional one, taken away
                continue
            try:
                getattr(self.libraries, kind).find(name, where=self.place(section, key))
            except InputError as error:
                known = False
                if name not in (self.table(kind) or {}):  # else its own table has been reported
                    self.faults.take(error)
        return known


def _faces(table: Mapping[str, Any]) -> list[tuple[str, Mapping[str, Any]]]:
    """Return the tables of the faces that can have patches."""
    sides = ((side, table.get(side)) for side in ("top", "bottom"))
    return [(side, given) for side, given in sides if isinstance(given, Mapping)]


def _words(library: Library[Any]) -> set[str]:
    """Return the entries of a library's records that hold words."""
    declared = dataclasses.fields(next(iter(library.values())))
    keys = (f.metadata["key"] for f in declared if f.metadata.get("unit", "") is None)
    return {str(key) for key in keys}
