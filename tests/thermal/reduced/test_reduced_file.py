"""Reduced models as files."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from package import Face, Package
from techlib import InputError, Material
from thermal import DirectSolver, ReducedModel, Resolution, ThermalModel
from thermal.stream import Stream


@pytest.fixture(scope="module")
def model(stack: Callable[..., Package], solid: Callable[..., Material]) -> ThermalModel:
    return _model(stack([(100.0, solid(120.0)), (500.0, solid(40.0))]))


def _model(package: Package, lateral: int = 4) -> ThermalModel:
    resolution = Resolution(lateral=lateral, finest_um=100.0)
    return ThermalModel(package, resolution, solver=lambda operator, _: DirectSolver(operator))


@pytest.fixture(scope="module")
def reduced(model: ThermalModel) -> ReducedModel:
    return ReducedModel.of(model, {"all": 20.0})


@pytest.fixture
def file(reduced: ReducedModel, tmp_path: Path) -> Path:
    path = tmp_path / "model.npz"
    reduced.save(path)
    return path


def test_round_trip(reduced: ReducedModel, model: ThermalModel, file: Path) -> None:
    again = ReducedModel.load(file, model)
    power = np.linspace(0.0, 20.0, 30)[:, None]
    for one, other in zip(
        (reduced.march(power, 1e-3, 40.0), reduced.field(reduced.steady([20.0]))),
        (again.march(power, 1e-3, 40.0), again.field(again.steady([20.0]))),
        strict=True,
    ):
        values = [x.block_mean_c.to_numpy() for x in (one, other)]
        np.testing.assert_array_equal(*values)
    assert again.report.visits == reduced.report.visits
    assert again.report.mean_bound_k == reduced.report.mean_bound_k > 0.0
    assert again.report.max_bound_k == reduced.report.max_bound_k > 0.0
    assert again.report.tolerance_k == 0.1
    assert again.report.seconds == {}
    assert len(again.report.to_dataframe()) == len(reduced.report.visits)


def test_same_model_same_bytes(reduced: ReducedModel, model: ThermalModel, tmp_path: Path) -> None:
    paths = [tmp_path / "a.npz", tmp_path / "b.npz"]
    for path in paths:
        ReducedModel.of(model, {"all": 20.0}).save(path)
    assert paths[0].read_bytes() == paths[1].read_bytes()


def test_without_fields_it_marches_but_does_not_reconstruct(
    reduced: ReducedModel, model: ThermalModel, tmp_path: Path
) -> None:
    reduced.save(tmp_path / "small", fields=False)
    small = ReducedModel.load(tmp_path / "small", model)
    power = np.full((20, 1), 15.0)
    found, expected = (r.march(power, 1e-3) for r in (small, reduced))
    np.testing.assert_array_equal(found.block_mean_c, expected.block_mean_c)
    assert found.max_c == expected.max_c
    message = "was saved without its fields; build it anew, or save it with fields=True"
    with pytest.raises(InputError, match=message):
        small.field(found.final)
    with pytest.raises(InputError, match=message):
        small.march(power, 1e-3, model.steady([1.0]))


@pytest.mark.parametrize("change", ["resolution", "film", "material", "key"])
def test_another_model_is_refused(
    change: str,
    file: Path,
    model: ThermalModel,
    stack: Callable[..., Package],
    solid: Callable[..., Material],
) -> None:
    first = solid(121.0 if change == "material" else 120.0)
    film = Face(1.01e4 if change == "film" else 1e4, 25.0)
    outline = model.package.layers[0].outline
    blocks = {"other": outline} if change == "key" else None
    package = stack([(100.0, first), (500.0, solid(40.0))], blocks, top=film)
    other = _model(package, lateral=5 if change == "resolution" else 4)
    with pytest.raises(InputError, match="was made for another mesh or package") as caught:
        ReducedModel.load(file, other)
    assert "build it anew with ReducedModel.of" in str(caught.value)


def test_flowing_coolant_is_refused(file: Path, model: ThermalModel) -> None:
    """It makes the operator unsymmetric; a file made without it does not fit either."""
    flowing = _model(model.package)
    stream = Stream(0, 2, False, (0, 0), (4, 4), np.ones(4), np.full(4, 0.5))
    flowing.operator = dataclasses.replace(flowing.operator, streams=(stream,))
    with pytest.raises(InputError, match=r"coolant flows through a layer.*; march the full model"):
        ReducedModel.of(flowing, {"all": 20.0})
    with pytest.raises(InputError, match="was made for another mesh or package"):
        ReducedModel.load(file, flowing)


def test_the_same_package_meshed_again_is_accepted(file: Path, model: ThermalModel) -> None:
    assert ReducedModel.load(file, _model(model.package)).modes > 1


def test_missing_and_foreign_files(file: Path, model: ThermalModel) -> None:
    with pytest.raises(InputError, match=r"none\.npz: no such file; allowed: a file that"):
        ReducedModel.load(file.with_name("none.npz"), model)
    for content in (b"", b"not a model", b"PK\x03\x04 broken", file.read_bytes()[:3000]):
        file.with_name("bad.npz").write_bytes(content)
        with pytest.raises(InputError, match=r"bad\.npz: cannot be read \("):
            ReducedModel.load(file.with_name("bad.npz"), model)
    np.savez(file.with_name("other.npz"), x=np.zeros(3))
    with pytest.raises(InputError, match=r"other\.npz: cannot be read \("):
        ReducedModel.load(file.with_name("other.npz"), model)
    np.save(file.with_name("single.npy"), np.zeros(3))
    with pytest.raises(InputError, match=r"single\.npy: cannot be read \("):
        ReducedModel.load(file.with_name("single.npy"), model)


def test_every_wrong_array_is_told(file: Path, model: ThermalModel) -> None:
    with np.load(file) as content:
        arrays = dict(content)
    del arrays["drive"]
    arrays["means"] = arrays["means"][:, :-1]
    arrays["uniform"] = arrays["uniform"] * np.nan
    np.savez(file, **arrays)
    with pytest.raises(InputError) as caught:
        ReducedModel.load(file, model)
    text = str(caught.value)
    assert "drive: is missing" in text
    assert "uniform: holds values that are not finite numbers" in text
    assert "means: has the shape" in text


def test_another_format_and_broken_notes(file: Path, model: ThermalModel) -> None:
    with np.load(file) as content:
        arrays = dict(content)
    notes = str(arrays["notes"])
    np.savez(file, **{**arrays, "notes": np.array(notes.replace("reduced/1", "reduced/9"))})
    with pytest.raises(InputError, match=r"has the format 'scoville-reduced/9'; allowed: 'scov"):
        ReducedModel.load(file, model)
    np.savez(file, **{**arrays, "notes": np.array(notes.replace("tolerance_k", "tolerance"))})
    with pytest.raises(InputError, match=r"a note is missing or malformed \('tolerance_k'\)"):
        ReducedModel.load(file, model)
