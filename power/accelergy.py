"""Energy and area reference tables of Accelergy (ERT and ART), written and read as YAML.

Energies are pJ and areas um^2, as that tool has them. Components are named after kinds of block,
``DESIGN.DIE.KIND[0..N]``, or ``DESIGN.hbm[0..N]``; an action is one multiply-accumulate, operation
or bit.
"""

from __future__ import annotations

import math
import re
import sys
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from power.machine import Machine
from techlib import EnergyTable, Fault, Faults, InputError, did_you_mean

__all__ = ["Accelergy", "read_accelergy", "write_accelergy"]

_VERSION = 0.4
#: Fields of an energy table by component and action.
_ACTIONS = {
    "tensor": {"mac_fp4": "mac_fp4_pj", "mac_fp8": "mac_fp8_pj", "mac_bf16": "mac_bf16_pj"},
    "vector": {"compute": "vector_op_pj"},
    "sram": {
        "read": "sram_read_pj_bit",
        "write": "sram_write_pj_bit",
        "deliver": "delivery_pj_bit",
    },
    "noc": {"transfer_mm": "wire_pj_bit_mm"},
    "router": {"transfer": "router_pj_bit"},
    "die_to_die": {"transfer": "die_to_die_pj_bit"},
    "serdes": {"transfer": "serdes_pj_bit"},
    "host": {"transfer": "host_pj_bit"},
}
_KEY = {
    field.name: field.metadata["key"]
    for field in EnergyTable.__dataclass_fields__.values()
    if "key" in field.metadata
}
_UNIT = {
    field.name: field.metadata["unit"]
    for field in EnergyTable.__dataclass_fields__.values()
    if "key" in field.metadata
}


@dataclass(frozen=True)
class Accelergy:
    """What an Accelergy file says.

    Parameters
    ----------
    where : str
        The file, for error messages.
    energy_pj : mapping of (str, str) to float
        By component, without the path to it and the count, and action. Where an action is listed
        for several arguments, the largest.
    area_um2 : mapping of str to float
        By component.
    """

    where: str
    energy_pj: Mapping[tuple[str, str], float]
    area_um2: Mapping[str, float]

    def entries(self) -> dict[str, str]:
        """Return the energies as entries of an energy table: ``{"mac_fp4": "0.039 pJ"}``.

        Raises
        ------
        InputError
            Every component or action that an energy table does not have.
        """
        faults = Faults()
        changes: dict[str, str] = {}
        for (component, action), energy in self.energy_pj.items():
            place = f"{self.where}: {component}.{action}"
            if component == "hbm":  # belongs to the stack, not to the table
                continue
            known = _ACTIONS.get(component)
            if known is None:
                allowed = "a component of this toolkit"
                faults.add(place, "unknown component", allowed, did_you_mean(component, _ACTIONS))
            elif action not in known:
                faults.add(place, "unknown action", cure=did_you_mean(action, known))
            else:
                name = known[action]
                changes[_KEY[name]] = f"{energy!r} {_UNIT[name]}"
        faults.raise_if_any()
        return changes


def write_accelergy(machine: Machine, path: Path) -> None:
    """Write energies of a machine's actions and mean areas of its blocks.

    Parameters
    ----------
    machine : Machine
        Energies of the logic are those at its node's nominal voltage, as in its table.
    path : Path
        YAML file with ``ERT`` and ``ART``.
    """
    import yaml

    tables = [{"name": name, "actions": list(_actions(machine, kind))}
              for name, kind, _ in _components(machine)]  # fmt: skip
    areas = [{"name": name, "area": area} for name, _, area in _components(machine)]
    content = {
        "ERT": {"version": _VERSION, "tables": [t for t in tables if t["actions"]]},
        "ART": {"version": _VERSION, "tables": areas},
    }
    path.write_text(yaml.safe_dump(content, sort_keys=False), encoding="utf-8")


def _components(machine: Machine) -> Iterator[tuple[str, str, float]]:
    """Yield name, kind and mean area [um^2] of the components there are."""
    blocks, design = machine.blocks, machine.floorplan.name.replace(".", "_")
    for number, die in enumerate(machine.floorplan.dies):
        for kind in _ACTIONS:
            here = blocks.of_kind(kind) & (blocks.die == number) & blocks.enabled
            if count := int(here.sum()):
                area = 1e6 * float(blocks.area_mm2[here].mean())
                yield f"{design}.{die.name}.{kind}[0..{count - 1}]", kind, area
    count = len(machine.floorplan.stacks)
    area = 1e6 * float(blocks.area_mm2[blocks.of_kind("base")].mean())
    yield f"{design}.hbm[0..{count - 1}]", "hbm", area


def _actions(machine: Machine, kind: str) -> Iterator[dict[str, Any]]:
    if kind == "hbm":
        energies = [stack.generation.device_energy_pj_bit for stack in machine.floorplan.stacks]
        for name in ("read", "write"):
            yield {"name": name, "arguments": {"data_width": 1}, "energy": float(np.mean(energies))}
        return
    for name, field in _ACTIONS[kind].items():
        energy = float(getattr(machine.energy, field))
        width = {} if kind in ("tensor", "vector") else {"data_width": 1}
        if energy:  # most tables have no delivery
            yield {"name": name, "arguments": width, "energy": energy}


def read_accelergy(path: Path) -> Accelergy:
    """Read an ERT, an ART, or both; tables as lists (0.3 and later) or by name (0.2).

    Raises
    ------
    InputError
        No such file, no YAML, neither table, or every entry that is not as it should be.

    Examples
    --------
    >>> import floorplan, power, tempfile
    >>> machine = power.Machine.of(
    ...     floorplan.build(floorplan.recipes()["jalapeno"]), power.operations()["jalapeno"])
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     file = Path(folder) / "n3.yaml"
    ...     write_accelergy(machine, file)
    ...     found = read_accelergy(file)
    >>> found.energy_pj["tensor", "mac_fp4"], len(found.area_um2)
    (0.039, 8)
    """
    import yaml

    where = str(path)
    if not path.is_file():
        raise InputError.of(where, "there is no such file", "an ERT or ART in YAML")
    try:
        content = yaml.safe_load(path.read_text("utf-8"))
    except (yaml.YAMLError, UnicodeDecodeError, RecursionError) as error:
        reason = (str(error).splitlines() or [""])[0]
        raise InputError.of(where, f"is no YAML: {reason}", "an ERT or ART") from None
    if not isinstance(content, Mapping) or not {"ERT", "ART"} & content.keys():
        raise InputError.of(where, "has neither ERT nor ART", "an energy or area reference table")
    faults = Faults()
    energy: dict[tuple[str, str], float] = {}
    for name, actions in _tables(content.get("ERT"), "actions", f"{where}: ERT", faults):
        for action, entry in _entries(actions):
            value = _number(entry, "energy", f"{where}: ERT.{name}.{action}", faults)
            energy[name, action] = max(value, energy.get((name, action), 0.0))
    area: dict[str, float] = {}
    for name, entry in _tables(content.get("ART"), "area", f"{where}: ART", faults):
        area[name] = _number({"area": entry}, "area", f"{where}: ART.{name}", faults)
    faults.raise_if_any()
    return Accelergy(where, energy, area)


def _tables(given: Any, key: str, where: str, faults: Faults) -> Iterator[tuple[str, Any]]:
    """Yield last name and content of each table of either form."""
    if given is None:
        return
    tables = given.get("tables") if isinstance(given, Mapping) else None
    if isinstance(tables, Mapping):
        tables = [{"name": name, key: entry} for name, entry in tables.items()]
    if not isinstance(tables, list):
        faults.found.append(Fault(where, "has no tables", "a list of tables under 'tables'"))
        return
    for index, table in enumerate(tables):
        if not isinstance(table, Mapping) or "name" not in table or key not in table:
            allowed = f"a table with name and {key}"
            faults.add(f"{where}.tables[{index}]", f"{table!r:.60} is not a table", allowed)
            continue
        name = re.sub(r"\[[^\]]*\]", "", str(table["name"])).rpartition(".")[2]
        yield name, table[key]


def _entries(actions: Any) -> Iterator[tuple[str, Any]]:
    """Yield name and entry of each action: of a list, or by name with one entry or several."""
    if isinstance(actions, Mapping):
        for name, entry in actions.items():
            several = entry if isinstance(entry, list) else [entry]
            yield from ((str(name), one) for one in several)
    elif isinstance(actions, list):
        for entry in actions:
            name = entry.get("name", "?") if isinstance(entry, Mapping) else "?"
            yield str(name), entry


def _number(entry: Any, key: str, where: str, faults: Faults) -> float:
    value = entry.get(key) if isinstance(entry, Mapping) else None
    if isinstance(value, (int, float)) and not isinstance(value, bool):
        number = float(value) if abs(value) <= sys.float_info.max else math.inf
        if math.isfinite(number) and number >= 0.0:
            return number
    faults.add(where, f"{key} is {value!r}", "a number, 0 or more")
    return 0.0
