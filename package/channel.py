"""From a stack-up's words on a channel to the layers that coolant flows through and under."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from shapely import Polygon

from package.layers import Flow, Layer
from package.stackup import StackUp
from techlib import Faults, Material

__all__ = ["channel_layers", "check_channel"]

_NEEDED = ("material", "flow", "heat_capacity", "inlet", "floor_film")
_EXAMPLES = {
    "material": '"copper"',
    "flow": '"1 l/min"',
    "heat_capacity": '"4.17e6 J/(m^3 K)"',
    "inlet": '"30 degC"',
    "floor_film": '"30000 W/(m^2 K)"',
}


def check_channel(stackup: StackUp, where: str, faults: Faults) -> None:
    """Note what a channel lacks, a second way out for its heat, and a cover without a channel.

    Parameters
    ----------
    stackup : StackUp
        Its entries ``channel`` and ``cover`` count.
    where : str
        Prefix of fault positions.
    faults : Faults
        Takes what is missing or contradictory.
    """
    if stackup.cover_thickness_um > 0.0 and not stackup.cover_material:
        faults.add(f"{where}.cover.material", "is missing", "a material", 'e.g. "copper"')
    if stackup.channel_thickness_um == 0.0:
        if stackup.cover_thickness_um > 0.0:
            cure = "give the channel a thickness, or make the sink thicker"
            faults.add(f"{where}.cover.thickness", "a cover without a channel below", cure=cure)
        return
    given = {
        "material": stackup.channel_material or None,
        "flow": stackup.channel_flow_m3_s,
        "heat_capacity": stackup.channel_heat_capacity_j_m3k,
        "inlet": stackup.channel_inlet_c,
        "floor_film": stackup.channel_floor_film_w_m2k,
    }
    for key in _NEEDED:
        if given[key] is None:
            faults.add(f"{where}.channel.{key}", "is missing", "", f"e.g. {_EXAMPLES[key]}")
    if stackup.top_coolant:
        what = f"{stackup.top_coolant!r} would cool a second time what the channel cools"
        cure = 'set top.coolant = "", and film and temperature for the air above'
        faults.add(f"{where}.top.coolant", what, "no coolant above a channel", cure)


def channel_layers(
    stackup: StackUp, named: Mapping[str, Material], outline: Polygon
) -> Iterator[Layer]:
    """Yield the channel and its cover, where there are any.

    Parameters
    ----------
    stackup : StackUp
        That `check_channel` has no fault with.
    named : mapping of str to Material
        By the stack-up's key, e.g. ``"channel.material"``.
    outline : shapely.Polygon
        Of the slab below [um].
    """
    if stackup.channel_thickness_um > 0.0:
        yield Layer(
            "channel",
            stackup.channel_thickness_um,
            outline,
            named["channel.material"],
            flow=_flow(stackup),
        )
    if stackup.cover_thickness_um > 0.0:
        yield Layer("cover", stackup.cover_thickness_um, outline, named["cover.material"])


def _flow(stackup: StackUp) -> Flow:
    assert stackup.channel_flow_m3_s is not None
    assert stackup.channel_heat_capacity_j_m3k is not None
    assert stackup.channel_inlet_c is not None
    assert stackup.channel_floor_film_w_m2k is not None
    return Flow(
        axis="x" if stackup.channel_direction.endswith("x") else "y",
        volume_m3_s=stackup.channel_flow_m3_s,
        heat_capacity_j_m3k=stackup.channel_heat_capacity_j_m3k,
        inlet_c=stackup.channel_inlet_c,
        floor_film_w_m2k=stackup.channel_floor_film_w_m2k,
        ceiling_film_w_m2k=stackup.channel_ceiling_film_w_m2k,
        backward=stackup.channel_direction.startswith("-"),
    )
