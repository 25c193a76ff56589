"""What a neutral case file says, as a package with its powers."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import numpy as np
import pandas as pd
from shapely import box

from package import (
    Case,
    CaseTrace,
    Face,
)
from techlib import Trust, materials

Content = Callable[[], dict[str, Any]]
Read = Callable[..., Case]
WithTrace = Callable[..., dict[str, Any]]


def test_case_becomes_a_package(content: Content, read: Read) -> None:
    case = read(content())
    die, lid = case.package.layers
    assert case.package.name == "pair"
    assert case.power_w == {"a": 2.0, "b": 3.0}
    assert case.initial_c == case.package.ambient_c == 40.0
    assert (die.thickness_um, lid.thickness_um) == (10.0, 2000.0)
    assert die.outline.equals(box(1000.0, 1000.0, 4500.0, 3000.0))
    assert [(r.name, r.heats) for r in die.regions] == [("a", "a"), ("b", "b")]
    assert [(r.name, r.heats) for r in lid.regions] == [("a", "")]
    assert die.regions[1].material.conductivity_w_mk == (20.0, 10.0, 0.5)
    assert die.regions[0].material.provenance["conductivity_w_mk"].trust is Trust.USER
    assert case.package.top == Face(20000.0, 40.0)
    assert case.package.bottom == case.package.sides == Face()
    assert case.package.filler is materials()["air"]
    assert case.trace is None
    assert case.notes == ()


def test_heat_may_be_marked_by_the_power_layer_alone(content: Content, read: Read) -> None:
    data = content()
    del data["layers"][0]["heat"]
    assert read(data).package.heat_keys == ("a", "b")


def test_block_without_power_does_not_heat(content: Content, read: Read) -> None:
    data = content()
    del data["power_W"]["b"]
    assert read(data).package.heat_keys == ("a",)


def test_trace_is_read_in_the_order_of_the_blocks(
    content: Content, read: Read, with_trace: WithTrace
) -> None:
    case = read(with_trace(content()), " b ,a\n1,2.5\n3,4\n5,6\n")
    assert case.trace is not None
    assert list(case.trace.power_w.columns) == ["a", "b"]
    np.testing.assert_array_equal(case.trace.power_w, [[2.5, 1.0], [4.0, 3.0]])
    np.testing.assert_array_equal(case.trace.edges_s, [0.0, 0.5, 1.0])


def test_byte_order_marks_of_spreadsheets_are_passed_over(
    content: Content, read: Read, with_trace: WithTrace
) -> None:
    case = read("\ufeff" + json.dumps(with_trace(content())), "\ufeffa,b\n1,2\n3,4\n")
    assert case.trace is not None
    assert list(case.trace.power_w.columns) == ["a", "b"]


def test_without_steady_power_the_mean_of_the_trace_counts(
    content: Content, read: Read, with_trace: WithTrace
) -> None:
    data = with_trace(content())
    del data["power_W"]
    case = read(data, "a,b\n1,2\n3,4\n")
    assert case.power_w == {"a": 2.0, "b": 3.0}


def test_keys_that_are_not_used_are_noted(content: Content, read: Read) -> None:
    data = content()
    data["reference"] = "blocks.csv"
    data["boundary"]["top"]["lumped_capacity_J_K"] = 140.4
    assert read(data).notes == (
        "reference is not used",
        "boundary.top.lumped_capacity_J_K is not used",
    )


def test_trace_holds_its_steps() -> None:
    trace = CaseTrace(0.25, pd.DataFrame({"a": [1.0, 2.0, 3.0]}))
    np.testing.assert_array_equal(trace.edges_s, [0.0, 0.25, 0.5, 0.75])
