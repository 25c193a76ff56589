"""The doctor finds a package of another project that stands in for ours."""

from __future__ import annotations

import json
import os
import subprocess
import sys

import pytest

from scoville.doctor import ROOMS, diagnose


def run_doctor(**environment):
    return subprocess.run(
        [sys.executable, "-P", "-m", "scoville", "doctor", "--json"],
        capture_output=True,
        text=True,
        env={**os.environ, **environment},
        check=False,
    )


def test_a_sound_installation_is_healthy():
    found = diagnose()
    assert found.healthy
    assert [finding.name for finding in found.rooms] == list(ROOMS)
    assert all(finding.version for finding in found.dependencies)


@pytest.mark.parametrize("room", ["power", "package"])
def test_a_stranger_of_the_same_name_is_found(tmp_path, room):
    stranger = tmp_path / room
    stranger.mkdir()
    (stranger / "__init__.py").write_text("raise RuntimeError('not ours')\n")
    done = run_doctor(PYTHONPATH=str(tmp_path))
    content = json.loads(done.stdout)
    assert done.returncode == 1
    assert content["healthy"] is False
    problems = {entry["name"]: entry["problem"] for entry in content["packages"]}
    assert problems[room].startswith(f"comes from {stranger}, not from ")
    assert "PYTHONPATH" in problems[room]
    assert [name for name, problem in problems.items() if problem] == [room]
