"""What a roofline needs to know of an accelerator: rates, sizes and distances."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

from floorplan import BlockKind, Floorplan
from power.block_table import BlockTable
from power.operation import FORMATS, Operation
from techlib import (
    EnergyTable,
    Faults,
    InputError,
    LanguageModel,
    Library,
    ProcessNode,
    Source,
    bibliography,
    energy_table_of,
    energy_tables,
)

__all__ = ["Machine"]


@dataclass(frozen=True, eq=False)
class Machine:
    """A package on a floorplan, run in a certain way.

    Parameters
    ----------
    floorplan : Floorplan
        Where the blocks are.
    operation : Operation
        Clock, voltage, formats, limits.
    energy : EnergyTable
        Energy of one action of each component.
    blocks : BlockTable
        The floorplan as arrays.
    array_rows, array_columns : int
        Shape of one systolic array.
    hbm_distance_mm : float
        Mean way from an HBM interface to the slices that it feeds [mm].
    tree_mm : float
        Length of the tree that joins all slices [mm].

    Examples
    --------
    >>> import floorplan, power
    >>> plan = floorplan.build(floorplan.recipes()["jalapeno"])
    >>> machine = Machine.of(plan, power.operations()["jalapeno"])
    >>> round(2 * machine.peak_macs_s("fp4") / 1e15, 1)  # PFLOP/s
    13.4
    """

    floorplan: Floorplan
    operation: Operation
    energy: EnergyTable
    blocks: BlockTable
    array_rows: int
    array_columns: int
    hbm_distance_mm: float
    tree_mm: float

    @classmethod
    def of(
        cls,
        floorplan: Floorplan,
        operation: Operation,
        *,
        energy: Library[EnergyTable] | None = None,
    ) -> Machine:
        """Derive the machine from a floorplan and an operation.

        Parameters
        ----------
        floorplan : Floorplan
            With at least one enabled systolic array and one HBM stack.
        operation : Operation
            Names its energy table.
        energy : Library of EnergyTable, optional
            Where to look that up; the shipped tables by default.

        Raises
        ------
        InputError
            No die, array or memory, an unknown energy table, a voltage outside the node's range.
        """
        if not floorplan.dies:
            raise InputError.of(f"floorplan {floorplan.name}", "has no die", "a compute die first")
        library = energy_tables() if energy is None else energy
        if operation.energy_table == "as-node":
            table = energy_table_of(floorplan.dies[0].node, library)
        else:
            where = f"{operation.name}.energy_table"
            table = library.find(operation.energy_table, where=where)
        blocks = BlockTable.of(floorplan)
        faults = Faults()
        _check_voltage(operation, floorplan.dies[0].node, faults)
        if not blocks.arrays.any():
            cure = "give a block of kind 'tensor' its macs"
            faults.add(f"floorplan {floorplan.name}", "has no enabled systolic array", cure=cure)
        if not floorplan.stacks:
            cure = "add at least one stack"
            faults.add(f"floorplan {floorplan.name}", "has no HBM stack", cure=cure)
        faults.raise_if_any()
        rows, columns = _shape(int(blocks.macs[blocks.arrays].max()))
        distance, tree = blocks.hbm_distance_mm(), blocks.tree_mm()
        return cls(floorplan, operation, table, blocks, rows, columns, distance, tree)

    def __repr__(self) -> str:
        run = self.operation
        point = f"{run.frequency_hz / 1e9:g} GHz, {run.voltage_v:g} V"
        return f"Machine({self.floorplan.name!r}, {run.name!r}, {self.chips} x {point})"

    @property
    def node(self) -> ProcessNode:
        """Process of the compute die."""
        return self.floorplan.dies[0].node

    @property
    def voltage_ratio(self) -> float:
        """Voltage of the compute die against its node's nominal one."""
        return self.operation.voltage_v / self.node.nominal_voltage_v

    def die_voltage_ratio(self, number: int) -> float:
        """Return the voltage of a die against its node's nominal one.

        The operation sets that of the dies with systolic arrays; others are at their nominal one.
        """
        if not self.governs(number):
            return 1.0
        return self.operation.voltage_v / self.floorplan.dies[number].node.nominal_voltage_v

    def governs(self, number: int) -> bool:
        """Return whether a die follows the operation's voltage: whether it has systolic arrays."""
        return bool((self.blocks.arrays & (self.blocks.die == number)).any())

    @property
    def chips(self) -> int:
        """Number of packages that share a model."""
        return int(self.operation.chips)

    @property
    def tensor_chips(self) -> int:
        """Number of packages that share a layer."""
        return max(self.chips // int(self.operation.pipeline_parallel), 1)

    @property
    def macs(self) -> float:
        """Multiply-accumulate units that are not fused off."""
        return float(self.blocks.macs[self.blocks.arrays].sum())

    @property
    def sram_byte(self) -> float:
        """On-chip memory [byte]."""
        return float(self.blocks.sram_byte[self.blocks.enabled].sum())

    @property
    def serdes_lanes(self) -> float:
        """Serial lanes to other packages."""
        return float(self.blocks.lanes[self.blocks.of_kind(BlockKind.SERDES)].sum())

    @property
    def vector_units(self) -> int:
        """Vector units; one for each slice where the floorplan shows none."""
        shown = int((self.blocks.of_kind(BlockKind.VECTOR) & self.blocks.enabled).sum())
        return shown or self.blocks.slice_count

    @property
    def hbm_bandwidth_byte_s(self) -> float:
        """Peak bandwidth of all stacks [byte/s]."""
        return sum(stack.generation.bandwidth_byte_s for stack in self.floorplan.stacks)

    @property
    def hbm_capacity_byte(self) -> float:
        """Capacity of all stacks [byte]."""
        return sum(stack.generation.capacity_byte for stack in self.floorplan.stacks)

    @property
    def sources(self) -> tuple[Source, ...]:
        """Every source behind the machine's numbers."""
        records = (*self.operation.sources, *self.energy.sources)
        return bibliography((*records, *self.floorplan.sources))

    def peak_macs_s(self, number_format: str) -> float:
        """Return the peak rate in a format [MAC/s]."""
        return self.macs * self.operation.frequency_hz * self.operation.rate(number_format)

    def weight_bits(self, model: LanguageModel) -> float:
        """Return the stored bits of a weight."""
        return self.operation.weight_bits or model.weight_bits

    def split_weight_bits(self, model: LanguageModel) -> tuple[float, float]:
        """Return the stored bits of a weight outside of and within the experts."""
        mean, expert = self.weight_bits(model), model.expert_bits
        if expert is None or self.operation.weight_bits:
            return mean, mean
        within = model.experts * model.expert_parameters
        dense = (mean * model.total_parameters - expert * within) / (
            model.total_parameters - within
        )
        return dense, expert

    def kv_bits(self, model: LanguageModel) -> float:
        """Return the stored bits of a value of the KV cache."""
        return self.operation.kv_bits or model.kv_bits

    def linear_format(self, model: LanguageModel) -> str:
        """Return the format in which weights are multiplied."""
        return _format(self.operation.compute_format, self.weight_bits(model))

    def attention_format(self, model: LanguageModel) -> str:
        """Return the format in which the KV cache is multiplied."""
        return _format(self.operation.attention_format, self.kv_bits(model))

    def kv_capacity_byte(self, model: LanguageModel) -> float:
        """Return what the weights leave of the group's memory [byte].

        Raises
        ------
        InputError
            The weights do not fit; the message says how many chips would do.
        """
        each = self.hbm_capacity_byte * self.operation.memory_share
        weights = model.total_parameters * self.weight_bits(model) / 8.0
        if weights >= self.chips * each:
            need = math.floor(weights / each) + 1
            faults = Faults()
            faults.add(
                f"model {model.name} on {self.chips} x {self.floorplan.name}",
                f"{weights / 1e9:.1f} GB of weights",
                f"less than {self.chips * each / 1e9:.1f} GB of memory",
                f"{need} chips would hold it: set power.chips = {need}, or power.weight_bits below "
                f"{self.weight_bits(model):g}",
            )
            faults.raise_if_any()
        return self.chips * each - weights

    def slices_used(self, model: LanguageModel) -> int:
        """Return the number of core slices that the work of a layer fills.

        The weights that a token meets in one layer are cut into tiles of an array's size; each
        array takes at least one. A model too small for all arrays leaves the last slices idle.
        """
        dense = model.total_parameters - model.experts * model.expert_parameters
        met = dense - model.embedding_tables * model.vocabulary * model.hidden
        met += model.experts_per_token * model.expert_parameters
        tiles = met / model.layers / self.tensor_chips / (self.array_rows * self.array_columns)
        arrays = self.blocks.arrays.sum() / self.blocks.slice_count
        return int(np.clip(math.ceil(tiles / arrays), 1, self.blocks.slice_count))


def _check_voltage(operation: Operation, node: ProcessNode, faults: Faults) -> None:
    low, high = node.minimum_voltage_v, node.maximum_voltage_v
    if not low <= operation.voltage_v <= high:
        what = f"{operation.voltage_v:g} V on {node.name}"
        faults.add(f"{operation.name}.voltage", what, f"{low:g} V to {high:g} V")


def _format(given: str, bits: float) -> str:
    """Return a given format, or the narrowest one that holds a value and its block scales."""
    if given in FORMATS:
        return given
    fitting = [name for name, width in FORMATS.items() if bits <= 1.5 * width]
    return fitting[0] if fitting else "bf16"


def _shape(macs: int) -> tuple[int, int]:
    """Return the most nearly square shape of an array with so many MACs."""
    rows = next(n for n in range(math.isqrt(macs), 0, -1) if macs % n == 0)
    return rows, macs // rows
