"""A design: floorplan, package, operation, workload, thermal settings and targets together."""

from __future__ import annotations

import dataclasses
import functools
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path

import package
import power
from floorplan import (
    DetailRules,
    Floorplan,
    Layout,
    Recipe,
    RuleDeck,
    import_files,
    lay_out,
    layout_sources,
)
from package import Package, Patch, StackUp
from power import Machine, Operation, Trace
from scoville.design_file import DesignFile, Override, read_design
from scoville.floorplan_section import floorplan_of
from scoville.libraries import Libraries
from scoville.limits import Limits
from scoville.run_record import input_hash
from scoville.sections import SectionReader
from scoville.settings import ThermalSettings
from scoville.workload_choice import WorkloadChoice
from techlib import Fault, InputError, Record, Source, bibliography
from thermal import Resolution

__all__ = ["Design", "load_design"]

_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9_.-]*")
_NOT_IN_A_NAME = re.compile(r"[^A-Za-z0-9_.-]+")


@dataclass(frozen=True, eq=False)
class Design:
    """Everything that a sign-off needs to know.

    Parameters
    ----------
    name : str
        Name of the layout's top cell and of the output files.
    title : str
        One line for people.
    file : DesignFile
        The merged tables that it was read from.
    libraries : Libraries
        Technology, with the user's own records.
    floorplan : Floorplan
        Dies and stacks on the interposer.
    recipe : Recipe or None
        What the floorplan was built from; none where it was given in full.
    detail : DetailRules
        Sizes of what a layout has beyond the floorplan.
    stackup : StackUp
        What the package is made of.
    patches : mapping of str to tuple of Patch
        Parts of the package's top and bottom with an exchange of their own, by side.
    operation : Operation
        Clock, voltage, formats, efficiencies.
    choice : WorkloadChoice
        The trace, and the model that it asks.
    settings : ThermalSettings
        Grid, windows, tolerances.
    limits : Limits
        What sign-off holds it against.
    rules : RuleDeck
        What its layout is held against; limits follow its own technology where they may.

    Examples
    --------
    >>> design = load_design("jalapeno", ["package.tim1.thickness=30 um"])
    >>> design.stackup.tim1_thickness_um, len(design.floorplan.stacks)
    (30.0, 8)
    """

    name: str
    title: str
    file: DesignFile
    libraries: Libraries
    floorplan: Floorplan
    recipe: Recipe | None
    detail: DetailRules
    stackup: StackUp
    patches: Mapping[str, tuple[Patch, ...]]
    operation: Operation
    choice: WorkloadChoice
    settings: ThermalSettings
    limits: Limits
    rules: RuleDeck

    @functools.cached_property
    def layout(self) -> Layout:
        """The floorplan with bumps, features and routes, on the substrate of the package."""
        return lay_out(
            self.floorplan,
            rules=self.detail,
            substrate_margin_um=self.stackup.substrate_margin_um,
            substrate_thickness_um=self.stackup.substrate_thickness_um,
        )

    @functools.cached_property
    def package(self) -> Package:
        """The stack-up around the floorplan.

        Raises
        ------
        InputError
            Every body off the interposer or on another one, and height that does not fit.
        """
        return package.assemble(
            self.floorplan,
            self.stackup,
            materials=self.libraries.materials,
            coolants=self.libraries.coolants,
            patches=self.patches,
            where=f"{self.file.label}: package",
        )

    @functools.cached_property
    def machine(self) -> Machine:
        """What the floorplan can compute and move at the operation's clock.

        Raises
        ------
        InputError
            No array, no memory, or an operation that its process node does not allow.
        """
        try:
            return power.Machine.of(self.floorplan, self.operation, energy=self.libraries.energy)
        except InputError as error:
            raise InputError(self._at_section("power", fault) for fault in error.faults) from None

    def _at_section(self, section: str, fault: Fault) -> Fault:
        """Return a fault at the design's entry where it names that of the section's record."""
        key = fault.where.removeprefix(f"{self.name}.")
        if key == fault.where:
            return fault
        return dataclasses.replace(fault, where=self.file.where(f"{section}.{key}"))

    @property
    def resolution(self) -> Resolution:
        """The grid of the thermal analysis; a graded one knows no powers yet."""
        s = self.settings
        return Resolution(
            lateral=int(s.lateral),
            kind=s.kind,  # type: ignore[arg-type]  # one of the choices of the settings
            finest_um=s.finest_um,
            growth=s.growth,
            cells_per_layer=int(s.cells_per_layer),
        )

    @property
    def records(self) -> Mapping[str, Record]:
        """The records behind the sections, by section."""
        floorplan = {"floorplan": self.recipe} if self.recipe is not None else {}
        return {
            **floorplan,
            "layout": self.detail,
            "package": self.stackup,
            "power": self.operation,
            "workload": self.choice.workload,
            "model": self.choice.model,
            "thermal": self.settings,
            "targets": self.limits,
        }

    @property
    def seed(self) -> int | None:
        """Seed of the trace; none where it is read from a file."""
        return None if self.choice.trace is not None else self.choice.seed

    @property
    def layout_sources(self) -> tuple[Source, ...]:
        """Every source behind the layout."""
        recipe = () if self.recipe is None else self.recipe.sources
        return bibliography(
            (*recipe, *layout_sources(self.floorplan, self.detail), *self.rules.sources)
        )

    @property
    def sources(self) -> tuple[Source, ...]:
        """Every source behind the numbers of a sign-off, which needs no bumps."""
        found = [record.sources for key, record in self.records.items() if key != "layout"]
        found += [self.floorplan.sources, self.package.sources, self.machine.sources]
        return bibliography(source for sources in found for source in sources)

    def trace(self) -> Trace:
        """Return the request trace: a file's, or one that is generated from the seed.

        Raises
        ------
        InputError
            Every bad row of the file, or a cut that leaves nothing.
        """
        return self.choice.read()

    @functools.cached_property
    def input_hash(self) -> str:
        """SHA-256 over the merged tables and the bytes of the trace and of imported files."""
        tables = dict(self.file.tables)
        folder = self.file.folder_of("floorplan.import")
        files = list(import_files(tables.get("floorplan", {}), folder))
        if self.choice.trace is not None:  # its bytes count, not its name
            tables["workload"] = {k: v for k, v in tables["workload"].items() if k != "trace"}
            files.append(self.choice.trace)
        return input_hash(tables, *files)


def load_design(name: str | Path, overrides: Iterable[str | Override] = ()) -> Design:
    """Read a design by name or path.

    Parameters
    ----------
    name : str or Path
        A built-in name, or a path to a TOML file.
    overrides : iterable of str or Override
        ``"section.key=value"``, as ``--set`` takes them.

    Raises
    ------
    InputError
        Every fault of all sections, each at the file that gave the key.

    Examples
    --------
    >>> load_design("jalapeno", ["package.tim1.thickness=-20 um"])
    Traceback (most recent call last):
    ...
    techlib.errors.InputError: --set: package.tim1.thickness: -20 um; allowed: at least 0 um
    """
    file = read_design(name, overrides)
    reader = SectionReader(file)
    own_name = reader.text("name", _NOT_IN_A_NAME.sub("_", file.stem).strip("_.-") or "design")
    if not _NAME.fullmatch(own_name):
        allowed = "letters, digits, `_`, `-` and `.`: it names the layout's top cell and files"
        reader.faults.add(reader.place("name"), f"{own_name!r}", allowed)
    title = reader.text("title", own_name)
    recipe, plan = floorplan_of(reader, own_name)
    detail = reader.detail(own_name)
    stackup = reader.stackup(own_name)
    patches = reader.patches()
    operation = reader.operation(own_name)
    choice = reader.workload()
    settings = reader.settings(own_name)
    limits = reader.limits(own_name)
    rules = reader.rules()
    reader.raise_if_any()
    assert plan is not None
    assert detail is not None
    assert stackup is not None
    assert operation is not None
    assert choice is not None
    assert settings is not None
    assert limits is not None
    assert rules is not None
    return Design(
        name=own_name,
        title=title,
        file=file,
        libraries=reader.libraries,
        floorplan=plan,
        recipe=recipe,
        detail=detail,
        stackup=stackup,
        patches=patches,
        operation=operation,
        choice=choice,
        settings=settings,
        limits=limits,
        rules=rules.following(plan.technology, plan.grid_um, detail=detail),
    )
