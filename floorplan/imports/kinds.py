"""Rules that give a foreign block its kind and what it holds."""

from __future__ import annotations

import fnmatch
import functools
import re
import tomllib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from importlib import resources
from typing import Any

from floorplan.block import Block, BlockKind
from floorplan.imports.sketch import SketchBlock
from floorplan.table_reader import TableReader, tables_of
from techlib import Faults, InputError, ProcessNode, read_quantity

__all__ = ["Rule", "block_of", "kind_of", "read_rules", "shipped_rules"]

_KEYS = (
    "match",
    "kind",
    "macs",
    "mac_area",
    "sram",
    "sram_efficiency",
    "lanes",
    "stack",
    "enabled",
)
_OWN_CELL = re.compile(r"(SPARE_)?([A-Z_]+)_\d+X\d+(_[0-9A-F]{6})?(_\d+)?")
_BITS_PER_BYTE = 8.0


@dataclass(frozen=True)
class Rule:
    """What a block is whose name, or whose cell's or macro's name, matches.

    Parameters
    ----------
    match : tuple of str
        Patterns with ``*``; upper and lower case are alike.
    kind : BlockKind or None
        None leaves it to another rule.
    macs : int or None
        Multiply-accumulate units.
    mac_area_um2 : float or None
        Area of one of them, where `macs` follows from the block's area [um^2].
    sram_byte : float or None
        Memory [byte].
    sram_efficiency : float or None
        Share of bit cells in the block, where its memory follows from its area.
    lanes : int or None
        Serial lanes.
    stack : str or None
        HBM stack that it talks to or is fed by.
    enabled : bool or None
        False for a spare.
    """

    match: tuple[str, ...]
    kind: BlockKind | None = None
    macs: int | None = None
    mac_area_um2: float | None = None
    sram_byte: float | None = None
    sram_efficiency: float | None = None
    lanes: int | None = None
    stack: str | None = None
    enabled: bool | None = None

    def fits(self, block: SketchBlock) -> bool:
        """Whether the rule is about a block."""
        return self._expression.fullmatch(block.name.casefold()) is not None or (
            bool(block.hint) and self._expression.fullmatch(block.hint.casefold()) is not None
        )

    @functools.cached_property
    def _expression(self) -> re.Pattern[str]:
        return re.compile("|".join(fnmatch.translate(entry.casefold()) for entry in self.match))


@functools.cache
def shipped_rules() -> tuple[Rule, ...]:
    """Return the rules of ``data/kinds.toml``, which go by what blocks are usually called.

    Examples
    --------
    >>> block = SketchBlock("core0/Dcache", None, "")
    >>> next(str(rule.kind) for rule in shipped_rules() if rule.fits(block))
    'sram'
    """
    text = (resources.files("floorplan") / "data" / "kinds.toml").read_text("utf-8")
    faults = Faults()
    rules = read_rules({"kinds": tomllib.loads(text)["rules"]}, "kinds.toml", faults)
    faults.raise_if_any()
    return rules


def read_rules(tables: Mapping[str, Any], where: str, faults: Faults) -> tuple[Rule, ...]:
    """Read the array of tables ``kinds``; see `Rule` for what each may hold."""
    return tuple(
        _rule(place, table, faults) for place, table in tables_of(tables, "kinds", where, faults)
    )


def _rule(place: str, table: Mapping[str, Any], faults: Faults) -> Rule:
    reader = TableReader(place, table, _KEYS, faults)
    match = table.get("match")
    patterns = [match] if isinstance(match, str) else match
    if not isinstance(patterns, list) or not patterns or not all(_is_text(p) for p in patterns):
        what = "is missing" if match is None else f"{match!r}"
        faults.add(f"{place}.match", what, "a pattern or a list of them", 'e.g. match = "core*"')
        patterns = ["-"]
    kind = reader.word("kind", default="", choices=[str(kind) for kind in BlockKind])
    return Rule(
        match=tuple(patterns),
        kind=BlockKind(kind) if kind else None,
        macs=reader.count("macs") if "macs" in table else None,
        mac_area_um2=_quantity(place, table, "mac_area", "um^2", faults),
        sram_byte=reader.bytes("sram") if "sram" in table else None,
        sram_efficiency=_quantity(place, table, "sram_efficiency", "", faults, at_most=1.0),
        lanes=reader.count("lanes") if "lanes" in table else None,
        stack=reader.word("stack") if "stack" in table else None,
        enabled=reader.flag("enabled", default=True) if "enabled" in table else None,
    )


def _is_text(value: object) -> bool:
    return isinstance(value, str) and bool(value.strip())


def _quantity(
    place: str,
    table: Mapping[str, Any],
    key: str,
    unit: str,
    faults: Faults,
    at_most: float = float("inf"),
) -> float | None:
    """Read a quantity above 0; None where it is not given or wrong."""
    if key not in table:
        return None
    try:
        value = read_quantity(table[key], unit, where=f"{place}.{key}")
    except InputError as error:
        faults.take(error)
        return None
    if not 0.0 < value <= at_most:
        faults.add(f"{place}.{key}", f"{value:g}", f"above 0 and at most {at_most:g}")
        return None
    return value


def kind_of(block: SketchBlock, rules: Sequence[Rule]) -> BlockKind | None:
    """Return the kind of a block: the file's own, or that of the first rule that knows it."""
    if block.kind is not None:
        return block.kind
    own = _OWN_CELL.fullmatch(block.hint.upper())
    if own and own[2].lower() in set(BlockKind):
        return BlockKind(own[2].lower())
    return next((r.kind for r in rules if r.kind is not None and r.fits(block)), None)


def block_of(
    block: SketchBlock, kind: BlockKind, rules: Sequence[Rule], node: ProcessNode
) -> Block:
    """Return a block with what the file and the rules say of it; the first rule counts."""
    fitting = [rule for rule in rules if rule.fits(block)]
    own = _OWN_CELL.fullmatch(block.hint.upper())
    enabled = block.enabled and not (own and own[1])
    return Block(
        name=block.name,
        kind=kind,
        outline=block.outline,
        macs=block.macs or _macs(block, kind, fitting),
        sram_byte=block.sram_byte or _sram_byte(block, kind, fitting, node),
        lanes=block.lanes or next((r.lanes for r in fitting if r.lanes is not None), 0),
        stack=block.stack or next((r.stack for r in fitting if r.stack is not None), ""),
        enabled=next((r.enabled for r in fitting if r.enabled is not None), enabled),
    )


def _macs(block: SketchBlock, kind: BlockKind, rules: Sequence[Rule]) -> int:
    if kind is not BlockKind.TENSOR:
        return 0
    for rule in rules:
        if rule.macs is not None:
            return rule.macs
        if rule.mac_area_um2 is not None:
            return int(block.outline.area / rule.mac_area_um2)
    return 0


def _sram_byte(
    block: SketchBlock, kind: BlockKind, rules: Sequence[Rule], node: ProcessNode
) -> float:
    for rule in rules:
        if rule.sram_byte is not None:
            return rule.sram_byte
        if rule.sram_efficiency is not None and kind is BlockKind.SRAM:
            bits = block.outline.area * rule.sram_efficiency / node.sram_bit_um2
            return float(int(bits / _BITS_PER_BYTE))
    return 0.0
