"""Channels, contacts, held faces and patches, as a stack-up and a user's tables give them."""

from __future__ import annotations

import math
from typing import Any

import pytest
from shapely import box

import package
from floorplan import Floorplan
from package import Flow, Package, Patch, read_patches, stackups
from techlib import InputError, coolants

CHANNEL = {
    "thickness": "300 um",
    "material": "copper",
    "direction": "-y",
    "flow": "1.2 l/min",
    "heat_capacity": "4.17e6 J/(m^3 K)",
    "inlet": "30 degC",
    "floor_film": "30000 W/(m^2 K)",
}
OPEN_TOP = {"coolant": ""}


def built(plan: Floorplan, base: str = "cold-plate-direct", **changes: Any) -> Package:
    patches = changes.pop("patches", None)
    stackup = stackups().derive(base, changes, name="x", where="example")
    return package.assemble(plan, stackup, patches=patches)


def faults(plan: Floorplan, base: str = "cold-plate-direct", **changes: Any) -> list[str]:
    with pytest.raises(InputError) as caught:
        built(plan, base, **changes)
    return [str(fault) for fault in caught.value.faults]


def test_coolant_flows_above_the_base_and_below_a_cover(plan: Floorplan) -> None:
    cover = {"thickness": "1 mm", "material": "copper"}
    found = built(plan, channel=CHANNEL, cover=cover, top=OPEN_TOP)
    sink, channel, above = found.layers[-3:]
    assert [layer.name for layer in (sink, channel, above)] == ["sink", "channel", "cover"]
    assert channel.outline.equals(sink.outline)
    assert channel.flow is not None
    assert channel.flow.volume_m3_s == pytest.approx(2e-5)
    expected = Flow("y", channel.flow.volume_m3_s, 4.17e6, 30.0, 3e4, 0.0, backward=True)
    assert channel.flow == expected
    assert (channel.thickness_um, above.thickness_um, above.flow) == (300.0, 1000.0, None)
    assert found.top.film_w_m2k == 0.0
    assert "channel" not in [layer.name for layer in built(plan).layers]


def test_what_a_channel_lacks_is_listed(plan: Floorplan) -> None:
    found = faults(plan, channel={"thickness": "300 um"}, cover={"thickness": "1 mm"})
    assert [fault.partition(":")[0] for fault in found] == [
        f"package.{key}"
        for key in (
            "cover.material",
            "channel.material",
            "channel.flow",
            "channel.heat_capacity",
            "channel.inlet",
            "channel.floor_film",
            "top.coolant",
        )
    ]
    assert found[2] == 'package.channel.flow: is missing; e.g. "1 l/min"'
    assert "would cool a second time what the channel cools" in found[-1]
    assert 'set top.coolant = ""' in found[-1]
    alone = faults(plan, cover={"thickness": "1 mm", "material": "copper"})
    assert "package.cover.thickness: a cover without a channel below" in alone[0]


def test_contacts_lie_on_the_uppermost_slab_of_their_zone(plan: Floorplan) -> None:
    changes = {"die": {"contact": "2 mm^2 K/W"}, "tim1": {"contact": "1e-6 K m^2/W"}}
    found = built(plan, "lidded-2.5d", **changes)
    rough = {la.name: la.contact_resistance_k_m2_w for la in found.layers}
    below_tim1 = found.layers[[la.name for la in found.layers].index("tim1") - 1].name
    given = {name: value for name, value in rough.items() if value}
    assert given == pytest.approx({below_tim1: 2e-6, "tim1": 1e-6})
    plain = built(plan, "lidded-2.5d")
    more = found.resistance_1d() - plain.resistance_1d()
    assert more > 0.9 * 3e-6 / (38e-3 * 14e-3)
    assert "package.lid.contact: contact of a lid of no thickness" in "".join(
        faults(plan, lid={"contact": "1e-6 K m^2/W"})
    )


def test_a_face_is_held_at_a_temperature(plan: Floorplan) -> None:
    found = built(plan, bottom={"coolant": "", "held": "45 degC"})
    assert (found.bottom.film_w_m2k, found.bottom.temperature_c) == (math.inf, 45.0)
    (fault,) = faults(plan, bottom={"held": "45 degC", "film": "10 W/(m^2 K)"})
    assert fault.startswith("package.bottom.held: is given beside coolant, film; allowed: a held")


def patches(*tables: dict[str, Any]) -> tuple[Patch, ...]:
    return read_patches(list(tables), coolants=coolants(), where="x.toml: package.top.patches")


PLACE = {"x": "1 mm", "y": "2 mm", "width": "3 mm", "height": "4 mm"}


def test_patches_take_every_exchange_of_a_face(plan: Floorplan) -> None:
    found = patches(
        {**PLACE, "film": "5000 W/(m^2 K)", "temperature": "30 degC"},
        {**PLACE, "x": "10 mm", "resistance": "0.5 K/W", "temperature": "30 degC"},
        {**PLACE, "x": "20 mm", "held": "50 degC"},
        {**PLACE, "x": "25 mm", "coolant": "water_cold_plate"},
        {**PLACE, "x": "30 mm"},
    )
    assert found[0] == Patch(box(1000, 2000, 4000, 6000), 5000.0, 30.0)
    assert found[1].film_w_m2k == pytest.approx(1.0 / (0.5 * 12e-6))
    assert found[2].film_w_m2k == math.inf
    assert found[3].film_w_m2k == coolants()["water_cold_plate"].film_w_m2k
    assert found[4].film_w_m2k == 0.0
    made = built(plan, patches={"top": found})
    assert made.top.patches == found
    assert made.bottom.patches == ()


def test_every_fault_of_every_patch_is_listed() -> None:
    with pytest.raises(InputError) as caught:
        patches(
            {"x": "1 mm", "width": "0 mm", "height": "5", "flim": 1.0, "film": "-1 W/(m^2 K)"},
            {**PLACE, "coolant": "watr_cold_plate"},
            {**PLACE, "held": "1 degC", "film": "1 W/(m^2 K)", "temperature": "1 degC"},
            {**PLACE, "temperature": "1 degC"},
        )
    found = [
        str(fault).removeprefix("x.toml: package.top.patches") for fault in caught.value.faults
    ]
    assert len(found) == 8
    assert found[0].startswith("[0].flim: unknown key; did you mean 'film'")
    assert found[1].startswith("[0].height: ")
    assert found[2].startswith("[0].y: is missing; allowed: a quantity in um")
    assert found[3].startswith("[0].width: 0 um; allowed: above 0 um")
    assert found[4].startswith("[0].film: -1; allowed: at least 0 W/(m^2 K)")
    assert "unknown coolant 'watr_cold_plate'; did you mean 'water_cold_plate'" in found[5]
    assert found[6].startswith("[2].held: is given beside film, temperature; allowed: a held")
    assert found[7].startswith("[3]: temperature without a film; allowed: a coolant, a film or")


@pytest.mark.parametrize(
    ("given", "message"),
    [
        ({"x": 1}, "x.toml: package.top.patches: {'x': 1} is not a list"),
        ([3], r"package.top.patches\[0\]: 3 is not a table; allowed: a table with x, y, width"),
        ([{**PLACE, "coolant": 3}], r"patches\[0\].coolant: 3 is not a text; allowed: the name"),
        ([{**PLACE, "resistance": "0 K/W"}], r"patches\[0\].resistance: 0; allowed: above 0 K/W"),
    ],
)
def test_patches_of_another_form_are_refused(given: Any, message: str) -> None:
    with pytest.raises(InputError, match=message):
        read_patches(given, coolants=coolants(), where="x.toml: package.top.patches")
