"""Which files make a HotSpot input set: named by flags, by the configuration, or found beside."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from floorplan.formats.lines import Line
from package.foreign import find_file
from package.hotspot_lines import read_config
from package.hotspot_settings import NULL
from techlib import Faults, InputError

__all__ = ["InputSet", "find_input_set"]

#: HotSpot's flag for each kind of file, by suffix.
_FLAGS = {
    ".config": "c",
    ".flp": "f",
    ".ptrace": "p",
    ".lcf": "grid_layer_file",
    ".materials": "materials_file",
}


@dataclass(frozen=True, eq=False)
class InputSet:
    """The files of a run of HotSpot, and its settings as written.

    Parameters
    ----------
    name : str
        Of the configuration, or of the folder.
    folder : Path
        Where relative paths begin.
    lines : mapping of str to Line
        Keys of flags and configuration.
    powers : Path
        The ``.ptrace``.
    floorplan, layers, materials : Path or None
        The others; one of `floorplan` and `layers` is given.
    """

    name: str
    folder: Path
    lines: Mapping[str, Line]
    powers: Path
    floorplan: Path | None
    layers: Path | None
    materials: Path | None


def find_input_set(path: Path, flags: Mapping[str, str], faults: Faults) -> InputSet:
    """Find the files that belong together.

    Parameters
    ----------
    path : Path
        A folder, or any one file of the set; usually the configuration.
    flags : mapping of str to str
        Options as on HotSpot's command line, without their dash; they go before the
        configuration.
    faults : Faults
        Takes faults of the configuration's text.

    Raises
    ------
    InputError
        A file is missing, or several could be meant.
    """
    given = {key.lstrip("-"): Line(f"flag -{key.lstrip('-')}", (flags[key],)) for key in flags}
    if path.is_dir():
        folder = path
    else:
        folder = path.parent
        if not path.exists():
            raise InputError.of(str(path), "no such file", "a file or folder of a HotSpot run")
        flag = _FLAGS.get(path.suffix, "c")
        given = {flag: Line(str(path), (path.name,)), **given}
    config = _named("c", given, folder) or _config_beside(folder)
    lines = {**(read_config(config, faults) if config else {}), **given}
    missing = Faults()
    powers = _named("p", lines, folder) or _only(folder, ".ptrace", missing, needed=True)
    materials = _named("materials_file", lines, folder) or _only(folder, ".materials", missing)
    layers = _named("grid_layer_file", lines, folder)
    floorplan = _named("f", lines, folder)
    if layers is None and floorplan is None:
        layers = _only(folder, ".lcf", missing)
        if layers is None and not any(folder.glob("*.lcf")):
            floorplan = _only(folder, ".flp", missing, needed=True)
    if missing:
        faults.found.extend(missing.found)
        faults.raise_if_any()
    assert powers is not None
    name = config.stem if config else path.stem
    return InputSet(name, folder, lines, powers, floorplan, layers, materials)


def _named(flag: str, lines: Mapping[str, Line], folder: Path) -> Path | None:
    if flag not in lines or lines[flag].words[0] == NULL:
        return None
    folders = [folder, Path()] if not lines[flag].where.startswith("flag ") else [Path(), folder]
    return find_file(lines[flag].words[0], folders)


def _only(folder: Path, suffix: str, faults: Faults, *, needed: bool = False) -> Path | None:
    """Return the only file of a kind in a folder."""
    found = sorted(folder.glob(f"*{suffix}"))
    if len(found) == 1:
        return found[0]
    if found:
        names = ", ".join(file.name for file in found)
        cure = f"name one by the flag {_FLAGS[suffix]}, on the command line or in the configuration"
        faults.add(str(folder), f"{len(found)} {suffix} files: {names}", "one", cure)
    elif needed:
        cure = f"put it there, or name it by the flag {_FLAGS[suffix]}"
        also = " and no .lcf" if suffix == ".flp" else ""
        faults.add(str(folder), f"holds no {suffix} file{also}", "one", cure)
    return None


def _config_beside(folder: Path) -> Path | None:
    """Return the only configuration in a folder, but for those of package models."""
    found = sorted(folder.glob("*.config"))
    if len(found) > 1:
        below = {_package_model(file) for file in found}
        found = [file for file in found if file.name not in below]
    if not found:
        return None
    if len(found) > 1:
        names = ", ".join(file.name for file in found)
        cure = "give the one that is meant instead of the folder"
        raise InputError.of(str(folder), f"{len(found)} .config files: {names}", "one", cure)
    return found[0]


def _package_model(path: Path) -> str:
    """Return the name of the package model's file that a configuration names."""
    line = read_config(path, Faults()).get("package_config_file")
    return Path(line.words[0]).name if line else ""
