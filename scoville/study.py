"""A study: which parameters of a design to vary, over which values."""

from __future__ import annotations

import itertools
import tomllib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from scoville.design import load_design
from scoville.design_file import Override, builtin_designs
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
    fixed : mapping of str to object
        Value of each dotted key that holds in every case.
    parameters : mapping of str to tuple
        Values of each dotted key.
    file : str
        Where it was read from, for messages; paths in it are relative to its folder.
    """

    name: str
    design: str
    kind: Kind
    fixed: Mapping[str, Any]
    parameters: Mapping[str, tuple[Any, ...]]
    file: str = ""

    def cases(self) -> Iterator[dict[str, Any]]:
        """Yield the values of each case; the last parameter changes fastest."""
        for values in itertools.product(*self.parameters.values()):
            yield dict(zip(self.parameters, values, strict=True))

    def overrides(self, case: Mapping[str, Any]) -> tuple[Override, ...]:
        """Return what a case sets on its design."""
        groups = (("set", self.fixed), ("parameters", case))
        folder = Path(self.file).parent
        return tuple(
            Override(f"{self.file or self.name}: {group}.{key}", key, value, folder)
            for group, entries in groups
            for key, value in entries.items()
        )

    def to_dict(self) -> dict[str, Any]:
        """Return the study as plain values."""
        return {
            "name": self.name,
            "design": self.design,
            "kind": self.kind,
            "set": dict(self.fixed),
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
        faults = Faults()
        for case, wanted in (({}, ""), (next(self.cases()), "unknown ")):
            try:
                load_design(self.design, self.overrides(case))
            except InputError as error:
                found = (fault for fault in error.faults if fault.what.startswith(wanted))
                faults.found += [fault for fault in found if fault not in faults.found]
        faults.raise_if_any()


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
        tables = tomllib.loads(file.read_text("utf-8-sig"))
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
    fixed = flatten(given.fixed)
    study = Study(file.stem, design, given.study.kind, fixed, parameters, str(file))
    study.check_names()
    return study


def _values(where: str, entry: Any, faults: Faults) -> tuple[Any, ...]:
    if not isinstance(entry, list) or not entry:
        faults.add(where, f"{entry!r} is not a list of values", 'e.g. ["30 um", "50 um"]')
        return ()
    return tuple(entry)


def _cure(where: str) -> str:
    if where == "design":
        return 'e.g. design = "jalapeno"'
    if where == "parameters":
        return 'e.g. [parameters] "package.tim1.thickness" = ["30 um", "50 um"]'
    return "a study has design, [study], [set] and [parameters]"
