from .assembly import assemble
from .direct import DirectSolver, sparse_matrix
from .discretisation import DiscretisationError, discretisation_error
from .exact import exact_block_means
from .history import TemperatureHistory
from .mesh import Mesh
from .model import ThermalModel
from .multigrid import Multigrid, Solution
from .operator import Operator
from .reduced import ReducedHistory, ReducedModel, ReducedState, principal_inputs
from .resolution import Resolution
from .solver import Solver
from .streaming import StreamSolver
from .temperatures import Temperatures

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
