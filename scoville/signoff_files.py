"""The folder of a sign-off: layout, power, temperatures, pictures, verdict and report."""

from __future__ import annotations

from pathlib import Path

import floorplan
from floorplan.picture import block_map, draw, save_png
from package.picture import cross_section
from power import PowerReport
from power.picture import power_picture
from scoville.console import Progress
from scoville.judge import power_density
from scoville.output import write_json
from scoville.pictures import history_picture, write_temperature_maps
from scoville.power_files import write_power
from scoville.report import write_report
from scoville.signoff import Signoff
from scoville.thermal_run import history_table

__all__ = ["write_signoff"]


def write_signoff(found: Signoff, folder: Path, progress: Progress) -> None:
    """Write everything that a sign-off leaves behind, but for the run record."""
    design = found.design
    at_c = found.block_mean_c
    report = PowerReport(found.power.schedule, found.power.overview, at_c)
    progress("writing layout and power", 0.93)
    floorplan.write_gds(design.layout, folder / f"{design.name}.gds")
    write_power(found.power.overview, report, at_c, folder)
    write_json(folder / "verdict.json", found.to_dict())
    progress("writing temperatures", 0.94)
    found.hottest.to_netcdf(folder / "temperature.nc")
    found.heat.steady.to_dataframe().to_csv(folder / "blocks.csv", lineterminator="\n")
    if found.heat.history is not None:
        history_table(found.heat.history).to_parquet(
            folder / "temperatures.parquet", index=False, compression="zstd"
        )
    progress("drawing", 0.95)
    _draw(found, folder)
    progress("writing the report", 0.99)
    write_report(found, report, folder)


def _draw(found: Signoff, folder: Path) -> None:
    design, history = found.design, found.heat.history
    plan = design.floorplan
    save_png(draw(plan, title=design.title), folder / "floorplan.png")
    save_png(cross_section(design.package), folder / "cross_section.png")
    limit_w = design.limits.package_power_w
    figure = power_picture(found.power.overview, found.block_mean_c, limit_w=limit_w)
    save_png(figure, folder / "power.png")
    density = power_density(plan, found.heat.steady.power_w)
    values = {str(key): float(value) for key, value in density.items()}
    label = "power density [W/mm²]"
    figure = block_map(plan, values, label=label, title="Power density")
    save_png(figure, folder / "power_density.png")
    write_temperature_maps(found.hottest, plan, folder)
    if history is not None:
        figure = history_picture(
            history, found.groups(), start_s=float(found.power.hottest.edges_s[0])
        )
        save_png(figure, folder / "history.png")
