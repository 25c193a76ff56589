"""Cases that are written and read again are the same."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pandas as pd
import pytest
from shapely import Polygon, box

import package
from floorplan import Floorplan
from package import (
    Case,
    Face,
    Layer,
    Package,
    Region,
    read_case,
    write_case,
)
from techlib import InputError, materials

Content = Callable[[], dict[str, Any]]
Read = Callable[..., Case]
WithTrace = Callable[..., dict[str, Any]]
REFERENCE = Path(__file__).parents[3] / "shared" / "data" / "thermal"


def test_write_then_read_is_the_same_case(
    content: Content, read: Read, with_trace: WithTrace, tmp_path: Path
) -> None:
    data = with_trace(content())
    case = read(data, "a,b\n0.1,2\n3.3333333333333335,4\n")
    write_case(case, tmp_path / "one.json")
    again = read_case(tmp_path / "one.json")
    assert_equal(case, again)
    write_case(again, tmp_path / "two.json")
    one, two = ((tmp_path / f"{n}.json").read_text() for n in ("one", "two"))
    assert one.replace("one_trace", "two_trace") == two


def assert_equal(one: Case, other: Case) -> None:
    assert (one.power_w, one.initial_c) == (other.power_w, other.initial_c)
    assert one.description == other.description
    for side in ("name", "top", "bottom", "sides", "ambient_c"):
        assert getattr(one.package, side) == getattr(other.package, side)
    assert flat(one.package) == flat(other.package)
    assert (one.trace is None) == (other.trace is None)
    if one.trace is not None and other.trace is not None:
        assert one.trace.step_s == other.trace.step_s
        pd.testing.assert_frame_equal(one.trace.power_w, other.trace.power_w, check_exact=True)


def flat(built: Package) -> list[Any]:
    return [
        (
            layer.name,
            layer.thickness_um,
            layer.outline.bounds,
            solid(layer.background),
            [(r.name, r.heats, r.outline.wkb, solid(r.material)) for r in layer.regions],
        )
        for layer in built.layers
    ]


def solid(material: Any) -> tuple[Any, ...]:
    return material.name, material.conductivity_w_mk, material.heat_capacity_j_m3k


def test_an_assembled_package_survives_the_format(tmp_path: Path, plan: Floorplan) -> None:
    built = package.assemble(plan, package.stackups()["lidded-2.5d"])
    power_w = dict.fromkeys(built.heat_keys, 5.0)
    write_case(Case(built, power_w, initial_c=40.0), tmp_path / "case.json")
    again = read_case(tmp_path / "case.json")
    assert set(again.package.heat_keys) == set(built.heat_keys)
    assert again.package.resistance_1d(power_w) == pytest.approx(
        built.resistance_1d(power_w), rel=1e-9
    )
    assert again.package.thickness_um == pytest.approx(built.thickness_um, rel=1e-12)
    write_case(again, tmp_path / "again.json")
    assert_equal(again, read_case(tmp_path / "again.json"))


def test_own_filler_is_kept(content: Content, read: Read, tmp_path: Path) -> None:
    data = {**content(), "filler": "pcb"}
    case = read(data)
    assert case.package.filler.name == "pcb"
    write_case(case, tmp_path / "again.json")
    assert read_case(tmp_path / "again.json").package.filler.conductivity_w_mk == (20.0, 10.0, 0.5)


def test_what_the_format_cannot_hold(tmp_path: Path) -> None:
    silicon, square = materials()["silicon"], box(0.0, 0.0, 1000.0, 1000.0)
    other = materials().extended(
        {"silicon": {"conductivity": "99 W/(m K)", "heat_capacity": "1e6 J/(m^3 K)"}}, where="x"
    )["silicon"]
    wedge = Polygon([(0, 0), (500, 0), (0, 500)])
    layers = (
        Layer("die", 10.0, square, silicon, (Region("wedge", wedge, other, "wedge"),)),
        Layer("lid", 10.0, wedge, silicon),
    )
    built = Package("odd", layers, materials()["air"], Face(1.0, 20.0), Face(), Face(), 20.0)
    with pytest.raises(InputError) as caught:
        write_case(Case(built, {"wedge": 1.0}, initial_c=20.0), tmp_path / "case.json")
    assert [str(fault) for fault in caught.value.faults] == [
        ("odd: materials: two materials are named 'silicon'; allowed: one; rename one of them"),
        (
            "odd: layer die: wedge: an edge of the outline runs along neither axis; "
            "allowed: rectilinear outlines; replace slanted edges by steps"
        ),
        (
            "odd: layer lid: outline is no rectangle; allowed: a rectangle; "
            "use regions for other shapes"
        ),
    ]
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    ("name", "layers", "keys", "power_w", "steps"),
    [
        ("analytic_stack", 5, 64, 700.0, 0),
        ("pkg25d", 8, 72, 940.0, 1000),
        ("hotspot_ev6", 5, 30, 40.207316, 100),
    ],
)
def test_reference_cases_are_read(
    name: str, layers: int, keys: int, power_w: float, steps: int, tmp_path: Path
) -> None:
    file = REFERENCE / name / "case.json"
    if not file.exists():
        pytest.skip(f"the reference case {file} is not shipped with the project")
    case = read_case(file)
    assert len(case.package.layers) == layers
    assert len(case.package.heat_keys) == keys
    assert sum(case.power_w.values()) == pytest.approx(power_w, rel=1e-6)
    assert (0 if case.trace is None else len(case.trace.power_w)) == steps
    write_case(case, tmp_path / "case.json")
    assert_equal(case, read_case(tmp_path / "case.json"))
