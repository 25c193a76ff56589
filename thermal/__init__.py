"""Heat: mesh, conduction operator, steady and transient solves."""

from thermal.assembly import assemble
from thermal.direct import DirectSolver, sparse_matrix
from thermal.discretisation import DiscretisationError, discretisation_error
from thermal.exact import exact_block_means
from thermal.history import TemperatureHistory
from thermal.mesh import Mesh
from thermal.model import ThermalModel
from thermal.multigrid import Multigrid, Solution
from thermal.operator import Operator
from thermal.reduced import ReducedHistory, ReducedModel, ReducedState, principal_inputs
from thermal.resolution import Resolution
from thermal.solver import Solver
from thermal.streaming import StreamSolver
from thermal.temperatures import Temperatures

__all__ = [
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
