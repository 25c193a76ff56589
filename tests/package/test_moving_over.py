"""Cases written for another tool and read again are the same to heat conduction."""

from __future__ import annotations

import contextlib
import re
import tempfile
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import shapely
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray
from shapely import Point, Polygon, box

from package import (
    Case,
    CaseTrace,
    Face,
    Layer,
    Package,
    Region,
    read_any_case,
    read_case,
    read_hotspot,
    read_ice,
    write_case,
    write_hotspot,
    write_ice,
)
from techlib import InputError, Material, materials

Writer = Callable[[Case, Path], object]
REFERENCE = Path(__file__).parents[3] / "shared" / "data" / "thermal"
MANY = 23
OFF_GRID = 2.0**0.5 - 1.0  # so that the points fall on no edge of a round grid


def properties(case: Case, points: int = MANY) -> list[NDArray[np.float64]]:
    """Return kx, ky, kz, heat capacity and steady power density on points of every layer."""
    x0, y0, x1, y1 = case.package.extent_um
    places = [
        Point(x0 + (x1 - x0) * (i + OFF_GRID) / points, y0 + (y1 - y0) * (j + OFF_GRID) / points)
        for i in range(points)
        for j in range(points)
    ]
    density = densities(case)
    return [
        np.array([at(case, layer, density, p) for p in places]) for layer in case.package.layers
    ]


def densities(case: Case) -> dict[str, float]:
    """Return power per volume of each heat key [W/um^3]."""
    volume: dict[str, float] = {}
    for layer in case.package.layers:
        for region in layer.regions:
            if region.heats:
                size = region.outline.area * layer.thickness_um
                volume[region.heats] = volume.get(region.heats, 0.0) + size
    return {key: case.power_w.get(key, 0.0) / size for key, size in volume.items()}


def at(case: Case, layer: Layer, density: dict[str, float], place: Point) -> tuple[float, ...]:
    """Return the properties of a layer at a place."""
    material, heat = case.package.filler, 0.0
    if shapely.covers(layer.outline, place):
        material = layer.background
        for region in layer.regions:
            if shapely.covers(region.outline, place):
                material = region.material
                heat = density[region.heats] if region.heats else 0.0
    return (*material.conductivity_w_mk, material.heat_capacity_j_m3k, heat)


def assert_same_physics(one: Case, other: Case, rtol: float = 1e-7) -> None:
    """Hold two cases against each other: layers, materials, power, films, start, trace.

    Lengths are kept to the picometre, on blocks of 100 um and more.
    """
    a, b = one.package, other.package
    assert len(a.layers) == len(b.layers)
    np.testing.assert_allclose(
        [layer.thickness_um for layer in a.layers],
        [layer.thickness_um for layer in b.layers],
        rtol=rtol,
    )
    np.testing.assert_allclose(
        np.ptp(np.reshape(a.extent_um, (2, 2)), axis=0),
        np.ptp(np.reshape(b.extent_um, (2, 2)), axis=0),
        rtol=rtol,
    )
    for layer, mine, theirs in zip(a.layers, properties(one), properties(other), strict=True):
        np.testing.assert_allclose(mine, theirs, rtol=rtol, err_msg=layer.name)
    for side in ("top", "bottom", "sides"):
        mine, theirs = getattr(a, side), getattr(b, side)
        np.testing.assert_allclose(mine.film_w_m2k, theirs.film_w_m2k, rtol=rtol)
        if mine.film_w_m2k:
            np.testing.assert_allclose(mine.temperature_c, theirs.temperature_c, atol=1e-9)
    np.testing.assert_allclose(one.initial_c, other.initial_c, atol=1e-9)
    assert (one.trace is None) == (other.trace is None)
    if one.trace is not None and other.trace is not None:
        np.testing.assert_allclose(one.trace.step_s, other.trace.step_s, rtol=rtol)
        np.testing.assert_allclose(
            one.trace.power_w.sum(axis=1), other.trace.power_w.sum(axis=1), rtol=rtol
        )


STOCK = materials()
ISOTROPIC = [STOCK[name] for name in ("silicon", "copper", "sio2", "mould")]
ANISOTROPIC = [m for m in (STOCK[n] for n in STOCK) if len(set(m.conductivity_w_mk)) > 1]


def grid(width: int, height: int, columns: int, rows: int) -> list[Polygon]:
    x = np.linspace(0.0, width, columns + 1)
    y = np.linspace(0.0, height, rows + 1)
    return [box(x[i], y[j], x[i + 1], y[j + 1]) for j in range(rows) for i in range(columns)]


@st.composite
def layers(
    draw: st.DrawFn, width: int, height: int, palette: list[Material], keys: list[str]
) -> tuple[Layer, ...]:
    """A few layers; some cells of a grid have a material of their own, some dissipate."""
    found = []
    for number in range(draw(st.integers(1, 3))):
        small = draw(st.booleans()) and number > 0
        outline = box(0, 0, width // 2, height) if small else box(0, 0, width, height)
        x1, y1 = outline.bounds[2:]
        cells = grid(int(x1), int(y1), draw(st.integers(1, 3)), draw(st.integers(1, 3)))
        regions = []
        for place, cell in enumerate(cells):
            kind = draw(st.sampled_from(["none", "heat", "material", "both"]))
            if number == 0 and place == 0:
                kind = "heat"
            if kind != "none":
                own = draw(st.sampled_from(palette))
                key = draw(st.sampled_from(keys)) if kind != "material" else ""
                background = kind == "heat"
                material = palette[0] if background else own
                regions.append(Region(f"r{place}", cell, material, key))
        thickness = draw(st.integers(1, 400))
        found.append(
            Layer(f"layer {number}", float(thickness), outline, palette[0], tuple(regions))
        )
    return tuple(found)


@st.composite
def cases(draw: st.DrawFn, *, hotspot: bool) -> Case:
    """A random small case: for HotSpot with spreader and sink, else with two-sided cooling."""
    width, height = draw(st.integers(400, 9000)), draw(st.integers(400, 9000))
    palette = ISOTROPIC if hotspot else [*ISOTROPIC, *ANISOTROPIC]
    keys = ["core", "die/cache", "7 up"]
    stack = draw(layers(width, height, palette, keys))
    bottom = Face()
    if hotspot:
        for name, wider in (("spreader", 1000), ("sink", 4000)):
            half = (max(width, height) + wider) / 2.0
            x, y = width / 2.0, height / 2.0
            square = box(x - half, y - half, x + half, y + half)
            stack = (*stack, Layer(name, 1500.0, square, ISOTROPIC[1]))
    elif len(stack) > 1:
        bottom = Face(draw(st.sampled_from([0.0, 200.0])), 30.0)
    top = Face(draw(st.floats(10.0, 1e5)), draw(st.floats(-20.0, 90.0)))
    built = Package("round trip", stack, STOCK["air"], top, bottom, Face(), 25.0)
    used = built.heat_keys
    rows = draw(st.integers(1, 3))
    values = draw(
        st.lists(
            st.lists(st.floats(0.01, 300.0), min_size=len(used), max_size=len(used)),
            min_size=rows,
            max_size=rows,
        )
    )
    power = pd.DataFrame(values, columns=list(used))
    trace = CaseTrace(0.002, power) if rows > 1 else None
    return Case(built, power.mean().to_dict(), trace, initial_c=25.0)


CONSTANT = "conductivities are constant, as at one temperature: copper (27 degC), silicon (27 degC)"
QUICK = settings(max_examples=25, deadline=None, suppress_health_check=list(HealthCheck))


@QUICK
@given(cases(hotspot=False))
def test_what_is_written_for_3d_ice_reads_the_same(case: Case) -> None:
    with tempfile.TemporaryDirectory() as folder:
        write_ice(case, Path(folder) / "chip.stk")
        assert_same_physics(case, read_ice(Path(folder) / "chip.stk"))


@QUICK
@given(cases(hotspot=True))
def test_what_is_written_for_hotspot_reads_the_same(case: Case) -> None:
    with tempfile.TemporaryDirectory() as folder:
        write_hotspot(case, folder)
        assert_same_physics(case, read_hotspot(folder))


def test_the_comparison_sees_a_difference() -> None:
    square = box(0, 0, 1000, 1000)
    hot = Region("hot", square, ISOTROPIC[0], "hot")
    die = Layer("die", 100.0, square, ISOTROPIC[0], (hot,))
    one = Package("one", (die,), STOCK["air"], Face(1e4, 40.0), Face(), Face(), 40.0)
    case = Case(one, {"hot": 10.0}, initial_c=40.0)
    assert_same_physics(case, case)
    with pytest.raises(AssertionError):
        assert_same_physics(case, Case(one, {"hot": 10.001}, initial_c=40.0))
    warmer = Package("one", (die,), STOCK["air"], Face(1e4, 40.1), Face(), Face(), 40.0)
    with pytest.raises(AssertionError):
        assert_same_physics(case, Case(warmer, {"hot": 10.0}, initial_c=40.0))


def hotspot_ev6(folder: Path) -> None:
    """Write the input set of HotSpot's first example from the neutral case of the same chip."""
    case = read_case(REFERENCE / "hotspot_ev6" / "case.json")
    active = case.package.layers[0]
    x0, y0 = active.outline.bounds[:2]
    rows = []
    for region in active.regions:
        left, bottom, right, top = (value * 1e-6 for value in region.outline.bounds)
        values = (right - left, top - bottom, left - x0 * 1e-6, bottom - y0 * 1e-6)
        rows.append("\t".join([region.name, *(f"{value:.6f}" for value in values)]))
    (folder / "ev6.flp").write_text("# name w h x y\n\n" + "\n".join(rows) + "\n")
    assert case.trace is not None
    case.trace.power_w.to_csv(folder / "gcc.ptrace", sep="\t", index=False)
    (folder / "example.config").write_text(
        """# the numbers of the case's description
        -t_chip 0.00015
        -k_chip 130.0
        -p_chip 1630300
        -r_convec 0.1
        -s_sink 0.06
        -t_sink 0.0069
        -s_spreader 0.03
        -t_spreader 0.001
        -t_interface 2.0e-05
        -ambient 318.15
        -init_temp 318.15
        -sampling_intvl 0.01
        """
    )


@pytest.mark.skipif(not REFERENCE.exists(), reason="reference cases are not shipped")
def test_hotspots_first_example_is_the_neutral_case(tmp_path: Path) -> None:
    hotspot_ev6(tmp_path)
    neutral = read_case(REFERENCE / "hotspot_ev6" / "case.json")
    case = read_any_case(tmp_path)
    assert_same_physics(neutral, case)
    outlines = [layer.outline.bounds for layer in case.package.layers]
    expected = [layer.outline.bounds for layer in neutral.package.layers]
    np.testing.assert_allclose(outlines, expected, atol=1e-6)
    assert list(case.power_w) == list(neutral.power_w)
    np.testing.assert_allclose(
        list(case.power_w.values()), list(neutral.power_w.values()), rtol=1e-6
    )


@pytest.mark.skipif(not REFERENCE.exists(), reason="reference cases are not shipped")
@pytest.mark.parametrize("name", ["analytic_stack", "pkg25d"])
def test_reference_cases_survive_3d_ice(name: str, tmp_path: Path) -> None:
    case = read_case(REFERENCE / name / "case.json")
    write_ice(case, tmp_path / "chip.stk")
    again = read_any_case(tmp_path / "chip.stk")
    if case.trace is not None:  # 3D-ICE has one kind of power: the steady one is the trace's mean
        case = Case(case.package, again.power_w, case.trace, initial_c=case.initial_c)
    assert_same_physics(case, again)


@pytest.mark.skipif(not REFERENCE.exists(), reason="reference cases are not shipped")
def test_hotspots_example_survives_every_format(tmp_path: Path) -> None:
    hotspot_ev6(tmp_path)
    first = read_any_case(tmp_path)
    write_ice(first, tmp_path / "ev6.stk")
    second = read_any_case(tmp_path / "ev6.stk")
    write_case(second, tmp_path / "ev6.json")
    third = read_any_case(tmp_path / "ev6.json")
    assert_same_physics(first, second)
    assert_same_physics(second, third)


def test_same_case_gives_the_same_bytes(tmp_path: Path) -> None:
    case = slab(Region("core", box(0, 0, 500, 1000), ISOTROPIC[0], "core"))
    for name in ("one", "two"):
        write_hotspot(case, tmp_path / name)
        write_ice(case, tmp_path / name / "chip.stk")
    one, two = (
        {file.name: file.read_bytes() for file in (tmp_path / name).iterdir()}
        for name in ("one", "two")
    )
    assert one == two
    assert len(one) == 6 + 4  # of HotSpot; of 3D-ICE, with layouts as the die is set into air


def slab(*regions: Region, background: Material = ISOTROPIC[0], top: Face | None = None) -> Case:
    """A die of 1 x 1 mm under a spreader and a sink."""
    square, wide = box(0, 0, 1000, 1000), box(-1000, -1000, 2000, 2000)
    stack = (
        Layer("die", 100.0, square, background, regions),
        Layer("tim", 20.0, square, ISOTROPIC[2]),
        Layer("spreader", 500.0, wide, ISOTROPIC[1]),
        Layer("sink", 5000.0, wide, ISOTROPIC[1]),
    )
    face = top or Face(3000.0, 45.0)
    built = Package("slab", stack, STOCK["air"], face, Face(), Face(), 45.0)
    return Case(built, dict.fromkeys(built.heat_keys, 5.0), initial_c=45.0)


def test_writers_say_what_the_other_tool_will_see(tmp_path: Path) -> None:
    angle = Polygon([(0, 0), (900, 0), (900, 200), (300, 200), (300, 700), (0, 700)])
    case = slab(
        Region("die/angle", angle, ISOTROPIC[3], "die/angle"),
        Region("top", box(500, 500, 900, 900), ISOTROPIC[0], "top"),
    )
    command, *notes = write_hotspot(case, tmp_path)
    assert command == (
        "hotspot -c slab.config -p slab.ptrace -grid_layer_file slab.lcf -materials_file "
        "slab.materials -model_type grid -detailed_3D on (HotSpot then counts the convection "
        "resistance one and a half times)"
    )
    assert notes == [
        CONSTANT,
        (
            "blocks of several rectangles or layers are written in parts, NAME.1, NAME.2 ..., "
            "which share the power by volume: die/angle"
        ),
    ]
    assert write_ice(case, tmp_path / "slab.stk") == (
        "other names of layers: 'die' is 'n_die', 'spreader' is 'n_spreader', 'sink' is 'n_sink'",
        "other names of heat keys: 'die/angle' is 'die_angle', 'top' is 'n_top'",
        CONSTANT,
    )
    assert set(read_hotspot(tmp_path).power_w) == {"die/angle.1", "die/angle.2", "top"}
    assert set(read_ice(tmp_path / "slab.stk").power_w) == {"die_angle", "n_top"}


JUNK = [
    "",
    "0",
    "-1",
    "nan",
    "1e999",
    "1e-999",
    "x",
    ";",
    ":",
    "(",
    '"',
    "/*",
    "//",
    "#",
    "\n",
    "é",
]


@settings(max_examples=80, deadline=None, suppress_health_check=list(HealthCheck))
@given(
    file=st.integers(0, 99),
    edits=st.lists(st.tuples(st.floats(0.0, 1.0), st.sampled_from(JUNK)), min_size=1, max_size=3),
)
def test_mutilated_files_are_read_or_refused(file: int, edits: list[tuple[float, str]]) -> None:
    case = slab(
        Region("a", box(0, 0, 500, 900), ISOTROPIC[3], "a"),
        Region("b", box(500, 0, 900, 900), ISOTROPIC[0], "b"),
    )
    with tempfile.TemporaryDirectory() as folder:
        write_hotspot(case, folder)
        write_ice(case, Path(folder) / "slab.stk")
        files = sorted(Path(folder).iterdir())
        victim = files[file % len(files)]
        words = re.split(r"(\s+)", victim.read_text())
        for place, junk in edits:
            words[int(place * (len(words) - 1))] = junk
        victim.write_text("".join(words))
        for path in (folder, Path(folder) / "slab.stk"):
            with contextlib.suppress(InputError):
                assert read_any_case(path).package.layers


def faults(case: Case, path: Path) -> list[str]:
    write = write_ice if path.suffix else write_hotspot
    with pytest.raises(InputError) as caught:
        write(case, path)
    assert not list(path.parent.iterdir())
    return [str(fault) for fault in caught.value.faults]


def test_what_hotspot_cannot_hold(tmp_path: Path) -> None:
    square = box(0, 0, 1000, 1000)
    wedge = Region("wedge", Polygon([(0, 0), (500, 0), (0, 500)]), ISOTROPIC[0], "wedge")
    oblong = Layer("lid", 100.0, box(0, 0, 1200, 1000), ANISOTROPIC[0])
    narrow = Layer("sink", 100.0, box(0, 0, 900, 900), ISOTROPIC[0], ())
    die = Layer("die", 10.0, square, ISOTROPIC[0], (wedge,))
    built = Package(
        "odd", (die, oblong, narrow), STOCK["air"], Face(9.0, 20.0), Face(), Face(), 20.0
    )
    found = faults(Case(built, {"wedge": 1.0}, initial_c=20.0), tmp_path / "set")
    kx, ky, kz = ANISOTROPIC[0].conductivity_w_mk
    assert found == [
        "odd: layer lid: 1200 x 1000 um; allowed: a square: it becomes HotSpot's spreader",
        "odd: layer lid: is not centred over the chip; allowed: one centre in HotSpot",
        "odd: layer sink: is not centred over the spreader; allowed: one centre in HotSpot",
        "odd: layer sink: does not cover the spreader; allowed: as wide as the spreader, or wider",
        (
            "odd: layer die: wedge: an edge of the outline runs along neither axis; allowed: "
            "rectilinear outlines; replace slanted edges by steps"
        ),
        (
            f"odd: material {ANISOTROPIC[0].name}: conductivity {kx:g}, {ky:g}, {kz:g} W/(m K); "
            "allowed: one number in every direction in HotSpot; write a 3D-ICE stack"
        ),
    ]
    built = Package("odd", (die,), STOCK["air"], Face(), Face(9.0, 20.0), Face(1.0), 20.0)
    assert faults(Case(built, {"wedge": 1.0}, initial_c=20.0), tmp_path / "set") == [
        "odd: 1 layers; allowed: a chip of one layer or more, a spreader and a sink in HotSpot",
        "odd: top: no film; allowed: a convection resistance in HotSpot",
        (
            "odd: bottom: film 9 W/(m^2 K); allowed: adiabatic in HotSpot; HotSpot's secondary "
            "path has materials of its own; write a 3D-ICE stack"
        ),
        (
            "odd: sides: film 1 W/(m^2 K); allowed: adiabatic in HotSpot; HotSpot's secondary path "
            "has materials of its own; write a 3D-ICE stack"
        ),
        "odd: no layer below the two uppermost is heated; allowed: one or more",
    ]


def test_what_3d_ice_cannot_hold(tmp_path: Path) -> None:
    square = box(0, 0, 1000, 1000)
    die = Layer("die", 10.0, square, ISOTROPIC[0])
    built = Package(
        "odd", (die,), STOCK["air"], Face(1.0, 20.0), Face(1.0, 20.0), Face(1.0, 20.0), 20.0
    )
    assert faults(Case(built, {}, initial_c=20.0), tmp_path / "odd.stk") == [
        "odd: sides: film 1 W/(m^2 K) on the sides; allowed: adiabatic sides in 3D-ICE",
        "odd: no layer is heated; allowed: one or more: a stack needs a die",
        (
            "odd: has one layer; allowed: two layers or more between two heat sinks in 3D-ICE; cut "
            "it into two"
        ),
    ]


@pytest.mark.parametrize(
    ("write", "blocked"),
    [
        (write_case, "slab.json"),
        (write_ice, "slab.stk"),
        (write_ice, "slab_n_die.flp"),
        (lambda case, path: write_hotspot(case, path.parent), "slab.lcf"),
    ],
)
def test_a_place_that_cannot_be_written_is_told_and_nothing_is_left(
    tmp_path: Path, write: Writer, blocked: str
) -> None:
    square, stock = box(0.0, 0.0, 1e4, 1e4), materials()
    die = Layer(
        "die", 100.0, square, stock["silicon"], (Region("hot", square, stock["silicon"], "hot"),)
    )
    plates = tuple(Layer(name, 1e3, square, stock["copper"]) for name in ("spreader", "sink"))
    slab = Package("slab", (die, *plates), stock["air"], Face(1e4, 40.0), Face(), Face(), 40.0)
    (tmp_path / blocked).mkdir()
    with pytest.raises(InputError, match=f"{blocked}: is a folder; allowed: the name of a file"):
        write(
            Case(slab, {"hot": 10.0}, initial_c=40.0),
            tmp_path / blocked.replace("_n_die.flp", ".stk"),
        )
    assert [path.name for path in tmp_path.iterdir()] == [blocked]


@pytest.mark.parametrize("write", [write_ice, lambda case, path: write_hotspot(case, path.parent)])
def test_steady_powers_beside_a_trace_are_told(tmp_path: Path, write: Writer) -> None:
    """Neither format holds both; what is read again takes the means of the trace."""
    square, stock = box(0.0, 0.0, 1e4, 1e4), materials()
    hot = Region("hot", square, stock["mould"], "hot")
    die = Layer("die", 100.0, square, stock["mould"], (hot,))
    plates = tuple(Layer(name, 1e3, square, stock["mould"]) for name in ("spreader", "sink"))
    slab = Package("slab", (die, *plates), stock["air"], Face(1e4, 40.0), Face(), Face(), 40.0)
    trace = CaseTrace(0.1, pd.DataFrame({"hot": [1.0, 3.0]}))
    for power_w, told in ((2.0, False), (2.5, True)):
        notes = write(Case(slab, {"hot": power_w}, trace, initial_c=40.0), tmp_path / "slab.stk")
        assert any("the means of its trace" in note for note in notes) == told
