"""The neutral case file ``thermal-case/1``, key by key, as pydantic models (all SI, kelvin).

A key that bears on the physics of a material, a layer or a block must be known; elsewhere an
unknown key is passed over and noted, unless it looks like a misspelt one.
"""

from __future__ import annotations

import difflib
from collections.abc import Iterator
from typing import Annotated, Any, Literal

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, FiniteFloat, ValidationError
from pydantic_core import ErrorDetails

from techlib import Faults, InputError

__all__ = [
    "BlockModel",
    "BoundaryModel",
    "CaseModel",
    "FaceModel",
    "FlowModel",
    "LayerModel",
    "MaterialModel",
    "PatchModel",
    "parse_case",
]

_TAGS = ("adiabatic", "convection", "fixed")  # of the union of faces; they are no keys of the file

Positive = Annotated[FiniteFloat, Field(gt=0.0)]
NotNegative = Annotated[FiniteFloat, Field(ge=0.0)]
Rectangle = tuple[FiniteFloat, FiniteFloat, FiniteFloat, FiniteFloat]


def _three(value: Any) -> Any:
    """Repeat a single number for x, y and z."""
    return tuple(value) if isinstance(value, list) else (value, value, value)


Axes = Annotated[tuple[Positive, Positive, Positive], BeforeValidator(_three)]
Exponents = Annotated[tuple[FiniteFloat, FiniteFloat, FiniteFloat], BeforeValidator(_three)]


class _Strict(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)

    description: str = ""
    note: str = ""


class _Open(BaseModel):
    model_config = ConfigDict(extra="allow", frozen=True)

    note: str = ""


class MaterialModel(_Strict):
    """A solid: conductivity as one number or along x, y, z, and heat capacity per volume.

    With an exponent n the conductivity at T is ``k (T / T0)^-n``.
    """

    conductivity: Axes = Field(alias="k_W_mK")
    heat_capacity: Positive = Field(alias="cv_J_m3K")
    exponent: Exponents = Field(default=(0.0, 0.0, 0.0), alias="k_exponent")
    reference_k: Positive | None = Field(default=None, alias="k_T0_K")


class BlockModel(_Strict):
    """A rectangle of a layer with a material of its own."""

    name: str = Field(min_length=1)
    rect_m: Rectangle
    material: str


class FlowModel(_Strict):
    """Coolant that fills a layer and flows along an axis: an extension of the format."""

    axis: Literal["x", "y"]
    backward: bool = False
    volume: Positive = Field(alias="volume_m3_s")
    heat_capacity: Positive = Field(alias="cv_J_m3K")
    inlet_k: Positive = Field(alias="T_inlet_K")
    floor_film: NotNegative = Field(alias="h_floor_W_m2K")
    ceiling_film: NotNegative = Field(alias="h_ceiling_W_m2K")


class LayerModel(_Strict):
    """A slab; its blocks dissipate where `heat` is true."""

    name: str = Field(min_length=1)
    thickness_m: Positive
    extent_m: Rectangle
    background: str
    heat: bool | None = None
    contact: NotNegative = Field(default=0.0, alias="contact_K_m2_W")
    blocks: tuple[BlockModel, ...] = ()
    flow: FlowModel | None = None


class _Adiabatic(BaseModel):
    type: Literal["adiabatic"] = "adiabatic"


class _Convection(BaseModel):
    type: Literal["convection"] = "convection"
    film: NotNegative = Field(alias="h_W_m2K")
    temperature_k: Positive = Field(alias="T_K")


class _Fixed(BaseModel):
    type: Literal["fixed"] = "fixed"
    temperature_k: Positive = Field(alias="T_K")


class _Rectangle(_Strict):
    """Where on its face a patch lies; patches are an extension of the format."""

    rect_m: Rectangle


class _AdiabaticPatch(_Adiabatic, _Rectangle):
    pass


class _ConvectionPatch(_Convection, _Rectangle):
    pass


class _FixedPatch(_Fixed, _Rectangle):
    pass


PatchModel = Annotated[
    _AdiabaticPatch | _ConvectionPatch | _FixedPatch, Field(discriminator="type")
]


class _Patched(_Open):
    patches: tuple[PatchModel, ...] = ()


class _AdiabaticFace(_Adiabatic, _Patched):
    pass


class _ConvectionFace(_Convection, _Patched):
    pass


class _FixedFace(_Fixed, _Patched):
    pass


FaceModel = Annotated[_AdiabaticFace | _ConvectionFace | _FixedFace, Field(discriminator="type")]


class BoundaryModel(_Open):
    """What surrounds the case; a side that is not given is adiabatic."""

    top: FaceModel = Field(default_factory=_AdiabaticFace)
    bottom: FaceModel = Field(default_factory=_AdiabaticFace)
    sides: FaceModel = Field(default_factory=_AdiabaticFace)


class TransientModel(_Open):
    """Steps in time; row ``i`` of the trace holds from ``i dt`` to ``(i + 1) dt``."""

    dt_s: Positive
    steps: Annotated[int, Field(ge=1)]
    trace_file: str = Field(min_length=1)


class CaseModel(_Open):
    """The whole file."""

    version: Literal["thermal-case/1"] = Field(alias="schema")
    name: str = ""
    description: str = ""
    layers_order: Literal["bottom to top"] = "bottom to top"
    ambient_k: Positive | None = Field(default=None, alias="ambient_K")
    initial_k: Positive | None = Field(default=None, alias="initial_K")
    filler: str = ""
    materials: dict[str, MaterialModel]
    layers: Annotated[tuple[LayerModel, ...], Field(min_length=1)]
    power_layer: str = ""
    power_w: dict[str, NotNegative] = Field(default_factory=dict, alias="power_W")
    boundary: BoundaryModel
    transient: TransientModel | None = None


def parse_case(text: str, where: str) -> tuple[CaseModel, tuple[str, ...]]:
    """Read the text of a case file.

    Returns
    -------
    CaseModel
        The file's content.
    tuple of str
        Keys that were passed over.

    Raises
    ------
    InputError
        Everything that does not fit the format, with its place in the file.
    """
    try:
        model = CaseModel.model_validate_json(text, strict=True)
    except ValidationError as error:
        raise _input_error(error, where) from None
    faults, notes = Faults(), []
    for place, key, known in _unknown_keys(model, ""):
        near = difflib.get_close_matches(key.casefold(), {k.casefold() for k in known}, n=1)
        if near:
            meant = next(k for k in known if k.casefold() == near[0])
            faults.add(f"{where}: {place}", "unknown key", cure=f"did you mean {meant!r}?")
        else:
            notes.append(f"{place} is not used")
    faults.raise_if_any()
    return model, tuple(notes)


def _unknown_keys(model: BaseModel, prefix: str) -> Iterator[tuple[str, str, list[str]]]:
    """Yield place, key and the known keys beside it, for every key that no model declares."""
    fields = type(model).model_fields
    known = [field.alias or name for name, field in fields.items()]
    for key in model.model_extra or {}:
        yield f"{prefix}{key}", key, known
    for name in fields:
        below = getattr(model, name)
        if isinstance(below, _Open):
            yield from _unknown_keys(below, f"{prefix}{name}.")


def _input_error(error: ValidationError, where: str) -> InputError:
    faults = Faults()
    for item in _once(error.errors(include_url=False)):
        place = ": ".join(part for part in (where, _place(item["loc"])) if part)
        context: dict[str, Any] = dict(item.get("ctx") or {})
        if item["type"] == "extra_forbidden":
            faults.add(place, "unknown key", cure="remove it, or check its spelling")
        elif item["type"] == "json_invalid":
            reason = context.get("error", item["msg"])
            faults.add(where, f"is not JSON: {reason}", "a thermal-case/1 file")
        elif item["type"] == "too_short":
            if not item["input"]:  # else it is short of entries that have faults of their own
                faults.add(place, "is empty", "one or more")
        elif item["type"] == "missing":
            faults.add(place, "is missing")
        elif item["type"] == "union_tag_not_found":
            faults.add(f"{place}.type", "is missing", _quoted(_TAGS))
        elif item["type"] == "union_tag_invalid":
            what = f"{context['tag']!r} does not fit"
            faults.add(f"{place}.type", what, context["expected_tags"])
        else:
            given = item["input"]
            shown = repr(given) if isinstance(given, (str, int, float, bool)) else "a value"
            allowed = item["msg"].removeprefix("Input should be ").removeprefix("a valid ")
            faults.add(place, f"{shown} does not fit", allowed)
    return InputError(faults.found)


def _once(items: list[ErrorDetails]) -> Iterator[ErrorDetails]:
    """Yield what is wrong, once for three axes of which all have the same fault."""
    skipped = 0
    for number, item in enumerate(items):
        if skipped:
            skipped -= 1
            continue
        three = [(i["type"], i["input"], i["loc"]) for i in items[number : number + 3]]
        axes = [(item["type"], item["input"], (*item["loc"][:-1], axis)) for axis in range(3)]
        if three == axes and set(item["loc"]) & {"k_W_mK", "k_exponent"}:
            skipped, item["loc"] = 2, item["loc"][:-1]
        yield item


def _quoted(names: tuple[str, ...]) -> str:
    return ", ".join(repr(name) for name in names)


def _place(location: tuple[int | str, ...]) -> str:
    """Write pydantic's location as a path, e.g. ``layers[2].thickness_m``."""
    parts = [part for part in location if part not in _TAGS]
    path = "".join(f"[{part}]" if isinstance(part, int) else f".{part}" for part in parts)
    return path.lstrip(".")
