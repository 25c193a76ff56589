"""Energies of a node that has no table of its own, by technology scaling."""

from __future__ import annotations

import dataclasses

from techlib.library import Library
from techlib.record import Record
from techlib.silicon_records import EnergyTable, ProcessNode
from techlib.source import Provenance, Trust

__all__ = ["energy_table_of"]

_BASE = "N7"  #: whose `energy_scale` is 1
#: Wires and links hardly scale with the node, and neither does what is not logic.
_SCALED = (
    "mac_fp4_pj", "mac_fp8_pj", "mac_bf16_pj", "vector_op_pj", "sram_read_pj_bit",
    "sram_write_pj_bit",
)  # fmt: skip


def energy_table_of(node: ProcessNode, tables: Library[EnergyTable]) -> EnergyTable:
    """Return the energy table of a node: its own, or that of 7 nm times the node's energy scale.

    Arithmetic and SRAM scale; wires, routers and links keep their energies. The band of a scaled
    value is that of the table times that of the scale.

    Parameters
    ----------
    node : ProcessNode
        Where the logic is.
    tables : Library of EnergyTable
        What there is; N7 among them.

    Examples
    --------
    >>> import techlib
    >>> node = techlib.process_nodes().derive(
    ...     "N3", {"energy_scale": 0.5}, name="N2-guess", where="example")
    >>> table = energy_table_of(node, techlib.energy_tables())
    >>> table.mac_fp4_pj, table.wire_pj_bit_mm == techlib.energy_tables()["N7"].wire_pj_bit_mm
    (0.03, True)
    """
    if node.name in tables:
        return tables[node.name]
    base, scale = tables[_BASE], node.energy_scale
    low, high = node.band("energy_scale")
    values = {name: getattr(base, name) * scale for name in _SCALED}
    provenance = dict(base.provenance)
    for name in _SCALED:
        provenance[name] = _scaled(base, name, node, (low, high))
    title = f"{base.title}, scaled to {node.title}"
    return dataclasses.replace(base, name=node.name, title=title, provenance=provenance, **values)


def _scaled(base: Record, name: str, node: ProcessNode, band: tuple[float, float]) -> Provenance:
    low, high = base.band(name)
    entry = base.provenance[name]
    return dataclasses.replace(
        entry,
        trust=Trust.WEAK,
        low=low * band[0],
        high=high * band[1],
        note=f"{base.name} times the energy scale {node.energy_scale:g} of {node.name}",
    )
