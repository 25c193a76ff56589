"""How fast Vidur serves the same requests, for `benchmarks/power.py --peers`.

    PYTHON_OF_VIDUR benchmarks/power_peers.py TRACE.csv OUT.json [--requests 300 1000 3000]

Runs in an environment with `vidur` (0.0.26 from PyPI) and without scoville. TRACE.csv has the plain
columns arrival_s, prompt_tokens, output_tokens. Vidur's predictions of step times need profiles
that do not come with the package; here each layer of a step takes a time that depends on nothing,
which leaves Vidur's own scheduler and event loop, and is faster than its predictors.
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
import tempfile
import time
from importlib.metadata import version
from pathlib import Path
from typing import Any

LAYER_MS = 0.25  # Llama-3-8B has 32 layers: steps of 8 ms, as on one Jalapeño under this load
NOTE = (
    "Vidur {version} ran its Sarathi scheduler (chunks of 8,192 tokens, 256 sequences, one device, "
    "Llama-3-8B) on the first requests of the same trace, its metrics off. Step times are constant "
    "(8 ms), because its profiles of devices do not come with the package: what is compared is the "
    "time to schedule, not the times that are predicted. What scoville takes for a trace of that "
    "length is in the first table."
)
MISSING = (
    "LLMServingSim (version 2.0) did not install: its network part, ASTRA-Sim, comes as a git "
    "submodule and a container, which were not to be had where this page was written."
)


def trace_of(path: Path, requests: int, folder: Path) -> Path:
    """Write the first requests in the form that Vidur replays."""
    import pandas as pd

    table = pd.read_csv(path).head(requests)
    table.columns = ["Time", "PromptTokenCount", "CompletionTokenCount"]
    place = folder / "trace.csv"
    table.assign(Date="d").to_csv(place, index=False)
    return place


def predictor() -> None:
    """Put constant step times in the place of a predictor that needs profiles."""
    from vidur.execution_time_predictor import ExecutionTimePredictorRegistry
    from vidur.execution_time_predictor.base_execution_time_predictor import (
        BaseExecutionTimePredictor,
    )
    from vidur.types import ExecutionTimePredictorType

    names = [n for n in BaseExecutionTimePredictor.__abstractmethods__ if n.startswith("_get")]
    constant = {
        name: (lambda _self, _batch, ms=LAYER_MS if "up_proj" in name else 0.0: ms)
        for name in names
    }
    kind = type("Constant", (BaseExecutionTimePredictor,), constant)
    key = ExecutionTimePredictorType.LINEAR_REGRESSION
    ExecutionTimePredictorRegistry.unregister(key)
    ExecutionTimePredictorRegistry.register(key, kind)


def configuration(trace: Path, folder: Path) -> Any:
    from vidur import config as c

    replica = c.ReplicaConfig(
        model_name="meta-llama/Llama-3-8B", num_pipeline_stages=1, tensor_parallel_size=1
    )
    scheduler = c.SarathiSchedulerConfig(batch_size_cap=256, chunk_size=8192)
    cluster = c.ClusterConfig(
        num_replicas=1, replica_config=replica, replica_scheduler_config=scheduler
    )
    replay = c.TraceRequestGeneratorConfig(
        trace_file=str(trace), date="d", prefill_scale_factor=1.0, time_scale_factor=1.0,
        max_tokens=32768,
    )  # fmt: skip
    metrics = ("write_metrics", "store_plots", "store_request_metrics", "store_batch_metrics",
               "store_utilization_metrics", "enable_chrome_trace")  # fmt: skip
    off = dict.fromkeys(metrics, False)
    return c.SimulationConfig(
        cluster_config=cluster,
        request_generator_config=replay,
        execution_time_predictor_config=c.LinearRegressionExecutionTimePredictorConfig(
            use_native_execution_time_predictor=False
        ),
        metrics_config=c.MetricsConfig(output_dir=str(folder), **off),
    )


def run(path: Path, requests: int) -> dict[str, Any]:
    from vidur.simulator import Simulator

    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        simulator = Simulator(configuration(trace_of(path, requests, folder), folder))
        start = time.process_time()
        simulator.run()
        seconds = time.process_time() - start
    return {
        "name": f"Vidur {version('vidur')}",
        "requests": requests,
        "seconds": seconds,
        "simulated_s": float(simulator._time),
    }


def apart(path: Path, requests: int) -> list[dict[str, Any]]:
    """Run once in a process of its own."""
    with tempfile.TemporaryDirectory() as name:
        out = Path(name, "row.json")
        command = [sys.executable, __file__, str(path), str(out), "--requests", str(requests)]
        subprocess.run(command, check=True, capture_output=True)
        rows: list[dict[str, Any]] = json.loads(out.read_text())["rows"]
    return rows


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("trace", type=Path)
    parser.add_argument("out", type=Path)
    parser.add_argument("--requests", type=int, nargs="+", default=[300, 1000, 3000])
    given = parser.parse_args()
    if len(given.requests) > 1:  # Vidur numbers its replicas through a process: one run in each
        rows = [row for number in given.requests for row in apart(given.trace, number)]
    else:
        predictor()
        rows = [run(given.trace, number) for number in given.requests]
    notes = [NOTE.format(version=version("vidur")), MISSING]
    given.out.write_text(json.dumps({"rows": rows, "notes": notes}, indent=2))
    print(given.out.read_text())


if __name__ == "__main__":
    main()
