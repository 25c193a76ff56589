"""Named records, read from the data files, with "did you mean" on a wrong name."""

from __future__ import annotations

import functools
import tomllib
from collections.abc import Iterator, Mapping
from importlib import resources
from typing import Any, Generic, TypeVar

from techlib.errors import Fault, Faults, InputError, UnknownNameError, did_you_mean
from techlib.record import Record, flatten
from techlib.source import Source

__all__ = ["Library", "data_sources"]

R = TypeVar("R", bound=Record)


@functools.cache
def data_sources() -> Mapping[str, Source]:
    """Return every source of ``sources.toml`` by key."""
    tables = _read_toml("sources.toml")
    return {key: Source(key=key, **table) for key, table in tables.items()}


def _read_toml(file: str, room: str = "techlib") -> dict[str, Any]:
    return tomllib.loads((resources.files(room) / "data" / file).read_text("utf-8"))


_FOR_PEOPLE = frozenset({"title", "note"})
_ORIGIN = frozenset({"source", "trust", "valid", "at"})
_GIVEN_BY_USER = {"source": "user", "trust": "U", "valid": "this design"}


def _read_all(record_type: type[R], tables: Mapping[str, Any], where: str) -> dict[str, R]:
    """Read every table as a record, and report the faults of all of them together."""
    faults = Faults()
    records: dict[str, R] = {}
    for name, table in tables.items():
        place = f"{where}: {name}"
        if not isinstance(table, Mapping):
            faults.add(place, f"{table!r} is not a table", "a table of quantities")
            continue
        try:
            records[name] = record_type.read(name, table, data_sources(), where=place)
        except InputError as error:
            faults.take(error)
    faults.raise_if_any()
    return records


class Library(Mapping[str, R], Generic[R]):
    """A read-only mapping of names to records of one kind.

    Parameters
    ----------
    kind : str
        What one record is called, e.g. ``"material"``.
    record_type : type
        The class of the records.
    tables : mapping of str to dict
        The records as read from TOML, by name.
    where : str
        File that they come from, for error messages.
    """

    def __init__(self, kind: str, record_type: type[R], tables: Mapping[str, Any], where: str):
        self.kind = kind
        self._record_type = record_type
        self._tables = dict(tables)
        self._where = where
        self._records = _read_all(record_type, self._tables, where)

    @classmethod
    def load(
        cls, kind: str, record_type: type[R], file: str, *, room: str = "techlib"
    ) -> Library[R]:
        """Read a library from a data file that ships in a room's ``data`` folder."""
        return cls(kind, record_type, _read_toml(file, room), where=file)

    def extended(self, tables: Mapping[str, Any], *, where: str) -> Library[R]:
        """Return a library with more records, e.g. those of a user's design file.

        A table with ``like = "name"`` starts from that record and changes what it gives.

        Raises
        ------
        InputError
            Every fault in every table.

        Examples
        --------
        >>> import techlib
        >>> more = techlib.materials().extended(
        ...     {"paste": {"like": "tim2_grease", "conductivity": "6 W/(m K)"}}, where="example")
        >>> more["paste"].conductivity_w_mk
        (6.0, 6.0, 6.0)
        """
        given = {name: self._given(name, table, where) for name, table in tables.items()}
        more = Library(self.kind, self._record_type, given, where)
        more._tables = {**self._tables, **more._tables}
        more._records = {**self._records, **more._records}
        return more

    def derive(self, base: str, changes: Mapping[str, Any], *, name: str, where: str) -> R:
        """Return a record of this library with some of its entries changed by a user.

        Parameters
        ----------
        base : str
            Name of the record to start from.
        changes : mapping
            Entries in place of the base's; nested tables or dotted keys. One without a source is
            marked as given by the user.
        name : str
            Name of the new record.
        where : str
            File and section, for error messages.

        Raises
        ------
        InputError
            Every fault in the changes.

        Examples
        --------
        >>> import techlib
        >>> hbm = techlib.hbm_generations().derive(
        ...     "HBM3E", {"dram_dies": 16}, name="HBM3E-16", where="example")
        >>> hbm.dram_dies, hbm.provenance["dram_dies"].trust.name
        (16.0, 'USER')
        """
        self.find(base, where=where)
        entries = self._changed(base, changes, where)
        return self._record_type.read(name, entries, data_sources(), where=where)

    def _changed(self, base: str, changes: Mapping[str, Any], where: str) -> dict[str, Any]:
        """Return the entries of a record with some of them given by a user."""
        entries = flatten(self._tables[base])
        for key, entry in flatten(changes).items():
            if key in _FOR_PEOPLE:
                entries[key] = entry
            elif key in _ORIGIN:
                what, cure = "is the base's for its own values", "give it on the value"
                raise InputError.of(f"{where}.{key}", what, cure=cure)
            else:
                given = entry if isinstance(entry, Mapping) else {"value": entry}
                entries[key] = given if "source" in given else {**_GIVEN_BY_USER, **given}
        return entries

    def _given(self, name: str, table: Any, where: str) -> Any:
        """Return a user's table with what it is like filled in."""
        if not isinstance(table, Mapping):
            return table
        if "like" not in table:
            return {**_GIVEN_BY_USER, **table}
        base, place = str(table["like"]), f"{where}: {name}"
        self.find(base, where=f"{place}.like")
        own = {key: value for key, value in table.items() if key != "like"}
        return self._changed(base, own, place)

    def find(self, name: str, *, where: str) -> R:
        """Look a name up; an unknown one is reported at `where`.

        Raises
        ------
        UnknownNameError
            The name is not known; the message holds the nearest ones.
        """
        try:
            return self._records[name]
        except KeyError:
            raise UnknownNameError(
                [
                    Fault(
                        where,
                        f"unknown {self.kind} {name!r}",
                        cure=did_you_mean(str(name), self._records),
                    )
                ]
            ) from None

    def __getitem__(self, name: str) -> R:
        return self.find(name, where=self.kind)

    def __iter__(self) -> Iterator[str]:
        return iter(self._records)

    def __len__(self) -> int:
        return len(self._records)

    def __repr__(self) -> str:
        return f"Library({self.kind!r}, {len(self)} records)"
