from pathlib import Path

import pytest

import power

TRACES = Path(__file__).parents[3] / "shared" / "data" / "traces"
FILES = {
    "azure-2023-code": "azure2023_code.csv",
    "mooncake-synthetic": "mooncake_synthetic_trace.jsonl",
    "sharegpt-300": "llmservingsim_sharegpt_300.csv",
}


@pytest.mark.parametrize("name", list(power.published_traces()))
def test_published_statistics_are_those_of_the_files(name: str) -> None:
    path = TRACES / FILES[name]
    if not path.exists():
        pytest.skip(f"{path.name} is not shipped; see ../shared/data")
    counted = power.read_trace(path).statistics()
    published = power.published_traces()[name]
    for key, value in counted.items():
        if not key.endswith("_max"):
            assert getattr(published, key) == pytest.approx(value, rel=1e-4), key  # as printed
