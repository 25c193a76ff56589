"""The levels of a cycle in memory: all that is beside their cells stays zero."""

from __future__ import annotations

import numpy as np
import pytest

from thermal import Operator, levels
from thermal.multigrid import Multigrid
from thermal.relaxation import LEAD


@pytest.mark.parametrize("shape", [(1, 1, 17), (2, 23, 1), (5, 12, 33), (3, 40, 31), (20, 72, 80)])
@pytest.mark.parametrize("threads", [1, 2])
def test_loops_write_cells_alone(shape: tuple[int, int, int], threads: int) -> None:
    """Loops over lanes do not check their places: rows begin and end with zeros all the same."""
    draw, (nz, ny, nx) = np.random.default_rng(1), shape
    faces = [(nz, ny, nx - 1), (nz, ny - 1, nx), (nz - 1, ny, nx)]
    between = [draw.uniform(0.5, 2.0, face) for face in faces]
    outside = draw.uniform(0.0, 0.1, shape)
    operator = Operator(*between, outside, np.zeros(shape), np.ones(shape), reference_c=25.0)
    solver = Multigrid(operator, threads=threads)
    assert solver.solve(draw.uniform(0.0, 1.0, shape)).converged
    for number, (nz, ny, nx) in enumerate(solver._cycle.shapes):
        level, stride = solver._cycle.level(number), levels.stride_of((nz, ny, nx))
        cells = np.zeros((2, 2 * LEAD + nz * stride), bool)
        for parity in range(2):
            for k in range(nz):
                first = LEAD + k * stride
                cells[parity, first : first + (nx + 1 - parity) // 2] = True
        for field in (level.rise, level.change, level.source):
            assert not field[[0, ny + 1]].any()
            assert not field[1:-1][:, ~cells].any()
        assert level.rise[1:-1][:, cells].any()
