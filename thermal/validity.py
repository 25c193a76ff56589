"""Whether the materials were used within the range that their values hold for."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray

from techlib import Material
from thermal.mesh import Mesh

__all__ = ["range_warnings"]

Array = NDArray[np.float64]


def range_warnings(mesh: Mesh, field_c: Array) -> tuple[str, ...]:
    """Return a warning for each material that was hotter or colder than its values hold for.

    The range of a material is that of the layers that it lies in.
    """
    spans: dict[str, tuple[Material, float, float]] = {}
    for index, layer in enumerate(mesh.package.layers):
        limited = [material for material in layer.materials if _ranges(material)]
        if not limited:
            continue
        part = field_c[mesh.layer_of_cell == index]
        low_c, high_c = float(part.min()), float(part.max())
        for material in limited:
            _, coldest_c, hottest_c = spans.get(material.name, (material, low_c, high_c))
            spans[material.name] = (material, min(low_c, coldest_c), max(high_c, hottest_c))
    return tuple(_warnings(spans))


def _ranges(material: Material) -> list[tuple[float, float]]:
    entries = material.provenance.values()
    found = {e.valid_range["temperature_c"] for e in entries if "temperature_c" in e.valid_range}
    return sorted(found)


def _warnings(spans: dict[str, tuple[Material, float, float]]) -> Iterator[str]:
    for name, (material, low_c, high_c) in sorted(spans.items()):
        for bottom_c, top_c in _ranges(material):
            if low_c < bottom_c or high_c > top_c:
                yield (
                    f"material {name} was used from {low_c:.0f} to {high_c:.0f} degC; its values "
                    f"hold from {bottom_c:g} to {top_c:g} degC"
                )
