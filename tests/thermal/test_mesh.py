from __future__ import annotations

import dataclasses
import pickle
import re
from collections.abc import Callable

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from shapely import Point, box

from package import Face, Flow, Layer, Package, Region
from techlib import InputError, Material, ResourceError, UnknownNameError, materials
from thermal import Mesh, Resolution, ThermalModel, assemble
from thermal.blocks import BlockCells
from thermal.coarseness import coarseness_warnings
from thermal.fill import LayerFill
from thermal.heat import heat_weights
from thermal.memory import check_memory, predicted_byte
from thermal.resolution import Kind

Solid = Callable[..., Material]
Stack = Callable[..., Package]

PLATE = box(0.0, 0.0, 10_000.0, 10_000.0)


@settings(max_examples=25, deadline=None)
@given(
    st.lists(
        st.tuples(
            st.floats(0.0, 9000.0),
            st.floats(0.0, 9000.0),
            st.floats(1e-2, 900.0),
            st.floats(1e-2, 900.0),
        ),
        min_size=1,
        max_size=6,
    ),
    st.sampled_from(["uniform", "fitted"]),
)
def test_heat_of_blocks_of_any_size_is_conserved(
    rectangles: list[tuple[float, float, float, float]], kind: str
) -> None:
    silicon = materials()["silicon"]
    layers = [
        Layer(f"l{i}", 10.0, PLATE, silicon, (Region("r", outline, silicon, f"b{i}"),))
        for i, outline in enumerate(box(x, y, x + w, y + h) for x, y, w, h in rectangles)
    ]
    package = Package("p", tuple(layers), silicon, Face(1e4), Face(), Face(), 25.0)
    mesh = Mesh.of(package, Resolution(lateral=7, kind=kind))
    np.testing.assert_allclose(np.asarray(mesh.heat.sum(axis=0)).ravel(), 1.0, rtol=1e-14)
    powers = np.arange(1.0, len(rectangles) + 1.0)
    blocks = BlockCells(mesh)
    assert blocks.source(powers).sum() == pytest.approx(powers.sum(), rel=1e-14)
    assert blocks.means(np.full(mesh.shape, 3.0)) == pytest.approx(3.0, rel=1e-14)


def test_a_block_that_would_lose_power_is_named(solid: Solid) -> None:
    silicon = solid(120.0)
    inside, outside = box(0, 0, 5000, 5000), box(9000, 0, 11_000, 1000)
    narrow = box(0, 6000, 0, 7000)
    package = _unchecked(silicon, {"in": inside, "half": outside, "none": narrow})
    lines = np.linspace(0.0, 10_000.0, 5)
    with pytest.raises(InputError) as caught:
        heat_weights(package, lines, lines, np.array([0.0, 100.0]), np.array([0]))
    half, none = str(caught.value).splitlines()
    assert half == (
        "block half: 50.000% of it lies outside of the package; allowed: blocks inside the "
        "package's extent"
    )
    assert none == "block none: has no volume to heat; give its outline an area"


def _unchecked(material: Material, blocks: dict[str, object]) -> Package:
    """Make a package as no reader would let it pass."""
    package = Package.__new__(Package)
    regions = tuple(Region(key, outline, material, key) for key, outline in blocks.items())
    layer = Layer.__new__(Layer)
    for name, value in {
        "name": "die",
        "thickness_um": 100.0,
        "outline": PLATE,
        "background": material,
        "regions": regions,
    }.items():
        object.__setattr__(layer, name, value)
    for name, value in {"name": "p", "layers": (layer,), "filler": material}.items():
        object.__setattr__(package, name, value)
    return package


def test_overlapping_regions_are_refused(solid: Solid) -> None:
    package = _unchecked(solid(1.0), {})
    regions = tuple(Region(n, PLATE, solid(k), "") for n, k in (("a", 2.0), ("b", 3.0)))
    object.__setattr__(package.layers[0], "regions", regions)
    lines = np.linspace(0.0, 10_000.0, 5)
    with pytest.raises(InputError, match="package p: layer die: regions overlap, or reach outside"):
        LayerFill.of(package.layers[0], package, lines, lines)


def test_fitted_lines_lie_on_the_edges_of_materials(solid: Solid) -> None:
    silicon, mould = solid(120.0), solid(0.9)
    die = box(1234.5, 2000.25, 7654.5, 8001.0)
    layer = Layer("die", 100.0, PLATE, mould, (Region("die", die, silicon, "core"),))
    package = Package("p", (layer,), mould, Face(1e4), Face(), Face(), 25.0)
    mesh = Mesh.of(package, Resolution(lateral=12))
    assert {1234.5, 7654.5} <= set(np.round(mesh.x_m * 1e6, 6))
    assert {2000.25, 8001.0} <= set(np.round(mesh.y_m * 1e6, 6))
    assert set(np.unique(mesh.conductivity_w_mk[2])) == {0.9, 120.0}
    assert np.diff(mesh.x_m).max() <= 10e-3 / 12 * (1 + 1e-9)


def test_fitted_lines_lie_on_the_edges_of_blocks_where_there_is_room(solid: Solid) -> None:
    """The longer edge of two that are too near to each other, and none too near to the end."""
    silicon = solid(120.0)
    blocks = {
        "long": box(2_345.0, 1_000.0, 5_000.0, 9_000.0),
        "short": box(6_000.0, 1_000.0, 2_345.0 + 5_000.0, 2_000.0),
        "near": box(5_300.0, 2_500.0, 9_000.0, 4_000.0),
        "edge": box(100.0, 2_500.0, 1_500.0, 4_000.0),
    }
    regions = tuple(Region(key, block, silicon, key) for key, block in blocks.items())
    layer = Layer("die", 100.0, PLATE, silicon, regions)
    package = Package("p", (layer,), silicon, Face(1e4), Face(), Face(), 25.0)
    lines_um = set(np.round(Mesh.of(package, Resolution(lateral=10)).x_m * 1e6, 6))
    assert {2_345.0, 5_000.0, 6_000.0, 7_345.0, 9_000.0} <= lines_um
    assert not {5_300.0, 100.0} & lines_um
    even = Mesh.of(package, Resolution(lateral=10, kind="uniform"))
    np.testing.assert_allclose(even.x_m, np.linspace(0.0, 10e-3, 11))


def test_mixed_cells_keep_the_mean_along_z_and_capacity(solid: Solid) -> None:
    silicon, mould = solid(120.0, 1.6e6), solid(0.9, 2.0e6)
    disc = Point(5000.0, 5000.0).buffer(3000.0, quad_segs=32)
    layer = Layer("die", 100.0, PLATE, mould, (Region("die", disc, silicon, "core"),))
    package = Package("p", (layer,), mould, Face(1e4), Face(), Face(), 25.0)
    mesh = Mesh.of(package, Resolution(lateral=9, kind="uniform"))
    share = disc.area / PLATE.area
    kz = mesh.conductivity_w_mk[2]
    assert float((kz * mesh.volume_m3).sum() / mesh.volume_m3.sum()) == pytest.approx(
        share * 120.0 + (1 - share) * 0.9, rel=1e-12
    )
    operator = assemble(mesh)
    assert float(operator.capacity_j_k.sum()) == pytest.approx(
        1e-8 * (share * 1.6e6 + (1 - share) * 2.0e6), rel=1e-12
    )
    # The disc is the same both ways.
    np.testing.assert_allclose(operator.gx[0], operator.gy[0].T, rtol=1e-9)


def test_an_operator_survives_the_way_to_another_process(stack: Stack, solid: Solid) -> None:
    package = stack([(100.0, solid(120.0)), (700.0, solid(5.0))])
    operator = assemble(Mesh.of(package, Resolution(lateral=4)))
    before = pickle.loads(pickle.dumps(operator))  # capacities not made yet
    capacity_j_k = operator.capacity_j_k
    after = pickle.loads(pickle.dumps(operator))
    for copy in (before, after):
        np.testing.assert_array_equal(copy.capacity_j_k, capacity_j_k)
        np.testing.assert_array_equal(copy.gx, operator.gx)
    shifted = dataclasses.replace(operator, shift_per_s=2.0)
    assert shifted.capacity_j_k is capacity_j_k


def test_cells_are_flat_beside_heat_and_grow_away_from_it(stack: Stack, solid: Solid) -> None:
    package = stack([(10.0, solid(1.0)), (765.0, solid(1.0)), (2000.0, solid(1.0))])
    mesh = Mesh.of(package, Resolution(lateral=10, finest_um=50.0, growth=0.3))
    heights = np.diff(mesh.z_m)[1:] * 1e6
    assert heights[0] <= 50.0 * 1.3
    assert (np.diff(heights[mesh.layer_of_cell[1:] == 1]) > 0.0).all()
    assert mesh.z_m[-1] == pytest.approx(2775e-6)
    assert list(mesh.layer_cells("layer0")) == [0]


def test_unknown_layer_has_a_suggestion(stack: Stack, solid: Solid) -> None:
    mesh = Mesh.of(stack([(10.0, solid(1.0))]), Resolution(lateral=2))
    message = "package test: unknown layer 'layer'; did you mean 'layer0'?"
    with pytest.raises(UnknownNameError, match=re.escape(message)):
        mesh.layer_cells("layer")


def test_settings_out_of_range_are_all_reported() -> None:
    with pytest.raises(InputError) as caught:
        Resolution(lateral=0, kind="fited", finest_um=-1.0, growth=float("nan"), cells_per_layer=0)
    assert str(caught.value).splitlines() == [
        "resolution.lateral: 0 cells; allowed: a whole number, 1 or more",
        "resolution.cells_per_layer: 0 cells; allowed: a whole number, 1 or more",
        "resolution.kind: unknown kind 'fited'; did you mean 'fitted'?",
        "resolution.finest_um: -1 um; allowed: above 0 um",
        "resolution.growth: nan; allowed: 0 or more",
    ]


def test_cells_are_whole() -> None:
    with pytest.raises(InputError) as caught:
        Resolution(lateral=16.5, cells_per_layer=1.5)
    assert str(caught.value).splitlines() == [
        "resolution.lateral: 16.5 cells; allowed: a whole number, 1 or more",
        "resolution.cells_per_layer: 1.5 cells; allowed: a whole number, 1 or more",
    ]


def test_a_mesh_that_does_not_fit_is_refused_before_it_is_made(stack: Stack, solid: Solid) -> None:
    with pytest.raises(ResourceError, match=r"cells need about .* lower the lateral resolution to"):
        Mesh.of(stack([(10.0, solid(1.0))]), Resolution(lateral=300_000))
    check_memory((10, 100, 100), available=predicted_byte(200_000))
    with pytest.raises(ResourceError, match="1 x 1000000000000 x 1000000000000 cells need about"):
        Mesh.of(stack([(10.0, solid(1.0))]), Resolution(lateral=10**12))


@pytest.mark.parametrize("kind", ["fitted", "graded"])
def test_the_resolution_that_is_advised_fits_and_the_next_does_not(
    stack: Stack, solid: Solid, monkeypatch: pytest.MonkeyPatch, kind: Kind
) -> None:
    """Finer cells are lower, too: their number grows faster than with the square."""
    layers = [(300.0, solid(120.0)), (2000.0, solid(390.0))]
    package = stack(layers, {"spot": box(0.0, 0.0, 3_000.0, 3_000.0)})
    monkeypatch.setattr("thermal.memory.available_byte", lambda: 10_000_000)
    for lateral in (200, 10**9):
        with pytest.raises(ResourceError) as refused:
            Mesh.of(package, Resolution(lateral=lateral, kind=kind))
        advised = int(str(refused.value).rsplit(" ", 1)[1])
        assert Mesh.of(package, Resolution(lateral=advised, kind=kind)).cells > 20_000
        with pytest.raises(ResourceError):
            Mesh.of(package, Resolution(lateral=advised + 1, kind=kind))
    with pytest.raises(ResourceError, match=r"; allow fewer cells along z$"):
        Mesh.of(package, Resolution(lateral=1, finest_um=0.01, growth=0.0))


def test_a_steady_state_alone_takes_less_memory(
    stack: Stack, solid: Solid, monkeypatch: pytest.MonkeyPatch
) -> None:
    package, resolution = stack([(10.0, solid(1.0))]), Resolution(lateral=100, finest_um=1e6)
    enough = int(predicted_byte(10_000, heated=1.0, marches=False) / 0.9) + 1
    monkeypatch.setattr("thermal.memory.available_byte", lambda: enough)
    assert ThermalModel(package, resolution, marches=False).steady({"all": 1.0}).cells == 10_000
    with pytest.raises(ResourceError, match="1 x 100 x 100 cells need about"):
        ThermalModel(package, resolution)


def test_heated_cells_take_more_memory(
    stack: Stack, solid: Solid, monkeypatch: pytest.MonkeyPatch
) -> None:
    layers = [(10.0, solid(1.0)), (10.0, solid(2.0))]
    half = stack(layers, {"half": box(0.0, 0.0, 5_000.0, 10_000.0)})
    resolution = Resolution(lateral=10, finest_um=1e6, cells_per_layer=2)
    monkeypatch.setattr("thermal.memory.available_byte", lambda: 1)
    with pytest.raises(ResourceError):
        Mesh.of(half, resolution)
    needed = predicted_byte(400, heated=0.25)
    assert needed == predicted_byte(400) + 400 * 15
    monkeypatch.setattr("thermal.memory.available_byte", lambda: int(needed / 0.9) + 1)
    assert Mesh.of(half, resolution).cells == 400
    monkeypatch.setattr("thermal.memory.available_byte", lambda: int(needed / 0.9) - 10)
    with pytest.raises(ResourceError, match="4 x 10 x 10 cells need about"):
        Mesh.of(half, resolution)


def test_what_takes_more_memory_is_refused_earlier(
    stack: Stack, solid: Solid, monkeypatch: pytest.MonkeyPatch
) -> None:
    plain, varying = (stack([(10.0, solid(1.0, exponent=n))]) for n in (0.0, 1.3))
    flow = Flow("x", 1e-6, 4e6, 25.0, 1e4, 1e4)
    channel = dataclasses.replace(plain.layers[0], name="channel", regions=(), flow=flow)
    cooled = dataclasses.replace(plain, layers=(*plain.layers, channel))
    resolution = Resolution(lateral=100, finest_um=1e6)
    enough = int(predicted_byte(20_000, heated=1.0) / 0.9) + 1
    monkeypatch.setattr("thermal.memory.available_byte", lambda: enough)
    assert Mesh.of(plain, resolution).cells == 10_000
    assert Mesh.of(varying, resolution).cells == 10_000
    with pytest.raises(ResourceError, match="2 x 100 x 100 cells need about"):
        Mesh.of(cooled, resolution)
    monkeypatch.setattr("thermal.memory.available_byte", lambda: enough // 2 + 1)
    assert Mesh.of(plain, resolution).cells == 10_000
    assert Mesh.of(varying, resolution, nonlinear=False).cells == 10_000
    with pytest.raises(ResourceError, match="1 x 100 x 100 cells need about"):
        Mesh.of(varying, resolution)


def test_narrow_blocks_and_regions_are_pointed_out(solid: Solid) -> None:
    silicon, copper = solid(120.0), solid(390.0)
    regions = (
        Region("tiny", box(10, 10, 20, 900), silicon, "tiny"),
        Region("wide", box(3000, 3000, 9000, 9000), silicon, "wide"),
        Region("via", box(2000, 2000, 2050, 2050), copper),
    )
    layer = Layer("die", 100.0, PLATE, silicon, regions)
    package = Package("p", (layer,), silicon, Face(1e4), Face(), Face(), 25.0)
    mesh = Mesh.of(package, Resolution(lateral=10, kind="uniform"))
    block, region = coarseness_warnings(mesh)
    assert block == (
        "1 block (tiny) is narrower than a cell; their maxima are means over a cell: raise the "
        "lateral resolution"
    )
    assert region == "layer die: 1 region (via) is narrower than a cell; materials are mixed there"


def test_maximum_of_a_block_leaves_out_cells_that_it_only_touches(solid: Solid) -> None:
    silicon = solid(120.0)
    regions = (
        Region("left", box(0, 0, 5200, 10_000), silicon, "left"),
        Region("right", box(5200, 0, 10_000, 10_000), silicon, "right"),
        Region("speck", box(9000, 0, 9001, 1), silicon, "speck"),
    )
    layers = tuple(
        Layer(f"die{i}", 100.0, PLATE, silicon, part)
        for i, part in enumerate((regions[:2], regions[2:]))
    )
    package = Package("p", layers, silicon, Face(1e4), Face(), Face(), 25.0)
    mesh = Mesh.of(package, Resolution(lateral=10, kind="uniform", finest_um=1e3))
    field = np.broadcast_to(np.arange(10.0), mesh.shape).copy()
    assert BlockCells(mesh).maxima(field).tolist() == [4.0, 9.0, 9.0]
    assert BlockCells(mesh).maxima(-field).tolist() == [0.0, -5.0, -9.0]
