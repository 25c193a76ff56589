"""KLayout layer properties (``.lyp``): the layer map, so that a layout opens in our colours."""

from __future__ import annotations

from collections.abc import Iterator
from xml.etree import ElementTree

from floorplan.formats.registry import Content, Job
from floorplan.layer_map import LayerMap, MapLayer, layer_map

__all__ = ["files", "lyp_text"]

_SOLID, _OUTLINE = "I0", "I1"  # KLayout's dither patterns: filled, and hollow
_HATCHED = "I9"  # drawn over what is below
#: What others lie on, and what lies over everything.
_PATTERNS = {
    "package.substrate": _OUTLINE,
    "package.interposer": _OUTLINE,
    "die.outline": _OUTLINE,
    "die.bump_area": _OUTLINE,
    "die.halo": _HATCHED,
    "die.power_grid": _HATCHED,
    "die.clock_spine": _HATCHED,
    "die.fill_exclusion": _HATCHED,
    "die.spare": _HATCHED,
}
#: What would hide the rest when a layout is opened; a click shows it.
_HIDDEN = (
    "bump.core",
    "bump.c4",
    "bump.bga",
    "bump.tsv",
    "die.halo",
    "die.power_grid",
    "die.fill_exclusion",
)
_ROUTES = ("interposer.route1", "interposer.route2", "interposer.route3")
_QUIET = ("bump.hbm", "block.filler", "die.mark", *_ROUTES, *_HIDDEN)  # labels by the thousand
_FIXED = {
    "frame-brightness": "0",
    "fill-brightness": "0",
    "valid": "true",
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
        _texts(folder, {**_FIXED, "visible": "true", "name": group, "source": "*/*@*"})
        for layer in members:
            pattern = _PATTERNS.get(layer.name, _SOLID)
            source = f"{layer.gds_layer}/{layer.gds_datatype}@1"
            title = f"{layer.name}: {layer.title}"
            _entry(folder, title, source, layer.color, pattern, layer.name not in _HIDDEN)
            labels = f"{layer.gds_layer}/{layers.text_type}@1"
            name = f"{layer.name}: labels"
            _entry(folder, name, labels, layer.color, _OUTLINE, layer.name not in _QUIET)
    ElementTree.indent(root)
    body = ElementTree.tostring(root, encoding="unicode")
    return f'<?xml version="1.0" encoding="utf-8"?>\n{body}\n'


def _entry(
    folder: ElementTree.Element, name: str, source: str, color: str, pattern: str, visible: bool
) -> None:
    entry = ElementTree.SubElement(folder, "group-members")
    colors = {"frame-color": color, "fill-color": color, "dither-pattern": pattern}
    shown = {"visible": str(visible).lower()}
    _texts(entry, {**colors, **_FIXED, **shown, "name": name, "source": source})


def _texts(entry: ElementTree.Element, values: dict[str, str]) -> None:
    for key, value in values.items():
        ElementTree.SubElement(entry, key).text = value
