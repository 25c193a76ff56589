"""Reduced models: a few hundred modes of a thermal model, marched exactly through a trace."""

from thermal.reduced.history import ReducedHistory, ReducedState
from thermal.reduced.inputs import principal_inputs
from thermal.reduced.model import ReducedModel

__all__ = ["ReducedHistory", "ReducedModel", "ReducedState", "principal_inputs"]
