from __future__ import annotations

import thermal


def test_public_names() -> None:
    assert thermal.__all__ == [
        "DirectSolver",
        "Mesh",
        "Multigrid",
        "Operator",
        "ReducedHistory",
        "ReducedModel",
        "ReducedState",
        "Resolution",
        "Solution",
        "Solver",
        "TemperatureHistory",
        "Temperatures",
        "ThermalModel",
        "assemble",
        "principal_inputs",
        "sparse_matrix",
    ]
    assert all(hasattr(thermal, name) for name in thermal.__all__)
