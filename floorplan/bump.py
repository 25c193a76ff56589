"""Bump fields: the joints, balls and vias of one face of a body, a million of them at no cost."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from enum import StrEnum
from typing import Any

import numpy as np
from numpy.typing import NDArray

from floorplan.orientation import Orientation
from techlib import Faults

__all__ = ["MECHANICAL", "NO_CONNECT", "BumpArray", "BumpField", "BumpKind"]

NO_CONNECT = "NC"  #: net of mechanical bumps, which connect nothing
MECHANICAL = "MECH"  #: what a stack calls its terminal of them


class BumpKind(StrEnum):
    """What a bump joins; layout layers and design rules are chosen by it."""

    HBM = "hbm"  #: microbump of an HBM stack, or of the PHY that it is wired to
    CORE = "core"  #: microbump of a die to the interposer: power, ground, serial lanes
    D2D = "d2d"  #: microbump of a die-to-die link
    C4 = "c4"  #: interposer to substrate
    BGA = "bga"  #: substrate to board
    TSV = "tsv"  #: via through the interposer


@dataclass(frozen=True)
class BumpArray:
    """A rectangular array of bumps of one net; layout files keep it as one array reference.

    Parameters
    ----------
    x_um, y_um : float
        The lower left bump [um].
    pitch_x_um, pitch_y_um : float
        Distance of columns and of rows [um]; above 0 where there is more than one.
    columns, rows : int
        At least 1 each.
    net : int
        Position of the net in the field's `nets`.

    Examples
    --------
    >>> BumpArray(0.0, 0.0, 45.0, 45.0, columns=3, rows=2).count
    6
    """

    x_um: float
    y_um: float
    pitch_x_um: float
    pitch_y_um: float
    columns: int
    rows: int
    net: int = 0

    @property
    def count(self) -> int:
        """Number of bumps."""
        return self.columns * self.rows

    @property
    def bounds_um(self) -> tuple[float, float, float, float]:
        """Least and largest centre: x0, y0, x1, y1 [um]."""
        x1_um = self.x_um + (self.columns - 1) * self.pitch_x_um
        return self.x_um, self.y_um, x1_um, self.y_um + (self.rows - 1) * self.pitch_y_um

    def positions_um(self) -> NDArray[np.float64]:
        """Return all centres, row by row [um], shape (count, 2)."""
        x = self.x_um + self.pitch_x_um * np.arange(self.columns)
        y = self.y_um + self.pitch_y_um * np.arange(self.rows)
        return np.stack(np.broadcast_arrays(x, y[:, None]), axis=-1).reshape(-1, 2)

    def oriented(self, orientation: Orientation, dx_um: float, dy_um: float) -> BumpArray:
        """Return the array turned or mirrored about the origin, then moved [um]."""
        if orientation is Orientation.R0:
            return replace(self, x_um=self.x_um + dx_um, y_um=self.y_um + dy_um)
        x0, y0, x1, y1 = self.bounds_um
        corners = orientation.apply([[x0, y0], [x1, y1]], (dx_um, dy_um))
        x, y = corners.min(axis=0)
        pitches, counts = (self.pitch_x_um, self.pitch_y_um), (self.columns, self.rows)
        if orientation.swaps_axes:
            pitches, counts = pitches[::-1], counts[::-1]
        return BumpArray(float(x), float(y), *pitches, *counts, self.net)


def _none() -> NDArray[np.float64]:
    return np.empty((0, 2))


def _no_nets() -> NDArray[np.int32]:
    return np.empty(0, dtype=np.int32)


@dataclass(frozen=True, eq=False)
class BumpField:
    """Bumps of one kind on one body, as arrays of one net each and as single points.

    Coordinates are those of the owner: its lower left corner at the origin, seen from above as
    it lies in the package, face down where it is a die (as for the outlines of blocks). `placed`
    moves them onto the interposer, `face_up` shows them as the owner's own mask does.

    Parameters
    ----------
    name : str
        Unique in a layout, e.g. ``"hbm_w0/hbm"``.
    kind : BumpKind
        What they join.
    owner : str
        Name of the die or the stack, or ``"interposer"``, ``"substrate"``.
    pad_um : float
        Diameter of a pad [um].
    nets : tuple of str
        Nets of the package, each once.
    ports : tuple of str
        What the owner calls its terminal of each net; the nets' own names if left out.
    arrays : tuple of BumpArray
        The regular part.
    points_um : ndarray, shape (n, 2)
        Centres of the rest [um].
    point_nets : ndarray of int32, shape (n,)
        Position in `nets` for each point.
    block : str
        Block of the owner that the bumps belong to; empty if none. Ports are the block's then.

    Raises
    ------
    InputError
        Every fault: a net that is listed twice or is not there, lengths that differ, a pad or a
        pitch that is not above zero, a coordinate that is not finite.

    Examples
    --------
    >>> power = BumpField("die/core", BumpKind.CORE, "die", 25.0, ("VDD",),
    ...                   arrays=(BumpArray(50.0, 50.0, 45.0, 45.0, columns=1000, rows=1000),))
    >>> power.count, power.bounds_um
    (1000000, (50.0, 50.0, 45005.0, 45005.0))
    """

    name: str
    kind: BumpKind
    owner: str
    pad_um: float
    nets: tuple[str, ...]
    ports: tuple[str, ...] = ()
    arrays: tuple[BumpArray, ...] = ()
    points_um: NDArray[np.float64] = field(default_factory=_none)
    point_nets: NDArray[np.int32] = field(default_factory=_no_nets)
    block: str = ""

    def __post_init__(self) -> None:
        object.__setattr__(self, "ports", self.ports or self.nets)
        points = np.array(self.points_um, dtype=np.float64).reshape(-1, 2)
        codes = np.array(self.point_nets, dtype=np.int32)
        for array in (points, codes):
            array.setflags(write=False)
        object.__setattr__(self, "points_um", points)
        object.__setattr__(self, "point_nets", codes)
        faults = Faults()
        self._check(faults)
        faults.raise_if_any()

    def _check(self, faults: Faults) -> None:
        where = f"bump field {self.name}"
        if len(set(self.nets)) != len(self.nets):
            twice = sorted({net for net in self.nets if self.nets.count(net) > 1})
            faults.add(f"{where}: nets", f"{', '.join(twice)} listed twice", "each net once")
        if len(self.ports) != len(self.nets):
            what = f"{len(self.ports)} ports for {len(self.nets)} nets"
            faults.add(f"{where}: ports", what, "one for each net")
        if not self.pad_um > 0.0:
            faults.add(f"{where}: pad", f"{self.pad_um:g} um", "above 0 um")
        if len(self.point_nets) != len(self.points_um):
            what = f"{len(self.point_nets)} nets for {len(self.points_um)} points"
            faults.add(f"{where}: point_nets", what, "one for each point")
        if not np.isfinite(self.points_um).all():
            faults.add(f"{where}: points", "a coordinate is not finite", "finite lengths in um")
        used = {array.net for array in self.arrays} | set(np.unique(self.point_nets).tolist())
        if unknown := sorted(net for net in used if not 0 <= net < len(self.nets)):
            what = f"net {', '.join(map(str, unknown))} is not one of {len(self.nets)}"
            faults.add(f"{where}: nets", what, "positions in the list of nets")
        for index, array in enumerate(self.arrays):
            steps = ((array.columns, array.pitch_x_um), (array.rows, array.pitch_y_um))
            if any(count < 1 or (count > 1 and not pitch > 0.0) for count, pitch in steps):
                what = "has no bumps, or a pitch that is not above 0 um"
                faults.add(f"{where}: arrays[{index}]", what)

    @property
    def count(self) -> int:
        """Number of bumps."""
        return sum(array.count for array in self.arrays) + len(self.points_um)

    @property
    def bounds_um(self) -> tuple[float, float, float, float]:
        """Least and largest centre: x0, y0, x1, y1 [um]; zeros for an empty field."""
        corners = [np.array(array.bounds_um).reshape(2, 2) for array in self.arrays]
        if len(self.points_um):
            corners.append(self.points_um)
        if not corners:
            return 0.0, 0.0, 0.0, 0.0
        x, y = np.concatenate(corners).T  # twenty times as fast as along the first axis
        return float(x.min()), float(y.min()), float(x.max()), float(y.max())

    def positions_um(self) -> NDArray[np.float64]:
        """Return all centres, the arrays' first, in the owner's frame [um], shape (count, 2)."""
        return np.concatenate([*(array.positions_um() for array in self.arrays), self.points_um])

    def net_codes(self) -> NDArray[np.int32]:
        """Return the position in `nets` of each bump, in the order of `positions_um`."""
        regular = np.repeat(
            np.array([array.net for array in self.arrays], dtype=np.int32),
            [array.count for array in self.arrays],
        )
        return np.concatenate([regular, self.point_nets])

    def count_by_net(self) -> dict[str, int]:
        """Return the number of bumps of each net, in the order of `nets`."""
        counts = np.bincount(self.point_nets, minlength=len(self.nets))
        for array in self.arrays:
            counts[array.net] += array.count
        return dict(zip(self.nets, counts.tolist(), strict=True))

    @property
    def terminals(self) -> tuple[str, ...]:
        """The owner's terminal of each net: the port, below its block where there is one."""
        return tuple(f"{self.block}/{port}" if self.block else port for port in self.ports)

    def parts(self) -> Iterator[tuple[int, tuple[BumpArray, ...], NDArray[np.float64]]]:
        """Yield each net that has bumps: its position, its arrays and its points [um]."""
        order = np.argsort(self.point_nets, kind="stable")
        edges = np.searchsorted(self.point_nets[order], np.arange(len(self.nets) + 1))
        arrays: dict[int, list[BumpArray]] = {}
        for array in self.arrays:
            arrays.setdefault(array.net, []).append(array)
        for net in range(len(self.nets)):
            points = self.points_um[order[edges[net] : edges[net + 1]]]
            if net in arrays or len(points):
                yield net, tuple(arrays.get(net, ())), points

    def placed(
        self,
        dx_um: float,
        dy_um: float,
        orientation: Orientation = Orientation.R0,
        **changes: Any,
    ) -> BumpField:
        """Return the field turned or mirrored about its owner's origin, then moved [um].

        Other attributes, such as ``name`` and ``owner``, may be changed on the way.
        """
        arrays = tuple(array.oriented(orientation, dx_um, dy_um) for array in self.arrays)
        points = orientation.apply(self.points_um, (dx_um, dy_um))
        return replace(self, arrays=arrays, points_um=points, **changes)

    def face_up(self, width_um: float) -> BumpField:
        """Return the field as the owner's own mask has it, face up: x becomes width - x.

        Examples
        --------
        >>> corner = BumpField("d/core", BumpKind.CORE, "d", 25.0, ("VSS",),
        ...                    points_um=[[10.0, 20.0]], point_nets=[0])
        >>> corner.face_up(width_um=100.0).points_um.tolist()
        [[90.0, 20.0]]
        """
        return self.placed(width_um, 0.0, Orientation.MY)
