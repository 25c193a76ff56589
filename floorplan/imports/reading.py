"""A floorplan from a file of any tool, by the file's kind."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from floorplan.explicit import read_floorplan
from floorplan.imports.assembly import ImportedLayout, assemble
from floorplan.imports.bookshelf_reader import read_bookshelf
from floorplan.imports.csv_reader import read_csv
from floorplan.imports.settings import ImportSettings, Technology
from floorplan.imports.sketch import Sketch
from floorplan.imports.thermal_reader import read_flp
from floorplan.layout_reader import layout_suffix
from techlib import (
    Faults,
    HbmGeneration,
    InterposerTechnology,
    Library,
    ProcessNode,
    did_you_mean,
)

__all__ = ["IMPORTS", "import_files", "import_layout"]

#: What can be imported, by suffix; layout files packed by gzip too.
IMPORTS = {
    ".gds": "GDSII",
    ".oas": "OASIS",
    ".def": "DEF, with its LEF",
    ".flp": "HotSpot or 3D-ICE",
    ".blocks": "Bookshelf, with .pl and .power",
    ".csv": "a table of blocks",
    ".toml": "a floorplan in full",
}
_BOOKSHELF_UNIT_UM = 1.0


def import_layout(
    table: Mapping[str, Any],
    *,
    name: str,
    where: str,
    folder: str | Path = ".",
    nodes: Library[ProcessNode] | None = None,
    hbm: Library[HbmGeneration] | None = None,
    interposers: Library[InterposerTechnology] | None = None,
) -> ImportedLayout:
    r"""Make a floorplan of a file of another tool.

    Parameters
    ----------
    table : mapping
        ``import`` names the file (`IMPORTS` has the kinds); the other entries say what the file
        does not: ``node``, ``die``, ``kinds``, ``default_kind``, ``lef``, ``layers``, ``cell``,
        ``unit``, ``hbm``, ``interposer``, ``stacks``, ``x``, ``y``, ``scribe``, ``seal_ring``,
        ``grid``; see `floorplan.imports.settings.ImportSettings`. Lengths are strings with a unit.
    name : str
        Of the floorplan.
    where : str
        File and section of the table, for messages.
    folder : str or Path
        What its paths are relative to.
    nodes, hbm, interposers : Library, optional
        Where names are looked up; the shipped libraries if not given.

    Raises
    ------
    InputError
        Every fault of the table, or else every fault of the file, with its line.
    MissingExtraError
        DEF is read by KLayout, which is not installed.

    Examples
    --------
    >>> import floorplan, tempfile, pathlib
    >>> flp = "core0 0.004 0.004 0 0\nL2 0.004 0.002 0 0.004\n"
    >>> with tempfile.TemporaryDirectory() as place:
    ...     _ = pathlib.Path(place, "ev.flp").write_text(flp)
    ...     found = floorplan.import_layout(
    ...         {"import": "ev.flp", "node": "N5", "die": "cpu"},
    ...         name="ev", where="example", folder=place)
    >>> found.floorplan.heat_keys
    ('cpu/core0', 'cpu/L2')
    """
    faults = Faults()
    technology = Technology.of(nodes, hbm, interposers)
    path = _path(table.get("import"), Path(folder), where, faults)
    if path is not None and path.suffix.lower() == ".toml":
        return _full(path, table, where, faults, technology)
    settings = ImportSettings.read(table, Path(folder), where, faults, technology)
    if path is not None and path.suffix.lower() == ".def" and not table.get("lef"):
        cure = 'e.g. lef = ["tech.lef", "macros.lef"]'
        faults.add(f"{where}.lef", "is missing", "the LEF files of the macros", cure)
    faults.raise_if_any()
    assert path is not None
    return assemble(_sketch(path, settings), settings, technology, name=name, where=where)


def import_files(table: Mapping[str, Any], folder: str | Path) -> tuple[Path, ...]:
    """Return every file that `import_layout` reads for a table, those that are there."""
    given = [table.get("import"), *_listed(table.get("lef", []))]
    paths = [Path(folder) / entry for entry in given if isinstance(entry, str) and entry]
    if paths and paths[0].suffix.lower() == ".blocks":
        paths += [paths[0].with_suffix(suffix) for suffix in (".pl", ".power")]
    return tuple(path for path in paths if path.is_file())


def _suffix(path: Path) -> str:
    return layout_suffix(path) or path.suffix.lower()


def _listed(value: Any) -> list[Any]:
    return value if isinstance(value, list) else [value]


def _path(value: Any, folder: Path, where: str, faults: Faults) -> Path | None:
    place = f"{where}.import"
    allowed = ", ".join(f"{suffix} ({kind})" for suffix, kind in IMPORTS.items())
    if not isinstance(value, str) or not value:
        faults.add(place, f"{value!r} is not a path", "the path of a layout file")
        return None
    path = folder / value
    if _suffix(path) not in IMPORTS:
        faults.add(place, f"{path.name} is of no kind that can be imported", allowed)
        return None
    if not path.is_file():
        near = sorted(p.name for p in path.parent.glob("*") if _suffix(p) in IMPORTS)
        cure = did_you_mean(path.name, near) if near else "check the path"
        faults.add(place, f"there is no file {path}", allowed, cure)
        return None
    return path


def _full(
    path: Path, table: Mapping[str, Any], where: str, faults: Faults, technology: Technology
) -> ImportedLayout:
    """Read a floorplan in full, which needs no other entry."""
    for key in sorted(table.keys() - {"import"}):
        faults.add(f"{where}.{key}", "has no meaning here", cure=f"{path.name} says everything")
    faults.raise_if_any()
    plan = read_floorplan(
        path, nodes=technology.nodes, hbm=technology.hbm, interposers=technology.interposers
    )
    return ImportedLayout(plan, {}, ())


def _sketch(path: Path, settings: ImportSettings) -> Sketch:
    match _suffix(path):
        case ".gds" | ".oas":
            from floorplan.imports.gds_reader import read_gds

            return read_gds(path, settings.layers, settings.die, settings.cell)
        case ".def":
            from floorplan.imports.def_reader import read_def

            return read_def(path, settings.lef)
        case ".flp":
            return read_flp(path, settings.die)
        case ".csv":
            return read_csv(path, settings.die, settings.unit_um)
        case _:
            return read_bookshelf(path, settings.die, settings.unit_um or _BOOKSHELF_UNIT_UM)
