"""What a layout command is given: a design, a floorplan in full, or a layout file."""

from __future__ import annotations

import tomllib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import floorplan
from floorplan import Floorplan, LayerMap, Layout, LayoutFile, RuleDeck
from floorplan.imports.reading import IMPORTS
from floorplan.layout_reader import layout_suffix
from floorplan.rule_deck import read_rule_tables
from scoville.design import Design, load_design
from scoville.design_file import Override, builtin_designs, is_floorplan, override_tables
from scoville.run_record import input_hash
from techlib import Faults, InputError, Source, bibliography, did_you_mean

__all__ = ["LayoutSource", "layout_source", "shown_layers"]


@dataclass(frozen=True, eq=False)
class LayoutSource:
    """A floorplan or a layout file, with the rules that it is held against.

    Parameters
    ----------
    label : str
        As the user named it.
    name : str
        Of the design, the floorplan or the top cell.
    rules : RuleDeck
        The shipped rules with those of the design and of ``--set``.
    input_hash : str
        SHA-256 over what was read.
    floorplan : Floorplan or None
        None for a layout file.
    layout : LayoutFile or None
        The layout file, if it is one.
    design : Design or None
        The design, if it is one.
    """

    label: str
    name: str
    rules: RuleDeck
    input_hash: str
    floorplan: Floorplan | None = None
    layout: LayoutFile | None = None
    design: Design | None = None

    def lay_out(self) -> Layout:
        """Return the layout of a design, on the substrate of its package, or of a floorplan."""
        if self.design is not None:
            return self.design.layout
        assert self.floorplan is not None
        return floorplan.lay_out(self.floorplan)

    @property
    def sources(self) -> tuple[Source, ...]:
        """Every source behind its numbers, those of the rules apart."""
        if self.design is not None:
            return self.design.layout_sources
        return () if self.floorplan is None else bibliography(self.floorplan.sources)


def layout_source(
    target: str, overrides: Sequence[str] = (), rules: Path | None = None
) -> LayoutSource:
    """Read what a user names: a built-in design, a design or floorplan file, or GDSII or OASIS.

    Parameters
    ----------
    target : str
        Name or path.
    overrides : sequence of str
        ``key=value``; of a file that is no design only ``rules.ID`` can be set.
    rules : Path, optional
        A user's rule file; it counts before the rules of a design, ``--set`` before both.

    Raises
    ------
    InputError
        It cannot be read; every fault in it.
    """
    path = Path(target)
    tables = {} if rules is None else read_rule_tables(rules)
    if layout_suffix(path) and target not in builtin_designs():
        deck = _rules(target, overrides, tables, rules)
        layout = floorplan.read_layout(path)
        digest = input_hash({}, path.read_bytes())
        return LayoutSource(target, layout.name, deck, digest, layout=layout)
    if path.suffix == ".toml" and _is_floorplan(path):
        deck = _rules(target, overrides, tables, rules)
        plan = floorplan.read_floorplan(path)
        digest = input_hash({}, path.read_bytes())
        return LayoutSource(target, plan.name, deck, digest, floorplan=plan)
    _refuse_others(target, path.suffix.lower())
    given = [Override(f"{rules}: {name}", f"rules.{name}", entry) for name, entry in tables.items()]
    design = load_design(target, [*given, *overrides])
    return LayoutSource(
        target, design.name, design.rules, design.input_hash, design.floorplan, design=design
    )


def _refuse_others(target: str, suffix: str) -> None:
    """Refuse what has to be imported or unpacked first, by its name."""
    allowed = "a design, a floorplan in full (TOML), GDSII or OASIS"
    if suffix == ".gz":
        raise InputError.of(target, "is packed", allowed, f"unpack it: gunzip {target}")
    if suffix in IMPORTS and suffix != ".toml":
        cure = f"make a design of it: scoville import {target}"
        raise InputError.of(target, f"is {IMPORTS[suffix]}", allowed, cure)


def _is_floorplan(path: Path) -> bool:
    """Whether a file is a floorplan in full, and no design."""
    try:
        return is_floorplan(tomllib.loads(path.read_text("utf-8-sig")))
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError):
        return False  # reading it as a design tells what is wrong


def _rules(
    target: str, overrides: Sequence[str], mine: Mapping[str, Any], file: Path | None
) -> RuleDeck:
    """Return the shipped rules with a user's and with ``--set``, which sets nothing else here."""
    tables = override_tables(overrides)
    faults = Faults()
    for key in sorted(tables.keys() - {"rules"}):
        what = f"{target} is no design; of it only rules can be set"
        faults.add(f"--set: {key}", what, "rules.ID=VALUE", did_you_mean(key, ["rules"]))
    faults.raise_if_any()
    given = tables.get("rules", {})
    if not isinstance(given, dict):
        raise InputError.of("--set: rules", f"{given!r} is not a table", "rules.ID=VALUE")
    deck = floorplan.rule_deck().changed(mine, where=str(file))
    return deck.changed(given, where="--set: rules")


def shown_layers(path: Path | None) -> LayerMap:
    """Return the layer map of a file, or ours."""
    return floorplan.layer_map() if path is None else floorplan.read_layer_map(path)
