"""Proof that the engines are right: cases with known answers, and what was found."""

from scoville.validation.section import Check, Section
from scoville.validation.thermal import Validation, validate_thermal

__all__ = ["Check", "Section", "Validation", "validate_thermal"]
