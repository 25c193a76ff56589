import power


def test_the_public_names() -> None:
    assert power.__all__ == [
        "Activity",
        "BlockPower",
        "Machine",
        "Operation",
        "PowerReport",
        "Schedule",
        "Trace",
        "Work",
        "Workload",
        "generate",
        "maximum_frequency_hz",
        "minimum_voltage_v",
        "operations",
        "read_trace",
        "workloads",
    ]
    assert all(hasattr(power, name) for name in power.__all__)
