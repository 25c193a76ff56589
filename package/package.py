"""The package: layers from bottom to top, and what cools them."""

from __future__ import annotations

import itertools
from collections.abc import Mapping
from dataclasses import dataclass

import pandas as pd

from package.layers import Face, Layer
from package.resistance import resistance_1d
from package.validate import check_package
from techlib import Material, Source, bibliography

__all__ = ["Package"]


@dataclass(frozen=True)
class Package:
    """A stack-up with materials, heat regions and cooling.

    Parameters
    ----------
    name : str
        For messages and files.
    layers : tuple of Layer
        Bottom to top; the widest one sets the lateral extent.
    filler : Material
        Fills the extent outside a layer's outline (air, or mould).
    top, bottom, sides : Face
        Heat exchange of the outer faces.
    ambient_c : float
        Temperature of everything at the start of a transient [degC].

    Raises
    ------
    InputError
        Every fault of layers, regions and faces; see `package.validate.check_package`.

    Examples
    --------
    >>> from shapely import box
    >>> from package import Face, Layer, Package, Region
    >>> from techlib import materials
    >>> stock, square = materials(), box(0.0, 0.0, 10_000.0, 10_000.0)
    >>> heater = Region("heater", square, stock["silicon"], heats="heater")
    >>> slab = Package(
    ...     "slab",
    ...     (
    ...         Layer("die", 100.0, square, stock["silicon"], (heater,)),
    ...         Layer("lid", 2000.0, square, stock["copper"]),
    ...     ),
    ...     filler=stock["air"],
    ...     top=Face(20_000.0, 40.0),
    ...     bottom=Face(),
    ...     sides=Face(),
    ...     ambient_c=25.0,
    ... )
    >>> round(slab.resistance_1d({"heater": 50.0}), 4)
    0.5521
    """

    name: str
    layers: tuple[Layer, ...]
    filler: Material
    top: Face
    bottom: Face
    sides: Face
    ambient_c: float

    def __post_init__(self) -> None:
        faces = {"top": self.top, "bottom": self.bottom, "sides": self.sides}
        check_package(self.name, self.layers, faces, self.ambient_c)

    @property
    def extent_um(self) -> tuple[float, float, float, float]:
        """Lateral extent over all layers: x0, y0, x1, y1 [um]."""
        bounds = [layer.outline.bounds for layer in self.layers]
        return (
            min(b[0] for b in bounds),
            min(b[1] for b in bounds),
            max(b[2] for b in bounds),
            max(b[3] for b in bounds),
        )

    @property
    def thickness_um(self) -> float:
        """Height of the whole stack [um]."""
        return sum(layer.thickness_um for layer in self.layers)

    @property
    def heat_keys(self) -> tuple[str, ...]:
        """Keys of the blocks that heat the package, in the order of first appearance."""
        seen = dict.fromkeys(r.heats for layer in self.layers for r in layer.regions if r.heats)
        return tuple(seen)

    @property
    def sources(self) -> tuple[Source, ...]:
        """Every source behind the materials in use."""
        return bibliography(source for material in self.materials for source in material.sources)

    @property
    def materials(self) -> tuple[Material, ...]:
        """Every material in use, each once, from the bottom up; the filler last."""
        used = [m for layer in self.layers for m in layer.materials]
        return tuple({id(material): material for material in (*used, self.filler)}.values())

    def layers_of(self, key: str) -> tuple[str, ...]:
        """Names of the layers, from the bottom, that a heat key dissipates in."""
        return tuple(
            layer.name
            for layer in self.layers
            if any(region.heats == key for region in layer.regions)
        )

    def resistance_1d(self, power_w: Mapping[str, float] | None = None) -> float:
        """Estimate the resistance to the fluid on top, every plane isothermal [K/W].

        A lower bound where the top alone is cooled; see `package.resistance.resistance_1d`.
        """
        return resistance_1d(self.layers, self.top, power_w)

    def describe(self) -> pd.DataFrame:
        """Return a table of the layers from bottom to top.

        Returns
        -------
        pandas.DataFrame
            Columns ``layer``, ``z_um`` (of its lower face), ``thickness_um``, ``background``,
            ``materials`` (those of its regions), ``regions`` and ``heat_keys`` (how many).
        """
        z_um = itertools.accumulate((layer.thickness_um for layer in self.layers), initial=0.0)
        rows = [
            {
                "layer": layer.name,
                "z_um": round(bottom_um, 6),
                "thickness_um": round(layer.thickness_um, 6),
                "background": layer.background.name,
                "materials": ", ".join(dict.fromkeys(r.material.name for r in layer.regions)),
                "regions": len(layer.regions),
                "heat_keys": len({r.heats for r in layer.regions if r.heats}),
            }
            for layer, bottom_um in zip(self.layers, z_um, strict=False)
        ]
        return pd.DataFrame(rows)
