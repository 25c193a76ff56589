"""``scoville layout``: the layout files of a design."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from scoville.console import DesignArgument, Session, Set

__all__ = ["layout_command"]


_Png = Annotated[bool, typer.Option("--png/--no-png", help="Draw the floorplan.")]


def layout_command(
    session: Session, design: DesignArgument, png: _Png = True, overrides: Set = None
) -> None:
    """Write GDS, picture, block table and the floorplan in full (TOML)."""
    import floorplan
    from scoville.design import load_design
    from scoville.layout_files import block_table, write_layout
    from scoville.output import output_folder
    from scoville.tables import plain_rows, rows_of

    loaded = load_design(design, overrides or [])
    place = session.folder(loaded.name)
    with session.progress() as progress, output_folder(place) as folder:
        files = write_layout(loaded, folder, progress, png=png)
        session.record(loaded, loaded.layout_sources).write(folder)
    used = floorplan.utilisation(loaded.floorplan)
    rows = [
        (
            str(row["name"]),
            f"{row['width_mm']:.3f}",
            f"{row['height_mm']:.3f}",
            f"{row['area_mm2']:.1f}",
            f"{100 * row['utilisation']:.1f}",
        )
        for row in rows_of(used)
    ]
    session.table("", ("part", "width mm", "height mm", "area mm2", "used %"), rows)
    violations = floorplan.check(loaded.floorplan)
    if violations:
        session.warn(f"{len(violations)} violations; see `scoville check {design}`")
    session.say(f"wrote {', '.join(files)} to {place}")
    session.emit(
        {
            "design": loaded.name,
            "folder": str(Path(place)),
            "files": list(files),
            "blocks": len(block_table(loaded.floorplan)),
            "violations": len(violations),
            "utilisation": plain_rows(used),
        }
    )
