from __future__ import annotations

import thermal


def test_public_names() -> None:
    assert thermal.__all__ == [
        "DirectSolver",
        "DiscretisationError",
        "Mesh",
        "Multigrid",
        "Operator",
        "ReducedHistory",
        "ReducedModel",
        "ReducedState",
        "Resolution",
        "Solution",
        "Solver",
        "StreamSolver",
        "TemperatureHistory",
        "Temperatures",
        "ThermalModel",
        "assemble",
        "discretisation_error",
        "exact_block_means",
        "principal_inputs",
        "sparse_matrix",
    ]
    assert all(hasattr(thermal, name) for name in thermal.__all__)
