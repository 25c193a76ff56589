"""The layer map: GDS layer, name and colour of everything that is drawn."""

from __future__ import annotations

import functools
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from importlib import resources

from floorplan.block import BlockKind

__all__ = ["LayerMap", "MapLayer", "layer_map"]


@dataclass(frozen=True)
class MapLayer:
    """One layer of the layout files.

    Parameters
    ----------
    name : str
        ``"<group>.<layer>"``, e.g. ``"block.tensor"``.
    gds_layer, gds_datatype : int
        Numbers in a GDS file.
    color : str
        Fill colour, ``#rrggbb``.
    title : str
        What a legend calls it.
    """

    name: str
    gds_layer: int
    gds_datatype: int
    color: str
    title: str


@dataclass(frozen=True)
class LayerMap:
    """All layers by name, and the GDS text type of labels."""

    layers: Mapping[str, MapLayer]
    text_type: int

    def __getitem__(self, name: str) -> MapLayer:
        return self.layers[name]

    def of_block(self, kind: BlockKind) -> MapLayer:
        """Return the layer of a kind of block."""
        return self.layers[f"block.{kind}"]


@functools.cache
def layer_map() -> LayerMap:
    """Return the layer map of ``data/layers.toml``.

    Examples
    --------
    >>> layer = layer_map().of_block(BlockKind.TENSOR)
    >>> layer.gds_layer, layer.gds_datatype, layer.title
    (100, 0, 'tensor unit')
    """
    file = resources.files("floorplan") / "data" / "layers.toml"
    tables = tomllib.loads(file.read_text("utf-8"))
    text_type = int(tables.pop("text_type"))
    layers = {}
    for group, entries in tables.items():
        for below, entry in entries.items():
            number, datatype = entry["gds"]
            name = f"{group}.{below}"
            layers[name] = MapLayer(name, number, datatype, entry["color"], entry["title"])
    return LayerMap(layers, text_type)
