"""Bump fields: counts, positions, nets and orientation of arrays and points alike."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from floorplan import BumpArray, BumpField, BumpKind, Orientation
from techlib import InputError


def field_of(**changes):
    given = {
        "arrays": (
            BumpArray(10.0, 20.0, 45.0, 90.0, columns=3, rows=2, net=1),
            BumpArray(32.5, 65.0, 45.0, 90.0, columns=2, rows=1, net=0),
        ),
        "points_um": [[1.0, 2.0], [3.0, 5.0]],
        "point_nets": [2, 1],
    }
    return BumpField(
        "die/core", BumpKind.CORE, "die", 25.0, ("VDD", "VSS", "tx"), **given | changes
    )


def test_positions_and_nets_go_together():
    bumps = field_of()
    assert bumps.count == len(bumps.positions_um()) == len(bumps.net_codes()) == 10
    assert bumps.positions_um()[:4].tolist() == [[10, 20], [55, 20], [100, 20], [10, 110]]
    assert bumps.net_codes().tolist() == [1] * 6 + [0] * 2 + [2, 1]
    assert bumps.count_by_net() == {"VDD": 2, "VSS": 7, "tx": 1}
    assert bumps.bounds_um == (1.0, 2.0, 100.0, 110.0)
    assert bumps.ports == bumps.nets


def test_parts_hold_every_bump_once_under_its_net():
    bumps = field_of()
    parts = {bumps.nets[net]: (arrays, points.tolist()) for net, arrays, points in bumps.parts()}
    assert parts == {
        "VDD": ((bumps.arrays[1],), []),
        "VSS": ((bumps.arrays[0],), [[3.0, 5.0]]),
        "tx": ((), [[1.0, 2.0]]),
    }


@given(
    orientation=st.sampled_from(list(Orientation)),
    shift=st.tuples(st.integers(-9, 9), st.integers(-9, 9)),
    size=st.tuples(st.integers(1, 5), st.integers(1, 5)),
)
def test_arrays_turn_as_their_points_do(orientation, shift, size):
    array = BumpArray(3.0, 4.0, 2.0, 7.0, columns=size[0], rows=size[1])
    bumps = field_of(arrays=(array,), point_nets=[0, 0])
    turned = bumps.placed(*shift, orientation)
    expected = orientation.apply(bumps.positions_um()) + shift
    assert sorted(turned.positions_um().tolist()) == sorted(expected.tolist())
    assert turned.count == bumps.count


@pytest.mark.parametrize(
    ("orientation", "matrix"),
    [
        ("R0", [[1, 0], [0, 1]]),
        ("R90", [[0, -1], [1, 0]]),
        ("R180", [[-1, 0], [0, -1]]),
        ("R270", [[0, 1], [-1, 0]]),
        ("MX", [[1, 0], [0, -1]]),
        ("MY", [[-1, 0], [0, 1]]),
        ("MX90", [[0, 1], [1, 0]]),
        ("MY90", [[0, -1], [-1, 0]]),
    ],
)
def test_orientations_are_those_of_def(orientation, matrix):
    points = np.array([[2.0, 1.0], [-3.0, 5.0]])
    assert Orientation(orientation).apply(points).tolist() == (points @ np.array(matrix).T).tolist()


def test_face_up_twice_is_the_same_again():
    bumps = field_of()
    again = bumps.face_up(200.0).face_up(200.0)
    assert again.positions_um() == pytest.approx(bumps.positions_um())
    assert bumps.face_up(200.0).bounds_um == (100.0, 2.0, 199.0, 110.0)


def test_points_cannot_be_written_to():
    bumps = field_of()
    with pytest.raises(ValueError, match="read-only"):
        bumps.points_um[0] = 0.0


def test_every_fault_is_listed():
    with pytest.raises(InputError) as caught:
        BumpField(
            "x/core",
            BumpKind.CORE,
            "x",
            0.0,
            ("VDD", "VSS", "VDD"),
            ports=("a",),
            arrays=(BumpArray(0, 0, 0, 1, columns=2, rows=1, net=7),),
            points_um=[[np.inf, 0.0]],
        )
    assert str(caught.value).splitlines() == [
        "bump field x/core: nets: VDD listed twice; allowed: each net once",
        "bump field x/core: ports: 1 ports for 3 nets; allowed: one for each net",
        "bump field x/core: pad: 0 um; allowed: above 0 um",
        "bump field x/core: point_nets: 0 nets for 1 points; allowed: one for each point",
        "bump field x/core: points: a coordinate is not finite; allowed: finite lengths in um",
        "bump field x/core: nets: net 7 is not one of 3; allowed: positions in the list of nets",
        "bump field x/core: arrays[0]: has no bumps, or a pitch that is not above 0 um",
    ]


def test_an_empty_field_has_no_bounds():
    empty = BumpField("x/core", BumpKind.CORE, "x", 25.0, ())
    assert (empty.count, empty.bounds_um) == (0, (0.0, 0.0, 0.0, 0.0))
    assert empty.positions_um().shape == (0, 2)
    assert list(empty.parts()) == []
