"""``scoville layout``: the layout files of a design."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from scoville.commands._options import ModelOption, TraceOption, workload_overrides
from scoville.console import DesignArgument, Session, Set
from techlib import InputError

if TYPE_CHECKING:
    from floorplan import Floorplan, Layout

__all__ = ["layout_command"]

_Formats = Annotated[
    str | None,
    typer.Option(
        "--format",
        metavar="LIST",
        help="Formats, with commas between; all if not given (`scoville list formats`).",
    ),
]
_Png = Annotated[bool, typer.Option("--png/--no-png", help="Draw the floorplan (PNG and SVG).")]
_Power = Annotated[
    bool, typer.Option("--power", help="Serve the trace; write power where a format carries it.")
]
_Bumps = Annotated[
    str,
    typer.Option(
        "--bumps",
        metavar="WHICH",
        help="What text files list bump by bump: interfaces, or all with core supplies (100 MB).",
    ),
]
_BUMPS = ("interfaces", "all")
_PICTURES = ("png", "svg")


def layout_command(
    session: Session,
    design: DesignArgument,
    formats: _Formats = None,
    png: _Png = True,
    power: _Power = False,
    bumps: _Bumps = "interfaces",
    trace: TraceOption = None,
    model: ModelOption = None,
    overrides: Set = None,
) -> None:
    """Write the layout in every format: GDS, LEF, DEF, drawings, floorplans of other tools."""
    import floorplan
    from scoville.design import load_design
    from scoville.layout_files import write_layout
    from scoville.output import output_folder

    if bumps not in _BUMPS:
        raise InputError.of(f"--bumps {bumps}", "is not known", " or ".join(_BUMPS))
    wanted = _wanted(formats, png)
    loaded = load_design(design, workload_overrides(overrides, trace, model))
    place = session.folder(loaded.name)
    with session.progress(compiles=power) as progress, output_folder(place) as folder:
        written = write_layout(
            loaded, folder, progress, formats=wanted, power=power, every_bump=bumps == "all"
        )
        session.record(loaded, loaded.layout_sources).write(folder)
    for name, error in written.skipped.items():
        session.warn(f"no {name}: {error}")
    plan = loaded.floorplan
    _print_areas(session, plan)
    counts = loaded.layout.bump_counts
    session.table("", ("bumps", "number"), [(kind, f"{n:,}") for kind, n in counts.items() if n])
    _print_links(session, loaded.layout)
    for note in loaded.layout.notes:
        session.say(note)
    found = Counter[str]()
    for violation in floorplan.check(plan, loaded.rules):
        found[violation.severity] += violation.count
    if found:
        counted = f"{found['error']} violations, {found['warning']} warnings"
        session.warn(f"{counted}; see `scoville check {design}`")
    session.say(_written(written.sizes, place))
    session.emit(
        {
            "design": loaded.name,
            "folder": str(Path(place)),
            "files": list(written.files),
            "bytes": dict(written.sizes),
            "skipped": {name: str(error) for name, error in written.skipped.items()},
            "blocks": sum(len(die.blocks) for die in plan.dies),
            "violations": found["error"],
            "warnings": found["warning"],
            "utilisation": _areas(plan),
            "bumps": counts,
            "links": _links(loaded.layout),
            "notes": list(loaded.layout.notes),
        }
    )


def _wanted(formats: str | None, png: bool) -> list[str] | None:
    """Return the formats that are asked for; none where all that can be written are."""
    from floorplan import FORMATS

    if formats is None:
        return None if png else [name for name in FORMATS if name not in _PICTURES]
    return [name for entry in formats.split(",") if (name := entry.strip().lower())]


def _written(sizes: Mapping[str, int], place: Path) -> str:
    """Say what was written: how much, and each file with its size from a tenth of a MB on."""
    named = [
        f"{name} ({size / 1e6:.1f} MB)" if size >= 1e5 else name for name, size in sizes.items()
    ]
    total_mb = sum(sizes.values()) / 1e6
    return f"wrote {len(sizes)} files, {total_mb:.1f} MB together, to {place}: {', '.join(named)}"


def _areas(plan: Floorplan) -> list[dict[str, object]]:
    import floorplan
    from scoville.tables import plain_rows

    return plain_rows(floorplan.utilisation(plan))


def _links(layout: Layout) -> list[dict[str, object]]:
    import floorplan
    from scoville.tables import plain_rows

    return plain_rows(floorplan.link_table(layout))


def _print_links(session: Session, layout: Layout) -> None:
    columns = {
        "link": "{}",
        "wires": "{}",
        "longest_um": "{:.0f}",
        "mean_um": "{:.0f}",
        "crossings": "{}",
        "beachfront_mm": "{:.2f}",
        "density_gbit_s_mm": "{:.0f}",
        "track_use": "{:.2f}",
    }
    rows = [
        tuple(form.format(row[name]) for name, form in columns.items()) for row in _links(layout)
    ]
    if rows:
        heads = ("link", "wires", "longest um", "mean um", "crossings", "beachfront mm")
        session.table("", (*heads, "Gb/s/mm", "track use"), rows)


def _print_areas(session: Session, plan: Floorplan) -> None:
    rows = [
        (
            str(row["name"]),
            f"{row['width_mm']:.3f}",
            f"{row['height_mm']:.3f}",
            f"{row['area_mm2']:.1f}",
            f"{100 * float(str(row['utilisation'])):.1f}",
        )
        for row in _areas(plan)
    ]
    session.table("", ("part", "width mm", "height mm", "area mm2", "used %"), rows)
