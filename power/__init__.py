"""Power: from an inference trace to watts per block over time."""

from power.accelergy import Accelergy, read_accelergy, write_accelergy
from power.activity import Activity
from power.arrivals import Arrivals
from power.block_power import BlockPower
from power.demand import Demand
from power.expert_load import ExpertLoad
from power.frequency import maximum_frequency_hz, minimum_voltage_v
from power.generator import generate
from power.governor import OperatingPoints
from power.machine import Machine
from power.operation import Operation, operations
from power.prefix import PrefixBlocks
from power.published import PublishedTrace, published_traces
from power.report import PowerReport
from power.schedule import Schedule
from power.serving import ServingModel
from power.stream import StreamedSchedule, serve_stream
from power.throttle import Throttle
from power.trace import Trace
from power.trace_files import read_trace, trace_chunks
from power.work import Work
from power.workload import Workload, workloads

__all__ = [
    "Accelergy",
    "Activity",
    "Arrivals",
    "BlockPower",
    "Demand",
    "ExpertLoad",
    "Machine",
    "OperatingPoints",
    "Operation",
    "PowerReport",
    "PrefixBlocks",
    "PublishedTrace",
    "Schedule",
    "ServingModel",
    "StreamedSchedule",
    "Throttle",
    "Trace",
    "Work",
    "Workload",
    "generate",
    "maximum_frequency_hz",
    "minimum_voltage_v",
    "operations",
    "published_traces",
    "read_accelergy",
    "read_trace",
    "serve_stream",
    "trace_chunks",
    "workloads",
    "write_accelergy",
]
