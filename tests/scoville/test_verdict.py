"""Targets: margin, verdict and whether it stands over the whole band."""

from __future__ import annotations

import pytest

from scoville.verdict import Target, all_passed


def make(value, limit, low, high, *, at_least=False):
    return Target("t", "T", value, limit, low, high, "W", at_least=at_least)


@pytest.mark.parametrize(
    ("entry", "margin", "passed", "sure"),
    [
        (make(80, 100, 70, 90), 20, True, True),
        (make(80, 100, 70, 110), 20, True, False),
        (make(120, 100, 110, 130), -20, False, True),
        (make(120, 100, 90, 130), -20, False, False),
        (make(120, 100, 110, 130, at_least=True), 20, True, True),
        (make(120, 100, 90, 130, at_least=True), 20, True, False),
        (make(80, 100, 70, 90, at_least=True), -20, False, True),
        (make(100, 100, 100, 100), 0, True, True),
    ],
)
def test_margin_and_verdict(entry, margin, passed, sure):
    assert (entry.margin, entry.passed, entry.sure) == (margin, passed, sure)


def test_one_missed_target_fails_all():
    assert all_passed([make(1, 2, 1, 1)])
    assert not all_passed([make(1, 2, 1, 1), make(3, 2, 3, 3)])


def test_units_for_people_and_for_columns():
    entry = Target("frequency", "F", 1.964e9, 1.7e9, 1.6e9, 2.3e9, "Hz", at_least=True)
    assert entry.shown() == ("1.964", "at least 1.700", "0.264")
    assert (entry.shown_unit, entry.column) == ("GHz", "frequency_hz")
