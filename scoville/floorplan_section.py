"""The ``[floorplan]`` section: a recipe with changes, a floorplan in full, or a foreign file."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from floorplan import Floorplan, Recipe, add_blocks, build, from_tables, import_layout
from scoville.sections import SectionReader
from techlib import Faults, InputError, did_you_mean, read_quantity

__all__ = ["floorplan_of"]

_EXPLICIT = ("interposer", "dies", "blocks", "stacks")
_EXTRA = "extra_blocks"
_IMPORT = "import"


def floorplan_of(reader: SectionReader, name: str) -> tuple[Recipe | None, Floorplan | None]:
    """Read ``[floorplan]``.

    With ``recipe = "..."`` the other entries change the recipe. Without one, ``interposer``,
    ``dies``, ``blocks`` and ``stacks`` give the floorplan in full, as `floorplan.from_tables` takes
    them; a recipe of the design that is extended gives way to ``dies``. ``import = "FILE"`` reads
    the file of another tool, with the entries of `floorplan.import_layout`. In all three,
    ``[floorplan.move.STACK]`` puts a stack elsewhere (``x`` and ``y`` of its lower left corner),
    and each ``[[floorplan.extra_blocks]]`` is put on its die as one of ``blocks`` is.
    """
    table = reader.table("floorplan")
    if table is None:
        return None, None
    moves, extra = table.pop("move", {}), table.pop(_EXTRA, [])
    if _IMPORT in table:
        plan = _imported(reader, name, table)
        return None, None if plan is None else _changed(reader, plan, moves, extra)
    if "dies" in table and _given_by(reader, "dies") != _given_by(reader, "recipe"):
        table.pop("recipe", None)  # of the design that is extended
    if "recipe" not in table and any(key in table for key in _EXPLICIT):
        plan = _explicit(reader, name, table)
        return None, None if plan is None else _changed(reader, plan, moves, extra)
    recipe = reader.recipe(table, name)
    if recipe is None:
        return None, None
    libraries = reader.libraries
    try:
        plan = build(
            recipe, nodes=libraries.nodes, hbm=libraries.hbm, interposers=libraries.interposers
        )
    except InputError as error:
        reader.take("floorplan", error, owner=recipe.name)
        return recipe, None
    return recipe, _changed(reader, plan, moves, extra)


def _changed(reader: SectionReader, plan: Floorplan, moves: Any, extra: Any) -> Floorplan | None:
    """Move stacks and add blocks."""
    moved = _moved(reader, plan, moves)
    try:
        plan = add_blocks(
            plan if moved is None else moved,
            {_EXTRA: extra},
            key=_EXTRA,
            where=reader.place("floorplan"),
        )
    except InputError as error:
        reader.take("floorplan", error)
        return None
    return None if moved is None else plan


def _imported(reader: SectionReader, name: str, table: dict[str, Any]) -> Floorplan | None:
    """Read the file of another tool; a recipe of the design that is extended gives way to it."""
    own = _given_by(reader, _IMPORT)
    for key in ("recipe", "dies", "blocks"):
        if key in table:
            if _given_by(reader, key) == own or key != "recipe":
                what, cure = "stands beside import", f"give {key} or import"
                reader.faults.add(reader.place("floorplan", key), what, "one of both", cure)
            del table[key]
    libraries = reader.libraries
    try:
        found = import_layout(
            table,
            name=name,
            where=reader.place("floorplan"),
            folder=reader.file.folder_of(f"floorplan.{_IMPORT}"),
            nodes=libraries.nodes,
            hbm=libraries.hbm,
            interposers=libraries.interposers,
        )
    except InputError as error:
        reader.faults.found.extend(error.faults)
        return None
    return found.floorplan


def _given_by(reader: SectionReader, key: str) -> str:
    """Return the file that gives an entry of the section."""
    return reader.file.where(f"floorplan.{key}").partition(": ")[0]


def _explicit(reader: SectionReader, name: str, table: Mapping[str, Any]) -> Floorplan | None:
    """Read a floorplan in full."""
    libraries = reader.libraries
    try:
        return from_tables(
            table,
            name=name,
            where=reader.place("floorplan"),
            nodes=libraries.nodes,
            hbm=libraries.hbm,
            interposers=libraries.interposers,
        )
    except InputError as error:
        reader.take("floorplan", error, owner=name)
        return None


def _moved(reader: SectionReader, plan: Floorplan, moves: Any) -> Floorplan | None:
    """Put stacks elsewhere, as ``[floorplan.move.STACK]`` says."""
    if not isinstance(moves, Mapping):
        what = f"{moves!r} is not a table"
        reader.faults.add(reader.place("floorplan.move"), what, "[floorplan.move.STACK] with x, y")
        return None
    sound = True
    for name, place in moves.items():
        key = f"floorplan.move.{name}"
        try:
            x_um, y_um = _position(reader.place(key), place)
            plan = plan.with_stack_at(name, x_um=x_um, y_um=y_um)
        except InputError as error:
            reader.take(key, error)
            sound = False
    return plan if sound else None


def _position(where: str, table: Any) -> tuple[float, float]:
    """Read ``x`` and ``y`` of a table."""
    faults = Faults()
    found: list[float] = []
    given = table if isinstance(table, Mapping) else {}
    for key in ("x", "y"):
        if key not in given:
            faults.add(f"{where}.{key}", "is missing", "a quantity in um", 'e.g. "12 mm"')
            continue
        try:
            found.append(read_quantity(given[key], "um", where=f"{where}.{key}"))
        except InputError as error:
            faults.take(error)
    for key in sorted(given.keys() - {"x", "y"}):
        faults.add(f"{where}.{key}", "unknown key", cure=did_you_mean(key, ("x", "y")))
    faults.raise_if_any()
    return found[0], found[1]
