"""Write time, file size and check time of layouts against the number of bumps.

    python benchmarks/layout.py [--counts 10000 1000000] [--repeat 3] [--write]

Regular: power and ground in alternate rows of a die at 45 um. Irregular: three in five of the same
sites at random. Beside the toolkit's files stand those of plain gdstk (a polygon with a
repetition, which GDSII has no record for) and of KLayout (instance arrays where the bumps are
regular, an instance for each where they are not). ``--write`` puts the tables into
docs/benchmarks/layout.md.
"""

from __future__ import annotations

import argparse
import functools
import platform
import tempfile
import time
from collections.abc import Callable, Iterable
from dataclasses import replace
from importlib.metadata import version
from pathlib import Path
from typing import NamedTuple

import gdstk
import klayout.db as kdb
import numpy as np
from shapely import box

import floorplan
from floorplan import Block, BlockKind, BumpArray, BumpField, BumpKind, Layout

PAGE = Path(__file__).parents[1] / "docs" / "benchmarks" / "layout.md"
COUNTS = (10_000, 100_000, 1_000_000, 4_000_000)
PITCH_UM, PAD_UM, EDGE_UM = 45.0, 25.0, 110.0
NETS = ("VDD", "VSS")
LONG_S = 5.0
SHARE = 0.6  # of the sites that an irregular field has


class Timing(NamedTuple):
    seconds: float
    size_byte: int


def core(count: int, *, regular: bool) -> BumpField:
    """Return a square field of about `count` bumps."""
    side = round((count if regular else count / SHARE) ** 0.5 / 2) * 2
    if regular:
        array = BumpArray(EDGE_UM, EDGE_UM, PITCH_UM, 2 * PITCH_UM, side, side // 2)
        rows = (array, replace(array, y_um=EDGE_UM + PITCH_UM, net=1))
        return BumpField("die/core", BumpKind.CORE, "die", PAD_UM, NETS, arrays=rows)
    sites = np.random.default_rng(0).choice(side * side, size=count, replace=False)
    points = np.stack([sites % side, sites // side], axis=-1) * PITCH_UM + EDGE_UM
    return BumpField(
        "die/core",
        BumpKind.CORE,
        "die",
        PAD_UM,
        NETS,
        points_um=points,
        point_nets=(sites // side) % 2,
    )


def layout_of(field: BumpField) -> Layout:
    """Return a layout of one die of one block with the field as its only bumps."""
    size_um = field.bounds_um[2] + EDGE_UM
    plan = floorplan.from_tables(
        {
            "grid": "5 nm",
            "interposer": {"technology": "CoWoS-S"}
            | dict.fromkeys(("width", "height"), f"{size_um + 500.0} um"),
            "dies": [
                {"name": "die", "node": "N3", "x": "250 um", "y": "250 um"}
                | {"scribe": "40 um", "seal_ring": "20 um"}
                | dict.fromkeys(("width", "height"), f"{size_um} um")
            ],
        },
        name="bumps",
        where="benchmark",
    )
    block = Block("logic", BlockKind.VECTOR, box(60.0, 60.0, size_um - 60.0, size_um - 60.0))
    die = replace(plan.dies[0], blocks=(block,))
    drawn = floorplan.lay_out(replace(plan, dies=(die,)))
    return replace(drawn, fields=(field,))


def octagon() -> list[tuple[float, float]]:
    half, flat = PAD_UM / 2, 5.175
    corners = [(half, -flat), (half, flat), (flat, half), (-flat, half)]
    return corners + [(-x, -y) for x, y in corners]


def plain_gdstk(field: BumpField, file: Path) -> None:
    library = gdstk.Library("bumps", 1e-6, 1e-9)
    cell = library.new_cell("PKG")
    for array in field.arrays:
        pad = gdstk.Polygon(octagon(), layer=31).translate(array.x_um, array.y_um)
        pad.repetition = gdstk.Repetition(
            columns=array.columns, rows=array.rows, spacing=(array.pitch_x_um, array.pitch_y_um)
        )
        cell.add(pad)
    if len(field.points_um):
        pad = gdstk.Polygon(octagon(), layer=31).translate(*field.points_um[0].tolist())
        pad.repetition = gdstk.Repetition(offsets=field.points_um[1:] - field.points_um[0])
        cell.add(pad)
    write = library.write_oas if file.suffix == ".oas" else library.write_gds
    write(file)


def plain_klayout(field: BumpField, file: Path) -> None:
    layout = kdb.Layout()
    top, pad = layout.create_cell("PKG"), layout.create_cell("PAD")
    shape = kdb.Polygon([kdb.Point(round(x * 1000), round(y * 1000)) for x, y in octagon()])
    pad.shapes(layout.layer(31, 0)).insert(shape)
    index = pad.cell_index()
    for array in field.arrays:
        place = kdb.Trans(round(array.x_um * 1000), round(array.y_um * 1000))
        steps = (
            kdb.Vector(round(array.pitch_x_um * 1000), 0),
            kdb.Vector(0, round(array.pitch_y_um * 1000)),
        )
        top.insert(kdb.CellInstArray(index, place, *steps, array.columns, array.rows))
    for x, y in np.rint(field.points_um * 1000).astype(int).tolist():
        top.insert(kdb.CellInstArray(index, kdb.Trans(x, y)))
    options = kdb.SaveLayoutOptions()
    options.set_format_from_filename(str(file))
    options.oasis_compression_level = 10  # the most that KLayout has
    layout.write(str(file), options)


#: Name of each check and what it takes; one more line here is one more column.
CHECKS: dict[str, Callable[[Layout], object]] = {
    "check with bumps and nets": lambda layout: floorplan.check(layout),
}
WRITERS: dict[str, Callable[[Layout, Path], object]] = {
    "Scoville GDS": lambda layout, file: floorplan.write_gds(layout, file),
    "Scoville OASIS": lambda layout, file: floorplan.write_oasis(layout, file),
    "gdstk GDS": lambda layout, file: plain_gdstk(layout.fields[0], file),
    "gdstk OASIS": lambda layout, file: plain_gdstk(layout.fields[0], file),
    "KLayout GDS": lambda layout, file: plain_klayout(layout.fields[0], file),
    "KLayout OASIS": lambda layout, file: plain_klayout(layout.fields[0], file),
}


def best(run: Callable[[], object], repeat: int) -> float:
    """Return the shortest processor time of some runs [s]; what takes long is not run again."""
    seconds: list[float] = []
    while len(seconds) < repeat and sum(seconds) < LONG_S:
        start = time.process_time()
        run()
        seconds.append(time.process_time() - start)
    return min(seconds)


def measure(count: int, *, regular: bool, repeat: int) -> list[str]:
    """Return one row of the table."""
    layout = layout_of(core(count, regular=regular))
    cells = [f"{layout.fields[0].count:,}"]
    with tempfile.TemporaryDirectory() as folder:
        for name, write in WRITERS.items():
            suffix = "oas" if name.endswith("OASIS") else "gds"
            file = Path(folder) / f"x.{suffix}"
            seconds = best(functools.partial(write, layout, file), repeat)
            cells.append(f"{seconds:.3f} s, {size(file.stat().st_size)}")
            file.unlink()
    checks = (best(functools.partial(check, layout), repeat) for check in CHECKS.values())
    return [*cells, *(f"{seconds:.3f} s" for seconds in checks)]


def size(byte: int) -> str:
    return f"{byte / 1e6:.2f} MB" if byte >= 100_000 else f"{byte / 1e3:.1f} kB"


def design_row(name: str, repeat: int) -> list[str]:
    """Return the row of a built-in design in full."""
    plan = floorplan.build(floorplan.recipes()[name])
    derive = best(lambda: floorplan.lay_out(plan), repeat)
    layout = floorplan.lay_out(plan)
    row = [name, f"{sum(layout.bump_counts.values()):,}", f"{derive:.2f} s"]
    with tempfile.TemporaryDirectory() as folder:
        for write in (floorplan.write_gds, floorplan.write_oasis, floorplan.write_bumps):
            file = Path(folder) / "x"
            seconds = best(functools.partial(write, layout, file), repeat)
            row.append(f"{seconds:.2f} s, {size(file.stat().st_size)}")
    checks = (best(functools.partial(check, layout), repeat) for check in CHECKS.values())
    return [*row, *(f"{seconds:.2f} s" for seconds in checks)]


def table(head: list[str], rows: Iterable[list[str]]) -> str:
    lines = [head, ["---"] * len(head), *rows]
    return "\n".join("| " + " | ".join(line) + " |" for line in lines)


def page(counts: list[int], repeat: int) -> str:
    head = ["bumps", *WRITERS, *CHECKS]
    about = (
        "Written by `python benchmarks/layout.py --write`. Processor time to draw and write (on "
        "one core; a busy machine does not stretch it), and size of the file; the best of "
        f"{repeat} runs on a {platform.machine()} machine, Python {platform.python_version()}, "
        f"gdstk {version('gdstk')}, KLayout {version('klayout')}."
    )
    parts = ["# Layout files", about, (__doc__ or "").split("\n\n")[2].rsplit(" ``", 1)[0]]
    for title, regular in (("Regular bumps", True), ("Irregular bumps", False)):
        rows = [measure(count, regular=regular, repeat=repeat) for count in counts]
        parts += [f"## {title}", table(head, rows)]
    head = ["design", "bumps", "derived in", "GDS", "OASIS", "bumps as Parquet", *CHECKS]
    rows = [design_row(name, repeat) for name in floorplan.recipes()]
    parts += ["## Built-in designs", table(head, rows)]
    return "\n\n".join(parts) + "\n"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--counts", type=int, nargs="+", default=list(COUNTS))
    parser.add_argument("--repeat", type=int, default=3)
    parser.add_argument("--write", action="store_true", help=f"write {PAGE.name} too")
    given = parser.parse_args()
    text = page(given.counts, given.repeat)
    print(text)
    if given.write:
        PAGE.parent.mkdir(parents=True, exist_ok=True)
        PAGE.write_text(text, encoding="utf-8")


if __name__ == "__main__":
    main()
