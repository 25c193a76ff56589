"""The doctor: which versions are in use, and whether our packages are really ours."""

from __future__ import annotations

import importlib
import importlib.metadata
import importlib.util
import platform
import sys
from dataclasses import dataclass
from pathlib import Path

__all__ = ["DISTRIBUTION", "ROOMS", "Diagnosis", "Finding", "diagnose", "package_versions"]

DISTRIBUTION = "scoville"
ROOMS = ("techlib", "floorplan", "package", "power", "thermal", "scoville")


@dataclass(frozen=True)
class Finding:
    """One thing that the doctor looked at.

    Parameters
    ----------
    name : str
        Import package or distribution.
    version : str
        Version in use; empty for one of our packages.
    path : str
        Where it is imported from.
    problem : str
        What is wrong, and what to do; empty when all is well.
    """

    name: str
    version: str = ""
    path: str = ""
    problem: str = ""

    def to_dict(self) -> dict[str, str]:
        """Return the finding as plain strings, for JSON output."""
        return {
            "name": self.name,
            "version": self.version,
            "path": self.path,
            "problem": self.problem,
        }


@dataclass(frozen=True)
class Diagnosis:
    """All findings: the interpreter, our import packages, what they depend on."""

    python: str
    platform: str
    rooms: tuple[Finding, ...]
    dependencies: tuple[Finding, ...]

    @property
    def healthy(self) -> bool:
        """Whether nothing is wrong."""
        return not any(finding.problem for finding in (*self.rooms, *self.dependencies))


def diagnose() -> Diagnosis:
    """Look at the interpreter, at our packages, and at those that we need."""
    home = Path(__file__).resolve().parent.parent
    return Diagnosis(
        python=f"{platform.python_implementation()} {platform.python_version()}",
        platform=platform.platform(),
        rooms=tuple(_examine_room(room, home) for room in ROOMS),
        dependencies=tuple(_examine_dependency(name) for name in _dependencies()),
    )


def package_versions() -> dict[str, str]:
    """Return the versions of our distribution and of those that it needs, by name."""
    names = (DISTRIBUTION, *_dependencies())
    return {name: _version(name) for name in names}


def _examine_room(room: str, home: Path) -> Finding:
    """Check that an import package is the one beside the application, and only ours."""
    path = _origin(room)
    if path is None:
        return Finding(room, problem=f"cannot be imported; reinstall {DISTRIBUTION}")
    shown = str(path)
    if path.parent.parent != home:
        problem = (
            f"comes from {path.parent}, not from {home / room}; "
            f"remove that path from PYTHONPATH or install {DISTRIBUTION} in its own environment"
        )
        return Finding(room, path=shown, problem=problem)
    owners = set(importlib.metadata.packages_distributions().get(room, ()))
    others = sorted(owners - {DISTRIBUTION})
    if others:
        problem = (
            f"is also installed by {', '.join(others)}, which may overwrite it; "
            f"install {DISTRIBUTION} in its own environment"
        )
        return Finding(room, path=shown, problem=problem)
    return Finding(room, path=shown)


def _origin(room: str) -> Path | None:
    """Return the `__init__` file that the name stands for, without running it if possible."""
    module = sys.modules.get(room)
    spec = module.__spec__ if module is not None else importlib.util.find_spec(room)
    if spec is None or spec.origin is None:
        return None
    return Path(spec.origin).resolve()


def _dependencies() -> tuple[str, ...]:
    """Return the distributions that ours requires, extras apart."""
    try:
        required = importlib.metadata.requires(DISTRIBUTION) or []
    except importlib.metadata.PackageNotFoundError:
        return ()
    plain = (line for line in required if "extra ==" not in line)
    return tuple(sorted(_name_of(line) for line in plain))


def _name_of(requirement: str) -> str:
    end = next((i for i, c in enumerate(requirement) if c in " <>=!~;[("), len(requirement))
    return requirement[:end]


def _version(name: str) -> str:
    try:
        return importlib.metadata.version(name)
    except importlib.metadata.PackageNotFoundError:
        return "missing"


def _examine_dependency(name: str) -> Finding:
    version = _version(name)
    if version == "missing":
        return Finding(name, version, problem=f"is not installed; pip install {name}")
    return Finding(name, version)
