"""HotSpot's settings: defaults from data, changed by a configuration file and by flags."""

from __future__ import annotations

import dataclasses
import functools
import re
from collections.abc import Mapping
from dataclasses import dataclass

from floorplan.formats.lines import Line, number
from floorplan.formats.text import tidy
from package.foreign import given_material, kelvin
from techlib import Faults, Library, Material, Record, did_you_mean, quantity
from techlib import materials as known_materials

__all__ = ["Settings", "read_settings", "secondary_materials"]

NULL = "(null)"  #: HotSpot's word for no file
_COLD_K = 150.0  #: what is below is more likely meant in degrees Celsius

#: Keys that name files or switch models; they are read elsewhere or hold no physics of the case.
_SWITCHES = re.findall(
    r"\w+",
    """c f p o d materials_file grid_layer_file detailed_3D use_microchannels
    use_microfluidic_cooling model_secondary package_model_used package_config_file leakage_used
    leakage_mode dtm_used init_file material_chip material_interface material_sink
    material_spreader c_convec c_convec_sec""",
)

#: Keys of its solver, of its channels, of the fins of its package model and of its floorplanner.
_UNUSED = re.findall(
    r"\w+",
    """thermal_threshold steady_file grid_steady_file grid_transient_file base_proc_freq model_type
    block_omit_lateral grid_rows grid_cols grid_map_mode n_metal s_c4 n_c4 pumping_pressure
    pump_internal_res inlet_temperature coolant_material coolant_capac coolant_res coolant_visc
    wall_material wall_capac wall_res htc natural_convec flow_type sink_type fin_height fin_width
    channel_width pin_height pin_diam pin_dist fan_radius motor_radius rpm wrap_l2 l2_label
    model_rim rim_thickness compact_ratio n_orients P0 Davg Kmoves Rcool Rreject Nmax lambdaA
    lambdaT lambdaW detailed_3D_used""",
)


@dataclass(frozen=True, eq=False)
class _Defaults(Record):
    """Every number of a configuration that bears on the physics."""

    t_chip_m: float = quantity("t_chip", "m", above=0.0)
    k_chip_w_mk: float = quantity("k_chip", "W/(m K)", above=0.0)
    p_chip_j_m3k: float = quantity("p_chip", "J/(m^3 K)", above=0.0)
    t_interface_m: float = quantity("t_interface", "m", above=0.0)
    k_interface_w_mk: float = quantity("k_interface", "W/(m K)", above=0.0)
    p_interface_j_m3k: float = quantity("p_interface", "J/(m^3 K)", above=0.0)
    s_spreader_m: float = quantity("s_spreader", "m", above=0.0)
    t_spreader_m: float = quantity("t_spreader", "m", above=0.0)
    k_spreader_w_mk: float = quantity("k_spreader", "W/(m K)", above=0.0)
    p_spreader_j_m3k: float = quantity("p_spreader", "J/(m^3 K)", above=0.0)
    s_sink_m: float = quantity("s_sink", "m", above=0.0)
    t_sink_m: float = quantity("t_sink", "m", above=0.0)
    k_sink_w_mk: float = quantity("k_sink", "W/(m K)", above=0.0)
    p_sink_j_m3k: float = quantity("p_sink", "J/(m^3 K)", above=0.0)
    r_convec_k_w: float = quantity("r_convec", "K/W", above=0.0)
    r_convec_sec_k_w: float = quantity("r_convec_sec", "K/W", above=0.0)
    t_metal_m: float = quantity("t_metal", "m", above=0.0)
    t_c4_m: float = quantity("t_c4", "m", above=0.0)
    s_sub_m: float = quantity("s_sub", "m", above=0.0)
    t_sub_m: float = quantity("t_sub", "m", above=0.0)
    s_solder_m: float = quantity("s_solder", "m", above=0.0)
    t_solder_m: float = quantity("t_solder", "m", above=0.0)
    s_pcb_m: float = quantity("s_pcb", "m", above=0.0)
    t_pcb_m: float = quantity("t_pcb", "m", above=0.0)
    ambient_k: float = quantity("ambient", "K", above=0.0)
    init_temp_k: float = quantity("init_temp", "K", above=0.0)
    sampling_intvl_s: float = quantity("sampling_intvl", "s", above=0.0)
    t_active_m: float = quantity("t_active", "m", above=0.0)


@functools.cache
def _defaults() -> _Defaults:
    return Library.load("HotSpot release", _Defaults, "hotspot.toml", room="package")["7.0"]


@functools.cache
def secondary_materials() -> Library[Material]:
    """Return the solids of HotSpot's secondary path."""
    return Library.load("material", Material, "hotspot_materials.toml", room="package")


@dataclass(frozen=True, eq=False)
class Settings:
    """What a configuration says.

    Parameters
    ----------
    values : mapping of str to float
        Numbers by key, in SI.
    lines : mapping of str to Line
        The keys that were given.
    materials : mapping of str to Material or None
        Of the materials file.
    """

    values: Mapping[str, float]
    lines: Mapping[str, Line]
    materials: Mapping[str, Material | None]

    def __getitem__(self, key: str) -> float:
        return self.values[key]

    def word(self, key: str) -> str:
        """Return a setting as written; empty where it is not given or ``(null)``."""
        given = self.lines[key].words[0] if key in self.lines else NULL
        return "" if given == NULL else given

    def on(self, key: str) -> bool:
        """Return whether a switch is on."""
        return self.word(key) not in ("", "0", "off")

    def solid(self, part: str, faults: Faults) -> Material:
        """Return the material of chip, interface, spreader or sink."""
        name = self.word(f"material_{part}")
        if name:
            return self.material(name, self.lines[f"material_{part}"].where, faults)
        k = tidy(self[f"k_{part}"])
        return given_material(part, (k, k, k), tidy(self[f"p_{part}"]))

    def material(self, name: str, where: str, faults: Faults) -> Material:
        """Look a material of the materials file up."""
        found = self.materials.get(name)
        if found is not None:
            return found
        if name in self.materials:
            faults.add(where, f"material {name!r} is a fluid", "a solid")
        elif self.materials:
            faults.add(where, f"unknown material {name!r}", cure=did_you_mean(name, self.materials))
        else:
            cure = "put the .materials file beside the configuration, or name it by materials_file"
            faults.add(where, f"unknown material {name!r}: there is no materials file", cure=cure)
        return known_materials()["silicon"]


def read_settings(
    lines: Mapping[str, Line],
    materials: Mapping[str, Material | None],
    faults: Faults,
    notes: list[str],
) -> Settings:
    """Hold given keys against those that HotSpot has, and fill in its defaults."""
    defaults = _defaults()
    fields = {f.metadata["key"]: f for f in dataclasses.fields(defaults) if "key" in f.metadata}
    values: dict[str, float] = {key: getattr(defaults, f.name) for key, f in fields.items()}
    known = {*fields, *_SWITCHES, *_UNUSED}
    for key, line in lines.items():
        if key in fields:
            value = number(line.words[0], line.where, f"-{key}", faults)
            values[key] = values[key] if value is None else value
        elif key not in known:
            cure = did_you_mean(key, [*fields, *_SWITCHES])
            if cure.startswith("did you mean"):
                faults.add(line.where, f"unknown key -{key}", cure=cure)
            else:
                notes.append(f"{line.where}: -{key} is not used")
    settings = Settings(values, lines, materials)
    _refuse(settings, faults)
    _remark(settings, notes)
    return settings


def _refuse(settings: Settings, faults: Faults) -> None:
    """Name what a case cannot hold."""
    if settings.on("package_model_used"):
        faults.add(
            settings.lines["package_model_used"].where,
            "the package model computes the convection resistance from fins and fan",
            "-package_model_used 0",
            "give the resistance by -r_convec; HotSpot prints it",
        )
    for key in ("use_microchannels", "use_microfluidic_cooling"):
        if settings.on(key):
            what = "coolant channels are not computed"
            faults.add(settings.lines[key].where, what, f"-{key} 0")


def _remark(settings: Settings, notes: list[str]) -> None:
    """Name what is passed over although it bears on HotSpot's result."""
    notes.append(
        "HotSpot multiplies every heat capacity by 0.333; here they count as given, so that a "
        "transient is slower than HotSpot's"
    )
    notes.extend(
        f"{settings.lines[key].where}: -{key} is {settings[key]:g} K, as HotSpot takes it; if "
        f"it is meant in degC, write {kelvin(settings[key]):g}"
        for key in ("ambient", "init_temp")
        if key in settings.lines and settings[key] < _COLD_K
    )
    if "c_convec" in settings.lines:
        notes.append("-c_convec is not used: the film on the sink stores no heat")
    if settings.word("init_file"):
        notes.append("-init_file is not used: a transient starts from -init_temp everywhere")
    notes.extend(
        f"-{key} is not used: powers count as the trace has them"
        for key in ("leakage_used", "dtm_used")
        if settings.on(key)
    )
