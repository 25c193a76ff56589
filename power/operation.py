"""How an accelerator is run: clock and voltage, formats, batching limits, efficiencies."""

from __future__ import annotations

import functools
from dataclasses import dataclass

from techlib import Faults, Library, Record, quantity, text

__all__ = ["FORMATS", "Operation", "operations"]

FORMATS = {"fp4": 4, "fp8": 8, "bf16": 16}  #: bits of a value, block scales apart
_AS_STORED = "as-stored"
_MOST = 1e6  #: sequences and tokens of a step; each takes memory of this machine


@dataclass(frozen=True, eq=False)
class Operation(Record):
    """Operating point and serving limits of a group of identical packages.

    A format ``"as-stored"`` is the narrowest one that holds the model's weights, or its KV cache;
    the energy table ``"as-node"`` is that of the compute die's node.
    """

    energy_table: str = text("energy_table", default="as-node")
    compute_format: str = text("compute_format", choices=(_AS_STORED, *FORMATS), default=_AS_STORED)
    attention_format: str = text(
        "attention_format", choices=(_AS_STORED, *FORMATS), default=_AS_STORED
    )
    #: data sheet and fitted board of a shipped chip that this is; empty for others
    accelerator: str = text("accelerator", default="")
    board: str = text("board", default="")
    power_gating: str = text("power_gating", choices=("on", "off"), default="on")
    clock_gating: str = text("clock_gating", choices=("on", "off"), default="on")

    frequency_hz: float = quantity("frequency", "Hz", above=0.0, at_most=1e11)
    voltage_v: float = quantity("voltage", "V", above=0.0)  #: of the dies with systolic arrays
    #: packages that share a model, tensor parallel but for the two below
    chips: float = quantity("chips", "", at_least=1.0, at_most=65536, whole=True)

    #: stages of whole layers that the packages are dealt out to
    pipeline_parallel: float = quantity(
        "pipeline_parallel", "", default=1.0, at_least=1.0, at_most=65536, whole=True
    )
    #: groups of packages that hold whole experts
    expert_parallel: float = quantity(
        "expert_parallel", "", default=1.0, at_least=1.0, at_most=65536, whole=True
    )

    fp8_rate: float = quantity("fp8_rate", "", above=0.0)  #: MACs per cycle against fp4
    bf16_rate: float = quantity("bf16_rate", "", above=0.0)
    #: fill and drain apart
    array_efficiency: float = quantity("array_efficiency", "", at_least=0.001, at_most=1.0)
    vector_width: float = quantity("vector_width", "", above=0.0)  #: operations per cycle, unit
    #: sustained bandwidth over peak
    hbm_efficiency: float = quantity("hbm_efficiency", "", at_least=0.001, at_most=1.0)
    memory_share: float = quantity(
        "memory_share", "", above=0.0, at_most=1.0
    )  #: of HBM, weights and KV
    activation_share: float = quantity(
        "activation_share", "", at_least=0.0, at_most=1.0
    )  #: of SRAM

    step_overhead_s: float = quantity("step_overhead", "s", at_least=0.0, at_most=10.0)
    all_reduce_latency_s: float = quantity("all_reduce_latency", "s", at_least=0.0, at_most=10.0)
    link_bandwidth_byte_s: float = quantity("link_bandwidth", "byte/s", above=0.0)
    #: packages that local links reach, and the links beyond; without, local links reach all
    local_domain: float | None = quantity(
        "local_domain", "", default=None, at_least=1.0, at_most=65536, whole=True
    )
    scale_out_bandwidth_byte_s: float | None = quantity(
        "scale_out_bandwidth", "byte/s", default=None, above=0.0
    )
    #: of an all-reduce over several domains, beside that within one
    scale_out_latency_s: float = quantity(
        "scale_out_latency", "s", default=0.0, at_least=0.0, at_most=10.0
    )

    max_batch: float = quantity("max_batch", "", at_least=1.0, at_most=_MOST, whole=True)
    chunk_tokens: float = quantity("chunk_tokens", "", at_least=1.0, at_most=_MOST, whole=True)

    #: KV cache of a request: all of it from its admission, or as it grows, with eviction
    kv_admission: str = text("kv_admission", choices=("reserve", "grow"), default="reserve")
    prefix_caching: str = text("prefix_caching", choices=("on", "off"), default="off")
    #: what the package does: prompts and answers, or one of them in a group of its own
    role: str = text("role", choices=("both", "prefill", "decode"), default="both")
    #: groups that read prompts for the groups that decode, where they are apart
    prefill_groups: float = quantity(
        "prefill_groups", "", default=1.0, at_least=1.0, at_most=1024, whole=True
    )
    decode_groups: float = quantity(
        "decode_groups", "", default=1.0, at_least=1.0, at_most=1024, whole=True
    )
    #: drafted tokens of a sequence and step (speculative decoding); 0 for none
    draft_tokens: float = quantity(
        "draft_tokens", "", default=0.0, at_least=0.0, at_most=64, whole=True
    )
    #: probability that a draft is accepted if the one before it was
    draft_acceptance: float | None = quantity(
        "draft_acceptance", "", default=None, at_least=0.0, at_most=1.0
    )
    #: work of drafting one token against that of the model
    draft_cost: float | None = quantity("draft_cost", "", default=None, at_least=0.0, at_most=1.0)

    #: in which the package's power follows from one step of a schedule to the next
    ramp_time_s: float | None = quantity("ramp_time", "s", default=None, above=0.0)

    weight_bits: float | None = quantity(
        "weight_bits", "", default=None, at_least=0.1, at_most=64.0
    )
    kv_bits: float | None = quantity("kv_bits", "", default=None, at_least=0.1, at_most=64.0)
    activation_bits: float = quantity("activation_bits", "", above=0.0)
    transfers_per_layer: float = quantity("transfers_per_layer", "", at_least=0.0)
    vector_ops_per_value: float = quantity("vector_ops_per_value", "", at_least=0.0)
    vector_ops_per_score: float = quantity("vector_ops_per_score", "", at_least=0.0)
    host_bits_per_token: float = quantity("host_bits_per_token", "", at_least=0.0)

    #: mean power of a package that no step exceeds; voltage and clock give way
    cap_w: float | None = quantity("cap", "W", default=None, above=0.0)
    #: temperature of the hottest block above which the clock is throttled
    throttle_c: float | None = quantity("throttle", "degC", default=None)
    throttle_hysteresis_k: float = quantity("throttle_hysteresis", "K", at_least=0.0)
    #: clock over the operation's own while throttled
    throttle_pace: float = quantity("throttle_pace", "", at_least=0.01, at_most=1.0)
    #: of the hottest block above its coolant by the power of the package, as one lump, how soon it
    #: follows, and the coolant: with all three the throttle acts while a trace is served
    throttle_resistance_k_w: float | None = quantity(
        "throttle_resistance", "K/W", default=None, above=0.0
    )
    throttle_time_s: float | None = quantity("throttle_time", "s", default=None, above=0.0)
    throttle_coolant_c: float | None = quantity("throttle_coolant", "degC", default=None)

    refresh_step_k: float = quantity("refresh_step", "K", above=0.0)
    refresh_ramp_k: float = quantity("refresh_ramp", "K", above=0.0)
    #: between the regulators and the logic: board, package and bumps, there and back
    pdn_resistance_ohm: float = quantity("pdn_resistance", "ohm", default=0.0, at_least=0.0)
    #: of what the package and the way to it take over what its voltage regulators take
    regulator_efficiency: float = quantity("regulator_efficiency", "", at_least=0.1, at_most=1.0)

    def __post_init__(self) -> None:
        faults = Faults()
        each = 1.0 + self.draft_tokens
        if self.chunk_tokens < self.max_batch * each:
            faults.add(
                f"{self.name}.chunk_tokens",
                f"{self.chunk_tokens:g} is below max_batch {self.max_batch:g}"
                + (f" x {each:g}, drafts included" if self.draft_tokens else ""),
                "a token for each sequence of a full batch",
                "raise chunk_tokens or lower max_batch",
            )
        if self.draft_tokens:
            for key in ("draft_acceptance", "draft_cost"):
                if getattr(self, key) is None:
                    faults.add(f"{self.name}.{key}", "is missing", "what draft_tokens needs")
        if self.local_domain is not None and self.scale_out_bandwidth_byte_s is None:
            what = "is missing, while local_domain says how far local links reach"
            faults.add(f"{self.name}.scale_out_bandwidth", what)
        lump = ("throttle_resistance_k_w", "throttle_time_s", "throttle_coolant_c", "throttle_c")
        if any(getattr(self, key) is not None for key in lump[:3]):
            for key in lump:
                if getattr(self, key) is None:
                    place = f"{self.name}.{key.removesuffix('_k_w').removesuffix('_s')}"
                    what = "what a throttle needs that acts while a trace is served"
                    faults.add(place.removesuffix("_c"), "is missing", what)
        if self.refresh_ramp_k > self.refresh_step_k:
            faults.add(
                f"{self.name}.refresh_ramp",
                f"{self.refresh_ramp_k:g} K",
                f"at most refresh_step, {self.refresh_step_k:g} K",
            )
        faults.raise_if_any()

    @property
    def caches_prefixes(self) -> bool:
        """Whether prompts are looked up in a cache of prefix blocks."""
        return self.prefix_caching == "on"

    @property
    def gated(self) -> bool:
        """Whether idle units are power gated."""
        return self.power_gating == "on"

    @property
    def clocks_stop(self) -> bool:
        """Whether the clock of an idle block is gated."""
        return self.clock_gating == "on"

    def rate(self, number_format: str) -> float:
        """Return MACs per cycle in a format against fp4."""
        return {"fp4": 1.0, "fp8": self.fp8_rate, "bf16": self.bf16_rate}[number_format]


@functools.cache
def operations() -> Library[Operation]:
    """Return the operating points that ship with the toolkit.

    Examples
    --------
    >>> operations()["jalapeno"].frequency_hz
    1700000000.0
    """
    return Library.load("operation", Operation, "operations.toml", room="power")
