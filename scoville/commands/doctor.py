"""``scoville doctor``: what is in use, and whether it is ours."""

from __future__ import annotations

from scoville.console import FAILED, PASSED, Session
from scoville.doctor import diagnose

__all__ = ["doctor_command"]


def doctor_command(session: Session) -> int:
    """Name the versions in use; fail when a package of another project stands in for ours."""
    found = diagnose()
    session.say(f"{found.python} on {found.platform}\n")
    rooms = [(f.name, f.path, f.problem or "ok") for f in found.rooms]
    session.table("import packages", ("package", "imported from", "state"), rooms)
    session.say("")
    others = [(f.name, f.version, f.problem or "ok") for f in found.dependencies]
    session.table("dependencies", ("distribution", "version", "state"), others)
    content = {
        "healthy": found.healthy,
        "python": found.python,
        "platform": found.platform,
        "packages": [finding.to_dict() for finding in found.rooms],
        "dependencies": [finding.to_dict() for finding in found.dependencies],
    }
    session.save_result(content)
    session.emit(content)
    return PASSED if found.healthy else FAILED
