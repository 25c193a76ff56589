"""The formats that a layout is written in: one registry, which imports what it writes with."""

from __future__ import annotations

import contextlib
import functools
import importlib
import tempfile
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from floorplan.extent import refuse_endless
from floorplan.floorplan import Floorplan
from floorplan.formats.def_names import body_name
from floorplan.layout import Layout
from floorplan.layout_builder import lay_out
from techlib import Faults, InputError, did_you_mean

__all__ = ["FORMATS", "Content", "Format", "Job", "WrittenFiles", "write_formats"]

#: The text of a file, or what writes it.
Content = str | Callable[[Path], object]


@dataclass(frozen=True, eq=False)
class Job:
    """What is written, and what it is called.

    Parameters
    ----------
    floorplan : Floorplan
        Blocks, dies and stacks.
    stem : str
        First part of the file names.
    power_w : mapping of str to float
        Power by heat key [W], for the formats that carry it; may be empty.
    every_bump : bool
        Whether text files list supply bumps one by one.
    detailed : Layout, optional
        The floorplan's layout; laid out by the standard rules where a format needs one and it is
        not given.
    """

    floorplan: Floorplan
    stem: str
    power_w: Mapping[str, float]
    every_bump: bool = False
    detailed: Layout | None = None

    @functools.cached_property
    def layout(self) -> Layout:
        """The floorplan with bumps, features and routes."""
        return lay_out(self.floorplan) if self.detailed is None else self.detailed

    def die_file(self, die: str, suffix: str) -> str:
        """Return the name of a file about one die."""
        return f"{self.stem}.{body_name(die)}.{suffix}"


@dataclass(frozen=True)
class Format:
    """One format.

    Parameters
    ----------
    name : str
        What ``--format`` calls it.
    title : str
        What it is, in a few words.
    files : str
        The files that it leaves, for people.
    module : str
        Module below `floorplan.formats` whose ``files(job)`` yields name and content of each.
    """

    name: str
    title: str
    files: str
    module: str

    def contents(self, job: Job) -> Iterator[tuple[str, Content]]:
        """Yield name and content of each file."""
        yield from importlib.import_module(f"floorplan.formats.{self.module}").files(job)


@dataclass(frozen=True)
class WrittenFiles:
    """What `write_formats` left.

    Parameters
    ----------
    sizes : mapping of str to int
        Length of each file by its name, in the order in which they were written [byte].
    skipped : mapping of str to InputError
        Formats that cannot hold the floorplan, with the reasons.
    """

    sizes: Mapping[str, int]
    skipped: Mapping[str, InputError]

    @property
    def files(self) -> tuple[str, ...]:
        """Names of the files."""
        return tuple(self.sizes)


_LISTED = (
    Format("gds", "GDSII layout", "NAME.gds", "gds_files"),
    Format("oas", "OASIS layout", "NAME.oas", "oasis_files"),
    Format(
        "bumps",
        "fields, arrays, every bump",
        "bump_fields.csv, bump_arrays.csv, bumps.csv, bumps.parquet",
        "bump_files",
    ),
    Format("routes", "links and their bundles", "links.csv, routes.csv", "route_files"),
    Format("lyp", "KLayout layer properties", "NAME.lyp", "lyp"),
    Format("lef", "LEF layers and macros", "NAME.tech.lef, NAME.lef", "lef_writer"),
    Format("def", "DEF of package and dies", "NAME.def, NAME.DIE.def", "def_writer"),
    Format("hotspot", "HotSpot floorplans", "NAME.DIE.hotspot.flp", "hotspot_writer"),
    Format("3d-ice", "3D-ICE floorplans", "NAME.DIE.3d-ice.flp", "ice_writer"),
    Format(
        "bookshelf",
        "Bookshelf floorplans",
        "NAME.DIE.blocks, .pl, .nets; .power where power is known",
        "bookshelf_writer",
    ),
    Format("3dblox", "3Dblox assembly", "NAME.3dbx, NAME.3dbv, NAME.BODY.bmap", "three_dblox"),
    Format("aif", "AIF die and package text", "NAME.BODY.aif, NAME.package.aif", "aif_writer"),
    Format("svg", "drawing with legend and scale bar", "NAME.svg", "svg_file"),
    Format(
        "png",
        "pictures of floorplan and links",
        "floorplan.png, link.png, die_link.png",
        "png_file",
    ),
    Format("csv", "table of blocks", "blocks.csv", "block_csv"),
    Format("toml", "floorplan in full", "floorplan.toml", "toml_file"),
)

#: All formats by name, in the order in which they are written.
FORMATS: Mapping[str, Format] = {entry.name: entry for entry in _LISTED}


def write_formats(
    floorplan: Floorplan | Layout,
    folder: str | Path,
    formats: Iterable[str] | None = None,
    *,
    stem: str = "",
    power_w: Mapping[str, float] | None = None,
    every_bump: bool = False,
) -> WrittenFiles:
    """Write a floorplan in several formats into one folder.

    The same floorplan gives the same bytes. The files appear when all of them are complete.

    Parameters
    ----------
    floorplan : Floorplan or Layout
        What to write; should be clean (`floorplan.check`). Coordinates are rounded to nanometres.
    folder : str or Path
        Where to; must exist. Files of the same names are replaced.
    formats : iterable of str, optional
        Names of `FORMATS`. Without it all that can hold the floorplan are written.
    stem : str
        First part of the file names; the floorplan's name if not given.
    power_w : mapping of str to float, optional
        Power by heat key [W], for the formats that carry it.
    every_bump : bool
        Whether bump maps, AIF and ``bumps.csv`` list the core and C4 bumps of supplies one by one,
        half a million of them, beside those of stacks, links, signals and balls. GDSII, OASIS and
        ``bumps.parquet`` hold all of them anyway, and ``bump_arrays.csv`` the arrays that they
        stand in.

    Raises
    ------
    InputError
        Unknown formats, no such folder, blocks without an outline of finite size, or all that the
        formats asked for cannot hold.

    Examples
    --------
    >>> import floorplan, tempfile
    >>> plan = floorplan.build(floorplan.recipes()["jalapeno"])
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     floorplan.write_formats(plan, folder, ["lyp", "hotspot"]).files
    ('jalapeno.lyp', 'jalapeno.compute.hotspot.flp')
    """
    place = Path(folder)
    chosen = _chosen(formats)
    if not place.is_dir():
        raise InputError.of(str(place), "the folder does not exist", cure="make it first")
    detailed = floorplan if isinstance(floorplan, Layout) else None
    plan = floorplan.floorplan if isinstance(floorplan, Layout) else floorplan
    refuse_endless(plan)
    job = Job(plan, stem or plan.name, dict(power_w or {}), every_bump, detailed)
    names: dict[str, None] = {}  # two formats may share a file
    skipped: dict[str, InputError] = {}
    with _staging(place) as staging:
        for entry in chosen:
            try:
                names |= dict.fromkeys(_written(entry, job, staging))
            except InputError as error:
                skipped[entry.name] = error
        if skipped and formats is not None:
            raise InputError(fault for error in skipped.values() for fault in error.faults)
        sizes = {name: (staging / name).stat().st_size for name in names}
        for name in names:
            (staging / name).replace(place / name)
    return WrittenFiles(sizes, skipped)


def _written(entry: Format, job: Job, folder: Path) -> list[str]:
    """Write the files of one format; return their names."""
    contents = dict(entry.contents(job))
    for name, content in contents.items():
        if isinstance(content, str):
            (folder / name).write_text(content, encoding="utf-8", newline="\n")
        else:
            content(folder / name)
    return list(contents)


def _chosen(formats: Iterable[str] | None) -> list[Format]:
    """Return the formats of these names, each once, in the registry's order."""
    wanted = list(FORMATS if formats is None else formats)
    faults = Faults()
    for name in wanted:
        if name not in FORMATS:
            faults.add("format", f"unknown {name!r}", cure=did_you_mean(name, FORMATS))
    faults.raise_if_any()
    if not wanted:
        raise InputError.of("format", "none is given", f"some of {', '.join(FORMATS)}")
    return [entry for name, entry in FORMATS.items() if name in wanted]


@contextlib.contextmanager
def _staging(place: Path) -> Iterator[Path]:
    """Give a folder beside the files to come; it is gone afterwards."""
    try:
        with tempfile.TemporaryDirectory(prefix=".layout.", dir=place) as folder:
            yield Path(folder)
    except OSError as error:
        reason = error.strerror or str(error)
        raise InputError.of(str(place), f"cannot be written: {reason}") from None
