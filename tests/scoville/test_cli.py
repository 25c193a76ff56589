"""The command line: what it prints, writes and returns."""

from __future__ import annotations

import hashlib
import json

import pandas as pd
import pytest
from typer.testing import CliRunner

import floorplan
import package
from scoville import load_design
from scoville.cli import app

CASE = {
    "schema": "thermal-case/1",
    "name": "plate",
    "ambient_K": 300.0,
    "materials": {"si": {"k_W_mK": 100.0, "cv_J_m3K": 1.6e6}},
    "layers": [
        {
            "name": "die",
            "thickness_m": 1e-3,
            "extent_m": [0, 0, 0.01, 0.01],
            "background": "si",
            "heat": True,
            "blocks": [{"name": "core", "rect_m": [0, 0, 0.01, 0.01], "material": "si"}],
        }
    ],
    "boundary": {
        "top": {"type": "convection", "h_W_m2K": 1e4, "T_K": 300.0},
        "bottom": {"type": "adiabatic"},
        "sides": {"type": "adiabatic"},
    },
    "power_W": {"core": 10.0},
}


def run(*arguments):
    return CliRunner().invoke(app, [str(argument) for argument in arguments])


def sets(overrides):
    return [text for value in overrides for text in ("--set", value)]


def hashes(folder):
    return {
        entry.name: hashlib.sha256(entry.read_bytes()).hexdigest()
        for entry in sorted(folder.iterdir())
        if entry.name != "run.json"
    }


def test_help_names_every_command():
    done = run("--help")
    assert done.exit_code == 0
    names = ("list", "show", "layout", "check", "power", "thermal", "sweep", "signoff", "doctor")
    assert all(name in done.stdout for name in names)


def test_list_and_its_kinds():
    content = json.loads(run("list", "--json").stdout)
    assert {"jalapeno", "jalapeno-hc26", "h100-sxm"} <= set(content["designs"])
    assert {"chat", "coding-agent"} <= set(content["workloads"])
    only = json.loads(run("list", "hbm", "--json").stdout)
    assert set(only) == {"hbm"}
    assert "gpt-oss-120b" in run("list", "llms").stdout
    assert run("list", "colours").exit_code == 2


def test_show_prints_provenance():
    content = json.loads(run("show", "copper", "--json").stdout)
    entry = content["materials"]["values"]["conductivity"]
    assert entry["unit"] == "W/(m K)"
    assert entry["source"]
    assert entry["trust"] in set("PCSWU")
    assert "trust" in run("show", "copper").stdout


def test_show_of_a_design_with_an_override():
    done = run("show", "jalapeno", "--set", "package.tim1.thickness=30 um", "--json")
    entry = json.loads(done.stdout)["sections"]["package"]["tim1.thickness"]
    assert (entry["value"], entry["source"], entry["trust"]) == (30.0, "user", "U")


def test_show_of_an_unknown_name():
    done = run("show", "coper", "--json")
    assert done.exit_code == 2
    fault = json.loads(done.stdout)["error"]["faults"][0]
    assert "'copper'" in fault["cure"]


def test_check_passes_and_fails():
    assert run("check", "jalapeno").exit_code == 0
    done = run("check", "jalapeno", "--set", "floorplan.die_gap=20 um", "--json")
    content = json.loads(done.stdout)
    assert done.exit_code == 1
    assert content["passed"] is False
    assert {violation["rule"] for violation in content["violations"]} == {"die-gap"}


def test_a_layout_tells_warnings_from_violations(tmp_path):
    ring = ["rules.seal-ring-width.value=25 um", "rules.seal-ring-width.severity=warning"]
    out = ["--format", "csv", "--out", tmp_path / "l", "--json"]
    done = run("layout", "jalapeno", *sets(ring), *out)
    assert done.exit_code == 0
    content = json.loads(done.stdout)
    assert (content["violations"], content["warnings"]) == (0, 1)
    assert "0 violations, 1 warnings; see `scoville check jalapeno`" in done.stderr


def test_a_layout_that_cannot_be_packaged_is_still_checked_and_written(tmp_path):
    moved = ["floorplan.move.hbm_w0.x=-5 mm", "floorplan.move.hbm_w0.y=0 mm"]
    assert run("check", "jalapeno", *sets(moved), "--out", tmp_path / "c").exit_code == 1
    content = json.loads((tmp_path / "c" / "check.json").read_text())
    assert "interposer-edge" in {violation["rule"] for violation in content["violations"]}
    files = ["--format", "gds,svg", "--out", tmp_path / "l"]
    assert run("layout", "jalapeno", *sets(moved), *files).exit_code == 0
    done = run("thermal", "jalapeno", *sets(moved))
    assert done.exit_code == 2
    assert "hbm_w0" in done.stderr


def test_bad_input_lists_every_fault_on_both_streams():
    done = run(
        "check", "jalapeno", "--json",
        *sets(["package.tim1.thickness=20", "power.frequency=1 W"]),
    )  # fmt: skip
    assert done.exit_code == 2
    faults = json.loads(done.stdout)["error"]["faults"]
    assert [fault["where"] for fault in faults] == [
        "--set: package.tim1.thickness",
        "--set: power.frequency",
    ]
    assert "did you leave out the unit?" in done.stderr
    assert "Traceback" not in done.stderr


def test_an_unexpected_error_is_one_line(monkeypatch):
    def broken(*_arguments):
        raise RuntimeError("the roof fell in")

    monkeypatch.setattr("scoville.commands.list._titles", broken)
    done = run("list")
    assert done.exit_code == 3
    assert "unexpected RuntimeError: the roof fell in" in done.stderr
    assert "scoville doctor" in done.stderr
    assert "Traceback" not in done.stderr
    assert "Traceback" in run("list", "--debug").stderr


def test_layout_writes_the_same_bytes_twice(tmp_path):
    bulky = ("3dblox", "aif")  # megabytes of text, which a small floorplan is tested with
    formats = ",".join(name for name in floorplan.FORMATS if name not in bulky)
    for name in ("a", "b"):
        done = run("layout", "jalapeno", "--format", formats, "--out", tmp_path / name)
        assert done.exit_code == 0
    first = hashes(tmp_path / "a")
    assert set(first) >= {
        "jalapeno.gds",
        "jalapeno.oas",
        "bumps.csv",
        "bumps.parquet",
        "links.csv",
        "routes.csv",
        "jalapeno.lyp",
        "jalapeno.lef",
        "jalapeno.compute.def",
        "jalapeno.svg",
        "floorplan.png",
        "link.png",
        "blocks.csv",
        "floorplan.toml",
    }
    assert first == hashes(tmp_path / "b")
    record = json.loads((tmp_path / "a" / "run.json").read_text())
    assert set(record) >= {"version", "command", "input_hash", "seed", "sources", "timings_s"}


def test_layout_in_some_formats_and_with_power(tmp_path):
    power = ["--power", "--format", "3d-ice, bookshelf", "--set", "workload.duration=4 s"]
    done = run("layout", "jalapeno", *power, "--json", "--out", tmp_path / "l")
    assert done.exit_code == 0, done.stderr
    assert json.loads(done.stdout)["files"] == [
        "jalapeno.compute.3d-ice.flp",
        "jalapeno.compute.blocks",
        "jalapeno.compute.pl",
        "jalapeno.compute.nets",
        "jalapeno.compute.power",
    ]
    blocks = len(load_design("jalapeno").floorplan.dies[0].blocks)
    assert (tmp_path / "l" / "jalapeno.compute.3d-ice.flp").read_text().count("power") == blocks
    done = run("layout", "jalapeno", "--format", "gsd,lef,xyz")
    assert done.exit_code == 2
    assert "format: unknown 'gsd'; did you mean 'gds'?" in done.stderr
    assert "format: unknown 'xyz'" in done.stderr
    done = run("layout", "jalapeno", "--bumps", "some")
    assert done.exit_code == 2
    assert "--bumps some: is not known; allowed: interfaces or all" in done.stderr


def test_layout_reports_bumps_and_links(tmp_path):
    given = ["layout.phy_order=shifted", "layout.bga_pitch=0.8 mm", "package.substrate.margin=5 mm"]
    files = ["--format", "bumps,routes", "--json", "--out", tmp_path / "l"]
    done = run("layout", "jalapeno", *sets(given), *files)
    assert done.exit_code == 0, done.stderr
    content = json.loads(done.stdout)
    bumps = ["bump_fields.csv", "bump_arrays.csv", "bumps.csv", "bumps.parquet"]
    assert content["files"] == [*bumps, "links.csv", "routes.csv"]
    sizes = {name: (tmp_path / "l" / name).stat().st_size for name in content["files"]}
    assert content["bytes"] == sizes
    assert sizes["bumps.csv"] < 5e6  # with core and C4 supplies it is 20 MB
    table = pd.read_csv(tmp_path / "l" / "bumps.csv")
    assert (table["owner"].str.startswith("hbm_")).sum() == 8 * 7261
    assert content["bumps"]["hbm"] == 8 * (7261 + 3753)
    assert len(content["links"]) == 8
    for link in content["links"]:
        assert link["longest_um"] == pytest.approx(link["shortest_um"])
        assert link["density_gbit_s_mm"] == pytest.approx(8 * 1180 / 7.59)
    assert "estimated which site of its word a signal has" in content["notes"][0]
    fields = pd.read_csv(tmp_path / "l" / "bump_fields.csv").set_index("field")
    assert fields["bumps"].sum() == sum(content["bumps"].values())
    assert fields.loc["substrate/bga", "x0_um"] == pytest.approx(-4_000.0, abs=400.0)
    sources = {
        source["key"] for source in json.loads((tmp_path / "l" / "run.json").read_text())["sources"]
    }
    assert "jesd238a" in sources


def test_the_layout_section_lists_its_faults():
    given = ["layout.phy_order=sideways", "layout.bga_pitch=-1 mm", "layout.substrate_margin=1 mm"]
    done = run("layout", "jalapeno", *sets(given), "--json")
    assert done.exit_code == 2
    faults = {f["where"]: f for f in json.loads(done.stdout)["error"]["faults"]}
    assert set(faults) == {
        "--set: layout.phy_order",
        "--set: layout.bga_pitch",
        "--set: layout.substrate_margin",
    }
    assert faults["--set: layout.phy_order"]["allowed"] == "one of mirrored, shifted"
    assert faults["--set: layout.substrate_margin"]["cure"] == "set package.substrate.margin"


def test_a_written_floorplan_makes_the_same_layout(tmp_path):
    plan = load_design("jalapeno").floorplan
    floorplan.write_floorplan(plan, tmp_path / "floorplan.toml")
    again = floorplan.read_floorplan(tmp_path / "floorplan.toml")
    for name, what in (("a.gds", plan), ("b.gds", again)):
        floorplan.write_gds(what, tmp_path / name)
    assert (tmp_path / "a.gds").read_bytes() == (tmp_path / "b.gds").read_bytes()


def test_power_reports_and_writes(tmp_path):
    short = ["--set", "workload.duration=4 s"]
    done = run("power", "jalapeno", *short, "--out", tmp_path / "p", "--png", "--json")
    content = json.loads(done.stdout)
    assert done.exit_code == 0
    mean = sum(row["mean_w"] for row in content["components"])
    assert mean == pytest.approx(content["throughput"]["mean_w"], rel=1e-9)
    table = pd.read_parquet(tmp_path / "p" / "power.parquet")
    assert table.drop(columns=["start_s", "end_s"]).sum(axis=1).max() == pytest.approx(
        content["throughput"]["peak_w"], rel=1e-9
    )
    assert (tmp_path / "p" / "power.png").stat().st_size > 10_000
    assert run("power", "jalapeno", *short, "--temperature", "75").exit_code == 2


def test_thermal_of_a_case_file(tmp_path):
    path = tmp_path / "plate.json"
    path.write_text(json.dumps(CASE))
    done = run("thermal", path, "--grid", 8, "--json", "--out", tmp_path / "t", "--png")
    assert done.exit_code == 0, done.stderr
    content = json.loads(done.stdout)
    # One-dimensional: 10 W through the film of 1 W/K; heated evenly, the plate of 10 W/K is a third
    # of 1 K hotter in the mean, and n cells in its height add 1 / (6 n^2) K at most.
    cells = content["cells"] / 64
    exact_c = 26.85 + 10.0 + 1.0 / 3.0
    mean_c = content["blocks"]["core"]["mean_c"]
    assert mean_c == pytest.approx(exact_c, abs=1.0 / (6.0 * cells**2) + 1e-6)
    assert set(content) >= {"max_c", "residual", "iterations", "energy_balance", "cells"}
    assert set(content["seconds"]) == {"assembly", "setup", "solve"}
    assert (tmp_path / "t" / "temperature.nc").exists()
    assert (tmp_path / "t" / "temperature_die.png").exists()
    assert "seconds" not in json.loads((tmp_path / "t" / "thermal.json").read_text())
    refused = run("thermal", path, "--transient")
    assert refused.exit_code == 2
    assert "has no transient" in refused.stderr


def test_thermal_of_a_design(tmp_path, quick):
    done = run("thermal", "jalapeno", *sets(quick), "--grid", 12, "--transient", "--json",
               "--out", tmp_path / "t")  # fmt: skip
    content = json.loads(done.stdout)
    assert content["transient"]["steps"] == 4
    table = pd.read_parquet(tmp_path / "t" / "temperatures.parquet")
    assert set(table.columns) == {"time_s", "block", "mean_c", "max_c", "power_w"}
    assert table["max_c"].max() == pytest.approx(content["transient"]["max_c"])


def test_signoff_passes_and_writes_the_same_bytes_twice(tmp_path, quick, folder):
    done = run("signoff", "jalapeno", *sets(quick), "--json", "--out", tmp_path / "a")
    assert done.exit_code == 0, done.stderr
    first = hashes(tmp_path / "a")
    assert first == hashes(folder)
    assert set(first) >= {
        "temperature_stacks.png",
        "jalapeno.gds",
        "power.parquet",
        "power_summary.csv",
        "temperature.nc",
        "temperatures.parquet",
        "floorplan.png",
        "power.png",
        "temperature_compute.png",
        "cross_section.png",
        "report.html",
        "verdict.json",
    }
    content = json.loads(done.stdout)
    assert content["passed"] is True
    record = json.loads((tmp_path / "a" / "run.json").read_text())
    assert record["input_hash"] == content["input_hash"]
    assert record["timings_s"]["total"] > 0


def test_signoff_fails_with_exit_code_1(tmp_path, quick, monkeypatch):
    monkeypatch.setattr("scoville.signoff_files._draw", lambda _found, _folder: None)
    monkeypatch.setattr("scoville.signoff_files.write_report", lambda *_: None)
    given = [*quick, "targets.package_power=100 W"]
    done = run("signoff", "jalapeno", *sets(given), "--out", tmp_path / "a")
    assert done.exit_code == 1
    assert "FAIL" in done.stdout
    assert json.loads((tmp_path / "a" / "verdict.json").read_text())["passed"] is False


def test_signoff_leaves_nothing_behind_when_it_fails(tmp_path, quick):
    trace = tmp_path / "t.csv"
    trace.write_text("arrival_s,prompt_tokens,output_tokens\n5,10,5\n1,10,5\n")
    done = run("signoff", "jalapeno", *sets(quick), "--trace", trace, "--out", tmp_path / "a")
    assert done.exit_code == 2
    assert "t.csv" in done.stderr
    assert [entry.name for entry in tmp_path.iterdir()] == ["t.csv"]


def test_an_output_folder_is_looked_at_before_the_work(tmp_path, monkeypatch):
    (tmp_path / "precious.txt").write_text("")
    monkeypatch.setattr("scoville.signoff.run_signoff", lambda *_, **__: pytest.fail("worked"))
    done = run("signoff", "jalapeno", "--out", tmp_path)
    assert done.exit_code == 2
    assert "no run.json of an earlier run" in done.stderr


def test_usage_errors_are_bad_input():
    assert run("signoff").exit_code == 2
    assert run("nothing").exit_code == 2
    assert run("check", "jalapeno", "--colour").exit_code == 2


def test_version():
    assert run("--version").stdout.strip() == "0.1.0"


def test_thermal_reads_the_cases_of_other_tools(tmp_path):
    (tmp_path / "plate.json").write_text(json.dumps(CASE))
    package.write_ice(package.read_case(tmp_path / "plate.json"), tmp_path / "plate.stk")
    found = []
    for name in ("plate.json", "plate.stk"):
        done = run("thermal", tmp_path / name, "--grid", 8, "--json")
        assert done.exit_code == 0, done.output
        found.append(json.loads(done.stdout))
    assert found[0]["blocks"]["core"]["mean_c"] > 30.0
    assert found[1]["blocks"]["core"] == pytest.approx(found[0]["blocks"]["core"], abs=1e-6)
