from __future__ import annotations

import dataclasses
import math
from typing import Any

import pytest
from shapely import Polygon, box

from package import Face, Flow, Layer, Package, Patch, Region
from techlib import InputError, materials

SQUARE = box(0.0, 0.0, 1_000.0, 1_000.0)
SILICON = materials()["silicon"]


def layer(name: str = "die", thickness_um: float = 100.0, *regions: Region, **kw: Any) -> Layer:
    return Layer(name, thickness_um, kw.get("outline", SQUARE), SILICON, regions)


def region(name: str, outline: Polygon) -> Region:
    return Region(name, outline, SILICON)


def make(*layers: Layer, **changes: Any) -> Package:
    given: dict[str, Any] = {
        "filler": materials()["air"],
        "top": Face(1e4, 40.0),
        "bottom": Face(),
        "sides": Face(),
        "ambient_c": 25.0,
    }
    return Package("slab", layers, **{**given, **changes})


def faults(*layers: Layer, **changes: Any) -> list[str]:
    with pytest.raises(InputError) as caught:
        make(*layers, **changes)
    return [str(fault) for fault in caught.value.faults]


def test_sound_package_passes() -> None:
    halves = region("west", box(0, 0, 500, 1000)), region("east", box(500, 0, 1000, 1000))
    assert make(layer("die", 100.0, *halves), layer("lid")).thickness_um == 200.0


@pytest.mark.parametrize("thickness_um", [0.0, -5.0, math.nan, math.inf])
def test_thickness(thickness_um: float) -> None:
    assert faults(layer(thickness_um=thickness_um)) == [
        (
            f"slab: layer die: thickness {thickness_um:g} um; allowed: above 0 um, finite; "
            "leave out a layer of no thickness"
        )
    ]


def test_layer_names_are_unique() -> None:
    assert faults(layer(), layer("lid"), layer()) == [
        "slab: layer die: 2 layers have this name; allowed: one; rename all but one"
    ]


def test_no_layers() -> None:
    assert faults() == ["slab: has no layers; allowed: one or more"]


def test_region_outside_its_layer() -> None:
    assert faults(layer("die", 100.0, region("pad", box(900, 0, 1100, 1000)))) == [
        (
            "slab: layer die: pad: 0.1 mm2 lie outside the layer; allowed: inside its outline; "
            "move or shrink it, or widen the layer"
        )
    ]


def test_overlap_is_found_but_rounding_is_not() -> None:
    west = region("west", box(0, 0, 500, 1000))
    assert faults(layer("die", 100.0, west, region("east", box(400, 0, 1000, 1000)))) == [
        (
            "slab: layer die: west: overlaps 'east' on 0.1 mm2; allowed: no overlap; "
            "move one of the two"
        )
    ]
    make(layer("die", 100.0, west, region("east", box(500 - 1e-6, 0, 1000, 1000))))


def test_broken_outlines() -> None:
    bow = Polygon([(0, 0), (100, 100), (100, 0), (0, 100)])
    line = Polygon([(0, 0), (100, 0), (50, 0)])
    found = faults(
        layer("a", 100.0, region("bow", bow)),
        layer("b", 100.0, region("line", line)),
        layer("c", 100.0, outline=bow),
        layer("d", 100.0, outline=Polygon()),
    )
    assert found[0].startswith("slab: layer a: bow: outline: Self-intersection")
    assert found[1].startswith("slab: layer b: line: outline: ")
    assert found[2].startswith("slab: layer c: outline: Self-intersection")
    assert found[3] == ("slab: layer d: outline: is empty; allowed: a simple polygon with an area")


def test_no_way_out_for_heat() -> None:
    assert faults(layer(), top=Face()) == [
        (
            "slab: no face has a film above zero: heat has no way out, "
            "and there is no steady state; allowed: a film above 0 W/(m^2 K) "
            "on one face or more; name a coolant for the top"
        )
    ]


def test_faces_and_ambient() -> None:
    found = faults(layer(), bottom=Face(-3.0, 20.0), sides=Face(1.0, math.nan), ambient_c=math.inf)
    assert found == [
        (
            "slab: bottom: film -3 W/(m^2 K); allowed: 0 or more; infinite where the temperature "
            "is that of the face"
        ),
        "slab: sides: fluid temperature nan degC; allowed: a finite temperature",
        "slab: ambient: inf degC; allowed: a finite temperature",
    ]


def test_a_face_held_at_a_temperature_is_a_way_out_of_heat() -> None:
    assert make(layer(), top=Face(math.inf, 40.0)).top.cools
    assert make(layer(), top=Face(patches=(Patch(box(0, 0, 500, 500), 1e4, 40.0),))).top.cools


def test_patches_lie_on_the_package_and_apart() -> None:
    patches = (
        Patch(box(-500, 0, 500, 500), 1e4, 40.0),
        Patch(box(400, 0, 900, 500), -1.0, math.nan),
        Patch(Polygon([(0, 0), (1, 1), (1, 0), (0, 1)]), 1e4, 40.0),
    )
    assert faults(layer(), top=Face(1e4, 40.0, patches), sides=Face(1.0, 40.0, patches[:1])) == [
        (
            "slab: top: patch 1: film -1 W/(m^2 K); allowed: 0 or more; infinite where the "
            "temperature is that of the face"
        ),
        "slab: top: patch 1: fluid temperature nan degC; allowed: a finite temperature",
        (
            "slab: top: patch 2: outline: Self-intersection[0.5 0.5]; allowed: a simple polygon "
            "with an area"
        ),
        (
            "slab: top: patch 0: 0.25 mm2 lie outside the package; allowed: inside its outline; "
            "move or shrink it, or widen the package"
        ),
        (
            "slab: top: patch 0: overlaps 'patch 1' on 0.05 mm2; allowed: no overlap; move one of "
            "the two"
        ),
        (
            "slab: sides: patch 0: 0.25 mm2 lie outside the package; allowed: inside its outline; "
            "move or shrink it, or widen the package"
        ),
        "slab: sides: has patches; allowed: patches on top or bottom",
    ]


@pytest.mark.parametrize("contact", [-1e-6, math.nan, math.inf])
def test_contact_resistance(contact: float) -> None:
    poor = dataclasses.replace(layer(), contact_resistance_k_m2_w=contact)
    assert faults(poor) == [
        f"slab: layer die: contact resistance {contact:g} K m2/W; allowed: 0 or more, finite"
    ]


WATER = Flow("x", 1e-6, 4.2e6, 30.0, 1e4, 1e4)


def test_a_flow_is_a_way_out_of_heat() -> None:
    cooled = dataclasses.replace(layer("channel"), flow=WATER)
    assert make(layer(), cooled, top=Face()).layers[1].flow is WATER


def test_flows() -> None:
    odd = Polygon([(0, 0), (1000, 0), (1000, 400), (600, 400), (600, 1000), (0, 1000)])
    bad = Flow("z", 0.0, math.inf, math.nan, -1.0, math.inf)  # type: ignore[arg-type]
    where = "slab: layer channel"
    broken = layer("channel", 100.0, region("pin", box(0, 0, 10, 10)), outline=odd)
    assert faults(layer(), dataclasses.replace(broken, flow=bad)) == [
        f"{where}: flow: along 'z'; allowed: 'x' or 'y'",
        f"{where}: flow: volume flow 0 m3/s; allowed: above 0, finite",
        f"{where}: flow: heat capacity inf J/(m3 K); allowed: above 0, finite",
        f"{where}: flow: floor film -1 W/(m^2 K); allowed: 0 or more, finite",
        f"{where}: flow: ceiling film inf W/(m^2 K); allowed: 0 or more, finite",
        f"{where}: flow: inlet at nan degC; allowed: a finite temperature",
        f"{where}: 1 regions in a flow; allowed: none; cut the layer",
        f"{where}: outline of a flow is no rectangle; allowed: a rectangle",
    ]


def test_faults_of_all_layers_are_listed_together() -> None:
    stray = region("stray", box(-10, 0, 10, 10))
    found = faults(layer("a", -1.0), layer("b", 100.0, stray), layer("b"), top=Face())
    assert [f.split(":")[1].strip() for f in found] == [
        "layer b",
        "layer a",
        "layer b",
        "no face has a film above zero",
    ]


def test_change_is_validated_too() -> None:
    with pytest.raises(InputError, match="film -1"):
        dataclasses.replace(make(layer()), top=Face(-1.0, 20.0))


def test_describe_lists_the_layers() -> None:
    hot = Region("hot", box(0, 0, 500, 500), materials()["copper"], heats="hot")
    table = make(layer("die", 100.0, hot), layer("lid", 50.0)).describe()
    assert table.to_dict("list") == {
        "layer": ["die", "lid"],
        "z_um": [0.0, 100.0],
        "thickness_um": [100.0, 50.0],
        "background": ["silicon", "silicon"],
        "materials": ["copper", ""],
        "regions": [1, 0],
        "heat_keys": [1, 0],
    }


def test_layers_of_a_key() -> None:
    hot = Region("hot", SQUARE, SILICON, heats="hot")
    built = make(layer("a", 10.0, hot), layer("b"), layer("c", 10.0, hot))
    assert built.layers_of("hot") == ("a", "c")
    assert built.layers_of("cold") == ()
