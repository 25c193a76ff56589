"""`scoville validate thermal` and what it is made of."""

from __future__ import annotations

import json
import math
import re
from pathlib import Path

import pandas as pd
import pytest
from typer.testing import CliRunner

from package import read_case
from scoville.cli import app
from scoville.validation import Check, Section, Validation
from scoville.validation.document import write_document
from scoville.validation.ev6 import hotspot_ev6
from scoville.validation.figures import convergence, histogram, over_time
from scoville.validation.fourier import analytic_stack, spreading_plate
from scoville.validation.hotspot_like import hotspot_like_means
from scoville.validation.manufactured import manufactured
from scoville.validation.package25d import package25d
from scoville.validation.section import Picture, Table

NO_DATA = Path("no-such-folder")


@pytest.fixture(scope="module")
def data() -> Path:
    for root in Path(__file__).resolve().parents:
        found = root / "shared" / "data" / "thermal"
        if found.is_dir():
            return found
    pytest.skip("the reference cases of ../shared/data/thermal are not here")


def failures(section: Section) -> list[str]:
    return [f"{c.name}: {c.value:g}, {c.target:g}" for c in section.checks if not c.passed]


def test_a_check_that_is_not_a_number_is_not_met() -> None:
    assert Check("a", 1.0, 1.0).passed
    assert not Check("a", 1.1, 1.0).passed
    assert Check("a", 1.1, 1.0, at_least=True).passed
    assert not Check("a", math.nan, 1.0).passed
    assert not Check("a", math.nan, 1.0, at_least=True).passed


def test_cases_that_need_no_data(tmp_path: Path) -> None:
    found = [
        analytic_stack(None, quick=True),
        spreading_plate(None, quick=True),
        manufactured(quick=True),
    ]
    assert [failures(section) for section in found] == [[], [], []]
    written = write_document(tmp_path, "thermal", "Proof", found, ["pkg25d: not there"])
    text = written.read_text()
    assert "of 6 targets are met" in text
    assert "Left out: pkg25d: not there" in text
    pictures = re.findall(r"\((\w+\.png)\)", text)
    assert pictures == ["analytic_stack.png"]
    assert all((tmp_path / name).read_bytes()[:4] == b"\x89PNG" for name in pictures)


def test_a_wrong_answer_is_found_out(monkeypatch: pytest.MonkeyPatch) -> None:
    """Block means that are half a degree off miss the target, and so does the order."""
    import scoville.validation.fourier as fourier

    exact = fourier.exact_block_means
    monkeypatch.setattr(fourier, "exact_block_means", lambda *a, **k: exact(*a, **k) + 0.5)
    missed = failures(analytic_stack(None, quick=True))
    assert len(missed) == 2
    assert "block means" in missed[0]
    assert "order" in missed[1]


def test_bounds_of_reduced_models(monkeypatch: pytest.MonkeyPatch) -> None:
    """All hold; and errors that are a hundred times as large are told to be above them."""
    import scoville.validation.reduced_bound as reduced_bound

    assert failures(reduced_bound.reduced_bound(quick=True)) == []
    jump_errors = reduced_bound._jump_errors
    monkeypatch.setattr(reduced_bound, "_jump_errors", lambda *a: 100.0 * jump_errors(*a))
    (missed,) = failures(reduced_bound.reduced_bound(quick=True))
    assert "error above its bound" in missed


def test_reference_package(data: Path) -> None:
    section = package25d(data, quick=True)
    assert failures(section) == []
    codes = section.tables[0].rows.set_index("code")["means, greatest K"]
    peers = codes[[name for name in codes.index if "HotSpot" in name or "3D-ICE" in name]]
    assert codes["this one, 128"] < 0.2 * peers.min()


def test_hotspot_is_cooler_because_of_its_sink(data: Path) -> None:
    case = read_case(data / "hotspot_ev6" / "case.json")
    refined = hotspot_like_means(case.package, case.power_w, 16, one_node=False)
    one_node = hotspot_like_means(case.package, case.power_w, 16)
    change = one_node - refined
    assert change.mean() == pytest.approx(-1.8, abs=0.3)


def test_what_hotspot_leaves_is_explained(data: Path) -> None:
    assert failures(hotspot_ev6(data)) == []


def test_the_document_says_what_was_missed(tmp_path: Path) -> None:
    section = Section(
        "s",
        "A case",
        "\n        First line,\n        second line.\n    ",
        (Check("met", 0.1, 0.2, "K"), Check("missed", 0.3, 0.2, "K")),
        (Table("rows", pd.DataFrame({"a|b": ["x|y"], "n": [float("nan")]})),),
        (Picture("p.png", "A picture", lambda: convergence([8, 16], {"a": [1.0, 0.25]}, 0.1)),),
    )
    text = write_document(tmp_path, "t", "Title", [section], []).read_text()
    assert "1 of 2 targets are met." in text
    assert "| missed | 0.3 K | at most 0.2 K | **no** |" in text
    assert "\nFirst line,\nsecond line.\n" in text
    assert "| x\\|y |  |" in text
    found = Validation((section,), ("left",))
    assert not found.passed
    assert json.loads(json.dumps(found.to_dict()))["sections"]["s"]["rows"] == [
        {"a|b": "x|y", "n": None}
    ]


def test_pictures_are_the_same_twice(tmp_path: Path) -> None:
    def drawn(name: str) -> bytes:
        figures = (over_time([0.0, 1.0], {"a": [0.1, 0.2]}, 0.1), histogram({"a": [5, 6]}, 40))
        parts = []
        for number, figure in enumerate(figures):
            path = tmp_path / f"{name}{number}.png"
            figure.savefig(path, metadata={"Software": None})
            parts.append(path.read_bytes())
        return b"".join(parts)

    assert drawn("first") == drawn("second")


def test_a_folder_that_is_not_there_is_bad_input() -> None:
    result = CliRunner().invoke(app, ["validate", "thermal", "--data", "nowhere", "--json"])
    assert result.exit_code == 2
    fault = json.loads(result.stdout)["error"]["faults"][0]
    assert fault["where"] == "--data nowhere"


def test_an_engine_that_is_unknown_is_bad_input() -> None:
    result = CliRunner().invoke(app, ["validate", "termal"])
    assert result.exit_code == 2


def test_the_command(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """With cases cut down to one: the report, the record, the exit codes."""
    import scoville.validation.thermal as thermal

    def fake(good: bool) -> None:
        section = Section("s", "A case", "Text.", (Check("c", 0.1 if good else 9.0, 1.0),))
        monkeypatch.setattr(
            thermal, "validate_thermal", lambda *a, **k: Validation((section,), ("x: absent",))
        )

    for good in (True, False):
        fake(good)
        command = ["validate", "thermal", "--out", str(tmp_path / "out"), "--json"]
        result = CliRunner().invoke(app, command)
        assert result.exit_code == (0 if good else 1)
        content = json.loads(result.stdout)
        assert content["passed"] is good
        assert content["left_out"] == ["x: absent"]
        assert (tmp_path / "out" / "thermal.md").is_file()
        assert (tmp_path / "out" / "run.json").is_file()
