"""What all tests share: examples of hypothesis are the same in every run and have no deadline."""

from __future__ import annotations

from hypothesis import settings

settings.register_profile("repeatable", deadline=None, derandomize=True)
settings.load_profile("repeatable")
