"""Which TIM1 does the package need? Sweep its material, its thickness and the film on top.

python examples/thermal_sweep.py
"""

from __future__ import annotations

import dataclasses

import floorplan
import package
from thermal import Resolution, ThermalModel

MATERIALS = ("indium", "polymer_tim")
THICKNESS_UM = (25.0, 50.0, 100.0)
FILM_W_M2K = (20_000.0, 40_000.0)
POWER_W = 500.0


def main() -> None:
    plan = floorplan.build(floorplan.recipes()["jalapeno"])
    stackup = package.stackups()["lidded-2.5d"]
    area_um2 = {key: block.area_um2 for key, block, _ in plan.placed_blocks()}
    power_w = {key: POWER_W * area / sum(area_um2.values()) for key, area in area_um2.items()}

    print(f"Hottest block at {POWER_W:.0f} W, evenly over the compute die [degC]")
    films = "".join(f"{film / 1e3:6.0f} kW/(m2 K)" for film in FILM_W_M2K)
    print(f"{'TIM1':12s}{'um':>5s}{films}")
    for material in MATERIALS:
        for thickness_um in THICKNESS_UM:
            tim1 = {"tim1_material": material, "tim1_thickness_um": thickness_um}
            built = package.assemble(plan, dataclasses.replace(stackup, **tim1))
            hottest_c = []
            for film in FILM_W_M2K:
                top = dataclasses.replace(built.top, film_w_m2k=film)
                model = ThermalModel(dataclasses.replace(built, top=top), Resolution(lateral=20))
                hottest_c.append(model.steady(power_w).block_max_c.max())
            row = "".join(f"{value:16.2f}" for value in hottest_c)
            print(f"{material:12s}{thickness_um:5.0f}{row}")


if __name__ == "__main__":
    main()
