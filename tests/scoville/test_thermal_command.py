"""`scoville thermal CASE.json`, from Python and as a command."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pandas as pd
import pytest
import xarray as xr
from shapely import box
from typer.testing import CliRunner

from package import Case, CaseTrace, Face, Layer, Package, Region, write_case
from scoville import load_design
from scoville.cli import app
from techlib import Material
from thermal import exact_block_means

POWER_W = {"left": 20.0, "right": 5.0}


@pytest.fixture(scope="module")
def case(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Package]:
    silicon = Material(
        "silicon", "", {}, conductivity_w_mk=(120.0,) * 3, heat_capacity_j_m3k=1.65e6
    )
    whole = box(0, 0, 8000, 8000)
    blocks = (
        Region("left", box(1000, 1000, 4000, 5000), silicon, "left"),
        Region("right", box(5000, 3000, 7000, 7000), silicon, "right"),
    )
    layers = (Layer("active", 10.0, whole, silicon, blocks), Layer("die", 700.0, whole, silicon))
    package = Package("chip", layers, silicon, Face(2e4, 40.0), Face(), Face(), 40.0)
    trace = CaseTrace(1e-3, pd.DataFrame([POWER_W] * 5))
    place = tmp_path_factory.mktemp("case") / "case.json"
    write_case(Case(package, POWER_W, trace, initial_c=40.0), place)
    return place, package


def run(*arguments: str) -> dict[str, object]:
    result = CliRunner().invoke(app, ["thermal", *arguments, "--json"])
    assert result.exit_code == 0, result.output
    return json.loads(result.stdout)


def test_json_of_a_case(case: tuple[Path, Package]) -> None:
    place, package = case
    found = run(str(place), "--grid", "64")
    expected = {"blocks", "max_c", "residual", "iterations", "energy_balance", "cells", "seconds"}
    assert expected <= set(found)
    assert set(found["blocks"]) == set(POWER_W)
    assert all(set(values) == {"mean_c", "max_c", "peak_c"} for values in found["blocks"].values())
    assert {"assembly", "setup", "solve"} <= set(found["seconds"])
    assert found["cells"] >= 64 * 64 * 3
    assert found["energy_balance"] < 1e-8
    exact = exact_block_means(package, POWER_W)
    for key, values in found["blocks"].items():
        # Measured 0.013 K, from the cells along z; sums over cells are 0.084 K off.
        assert values["mean_c"] == pytest.approx(exact[key], abs=0.02)


def test_error_estimate(case: tuple[Path, Package]) -> None:
    place, package = case
    found = run(str(place), "--grid", "32", "--error-estimate")
    estimate, exact = found["error_estimate"], exact_block_means(package, POWER_W)
    assert set(estimate["blocks"]) == set(POWER_W)
    assert estimate["cells"] < found["cells"] / 4
    worst = max(abs(found["blocks"][key]["mean_c"] - exact[key]) for key in POWER_W)
    assert worst <= estimate["mean_k"] < 1.0
    plain = run(str(place), "--grid", "32")
    assert "error_estimate" not in plain


@pytest.mark.parametrize("named", [True, False])
def test_transient_goes_to_a_folder(
    case: tuple[Path, Package], tmp_path: Path, monkeypatch: pytest.MonkeyPatch, named: bool
) -> None:
    monkeypatch.chdir(tmp_path)
    place, _ = case
    out = ("--out", "here") if named else ()
    found = run(str(place), "--grid", "16", "--transient", *out)
    folder = Path("here") if named else Path("scoville-out") / "case-thermal"
    table = pd.read_parquet(folder / "block_means.parquet")
    assert list(table.columns) == ["time_s", *POWER_W]
    assert table["time_s"].to_numpy() == pytest.approx([1e-3, 2e-3, 3e-3, 4e-3, 5e-3])
    assert table["left"].is_monotonic_increasing
    assert found["transient"]["steps"] == 5
    assert (folder / "run.json").is_file()


def test_error_in_time_is_controlled_unless_steps_are_fixed(
    case: tuple[Path, Package], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    grid = (str(case[0]), "--grid", "8", "--transient")
    standard, close, fixed = (
        run(*grid, *options, "--out", name)["transient"]
        for name, options in (
            ("standard", ()),
            ("close", ("--time-tolerance", "0.002")),
            ("fixed", ("--substeps", "3")),
        )
    )
    assert 0.0 < standard["time_error_k"] < 0.2
    assert close["time_error_k"] < standard["time_error_k"]
    assert close["parts"] > standard["parts"] >= standard["steps"] == 5
    assert (fixed["parts"], fixed["rejected_parts"], fixed["time_error_k"]) == (15, 0, None)
    tables = [pd.read_parquet(Path(name) / "block_means.parquet") for name in ("close", "standard")]
    apart_k = (tables[0] - tables[1])[list(POWER_W)].abs().to_numpy().max()
    assert 0.0 < apart_k < standard["time_error_k"]
    text = CliRunner().invoke(app, ["thermal", *grid, "--out", "text"]).output
    assert f"marched in {standard['parts']} parts, {standard['rejected_parts']} more" in text
    assert "estimated error in time 0.0" in text


def test_options_of_mesh_and_march_are_checked(case: tuple[Path, Package]) -> None:
    wrong = ("--mesh", "fited", "--time-tolerance", "-1", "--substeps", "2")
    for what in (str(case[0]), "jalapeno"):
        result = CliRunner().invoke(app, ["thermal", what, *wrong])
        assert result.exit_code == 2
        shown = " ".join(result.output.split())
        assert "--mesh: unknown kind 'fited'; did you mean 'fitted'?" in shown
        assert "--time-tolerance: -1 K; allowed: above 0 K, finite" in shown
        assert "--substeps: is given beside --time-tolerance; allowed: one of them" in shown


def test_a_design_with_channels_and_patches_on_a_graded_mesh(tmp_path: Path) -> None:
    """All heat but a little warms the coolant: 104 W/K of it."""
    design = tmp_path / "cooled.toml"
    design.write_text(
        'extends = "jalapeno"\n[package]\nstackup = "cold-plate-direct"\n'
        '[package.channel]\nthickness = "300 um"\nmaterial = "copper"\nflow = "1.5 l/min"\n'
        'heat_capacity = "4.17e6 J/(m^3 K)"\ninlet = "32 degC"\nfloor_film = "3e4 W/(m^2 K)"\n'
        '[package.top]\ncoolant = ""\n[package.bottom]\ncoolant = ""\n'
        '[[package.bottom.patches]]\nx = "10 mm"\ny = "10 mm"\nwidth = "9 mm"\nheight = "9 mm"\n'
        'film = "1 W/(m^2 K)"\ntemperature = "40 degC"\n'
        '[thermal]\npreset = "quick"\nkind = "graded"\nlateral = 10\n',
        encoding="utf-8",
    )
    found = run(str(design), "--out", str(tmp_path / "out"))
    with xr.open_dataset(tmp_path / "out" / "temperature.nc") as field:
        _, y0, x1, y1 = (
            value * 1e-6 for value in load_design(design).package.layers[-1].outline.bounds
        )
        end = field.isel(z=-1).sel(x=slice(None, x1), y=slice(y0, y1)).isel(x=-1)
        outlet = float(end["temperature_c"].weighted(end["y_size"]).mean())
    assert outlet - 32.0 == pytest.approx(found["power_w"] / 104.25, rel=0.1)
    assert found["energy_balance"] < 1e-6
    shown = CliRunner().invoke(app, ["show", str(design), "--json"])
    (patch,) = json.loads(shown.stdout)["patches"]
    assert patch["side"] == "bottom"
    assert patch["bounds_um"] == [10e3, 10e3, 19e3, 19e3]
    text = CliRunner().invoke(app, ["show", str(design)]).output
    assert "patches of [package]" in text


def test_meshes_of_every_kind(case: tuple[Path, Package]) -> None:
    place, package = case
    exact = exact_block_means(package, POWER_W)
    found = {
        kind: run(str(place), "--grid", "20", "--mesh", kind)
        for kind in ("fitted", "uniform", "graded")
    }
    assert found["graded"]["max_c"] > found["uniform"]["max_c"]  # a smaller hottest cell
    for result in found.values():
        for key, values in result["blocks"].items():
            # Corrected means; measured 0.15 K.
            assert values["mean_c"] == pytest.approx(exact[key], abs=0.3)


def test_a_case_loads_no_more_than_it_needs(case: tuple[Path, Package], tmp_path: Path) -> None:
    slow = "{'pint', 'xarray', 'matplotlib', 'scipy.optimize', 'scipy.sparse.linalg', 'gdstk'}"
    code = (
        "import sys\nfrom scoville.cli import app\n"
        f"app({['thermal', str(case[0]), '--grid', '8', '--out', str(tmp_path / 'out')]!r},"
        " standalone_mode=False)\n"
        f"print(sorted({slow} & set(sys.modules)))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.splitlines()[-1] == "[]"
    assert (tmp_path / "out" / "temperature.nc").is_file()
