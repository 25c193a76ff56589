"""For a layout user: vary the number of slices, check each floorplan, and write it as GDS.

Run it with a folder for the files: ``python examples/layout_export.py OUT``
"""

import sys
from pathlib import Path

import floorplan
from techlib import InputError


def main(folder: Path) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    print(f"{'slices':>6} {'tensor mm2':>10} {'SRAM mm2':>9} {'used':>6} {'violations':>10}  file")
    for slices_per_stack in (4, 8, 10, 16):
        name = f"jalapeno-{8 * slices_per_stack}"
        recipe = floorplan.recipes().derive(
            "jalapeno", {"slices_per_stack": slices_per_stack}, name=name, where="layout_export.py"
        )
        try:
            plan = floorplan.build(recipe)
        except InputError as error:
            print(f"{recipe.slice_count:6d} does not fit: {error}")
            continue
        violations = floorplan.check(plan)
        file = floorplan.write_gds(plan, folder / f"{name}.gds")
        areas = floorplan.summary(plan).set_index("kind")["area_mm2"]
        used = floorplan.utilisation(plan).set_index("name").loc["compute", "utilisation"]
        print(
            f"{recipe.slice_count:6d} {areas['tensor']:10.2f} {areas['sram']:9.2f} {used:6.1%} "
            f"{len(violations):10d}  {file.name}"
        )


if __name__ == "__main__":
    main(Path(sys.argv[1] if len(sys.argv) > 1 else "layouts"))
