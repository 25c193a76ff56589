"""Pads: every bump of a field where it stands in the artwork, with its net, as plain arrays."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from floorplan.bump import NO_CONNECT, BumpKind
from floorplan.layout import Layout

__all__ = ["Pads", "pads_of"]


@dataclass(frozen=True, eq=False)
class Pads:
    """The bumps of one field in the artwork.

    Parameters
    ----------
    name : str
        The field, e.g. ``"hbm_w0/hbm"``.
    kind : BumpKind
        What they join.
    owner : str
        Die or stack, ``"interposer"`` or ``"substrate"``.
    block : str
        Block of the owner that they belong to; empty if none.
    pad_um : float
        Diameter [um]; of most bumps, where they differ.
    points_um : ndarray, shape (n, 2)
        Centres [um].
    nets : tuple of str
        Names; an empty one stands for none.
    codes : ndarray of int, shape (n,)
        Position in `nets` for each bump.
    sizes_um : ndarray, shape (n,), optional
        Diameter of each bump, where not all have the same [um].
    other_nets : dict of int to str
        Each bump that a file has a second name at, and that name.
    """

    name: str
    kind: BumpKind
    owner: str
    block: str
    pad_um: float
    points_um: NDArray[np.float64]
    nets: tuple[str, ...]
    codes: NDArray[np.int32]
    sizes_um: NDArray[np.float64] | None = None
    other_nets: Mapping[int, str] = field(default_factory=dict)

    def net(self, index: int) -> str:
        """Return the net of a bump; empty if it has none."""
        return self.nets[int(self.codes[index])]

    def net_names(self) -> NDArray[np.str_]:
        """Return the net of each bump."""
        return np.asarray(self.nets, dtype=np.str_)[self.codes]


def pads_of(layout: Layout) -> tuple[Pads, ...]:
    """Return the bumps of a layout, field by field."""
    return tuple(
        Pads(
            name=field.name,
            kind=field.kind,
            owner=field.owner,
            block=field.block,
            pad_um=field.pad_um,
            points_um=field.positions_um(),
            nets=tuple("" if net == NO_CONNECT else net for net in field.nets),
            codes=field.net_codes(),
        )
        for field in layout.placed_fields()
    )
