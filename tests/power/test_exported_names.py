import power


def test_the_public_names() -> None:
    assert power.__all__ == [
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
    assert all(hasattr(power, name) for name in power.__all__)
