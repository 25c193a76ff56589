"""A design of an imported floorplan: the files that ``scoville import`` leaves."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path

import package
from floorplan import Floorplan, ImportedLayout, write_floorplan
from floorplan.picture import draw, save_png
from package import Case
from scoville.design import Design, load_design
from techlib import InputError, hbm_generations

__all__ = ["by_itself", "write_design"]

_DESIGN = "design.toml"
_BASE = "jalapeno"  # whose package, operation, workload and targets a design starts with
_FEW = 3  # faults in a note
_STACK = "HBM3E"  # whose height a package takes where no stack gives it


def by_itself(found: ImportedLayout) -> ImportedLayout:
    """Return what was imported without the names of stacks that are not in it.

    The file of a die alone may name them, and a design cannot be made of what is not there.
    """
    plan = found.floorplan
    there = {"", *(stack.name for stack in plan.stacks)}
    missing = sorted({block.stack for die in plan.dies for block in die.blocks} - there)
    if not missing:
        return found
    dies = tuple(
        replace(
            die,
            blocks=tuple(b if b.stack in there else replace(b, stack="") for b in die.blocks),
        )
        for die in plan.dies
    )
    names = ", ".join(missing)
    note = f"blocks name {names}, which the file has not; --hbm puts a stack beside each PHY"
    return replace(found, floorplan=replace(plan, dies=dies), notes=(*found.notes, note))


def write_design(found: ImportedLayout, title: str, folder: Path) -> tuple[Design, tuple[str, ...]]:
    """Write the design, its floorplan and a picture; where power is known, a case too.

    The files are ``design.toml``, ``floorplan.toml``, ``floorplan.png`` and ``case.json``.

    Returns
    -------
    Design, tuple of str
        The design as it is read from the file, and what it cannot do yet, in words.
    """
    plan = found.floorplan
    write_floorplan(plan, folder / "floorplan.toml")
    (folder / _DESIGN).write_text(_design_text(plan, title), encoding="utf-8", newline="\n")
    save_png(draw(plan, title=title), folder / "floorplan.png")
    design = load_design(folder / _DESIGN)
    notes = []
    if found.power_w:
        notes += _write_case(design, found.power_w, folder)
    notes += _missing(design)
    return design, tuple(notes)


def _design_text(plan: Floorplan, title: str) -> str:
    base = load_design(_BASE).file.tables
    lines = [
        "# A design of an imported floorplan; package, power, workload and targets are those of",
        f"# {_BASE}, to be changed. `scoville show {_DESIGN}` lists every entry.",
        f"name = {_toml(plan.name)}",
        f"title = {_toml(title)}",
        "",
        "[floorplan]",
        'import = "floorplan.toml"',
    ]
    for section in ("package", "power", "workload", "thermal", "targets"):
        lines += ["", f"[{section}]"]
        lines += [f"{key} = {_toml(value)}" for key, value in base[section].items()]
        if section == "package" and not plan.stacks:
            height_um = hbm_generations()[_STACK].height_um
            lines += ["", f"[package.die]  # there is no stack to give it: that of {_STACK}"]
            lines += [f'height = "{height_um:g} um"']
    return "\n".join(lines) + "\n"


def _toml(value: object) -> str:
    return json.dumps(value, ensure_ascii=False)


def _write_case(design: Design, power_w: Mapping[str, float], folder: Path) -> list[str]:
    """Write the package with the power of the file, for ``scoville thermal case.json``."""
    try:
        packed = design.package
        watts = {key: power_w.get(key, 0.0) for key in packed.heat_keys}
        case = Case(packed, watts, initial_c=packed.ambient_c, description=design.title)
        package.write_case(case, folder / "case.json")
    except InputError as error:
        return [f"no case.json: {_reasons(error)}"]
    silent = sum(key not in power_w for key in watts)
    return [f"{silent} heat keys have no power in the file, and 0 W in case.json"] if silent else []


def _missing(design: Design) -> list[str]:
    """Return what stands between the design and its power and temperatures."""
    found = []
    for what, part in (("power", "machine"), ("temperatures", "package")):
        try:
            getattr(design, part)
        except InputError as error:
            found.append(f"no {what} yet: {_reasons(error)}")
    return found


def _reasons(error: InputError) -> str:
    """Return the first faults of an error in a line."""
    first = [f"{fault.where}: {fault.what}" for fault in error.faults[:_FEW]]
    more = len(error.faults) - len(first)
    return "; ".join(first) + (f"; and {more} more" if more else "")
