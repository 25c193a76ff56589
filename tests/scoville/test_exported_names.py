"""The public names of the application."""

from __future__ import annotations

import importlib
import pkgutil
import subprocess
import sys
from types import ModuleType

import pytest

import scoville


def test_exported_names():
    assert scoville.__all__ == [
        "Design",
        "Signoff",
        "Study",
        "Target",
        "builtin_designs",
        "load_design",
        "read_study",
        "run_signoff",
        "run_sweep",
    ]
    assert all(hasattr(scoville, name) for name in scoville.__all__)
    assert not hasattr(scoville, "nothing")


def test_the_command_line_loads_no_room_before_it_has_to():
    code = (
        "import sys, scoville.cli\n"
        "heavy = {'power', 'thermal', 'package', 'floorplan', 'numba', 'xarray', 'matplotlib',\n"
        "         'scipy', 'numpy', 'pandas', 'pint', 'pydantic', 'shapely'}\n"
        "print(sorted(heavy & set(sys.modules)))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


ROOMS = ["techlib", "floorplan", "package", "power", "thermal", "scoville"]


@pytest.mark.parametrize("room", ROOMS)
def test_names_of_a_room_are_no_modules_once_all_are_loaded(room: str) -> None:
    loaded = importlib.import_module(room)
    for module in pkgutil.walk_packages(loaded.__path__, f"{room}."):
        importlib.import_module(module.name)
    hidden = [name for name in loaded.__all__ if isinstance(getattr(loaded, name), ModuleType)]
    assert hidden == []
