"""A basis of temperature fields, and what the heat equation becomes in it."""

from __future__ import annotations

import itertools
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy import linalg, sparse

from techlib import ConvergenceError
from thermal import kernels
from thermal.operator import Operator, plain
from thermal.reduced.fields import Single, combine, groups, products, products_exactly
from thermal.workers import shared

__all__ = ["Basis", "Modes", "apply_shifted"]

Array = NDArray[np.float64]

_DEPENDENT = 1e-6  #: of the largest eigenvalue of the scaled conductance: not a new direction

_APART = 1e8
"""Up to which products in single precision will do: the ratio of decay rates, times how far from
orthogonal the fields are.

Measured: at 1e7 the fastest mode is off by 4e-6 of its rate. Where several fields were nearly
dependent, at 1e11, block means were off by 1e-4 of their rise.
"""


@dataclass(frozen=True, eq=False)
class Modes:
    r"""The projected heat equation in modal form, :math:`\dot x = -\Lambda x + S u`.

    Parameters
    ----------
    rates_per_s : array (modes,)
        Decay rates :math:`\Lambda` in increasing order, all above zero [1/s].
    coefficients : array (fields, modes)
        Each mode as a combination of the fields of the basis; orthonormal by heat capacity.
    sources : array (modes, sources)
        Projections :math:`S` of the sources.
    """

    rates_per_s: Array
    coefficients: Array
    sources: Array

    def response(self, shift_per_s: float, mixing: Array) -> Array:
        """Return ``(A + shift C)^-1 S mixing`` as combinations of the fields (fields, inputs)."""
        slowed = (self.sources @ mixing) / (self.rates_per_s + shift_per_s)[:, None]
        return np.asarray(self.coefficients @ slowed)


class Basis:
    """Fields that span the reduced model, with the projections of ``A``, ``C`` and the sources.

    Fields are kept in single precision. They need not be orthogonal, but are far from dependent,
    since each is what those before it left out: the scaled conductance of hundreds of them has
    eigenvalues between 0.1 and 10. So products may be added up in single precision, but for those
    of the first field, which is uniform: with these exact, heat is conserved. What a mode stores
    is small against what the slowest one does if it is fast; where that is too small, or where
    fields are nearly dependent after all, products by capacity are added up again in double
    precision (`_APART`). ``A`` and ``C`` stay symmetric and positive in the basis, so that every
    decay rate is positive.

    Parameters
    ----------
    operator : Operator
        Without shift.
    sources : scipy.sparse.csc_array (cells, sources)
        Heat into each cell by one unit of each source [W].
    """

    def __init__(self, operator: Operator, sources: sparse.csc_array) -> None:
        self.operator = operator
        self.sources = sources
        self.fields: list[Single] = [np.ones((1, sources.shape[0]), np.float32)]
        self._ground_w_k = operator.outside_w_k.ravel()
        self._capacity_j_k = operator.capacity_j_k.ravel()
        self._exact = False  # are all products by capacity?
        self._conductance = np.full((1, 1), operator.outside_w_k.sum())
        self._capacity = np.full((1, 1), operator.capacity_j_k.sum())
        self._received = np.asarray(sources.sum(axis=0), dtype=np.float64).reshape(1, -1)

    def __len__(self) -> int:
        return len(self._conductance)

    def append(self, fields: Single, space: Single) -> None:
        """Take in further fields (count, cells); `space` is to work in, for two or more of them."""
        self.fields.append(fields)
        count, old = len(fields), len(self)
        conductance, capacity = np.zeros((old + count, count)), np.zeros((old + count, count))
        received = np.zeros((count, self.sources.shape[1]))
        # The ground is the image of the uniform field, and the capacity what it stores.
        of_uniform = np.stack([self._ground_w_k, self._capacity_j_k])
        for part in groups(count, len(space) // 2):
            group, some = fields[part], part.stop - part.start
            images = space[: 2 * some]
            apply_shifted(self.operator, 0.0, group, images[:some])
            self._store(group, images[some:])
            both = products(self.fields, images)
            conductance[:, part], capacity[:, part] = both[:, :some], both[:, some:]
            if self._exact:
                capacity[:, part] = products_exactly(self.fields, group, self._capacity_j_k)
            received[part] = _received(group, self.sources)
            conductance[0, part], capacity[0, part] = products_exactly([of_uniform], group)
        self._conductance = _bordered(self._conductance, conductance)
        self._capacity = _bordered(self._capacity, capacity)
        self._received = np.concatenate([self._received, received])

    def _store(self, fields: Single, out: Single) -> None:
        """Set the heat that fields store (count, cells) [J]."""
        capacity_j_k = self._capacity_j_k.astype(np.float32)

        def loop(low: int, high: int) -> None:
            np.multiply(fields[low:high], capacity_j_k, out=out[low:high])

        shared(loop, len(fields))

    def _capacity_exactly(self) -> Array:
        """Return the products by capacity, added up in double precision."""
        columns = [products_exactly(self.fields, part, self._capacity_j_k) for part in self.fields]
        whole = np.concatenate(columns, axis=1)
        return np.asarray(0.5 * (whole + whole.T))

    def combine(self, coefficients: Array, out: Single) -> Single:
        """Set combinations of the fields: (fields, count) to (count, cells)."""
        return combine(self.fields, coefficients, out)

    def averages(self, averaging: sparse.csr_array) -> Array:
        """Return what weights of cells (keys, cells) make of each field (keys, fields)."""
        cells = np.unique(averaging.indices)
        weights = sparse.csr_array(averaging[:, cells])
        return (
            np.concatenate(
                [np.asarray(weights @ row[cells]) for part in self.fields for row in part]
            )
            .reshape(len(self), -1)
            .T
        )

    def modes(self, count: int | None = None) -> Modes:
        """Diagonalise: orthonormal by conductance first, which is the better conditioned.

        Parameters
        ----------
        count : int, optional
            Of the fields to take, the first ones; all unless given.

        Raises
        ------
        ConvergenceError
            A decay rate is not positive.
        """
        orthonormal, spread = self._by_conductance(count)
        times_s, turned = self._times_s(orthonormal)
        if times_s[0] * _APART < times_s[-1] * spread and not self._exact:
            self._capacity, self._exact = self._capacity_exactly(), True
            times_s, turned = self._times_s(orthonormal)
        if not times_s[0] > 0.0:
            raise ConvergenceError(
                f"the reduced model has a time constant of {times_s[0]:.1e} s, which must be "
                "above 0 s; look for a layer without heat capacity, or allow a larger tolerance"
            )
        times_s, turned = times_s[::-1], turned[:, ::-1]
        coefficients = orthonormal @ turned / np.sqrt(times_s)
        return Modes(1.0 / times_s, coefficients, coefficients.T @ self._received[:count])

    def _by_conductance(self, count: int | None) -> tuple[Array, float]:
        """Return combinations of the first fields that are orthonormal by conductance.

        And the ratio of the eigenvalues of the scaled conductance, 1 for orthogonal fields.
        """
        conductance = self._conductance[:count, :count]
        size = 1.0 / np.sqrt(np.diag(conductance))
        values, vectors = linalg.eigh(conductance * size[:, None] * size)
        kept = values > _DEPENDENT * values.max()
        chosen = values[kept]
        orthonormal = np.asarray(size[:, None] * vectors[:, kept] / np.sqrt(chosen))
        return orthonormal, float(chosen[-1] / chosen[0])

    def _times_s(self, orthonormal: Array) -> tuple[Array, Array]:
        """Return time constants in increasing order, and the modes as combinations."""
        count = len(orthonormal)
        times_s, turned = linalg.eigh(orthonormal.T @ self._capacity[:count, :count] @ orthonormal)
        return times_s, turned


def apply_shifted(operator: Operator, shift_per_s: float, fields: Single, out: Single) -> Single:
    """Set ``(A + shift C)`` times each field (count, cells); added up in double precision."""
    gx, gy, gz = operator.gx, operator.gy, operator.gz
    ground_w_k = plain(operator.outside_w_k + shift_per_s * operator.capacity_j_k)
    none = np.zeros(operator.shape[2], np.float32)

    def loop(low: int, high: int) -> None:
        row = np.empty(operator.shape[2])
        for field, image in zip(fields[low:high], out[low:high], strict=True):
            whole = field.reshape(operator.shape), image.reshape(operator.shape)
            kernels.image(gx, gy, gz, ground_w_k, none, whole[0], row, whole[1])

    shared(loop, len(fields))
    return out


def _received(fields: Single, sources: sparse.csc_array) -> Array:
    """Return the products of fields and sources; column by column, which copies no field."""
    ends = itertools.pairwise(sources.indptr.tolist())
    columns = [
        fields[:, sources.indices[first:end]].astype(np.float64) @ sources.data[first:end]
        for first, end in ends
    ]
    return np.stack(columns, axis=1)


def _bordered(matrix: Array, columns: Array) -> Array:
    """Return a symmetric matrix with further columns, and the same as rows."""
    old = len(matrix)
    corner = 0.5 * (columns[old:] + columns[old:].T)
    return np.block([[matrix, columns[:old]], [columns[:old].T, corner]])
