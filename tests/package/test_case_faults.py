"""Every fault of a case file is told, with its place."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from package import (
    read_case,
)
from techlib import InputError

Content = Callable[[], dict[str, Any]]
FaultsOf = Callable[..., list[str]]
WithTrace = Callable[..., dict[str, Any]]


def test_misspelt_keys_are_faults(content: Content, faults: FaultsOf) -> None:
    data = content()
    data["inital_K"] = data.pop("initial_K")
    assert faults(data) == ["case.json: inital_K: unknown key; did you mean 'initial_K'?"]
    data = content()
    data["layers"][1]["heats"] = True
    data["materials"]["si"]["k_W_mk"] = 1.0
    assert faults(data) == [
        "case.json: materials.si.k_W_mk: unknown key; remove it, or check its spelling",
        "case.json: layers[1].heats: unknown key; remove it, or check its spelling",
    ]


def test_all_faults_of_the_format_are_listed(content: Content, faults: FaultsOf) -> None:
    data = content()
    data["schema"] = "thermal-case/2"
    data["layers"][0]["thickness_m"] = -1e-5
    data["layers"][1]["extent_m"] = [0, 0, 0.005]
    data["materials"]["si"]["k_W_mK"] = "120"
    data["power_W"]["a"] = -2.0
    del data["boundary"]["top"]["T_K"]
    text = "\n".join(faults(data))
    assert "case.json: schema: 'thermal-case/2' does not fit; allowed: 'thermal-case/1'" in text
    assert "case.json: layers[0].thickness_m: -1e-05 does not fit; allowed: greater than 0" in text
    assert "case.json: layers[1].extent_m[3]: is missing" in text
    assert "case.json: materials.si.k_W_mK: '120' does not fit; allowed: number" in text
    assert "case.json: power_W.a: -2.0 does not fit; allowed: greater than or equal to 0" in text
    assert "case.json: boundary.top.T_K: is missing" in text


def test_all_faults_of_the_content_are_listed(content: Content, faults: FaultsOf) -> None:
    data = content()
    data["layers"][0]["background"] = "sii"
    data["layers"][0]["blocks"][0]["rect_m"] = [0.002, 0.001, 0.001, 0.003]
    data["layers"][1]["blocks"][0]["material"] = "pbc"
    data["power_W"]["c"] = 1.0
    data["power_layer"] = "dice"
    found = faults(data)
    assert found[0].startswith("case.json: power_layer: unknown layer 'dice'; did you mean 'die'")
    assert found[1:] == [
        "case.json: layers[0].background: unknown material 'sii'; did you mean 'si'?",
        (
            "case.json: layers[0].blocks[0].rect_m: [0.002, 0.001, 0.001, 0.003]; "
            "allowed: [x0, y0, x1, y1] with x0 < x1 and y0 < y1"
        ),
        "case.json: layers[1].blocks[0].material: unknown material 'pbc'; did you mean 'pcb'?",
    ]
    data = content()
    data["power_W"]["ab"] = 1.0
    assert "case.json: power_W.ab: is no block of a heated layer" in faults(data)[0]


@pytest.mark.parametrize(
    ("given", "told"),
    [
        (-3.0, ["k_W_mK: -3.0 does not fit; allowed: greater than 0"]),
        ([-3.0] * 3, ["k_W_mK: -3.0 does not fit; allowed: greater than 0"]),
        ("120", ["k_W_mK: '120' does not fit; allowed: number"]),
        (
            [1.0, -2.0, -2.0],
            [f"k_W_mK[{axis}]: -2.0 does not fit; allowed: greater than 0" for axis in (1, 2)],
        ),
    ],
)
def test_a_faulty_conductivity_is_told_once(
    content: Content, faults: FaultsOf, given: Any, told: list[str]
) -> None:
    data = content()
    data["materials"]["si"]["k_W_mK"] = given
    assert faults(data) == [f"case.json: materials.si.{fault}" for fault in told]


def test_a_faulty_layer_is_one_fault(content: Content, faults: FaultsOf) -> None:
    data = content()
    data["layers"][0]["thickness_m"] = "10 um"
    assert faults(data) == [
        "case.json: layers[0].thickness_m: '10 um' does not fit; allowed: number"
    ]
    data["layers"] = []
    assert faults(data) == ["case.json: layers: is empty; allowed: one or more"]


def test_nothing_heats(content: Content, faults: FaultsOf) -> None:
    data = content()
    del data["power_layer"], data["power_W"], data["layers"][0]["heat"]
    assert faults(data) == [
        (
            "case.json: layers: no layer is heated; allowed: one or more; "
            'write "heat": true on the layer that dissipates'
        ),
        "case.json: power_W: is missing; allowed: watts by block name",
    ]


def test_package_that_cannot_be_solved(content: Content, faults: FaultsOf) -> None:
    data = content()
    data["boundary"] = {}
    assert "no face has a film above zero" in faults(data)[0]


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "case.json: is not JSON: EOF while parsing a value at line 1 column 0"),
        ('{"schema": ', "case.json: is not JSON: EOF while parsing a value at line 1 column 11"),
        ("[]", "case.json: a value does not fit; allowed: an object"),
        ("NaN", "case.json: nan does not fit; allowed: an object"),
    ],
)
def test_files_of_another_kind(faults: FaultsOf, text: str, message: str) -> None:
    assert faults(text)[0].startswith(message)


def test_missing_and_binary_files(tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"none\.json: no such file; allowed: a thermal-case/1"):
        read_case(tmp_path / "none.json")
    (tmp_path / "case.json").write_bytes(b"\xff\xfe\x00")
    with pytest.raises(InputError, match="cannot be read"):
        read_case(tmp_path / "case.json")
    with pytest.raises(InputError, match="cannot be read"):
        read_case(tmp_path)


def test_trace_faults(content: Content, faults: FaultsOf, with_trace: WithTrace) -> None:
    data = with_trace(content())
    assert faults(data) == [
        "trace.csv: no such file; allowed: a CSV of watts; the name is relative to the case file"
    ]
    found = faults(data, "a,bb\n1,2\n")
    assert found[0].startswith("trace.csv: column 'bb' is no heated block; did you mean 'b'")
    assert found[1:] == [
        (
            "trace.csv: no column 'b'; allowed: a column per heated block; "
            "write zeros for a block that rests"
        ),
        (
            "trace.csv: 1 rows for 2 steps; allowed: 2 rows or more; "
            "add rows, or lower transient.steps"
        ),
    ]
    assert faults(data, "a,b\n1,x\n-3,nan\n") == [
        "trace.csv: line 2: b is 'x'; allowed: a number of 0 W or more",
        "trace.csv: line 3: a is '-3'; allowed: a number of 0 W or more",
        "trace.csv: line 3: b is 'nan'; allowed: a number of 0 W or more",
    ]
    assert faults(data, "a,b, b\n1,2,3\n4,5,6\n") == ["trace.csv: 2 columns 'b'; allowed: one"]
    for rows in ("1,2,3\n4,5,6\n", "1,2,\n4,5,\n"):
        assert faults(data, f"a,b\n{rows}") == [
            (
                "trace.csv: rows have more values than the header has names; "
                "allowed: a name for each value"
            )
        ]
    assert "Expected 2 fields in line 3, saw 3" in faults(data, "a,b\n1,2\n4,5,6\n")[0]
    assert faults(data, "a,b\n\n1,2\n") == [
        "trace.csv: line 2: a is ''; allowed: a number of 0 W or more",
        "trace.csv: line 2: b is ''; allowed: a number of 0 W or more",
    ]
    rows = "\n".join(["x,y"] * 20)
    assert faults(with_trace(content(), 20), f"a,b\n{rows}\n")[-1] == (
        "trace.csv: 30 more values of this kind"
    )
    assert "trace.csv: cannot be read: " in faults(data, "")[0]
    assert "trace.csv: cannot be read: " in faults(data, "a,b\n1,2,3\n4\n5,6,7,8\n")[0]
