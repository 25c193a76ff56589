"""``scoville check``: the geometry rules."""

from __future__ import annotations

from scoville.console import FAILED, PASSED, DesignArgument, Session, Set

__all__ = ["check_command"]


def check_command(session: Session, design: DesignArgument, overrides: Set = None) -> int:
    """Check the geometry of a design; exit code 1 if any rule is broken."""
    import floorplan
    from scoville.design import load_design

    loaded = load_design(design, overrides or [])
    found = floorplan.check(loaded.floorplan)
    rows = [
        (v.rule, ", ".join(v.where), f"{v.x_um:.3f}", f"{v.y_um:.3f}", v.message) for v in found
    ]
    if rows:
        session.table("", ("rule", "where", "x um", "y um", "finding"), rows)
    session.say(
        f"{loaded.name}: {len(found)} violations of {len(floorplan.RULES)} rules",
        "bold red" if found else "bold green",
    )
    content = {
        "passed": not found,
        "design": loaded.name,
        "rules": len(floorplan.RULES),
        "violations": [violation.to_dict() for violation in found],
    }
    session.save_result(content, loaded, loaded.layout_sources)
    session.emit(content)
    return FAILED if found else PASSED
