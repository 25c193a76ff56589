"""Compiled loops on disk."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numba
import pytest
from numba.core import event

from thermal import compiled


def twice(number: int) -> int:
    return 2 * number


class Compiled(event.Listener):
    """Counts what is compiled."""

    def __init__(self) -> None:
        self.count = 0

    def on_start(self, event: Any) -> None:
        self.count += 1

    def on_end(self, event: Any) -> None:
        pass


def compiled_anew() -> bool:
    listener = Compiled()
    with event.install_listener("numba:compile", listener):
        assert compiled.compiled(twice)(21) == 42
    return listener.count > 0


def test_loops_are_kept_until_a_source_changes(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(numba.config, "CACHE_DIR", str(tmp_path))
    assert compiled_anew()
    assert not compiled_anew()
    monkeypatch.setattr(compiled, "_sources", lambda: "others")
    assert compiled_anew()
    assert not compiled_anew()


def test_loops_run_where_none_can_be_kept(monkeypatch: pytest.MonkeyPatch) -> None:
    def nowhere(function: object) -> None:
        raise RuntimeError("no locator available")

    monkeypatch.setattr(compiled, "_Cache", nowhere)
    assert compiled_anew()
    assert compiled_anew()
