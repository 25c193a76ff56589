"""Points found again as arrays: none is lost, and what repeats takes few arrays."""

import time
from collections import Counter

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

import floorplan
from floorplan.bump_lattices import lattices

places = st.lists(st.tuples(st.integers(-9, 9), st.integers(-9, 9)), max_size=80)


def listed(points_um):
    return Counter(map(tuple, np.rint(np.reshape(points_um, (-1, 2)) * 1000).astype(int).tolist()))


@given(places=places, pitch=st.sampled_from([1, 5, 45_000]))
def test_every_point_is_in_one_array_or_left(places, pitch):
    """Also where two points are in one place."""
    points = np.array(places, dtype=float).reshape(-1, 2) * pitch / 1000
    arrays, left = lattices(points)
    found = sum((listed(array.positions_um()) for array in arrays), listed(left))
    assert found == listed(points)


def test_a_lattice_is_one_array_whatever_the_order():
    x, y = np.meshgrid(np.arange(40) * 0.045, np.arange(30) * 0.055)
    points = np.stack([x.ravel(), y.ravel()], axis=1)
    np.random.default_rng(0).shuffle(points)
    (array,), left = lattices(points)
    assert (array.columns, array.rows, len(left)) == (40, 30, 0)
    assert (array.pitch_x_um, array.pitch_y_um) == (0.045, 0.055)


def test_signals_of_a_stack_repeat_word_by_word():
    """Twenty words of HBM3 in four channels: 24 sites in each of two turns of the stagger."""
    plan = floorplan.build(floorplan.recipes()["jalapeno"])
    field = next(f for f in floorplan.lay_out(plan).fields if f.name == "hbm_w0/hbm")
    signal = np.array(["/" in net for net in field.nets])[field.point_nets]
    arrays, left = lattices(field.points_um[signal])
    assert sum(array.count for array in arrays) == 1_920
    assert len(arrays) <= 48
    assert not len(left)


def test_random_points_are_left_in_time_that_grows_with_them():
    draw = np.random.default_rng(1)
    points = draw.integers(0, 1 << 30, (100_000, 2)) / 1000.0
    start = time.process_time()
    arrays, left = lattices(points)
    assert (len(arrays), len(left)) == (0, 100_000)
    assert time.process_time() - start < 5.0
