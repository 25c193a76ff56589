"""From a trace to a power report: every class of workload, or a trace file, on one design.

python examples/power_report.py [TRACE_FILE]
"""

import sys

import floorplan
import power
import techlib

TEMPERATURE_C = 75.0


def main(arguments: list[str]) -> None:
    plan = floorplan.build(floorplan.recipes()["jalapeno"])
    machine = power.Machine.of(plan, power.operations()["jalapeno"])
    model = techlib.language_models()["gpt-oss-120b"]
    if arguments:
        traces = [power.read_trace(path) for path in arguments]
    else:
        classes = power.workloads().values()
        traces = [power.generate(workload, seed=1, duration_s=30.0) for workload in classes]

    print(f"{model.name} on {plan.name}, blocks at {TEMPERATURE_C:g} C")
    for trace in traces:
        schedule = power.Schedule.of(trace, machine, model)
        watts = power.BlockPower.of(power.Activity.of(schedule))
        report = power.PowerReport(schedule, watts, TEMPERATURE_C)
        figures, latency = report.throughput(), report.latency()
        print(f"\n{trace.name}: {len(trace)} requests, load {100 * figures['load']:.0f} %")
        print(
            f"  power    mean {figures['mean_w']:.1f} W "
            f"({figures['mean_low_w']:.1f} to {figures['mean_high_w']:.1f}), "
            f"peak {figures['peak_w']:.1f} W"
        )
        print(
            f"  energy   {figures['energy_j']:.1f} J, {figures['joule_per_token']:.5f} J/token, "
            f"{figures['tokens_per_s_per_w']:.3f} token/s/W"
        )
        ttft, tpot = 1e3 * latency.loc["ttft_s"], 1e3 * latency.loc["tpot_s"]
        print(f"  latency  TTFT p50 {ttft['p50']:.1f} ms, p99 {ttft['p99']:.1f} ms")
        print(f"           TPOT p50 {tpot['p50']:.1f} ms, p99 {tpot['p99']:.1f} ms")
        largest = report.components().head(3)
        names = ", ".join(f"{name} {100 * row.share:.1f} %" for name, row in largest.iterrows())
        print(f"  largest  {names}")


if __name__ == "__main__":
    main(sys.argv[1:])
