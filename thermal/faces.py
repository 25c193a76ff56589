"""The outer faces: conductances from the outermost cells to the fluids around the package."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from package import Face, Patch
from thermal.mesh import Mesh
from thermal.overlap import covered_area
from thermal.stream import Stream

__all__ = ["Outside"]

Array = NDArray[np.float64]

_UM_PER_M = 1e6


class Outside:
    """Collects what joins the outermost cells to the outside.

    A cell meets a fluid over an area ``A`` through half a cell of conductance ``g``, a contact
    ``R`` and a film ``h`` in series; a face of fixed temperature is a film without resistance::

        1 / (1 / g + R / A + 1 / (h A))

    Where a patch covers a part of a cell, that part counts for the patch and the rest for the face.

    Parameters
    ----------
    mesh : Mesh
        Its package's faces are the fluids.
    reference_c : float
        That temperatures are differences to [degC].
    """

    def __init__(self, mesh: Mesh, reference_c: float) -> None:
        self._mesh = mesh
        self._reference_c = reference_c
        self._dy, self._dx = np.diff(mesh.y_m), np.diff(mesh.x_m)
        self._dz = np.diff(mesh.z_m)
        self.conductance_w_k = np.zeros(mesh.shape)
        self.heat_w = np.zeros(mesh.shape)

    def add_bottom(self, half_w_k: Array) -> None:
        """Join the lowest cells, from their half-cell conductances (ny, nx)."""
        self._add_plane(0, self._mesh.package.bottom, half_w_k, 0.0)

    def add_top(self, half_w_k: Array, contact_k_m2_w: float) -> None:
        """Join the uppermost cells, with the contact resistance of the uppermost layer."""
        self._add_plane(-1, self._mesh.package.top, half_w_k, contact_k_m2_w)

    def add_inlet(self, stream: Stream, inlet_c: float) -> None:
        """Let coolant of a temperature into its stream."""
        stream.add_inlet_to(inlet_c - self._reference_c, self.heat_w)

    def add_sides(self, k: int, halves_w_k: Sequence[Array]) -> None:
        """Join the cells at one height to the fluid west, east, south and north of them."""
        face, every = self._mesh.package.sides, slice(None)
        ends: list[tuple[slice | int, slice | int]]
        ends = [(every, 0), (every, -1), (0, every), (-1, every)]
        widths = (self._dy, self._dy, self._dx, self._dx)
        for (y, x), half, width in zip(ends, halves_w_k, widths, strict=True):
            self._add((k, y, x), face, half, self._dz[k] * width, 0.0)

    def _add_plane(self, k: int, face: Face, half_w_k: Array, contact_k_m2_w: float) -> None:
        area_m2 = np.outer(self._dy, self._dx)
        left = np.ones_like(area_m2)
        for patch in face.patches:
            share = self._share(patch)
            left -= share
            self._add((k,), patch, half_w_k, area_m2, contact_k_m2_w, share)
        self._add((k,), face, half_w_k, area_m2, contact_k_m2_w, np.maximum(left, 0.0))

    def _share(self, patch: Patch) -> Array:
        """Return the share of each cell's area that a patch covers (ny, nx)."""
        x_um, y_um = self._mesh.x_m * _UM_PER_M, self._mesh.y_m * _UM_PER_M
        return covered_area([patch.outline], x_um, y_um) / np.outer(np.diff(y_um), np.diff(x_um))

    def _add(
        self,
        place: tuple[int | slice, ...],
        face: Face | Patch,
        half_w_k: Array,
        area_m2: Array,
        contact_k_m2_w: float,
        share: Array | float = 1.0,
    ) -> None:
        """Join cells to a fluid over a share of their outer area."""
        if face.film_w_m2k == 0.0:
            return
        resistance = contact_k_m2_w + 1.0 / face.film_w_m2k
        joined = share * half_w_k * area_m2 / (area_m2 + half_w_k * resistance)
        self.conductance_w_k[place] += joined
        self.heat_w[place] += joined * (face.temperature_c - self._reference_c)
