from .design import Design, load_design
from .design_file import builtin_designs
from .signoff import Signoff, run_signoff
from .study import Study, read_study
from .sweep import run_sweep
from .verdict import Target

__all__ = [
    "Design",
    "Signoff",
    "Study",
    "Target",
    "builtin_designs",
    "load_design",
    "read_study",
    "run_signoff",
    "run_sweep",
]
