from .accelergy import Accelergy, read_accelergy, write_accelergy
from .activity import Activity
from .arrivals import Arrivals
from .block_power import BlockPower
from .by_operator import operator_table
from .demand import Demand
from .expert_load import ExpertLoad
from .frequency import maximum_frequency_hz, minimum_voltage_v
from .generator import generate
from .governor import OperatingPoints
from .machine import Machine
from .operation import Operation, operations
from .prefix import PrefixBlocks
from .published import PublishedTrace, published_traces
from .report import PowerReport
from .residency import residency_table
from .schedule import Schedule
from .serving import ServingModel
from .stream import StreamedSchedule, serve_stream
from .throttle import Throttle
from .trace import Trace
from .trace_files import read_trace, trace_chunks
from .work import Work
from .workload import Workload, workloads

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
    "operator_table",
    "published_traces",
    "read_accelergy",
    "read_trace",
    "residency_table",
    "serve_stream",
    "trace_chunks",
    "workloads",
    "write_accelergy",
]
