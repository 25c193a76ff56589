"""What is to be reduced: the heat equation with its inputs and outputs."""

from __future__ import annotations

import itertools
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy import sparse

from techlib import InputError
from thermal.blocks import BlockCells
from thermal.mesh import Mesh
from thermal.operator import Operator
from thermal.reduced.inputs import Inputs
from thermal.solver import Solver

__all__ = ["Problem"]

Array = NDArray[np.float64]

_RISE = 1e-6  #: residual of the nominal rise
_LEAST_START_K = 1.0  #: distance of a uniform start from the fluid that is always reckoned with


@dataclass(frozen=True, eq=False)
class Problem:
    """The heat equation with its inputs and outputs.

    The field is a uniform start ``T0`` and the response to a jump, at the start, of
    ``H P + b - T0 g``: block powers, heat from fluids that are warmer than the reference, and
    what the start loses to the outside (``g``, the conductance to it). So the sources are the
    columns of ``[H, b, g]``, and an input is a mixture of them at its nominal size.

    Parameters
    ----------
    operator, solver : Operator, Solver
        Without shift.
    inputs : Inputs
        Patterns of power.
    sources : scipy.sparse.csc_array (cells, keys + 2)
        ``[H, b, g]``.
    mixing : array (keys + 2, columns)
        Sources in each input: the patterns, then the fluids if they differ, then the start.
    members, starts : array of int
        Cells of all blocks, one block after the other, and where each begins.
    """

    operator: Operator
    solver: Solver
    inputs: Inputs
    sources: sparse.csc_array
    mixing: Array
    members: NDArray[np.int64]
    starts: NDArray[np.int64]

    @classmethod
    def of(
        cls, operator: Operator, solver: Solver, mesh: Mesh, blocks: BlockCells, inputs: Inputs
    ) -> Problem:
        """Collect the sources of a model.

        Raises
        ------
        InputError
            Coolant flows through a layer: the operator is not symmetric.
        """
        if operator.streams:
            what = "coolant flows through a layer"
            allowed = "a package that is cooled at its faces"
            raise InputError.of(mesh.package.name, what, allowed, "march the full model")
        fluids, outside = operator.outside_w.ravel(), operator.outside_w_k.ravel()
        columns = [sparse.csc_array(column[:, None]) for column in (fluids, outside)]
        keys, patterns = inputs.patterns_w.shape
        warmer = int(fluids.any())
        mixing = np.zeros((keys + 2, patterns + warmer + 1))
        mixing[:keys, :patterns] = inputs.patterns_w
        if warmer:
            mixing[keys, patterns] = 1.0
        start_k = abs(mesh.package.ambient_c - operator.reference_c)
        mixing[keys + 1, -1] = max(start_k, _LEAST_START_K)
        members, starts = blocks.members
        return cls(
            operator=operator,
            solver=solver,
            inputs=inputs,
            sources=sparse.csc_array(sparse.hstack([mesh.heat, *columns])),
            mixing=mixing,
            members=members,
            starts=starts,
        )

    @property
    def columns(self) -> int:
        """Number of inputs, surroundings included."""
        return int(self.mixing.shape[1])

    @property
    def keys(self) -> int:
        """Number of blocks."""
        return len(self.inputs.keys)

    def add_heat(self, mixing: Array, to: NDArray[np.float32]) -> None:
        """Add the heat into each cell by mixtures of the sources (count, cells) [W]."""
        mixed = sparse.csc_array(self.sources @ sparse.csc_array(mixing))
        for column, (first, end) in enumerate(itertools.pairwise(mixed.indptr.tolist())):
            to[column, mixed.indices[first:end]] += mixed.data[first:end].astype(np.float32)

    def greatest(self, values: Array) -> NDArray[np.int64]:
        """Return the cell of each block where the value is greatest, of those at `members`."""
        ends = np.append(self.starts[1:], len(values))
        places = [
            first + int(np.argmax(values[first:end]))
            for first, end in zip(self.starts, ends, strict=True)
        ]
        return self.members[places]

    def nominal_rise_k(self) -> float:
        """Return the steady rise of the hottest cell when all blocks have nominal power [K]."""
        heat_w = np.asarray(self.sources[:, : self.keys] @ self.inputs.nominal_w)
        found = self.solver.solve(heat_w.reshape(self.operator.shape), tolerance=_RISE)
        return float(found.rise_k.max())
