"""What a package can have that the files of other tools cannot hold."""

from __future__ import annotations

import math

from package.package import Package
from techlib import Faults

__all__ = ["refuse_beyond"]


def refuse_beyond(package: Package, tool: str, faults: Faults) -> None:
    """Note faces of fixed temperature, patches, contact resistances and flows.

    Parameters
    ----------
    package : Package
        What is to be written.
    tool : str
        Whose format it is, for messages.
    faults : Faults
        Takes what the format cannot hold.
    """
    for side in ("top", "bottom", "sides"):
        face, where = getattr(package, side), f"{package.name}: {side}"
        if math.isinf(face.film_w_m2k):
            cure = "give it a high film, e.g. 1e7 W/(m^2 K)"
            faults.add(where, "is held at a temperature", f"a film in {tool}", cure)
        if face.patches:
            what, cure = f"{len(face.patches)} patches", "make the layer below as wide as the patch"
            faults.add(where, what, f"one film in {tool}", cure)
    for layer in package.layers:
        if layer.flow is not None:
            cure = "give the top a film in its place"
            faults.add(
                f"{package.name}: layer {layer.name}", "coolant flows", f"solids in {tool}", cure
            )
        if layer.contact_resistance_k_m2_w:
            faults.add(
                f"{package.name}: layer {layer.name}",
                f"contact resistance {layer.contact_resistance_k_m2_w:g} K m2/W",
                f"none in {tool}",
                "make it a layer: thickness over conductivity",
            )
