"""A study: which parameters of a design to vary, over which values."""

from __future__ import annotations

import itertools
import json
import tomllib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from scoville.design import load_design
from scoville.design_file import builtin_designs
from scoville.run_record import input_hash
from techlib import Faults, InputError, flatten

__all__ = ["Study", "read_study"]

Kind = Literal["steady", "signoff"]


class _Options(BaseModel):
    """``[study]``."""

    model_config = ConfigDict(extra="forbid")
    kind: Kind = "steady"


class _StudyFile(BaseModel):
    """The file as a whole."""

    model_config = ConfigDict(extra="forbid")
    design: str
    study: _Options = _Options()
    fixed: dict[str, Any] = Field(default_factory=dict, alias="set")
    parameters: dict[str, Any] = Field(min_length=1)


@dataclass(frozen=True)
class Study:
    """A full grid over parameters of one design.

    Parameters
    ----------
    name : str
        Name of the file, without suffix.
    design : str
        Built-in name or path.
    kind : {"steady", "signoff"}
        Sustained load only, or with the transient of a full sign-off.
    fixed : tuple of str
        ``"key=value"`` that holds in every case.
    parameters : mapping of str to tuple
        Values of each dotted key.
    """

    name: str
    design: str
    kind: Kind
    fixed: tuple[str, ...]
    parameters: Mapping[str, tuple[Any, ...]]

    def cases(self) -> Iterator[dict[str, Any]]:
        """Yield the values of each case; the last parameter changes fastest."""
        for values in itertools.product(*self.parameters.values()):
            yield dict(zip(self.parameters, values, strict=True))

    def overrides(self, case: Mapping[str, Any]) -> tuple[str, ...]:
        """Return what a case sets on its design."""
        return (*self.fixed, *(_override(key, value) for key, value in case.items()))

    def to_dict(self) -> dict[str, Any]:
        """Return the study as plain values."""
        return {
            "name": self.name,
            "design": self.design,
            "kind": self.kind,
            "set": list(self.fixed),
            "parameters": {key: list(values) for key, values in self.parameters.items()},
        }

    @property
    def input_hash(self) -> str:
        """SHA-256 over the study and the design that it varies."""
        return input_hash({**self.to_dict(), "design": load_design(self.design).input_hash})

    def check_names(self) -> None:
        """Raise `InputError` for every parameter that the design does not have.

        A value that does not work is left to its case: it fails there, with its reason.
        """
        load_design(self.design, self.fixed)
        try:
            load_design(self.design, self.overrides(next(self.cases())))
        except InputError as error:
            unknown = [fault for fault in error.faults if fault.what.startswith("unknown ")]
            if unknown:
                raise InputError(unknown) from None


def read_study(path: str | Path) -> Study:
    """Read a study file.

    Raises
    ------
    InputError
        A file that cannot be read, entries that are missing or unknown, a parameter without
        values, and names that the design does not have.
    """
    file = Path(path)
    try:
        tables = tomllib.loads(file.read_text("utf-8"))
    except OSError as error:
        raise InputError.of(str(file), f"cannot be read: {error.strerror}") from None
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise InputError.of(str(file), f"is not TOML: {error}") from None
    faults = Faults()
    try:
        given = _StudyFile.model_validate(tables)
    except ValidationError as error:
        for fault in error.errors():
            where = ".".join(str(part) for part in fault["loc"])
            faults.add(f"{file}: {where}", fault["msg"], cure=_cure(where))
        faults.raise_if_any()
        raise
    parameters = {
        key: _values(f"{file}: parameters.{key}", entry, faults)
        for key, entry in flatten(given.parameters).items()
    }
    faults.raise_if_any()
    local = file.parent / given.design
    design = given.design if given.design in builtin_designs() else str(local)
    fixed = tuple(_override(key, value) for key, value in flatten(given.fixed).items())
    study = Study(file.stem, design, given.study.kind, fixed, parameters)
    study.check_names()
    return study


def _values(where: str, entry: Any, faults: Faults) -> tuple[Any, ...]:
    if not isinstance(entry, list) or not entry:
        faults.add(where, f"{entry!r} is not a list of values", 'e.g. ["30 um", "50 um"]')
        return ()
    return tuple(entry)


def _override(key: str, value: Any) -> str:
    """Return ``key=value`` with the value as TOML."""
    return f"{key}={_toml(value)}"


def _toml(value: Any) -> str:
    if isinstance(value, dict):
        return f"{{ {', '.join(f'{json.dumps(k)} = {_toml(v)}' for k, v in value.items())} }}"
    if isinstance(value, list):
        return f"[{', '.join(_toml(entry) for entry in value)}]"
    if isinstance(value, (str, bool, int, float)):
        return json.dumps(value)  # a string, number or boolean of JSON is one of TOML
    return str(value)


def _cure(where: str) -> str:
    if where == "design":
        return 'e.g. design = "jalapeno"'
    if where == "parameters":
        return 'e.g. [parameters] "package.tim1.thickness" = ["30 um", "50 um"]'
    return "a study has design, [study], [set] and [parameters]"
