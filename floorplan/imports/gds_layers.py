"""What the layers of a foreign layout mean."""

from __future__ import annotations

import functools
import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from floorplan.block import BlockKind
from floorplan.layer_map import layer_map
from techlib import Faults, did_you_mean

__all__ = ["ROLES", "LayerRoles", "own_layers", "read_roles"]

#: What a layer may mean, beside a kind of block; our own layer of the same meaning.
ROLES = {
    "die": "die.outline",
    "interposer": "package.interposer",
    "stack": "package.stack",
    "stack_face": "package.stack_face",
    "seal_ring": "die.seal_ring",
    "keepout": "die.keepout",
    "spare": "die.spare",
}
_LABELS = "labels"
_LAYER = re.compile(r"\s*(\d{1,5})\s*(?:/\s*(\d{1,5})\s*)?")
Number = tuple[int, int]


@dataclass(frozen=True)
class LayerRoles:
    """Meanings by layer and datatype.

    Parameters
    ----------
    role : mapping of (int, int) to str
        One of `ROLES`, or a kind of block.
    label_layers : frozenset of int
        Layers whose texts name blocks of every kind; a text on the layer number of a block's own
        layer names it anyway.
    """

    role: Mapping[Number, str]
    label_layers: frozenset[int] = frozenset()

    @property
    def numbers(self) -> frozenset[int]:
        """Layer numbers that texts may be on."""
        return frozenset(layer for layer, _ in self.role) | self.label_layers

    def layers_of(self, *roles: str) -> frozenset[int]:
        """Return the layer numbers of some roles."""
        return frozenset(number for (number, _), role in self.role.items() if role in roles)

    @property
    def block_layers(self) -> frozenset[int]:
        """Layer numbers of blocks, and of labels."""
        return self.layers_of(*BlockKind) | self.label_layers


@functools.cache
def own_layers() -> LayerRoles:
    """Return the layers of the files that the toolkit writes."""
    layers = layer_map()
    names = {role: layers[name] for role, name in ROLES.items()}
    names |= {str(kind): layers.of_block(kind) for kind in BlockKind}
    return LayerRoles({(m.gds_layer, m.gds_datatype): role for role, m in names.items()})


def read_roles(table: Any, where: str, faults: Faults) -> LayerRoles:
    """Read a table of layers by role or kind, e.g. ``{ die = "10/0", sram = ["102/0", "12"] }``.

    A layer without a datatype has datatype 0.

    Examples
    --------
    >>> faults = Faults()
    >>> read_roles({"die": "10", "sram": "102/0"}, "x.toml: layers", faults).role
    {(10, 0): 'die', (102, 0): 'sram'}
    """
    if not isinstance(table, Mapping):
        faults.add(where, f"{table!r}", 'a table, e.g. layers = { die = "10/0", sram = "102/0" }')
        return own_layers()
    known = (*ROLES, *(str(kind) for kind in BlockKind), _LABELS)
    role: dict[Number, str] = {}
    labels: set[int] = set()
    for name, given in table.items():
        if name not in known:
            faults.add(f"{where}.{name}", "unknown layer", cure=did_you_mean(name, known))
            continue
        for entry in given if isinstance(given, list) else [given]:
            match = _LAYER.fullmatch(str(entry)) if isinstance(entry, str | int) else None
            if match is None:
                faults.add(f"{where}.{name}", f"{entry!r}", "LAYER or LAYER/DATATYPE, e.g. 10/0")
                continue
            number = (int(match[1]), int(match[2] or 0))
            if name == _LABELS:
                labels.add(number[0])
            elif number in role and role[number] != name:
                what = f"{entry} means {role[number]} already"
                faults.add(f"{where}.{name}", what, "one meaning for a layer")
            else:
                role[number] = name
    return LayerRoles(role, frozenset(labels))
