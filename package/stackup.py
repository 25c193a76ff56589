"""The parameters of a 2.5-D package: thicknesses, materials, margins, cooling."""

from __future__ import annotations

import dataclasses
import functools
from dataclasses import dataclass

from techlib import Faults, Library, Record, quantity, text

__all__ = ["StackUp", "stackups"]

_THINNEST_UM = 1e-3  #: the database grid of layouts; what is thinner is a slip of the unit
_THICKEST_UM = 1e5  #: no layer of a package is thicker than 100 mm
_WIDEST_UM = 1e6  #: no package is wider than a metre
_HEIGHTS = ("c4_height_um", "microbump_height_um", "die_height_um")  #: the others are lateral


@dataclass(frozen=True, eq=False)
class StackUp(Record):
    """What a package is made of, apart from the floorplan that stands in it.

    Layers from bottom to top: substrate, C4, interposer, microbumps, dies and HBM stacks in mould,
    TIM1, lid, TIM2, sink (the base of a heat sink or cold plate), channel (coolant that flows above
    that base) and its cover. A layer of zero thickness is left out, so that a bare die under a cold
    plate is a stack-up without lid and TIM2. The `contact` of a layer is the resistance between it
    and what lies above, per area.

    Heights that the interposer technology knows (interposer, C4, microbumps) and the height of the
    dies (that of the tallest HBM stack: all are ground to one plane) need not be given. A slab's
    `width` and `height` count before its `margin`, which is measured from the interposer's edge.

    Each face takes a coolant by name, a film coefficient, or (top and bottom) a thermal resistance
    from the face to the fluid. A film, a resistance or a temperature that is given beside a coolant
    counts before the coolant's own; film and resistance together are a contradiction, which
    `assemble` reports. A face with none of them is adiabatic; one that is `held` has the
    temperature that is given, and nothing else may be said on it. Patches of a face are no numbers
    of a stack-up: `package.read_patches` reads them, `assemble` takes them.

    Examples
    --------
    >>> import package
    >>> stackup = package.stackups().derive(
    ...     "lidded-2.5d", {"tim1": {"thickness": "30 um"}}, name="thin", where="example")
    >>> stackup.tim1_thickness_um, stackup.tim1_material
    (30.0, 'indium')
    """

    substrate_thickness_um: float = quantity("substrate.thickness", "um", at_least=0.0)
    substrate_material: str = text("substrate.material")
    substrate_margin_um: float = quantity("substrate.margin", "um", at_least=0.0)
    substrate_width_um: float | None = quantity("substrate.width", "um", default=None, above=0.0)
    substrate_height_um: float | None = quantity("substrate.height", "um", default=None, above=0.0)
    substrate_contact_k_m2_w: float = quantity(
        "substrate.contact", "K m^2/W", default=0.0, at_least=0.0
    )

    c4_height_um: float | None = quantity("c4.height", "um", default=None, at_least=0.0)
    c4_material: str = text("c4.material")
    c4_contact_k_m2_w: float = quantity("c4.contact", "K m^2/W", default=0.0, at_least=0.0)

    interposer_thickness_um: float | None = quantity(
        "interposer.thickness", "um", default=None, above=0.0
    )
    interposer_material: str = text("interposer.material")
    interposer_contact_k_m2_w: float = quantity(
        "interposer.contact", "K m^2/W", default=0.0, at_least=0.0
    )

    microbump_height_um: float | None = quantity(
        "microbump.height", "um", default=None, at_least=0.0
    )
    microbump_material: str = text("microbump.material")
    microbump_contact_k_m2_w: float = quantity(
        "microbump.contact", "K m^2/W", default=0.0, at_least=0.0
    )

    die_height_um: float | None = quantity("die.height", "um", default=None, above=0.0)
    die_material: str = text("die.material")
    die_active_thickness_um: float = quantity("die.active_thickness", "um", above=0.0)
    die_active_material: str = text("die.active_material")
    die_beol_thickness_um: float = quantity("die.beol_thickness", "um", at_least=0.0)
    die_beol_material: str = text("die.beol_material")
    die_contact_k_m2_w: float = quantity("die.contact", "K m^2/W", default=0.0, at_least=0.0)

    hbm_detail: str = text("hbm.detail", choices=("dies", "lumped"))
    hbm_base_material: str = text("hbm.base_material")
    hbm_dram_material: str = text("hbm.dram_material")
    hbm_bond_material: str = text("hbm.bond_material")
    hbm_cap_material: str = text("hbm.cap_material")  #: from the top DRAM die to the stack's height

    mould_material: str = text("mould.material")
    filler_material: str = text("filler.material")  #: outside the interposer, and between TIM1 pads

    tim1_thickness_um: float = quantity("tim1.thickness", "um", at_least=0.0)
    tim1_material: str = text("tim1.material")
    tim1_contact_k_m2_w: float = quantity("tim1.contact", "K m^2/W", default=0.0, at_least=0.0)

    lid_thickness_um: float = quantity("lid.thickness", "um", at_least=0.0)
    lid_material: str = text("lid.material")
    lid_margin_um: float = quantity("lid.margin", "um")
    lid_width_um: float | None = quantity("lid.width", "um", default=None, above=0.0)
    lid_height_um: float | None = quantity("lid.height", "um", default=None, above=0.0)
    lid_contact_k_m2_w: float = quantity("lid.contact", "K m^2/W", default=0.0, at_least=0.0)

    tim2_thickness_um: float = quantity("tim2.thickness", "um", at_least=0.0)
    tim2_material: str = text("tim2.material")
    tim2_contact_k_m2_w: float = quantity("tim2.contact", "K m^2/W", default=0.0, at_least=0.0)

    sink_thickness_um: float = quantity("sink.thickness", "um", at_least=0.0)
    sink_material: str = text("sink.material")
    sink_margin_um: float = quantity("sink.margin", "um")
    sink_width_um: float | None = quantity("sink.width", "um", default=None, above=0.0)
    sink_height_um: float | None = quantity("sink.height", "um", default=None, above=0.0)
    sink_contact_k_m2_w: float = quantity("sink.contact", "K m^2/W", default=0.0, at_least=0.0)

    channel_thickness_um: float = quantity("channel.thickness", "um", default=0.0, at_least=0.0)
    channel_material: str = text("channel.material", default="")  #: of the walls; stores heat
    channel_direction: str = text("channel.direction", choices=("x", "-x", "y", "-y"), default="x")
    channel_flow_m3_s: float | None = quantity("channel.flow", "m^3/s", default=None, above=0.0)
    channel_heat_capacity_j_m3k: float | None = quantity(
        "channel.heat_capacity", "J/(m^3 K)", default=None, above=0.0
    )  #: of the coolant
    channel_inlet_c: float | None = quantity("channel.inlet", "degC", default=None)
    channel_floor_film_w_m2k: float | None = quantity(
        "channel.floor_film", "W/(m^2 K)", default=None, at_least=0.0
    )
    channel_ceiling_film_w_m2k: float = quantity(
        "channel.ceiling_film", "W/(m^2 K)", default=0.0, at_least=0.0
    )

    cover_thickness_um: float = quantity("cover.thickness", "um", default=0.0, at_least=0.0)
    cover_material: str = text("cover.material", default="")

    top_coolant: str = text("top.coolant", default="")
    top_film_w_m2k: float | None = quantity("top.film", "W/(m^2 K)", default=None, at_least=0.0)
    top_resistance_k_w: float | None = quantity("top.resistance", "K/W", default=None, above=0.0)
    top_temperature_c: float | None = quantity("top.temperature", "degC", default=None)
    top_held_c: float | None = quantity("top.held", "degC", default=None)

    bottom_coolant: str = text("bottom.coolant", default="")
    bottom_film_w_m2k: float | None = quantity(
        "bottom.film", "W/(m^2 K)", default=None, at_least=0.0
    )
    bottom_resistance_k_w: float | None = quantity(
        "bottom.resistance", "K/W", default=None, above=0.0
    )
    bottom_temperature_c: float | None = quantity("bottom.temperature", "degC", default=None)
    bottom_held_c: float | None = quantity("bottom.held", "degC", default=None)

    sides_coolant: str = text("sides.coolant", default="")
    sides_film_w_m2k: float | None = quantity("sides.film", "W/(m^2 K)", default=None, at_least=0.0)
    sides_temperature_c: float | None = quantity("sides.temperature", "degC", default=None)
    sides_held_c: float | None = quantity("sides.held", "degC", default=None)

    ambient_c: float = quantity("ambient", "degC")

    def __post_init__(self) -> None:
        faults = Faults()
        for field in dataclasses.fields(self):
            size_um = getattr(self, field.name)
            if not field.name.endswith("_um") or not size_um:
                continue
            flat = field.name.endswith("thickness_um") or field.name in _HEIGHTS
            least_um, most_um = (_THINNEST_UM, _THICKEST_UM) if flat else (-_WIDEST_UM, _WIDEST_UM)
            if not least_um <= size_um <= most_um:
                where = f"{self.name}.{field.metadata['key']}"
                allowed = f"0 um, or {least_um:g} um to {most_um:g} um"
                faults.add(where, f"{size_um:g} um", allowed, "is the unit right?")
        faults.raise_if_any()


@functools.cache
def stackups() -> Library[StackUp]:
    """Return the stack-ups that ship with the toolkit."""
    return Library.load("stack-up", StackUp, "stackups.toml", room="package")
