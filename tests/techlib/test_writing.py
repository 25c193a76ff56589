"""Files take their names once all of them are whole."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from techlib import InputError
from techlib.writing import staged_files


def test_files_appear_together(tmp_path: Path) -> None:
    (tmp_path / "a.txt").write_text("old")
    with staged_files(tmp_path, "a.txt", "b.txt") as place:
        (place / "a.txt").write_text("new")
        (place / "b.txt").write_text("new")
        assert (tmp_path / "a.txt").read_text() == "old"
    assert sorted(path.name for path in tmp_path.iterdir()) == ["a.txt", "b.txt"]
    assert (tmp_path / "a.txt").read_text() == "new"


def test_an_error_leaves_what_was_there(tmp_path: Path) -> None:
    (tmp_path / "a.txt").write_text("old")

    def interrupted() -> None:
        with staged_files(tmp_path, "a.txt", "b.txt") as place:
            (place / "a.txt").write_text("half")
            raise RuntimeError

    with pytest.raises(RuntimeError):
        interrupted()
    assert [path.name for path in tmp_path.iterdir()] == ["a.txt"]
    assert (tmp_path / "a.txt").read_text() == "old"


def test_a_link_stays_and_its_target_is_written(tmp_path: Path) -> None:
    (tmp_path / "far").mkdir()
    (tmp_path / "a.txt").symlink_to(tmp_path / "far" / "real.txt")
    with staged_files(tmp_path, "a.txt") as place:
        (place / "a.txt").write_text("new")
    assert (tmp_path / "a.txt").is_symlink()
    assert (tmp_path / "far" / "real.txt").read_text() == "new"


def test_the_permissions_are_those_of_any_new_file(tmp_path: Path) -> None:
    (tmp_path / "plain").write_text("")
    with staged_files(tmp_path, "a.txt") as place:
        (place / "a.txt").write_text("new")
    assert (tmp_path / "a.txt").stat().st_mode == (tmp_path / "plain").stat().st_mode


def test_every_place_that_cannot_be_written_is_told(tmp_path: Path) -> None:
    (tmp_path / "a.txt").mkdir()
    (tmp_path / "b.txt").mkdir()
    with pytest.raises(InputError) as caught, staged_files(tmp_path, "a.txt", "b.txt"):
        pass
    assert str(caught.value).splitlines() == [
        f"{tmp_path / name}: is a folder; allowed: the name of a file"
        for name in ("a.txt", "b.txt")
    ]
    with pytest.raises(InputError, match="no such folder"), staged_files(tmp_path / "no", "a"):
        pass
    (tmp_path / "file").write_text("")
    with pytest.raises(InputError, match="is a file"), staged_files(tmp_path / "file", "a"):
        pass


@pytest.mark.skipif(os.geteuid() == 0, reason="root writes anywhere")
def test_a_folder_without_permission(tmp_path: Path) -> None:
    tmp_path.chmod(0o500)
    try:
        with pytest.raises(InputError, match="Permission denied"), staged_files(tmp_path, "a"):
            pass
    finally:
        tmp_path.chmod(0o700)
