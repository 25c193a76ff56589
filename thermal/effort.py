"""Why a solve took many iterations, in words."""

from __future__ import annotations

from shapely import box

from package import Layer, Package

__all__ = ["effort_warnings"]

MANY = 40
"""Iterations from which on a reason is given."""

_CONTRAST = 100.0  #: of conductivities in a layer, below which it is no reason


def effort_warnings(package: Package, iterations: int) -> tuple[str, ...]:
    """Return why one solve may have taken so many iterations; nothing where they were few.

    Coarse grids merge whole grid lines by the mean conductance across each. So islands that
    conduct well in a layer that hardly does become one there although they are apart, and what
    flows between them is left to the iteration.
    """
    if iterations < MANY:
        return ()
    contrasts = {layer.name: _contrast(layer, package) for layer in package.layers}
    name = max(contrasts, key=contrasts.__getitem__)
    told = f"the solve took {iterations} iterations, where 10 are usual"
    if contrasts[name] < _CONTRAST:
        return (f"{told}; no layer has conductivities far enough apart to explain it",)
    reason = f"along layer {name} conductivities differ by a factor of {contrasts[name]:.2g}"
    return (f"{told}; {reason}, and islands in what hardly conducts merge on coarse grids",)


def _contrast(layer: Layer, package: Package) -> float:
    """Return the ratio of the greatest to the least conductivity along a layer."""
    materials = [layer.background, *(region.material for region in layer.regions)]
    if not layer.outline.covers(box(*package.extent_um)):
        materials.append(package.filler)
    along = [k for material in materials for k in material.conductivity_w_mk[:2]]
    return max(along) / min(along)
