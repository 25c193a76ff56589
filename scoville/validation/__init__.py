"""Proof that the engines are right: cases with known answers, and what was found."""

from scoville.validation.found import Validation
from scoville.validation.section import Check, Section
from scoville.validation.thermal import validate_thermal

__all__ = ["Check", "Section", "Validation", "validate_thermal"]
