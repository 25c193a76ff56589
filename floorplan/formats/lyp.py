"""KLayout layer properties (``.lyp``): the layer map, so that a layout opens in our colours."""

from __future__ import annotations

from collections.abc import Iterator
from xml.etree import ElementTree

from floorplan.formats.registry import Content, Job
from floorplan.layer_map import LayerMap, MapLayer, layer_map

__all__ = ["files", "lyp_text"]

_SOLID, _OUTLINE = "I0", "I1"  # KLayout's dither patterns: filled, and hollow
_HOLLOW = ("package.interposer", "die.outline")  # what others lie on
_FIXED = {
    "frame-brightness": "0",
    "fill-brightness": "0",
    "valid": "true",
    "visible": "true",
    "transparent": "false",
    "width": "1",
    "marked": "false",
    "xfill": "false",
    "animation": "0",
}


def files(job: Job) -> Iterator[tuple[str, Content]]:
    """Yield the layer properties."""
    yield f"{job.stem}.lyp", lyp_text(layer_map())


def lyp_text(layers: LayerMap) -> str:
    """Return the layer properties of a layer map: a folder per group, labels beside shapes.

    Examples
    --------
    >>> "<source>100/0@1</source>" in lyp_text(layer_map())
    True
    """
    root = ElementTree.Element("layer-properties")
    groups: dict[str, list[MapLayer]] = {}
    for layer in layers.layers.values():
        groups.setdefault(layer.name.partition(".")[0], []).append(layer)
    for group, members in groups.items():
        folder = ElementTree.SubElement(root, "properties")
        _texts(folder, {**_FIXED, "name": group, "source": "*/*@*"})
        for layer in members:
            fill = _OUTLINE if layer.name in _HOLLOW else _SOLID
            source = f"{layer.gds_layer}/{layer.gds_datatype}@1"
            _entry(folder, f"{layer.name}: {layer.title}", source, layer.color, fill)
            labels = f"{layer.gds_layer}/{layers.text_type}@1"
            _entry(folder, f"{layer.name}: labels", labels, layer.color, _OUTLINE)
    ElementTree.indent(root)
    body = ElementTree.tostring(root, encoding="unicode")
    return f'<?xml version="1.0" encoding="utf-8"?>\n{body}\n'


def _entry(folder: ElementTree.Element, name: str, source: str, color: str, pattern: str) -> None:
    entry = ElementTree.SubElement(folder, "group-members")
    colors = {"frame-color": color, "fill-color": color, "dither-pattern": pattern}
    _texts(entry, {**colors, **_FIXED, "name": name, "source": source})


def _texts(entry: ElementTree.Element, values: dict[str, str]) -> None:
    for key, value in values.items():
        ElementTree.SubElement(entry, key).text = value
