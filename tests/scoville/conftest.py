"""A small and quick run that several tests look at."""

from __future__ import annotations

import pytest

QUICK = ("thermal.preset=quick", "thermal.lateral=16", "thermal.transient_steps=4")
SHORT = ("workload.duration=4 s", "thermal.sustained_window=2 s")


@pytest.fixture(scope="session")
def quick():
    """Overrides that make a sign-off of the built-in design a matter of seconds."""
    return (*QUICK, *SHORT)


@pytest.fixture(scope="session")
def found(quick):
    """A sign-off of the built-in design."""
    from scoville import load_design, run_signoff

    return run_signoff(load_design("jalapeno", quick))


@pytest.fixture(scope="session")
def folder(found, tmp_path_factory):
    """Everything that this sign-off writes."""
    from scoville.signoff_files import write_signoff

    place = tmp_path_factory.mktemp("signoff")
    write_signoff(found, place, lambda _stage, _share: None)
    return place
