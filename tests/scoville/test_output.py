"""The output folder appears whole or not at all."""

from __future__ import annotations

from pathlib import Path

import pytest

from scoville.output import check_output_folder, output_folder, write_json
from techlib import InputError


def fill(folder, text="x"):
    write_json(folder / "run.json", {"text": text})


def write_and_fail(place, error):
    with output_folder(place) as folder:
        fill(folder, "half")
        raise error("stop")


def names(folder):
    return sorted(entry.name for entry in folder.iterdir())


def test_a_new_folder_appears_with_its_parents(tmp_path):
    place = tmp_path / "deep" / "result"
    with output_folder(place) as folder:
        assert not place.exists()
        fill(folder)
    assert names(place) == ["run.json"]
    assert names(place.parent) == ["result"]


def test_an_earlier_run_is_replaced_as_a_whole(tmp_path):
    place = tmp_path / "result"
    with output_folder(place) as folder:
        fill(folder)
        (folder / "old.txt").write_text("old")
    with output_folder(place) as folder:
        fill(folder, "new")
    assert names(place) == ["run.json"]
    assert "new" in (place / "run.json").read_text()
    assert names(tmp_path) == ["result"]


@pytest.mark.parametrize("error", [ValueError, KeyboardInterrupt])
def test_a_failure_leaves_what_was_there(tmp_path, error):
    place = tmp_path / "result"
    with output_folder(place) as folder:
        fill(folder)
    before = (place / "run.json").read_bytes()
    with pytest.raises(error):
        write_and_fail(place, error)
    assert (place / "run.json").read_bytes() == before
    assert names(tmp_path) == ["result"]


def test_a_failure_of_the_first_run_leaves_nothing(tmp_path):
    with pytest.raises(ValueError, match="stop"):
        write_and_fail(tmp_path / "result", ValueError)
    assert names(tmp_path) == []


def test_a_folder_of_somebody_else_is_refused(tmp_path):
    place = tmp_path / "precious"
    place.mkdir()
    (place / "thesis.txt").write_text("years of work")
    with pytest.raises(InputError, match=r"files in it and no run\.json"), output_folder(place):
        pass
    assert names(place) == ["thesis.txt"]


def test_an_empty_folder_is_taken_and_a_file_is_refused(tmp_path):
    (tmp_path / "empty").mkdir()
    with output_folder(tmp_path / "empty") as folder:
        fill(folder)
    assert names(tmp_path / "empty") == ["run.json"]
    (tmp_path / "file").write_text("")
    with pytest.raises(InputError, match="is a file"), output_folder(tmp_path / "file"):
        pass


def test_a_link_stays_and_what_it_points_at_is_written(tmp_path):
    (tmp_path / "real").mkdir()
    (tmp_path / "link").symlink_to("real")
    with output_folder(tmp_path / "link") as folder:
        fill(folder)
    assert (tmp_path / "link").is_symlink()
    assert names(tmp_path / "real") == ["run.json"]
    assert names(tmp_path) == ["link", "real"]


def test_what_cannot_be_written_is_said_before_the_work(tmp_path):
    (tmp_path / "file").write_text("")
    place = tmp_path / "file" / "out"
    said = rf"--out {place}: cannot be written: .*file is a file; choose another folder"
    with pytest.raises(InputError, match=said):
        check_output_folder(place)
    if Path("/proc/self").is_dir():
        with pytest.raises(InputError, match="--out /proc/out: cannot be written: "):
            check_output_folder("/proc/out")


def test_json_refuses_what_is_not_a_number(tmp_path):
    with pytest.raises(ValueError, match="not JSON compliant"):
        write_json(tmp_path / "a.json", {"x": float("nan")})
