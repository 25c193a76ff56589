"""The layer map: GDS layer, name and colour of everything that is drawn."""

from __future__ import annotations

import functools
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, replace
from importlib import resources
from pathlib import Path
from typing import Any

from floorplan.block import BlockKind
from techlib import Faults, InputError, did_you_mean, flatten

__all__ = ["LayerMap", "MapLayer", "layer_map", "read_layer_map"]


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

    def name_of(self, gds_layer: int, gds_datatype: int) -> str:
        """Return the name of a layer by its numbers; empty if the map does not hold it."""
        return self._names.get((gds_layer, gds_datatype), "")

    @functools.cached_property
    def _names(self) -> dict[tuple[int, int], str]:
        found = self.layers.values()
        return {(layer.gds_layer, layer.gds_datatype): layer.name for layer in found}

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


def read_layer_map(path: str | Path) -> LayerMap:
    """Read a layer map of a user's own, for layout files of another tool.

    Parameters
    ----------
    path : str or Path
        TOML: layer and datatype by the name of a layer of ours, e.g. ``die.outline = [7, 0]``, or
        ``die.outline = { gds = [7, 0] }`` as in our own file. What is left out is not in the map.

    Raises
    ------
    InputError
        The file is missing or not TOML, or every unknown layer, bad number and number used twice.

    Examples
    --------
    >>> import tempfile
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     file = Path(folder, "layers.toml")
    ...     _ = file.write_text("die.outline = [7, 0]")
    ...     read_layer_map(file).name_of(7, 0)
    'die.outline'
    """
    file = Path(path)
    try:
        tables = tomllib.loads(file.read_text("utf-8-sig"))
    except OSError as error:
        raise InputError.of(str(file), f"cannot be read: {error.strerror}") from None
    except (UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
        cure = "a layer a line, e.g. die.outline = [7, 0]"
        raise InputError.of(str(file), f"is not TOML: {error}", cure=cure) from None
    text_type = tables.pop("text_type", layer_map().text_type)
    faults = Faults()
    if isinstance(text_type, bool) or not isinstance(text_type, int):
        faults.add(f"{file}: text_type", f"{text_type!r}", "a whole number")
    found = _layers(tables, str(file), faults)
    if not found and not faults:
        faults.add(str(file), "names no layer", cure="a layer a line, e.g. die.outline = [7, 0]")
    faults.raise_if_any()
    return LayerMap(found, text_type)


def _layers(tables: Mapping[str, Any], where: str, faults: Faults) -> dict[str, MapLayer]:
    """Read the layers of a user's map; each has a name of ours and numbers of its own."""
    known = layer_map().layers
    found: dict[str, MapLayer] = {}
    owner: dict[tuple[int, int], str] = {}
    given = {key.removesuffix(".gds"): entry for key, entry in flatten(tables).items()}
    for name, numbers in given.items():
        place = f"{where}: {name}"
        if name.rpartition(".")[2] in ("color", "title"):
            continue
        if name not in known:
            faults.add(place, f"unknown layer {name!r}", cure=did_you_mean(name, known))
        elif not _are_numbers(numbers):
            faults.add(place, f"{numbers!r}", "layer and datatype, e.g. [7, 0]")
        elif (numbers[0], numbers[1]) in owner:
            what = f"{numbers[0]}/{numbers[1]} is {owner[numbers[0], numbers[1]]} already"
            faults.add(place, what, "numbers of its own")
        else:
            layer, datatype = owner_key = (numbers[0], numbers[1])
            owner[owner_key] = name
            found[name] = replace(known[name], gds_layer=layer, gds_datatype=datatype)
    return found


def _are_numbers(value: Any) -> bool:
    return (
        isinstance(value, list)
        and len(value) == 2
        and all(isinstance(n, int) and not isinstance(n, bool) and n >= 0 for n in value)
    )
