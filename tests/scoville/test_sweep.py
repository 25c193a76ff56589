"""Studies: names are checked first, failed cases keep their reason, rows keep their order."""

from __future__ import annotations

import json

import pandas as pd
import pytest
from typer.testing import CliRunner

from scoville import load_design, read_study, run_sweep
from scoville.cli import app
from techlib import InputError

TEXT = """
design = "jalapeno"
[study]
kind = "steady"
[set]
"workload.duration" = "2 s"
"thermal.preset" = "quick"
"thermal.lateral" = 8
[parameters]
"package.tim1.thickness" = ["50 um", "-3 um", "400 um"]
"power.voltage" = ["0.75 V"]
"""


def write(folder, text):
    path = folder / "study.toml"
    path.write_text(text, encoding="utf-8")
    return path


def message_of(path):
    with pytest.raises(InputError) as caught:
        read_study(path)
    return str(caught.value)


def test_a_sweep_with_a_failing_case(tmp_path):
    path = write(tmp_path, TEXT)
    done = CliRunner().invoke(
        app, ["sweep", str(path), "--workers", "1", "--out", str(tmp_path / "o"), "--json"]
    )
    assert done.exit_code == 0, done.stderr
    table = pd.read_parquet(tmp_path / "o" / "sweep.parquet")
    assert list(table["case"]) == [0, 1, 2]
    assert list(table["package.tim1.thickness"]) == ["50 um", "-3 um", "400 um"]
    assert list(table["passed"].isna()) == [False, True, False]
    assert table["error"][1] == (
        f"{path}: parameters.package.tim1.thickness: -3 um; allowed: at least 0 um"
    )
    assert list(table["error"][[0, 2]]) == ["", ""]
    # A thicker TIM is hotter at the same power.
    assert table["junction_temperature_c"][2] > table["junction_temperature_c"][0] + 0.1
    content = json.loads(done.stdout)
    assert (content["cases"], content["failed"]) == (3, 1)


def test_processes_give_the_rows_in_order(tmp_path):
    path = write(tmp_path, TEXT.replace('"400 um"', '"-4 um"').replace('"50 um"', '"-2 um"'))
    table = run_sweep(read_study(path), workers=2)
    assert list(table["package.tim1.thickness"]) == ["-2 um", "-3 um", "-4 um"]
    assert [reason.split("; ")[0].split()[-2] for reason in table["error"]] == ["-2", "-3", "-4"]
    assert list(table["passed"].isna()) == [True] * 3


def test_traces_are_relative_to_the_study(tmp_path):
    (tmp_path / "t.csv").write_text("arrival_s,prompt_tokens,output_tokens\n0,10,5\n")
    entry = '"workload.trace" = ["t.csv"]'
    study = read_study(write(tmp_path, TEXT.replace('"power.voltage" = ["0.75 V"]', entry)))
    assert load_design(study.design, study.overrides(next(study.cases()))).trace().name == "t"


def test_the_grid_is_full_and_the_last_parameter_changes_fastest(tmp_path):
    text = TEXT.replace('["0.75 V"]', '["0.7 V", "0.75 V"]')
    cases = list(read_study(write(tmp_path, text)).cases())
    assert len(cases) == 6
    assert [tuple(case.values()) for case in cases[:3]] == [
        ("50 um", "0.7 V"),
        ("50 um", "0.75 V"),
        ("-3 um", "0.7 V"),
    ]


def test_a_parameter_can_be_a_sourced_value(tmp_path):
    band = 'low = "1 W", high = "900 W"'
    entry = f'[{{ value = "700 W", source = "scoville", trust = "W", valid = "x", {band} }}]'
    text = TEXT.replace('"power.voltage" = ["0.75 V"]', f'"targets.package_power" = {entry}')
    study = read_study(write(tmp_path, text))
    design = load_design(study.design, study.overrides(next(study.cases())))
    assert design.limits.band("package_power_w") == (1.0, 900.0)


def test_wrong_parameter_names_are_found_before_anything_runs(tmp_path):
    text = TEXT.replace("tim1.thickness", "tim1.thicknes").replace("lateral", "latteral")
    path = write(tmp_path, text)
    assert message_of(path).splitlines() == [
        f"{path}: set.thermal.latteral: unknown key; did you mean 'lateral'?",
        (
            f"{path}: parameters.package.tim1.thicknes: unknown key; "
            "did you mean 'tim1.thickness' or 'tim2.thickness'?"
        ),
    ]


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ('design = "jalapeno"\n', "parameters: Field required"),
        ('design = "jalapeno"\n[parameters]\nx = 3\n', "x: 3 is not a list of values"),
        ('design = "jalapeno"\n[parameters]\nx = []\n', "x: [] is not a list of values"),
        (TEXT.replace('"steady"', '"steddy"'), "study.kind: Input should be 'steady' or 'signoff'"),
        (TEXT + "[colour]\n", "colour: Extra inputs are not permitted"),
        ("design = \n", "is not TOML"),
    ],
)
def test_malformed_studies(tmp_path, text, message):
    assert message in message_of(write(tmp_path, text))


def test_a_study_that_is_not_there(tmp_path):
    assert "cannot be read" in message_of(tmp_path / "none.toml")
