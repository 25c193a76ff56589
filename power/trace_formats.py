"""Published forms of trace files, told apart by their columns."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from techlib import Fault, InputError, did_you_mean

__all__ = ["TRACE_FORMATS", "TraceFormat", "detect_format"]


@dataclass(frozen=True)
class TraceFormat:
    """A published form of trace file; any of them may be CSV, JSON lines or Parquet.

    Parameters
    ----------
    name : str
        What it is called.
    arrival, prompt, output : str
        Its columns, or its keys; no arrival where the file has lengths only.
    ticks_per_s : float
        Unit of the arrival; 0 for a date and time.
    since_first : bool
        Whether arrivals are counted from the earliest one, as dates always are.
    blocks, block_tokens : str, int
        Column of prefix blocks, and tokens of one; none where empty.
    """

    name: str
    arrival: str
    prompt: str
    output: str
    ticks_per_s: float = 1.0
    since_first: bool = False
    blocks: str = ""
    block_tokens: int = 0

    @property
    def columns(self) -> tuple[str, ...]:
        """The columns in the order arrival, prompt, output."""
        return tuple(name for name in (self.arrival, self.prompt, self.output) if name)

    @property
    def dated(self) -> bool:
        """Whether the arrival is a date and time."""
        return self.ticks_per_s == 0.0


TRACE_FORMATS = (
    TraceFormat("plain CSV", "arrival_s", "prompt_tokens", "output_tokens"),
    TraceFormat("Azure LLM inference", "TIMESTAMP", "ContextTokens", "GeneratedTokens", 0.0),
    TraceFormat("BurstGPT", "Timestamp", "Request tokens", "Response tokens"),
    TraceFormat("LLMServingSim", "arrival_time_ns", "input_toks", "output_toks", 1e9),
    TraceFormat(
        "Mooncake", "timestamp", "input_length", "output_length", 1e3,
        blocks="hash_ids", block_tokens=512,
    ),
    TraceFormat("Vidur", "arrived_at", "num_prefill_tokens", "num_decode_tokens"),
    TraceFormat(
        "vLLM request log", "arrival_time", "num_prompt_tokens", "num_generation_tokens",
        since_first=True,
    ),
    TraceFormat(
        "vLLM API log", "arrival_time", "prompt_tokens", "completion_tokens", since_first=True
    ),
    TraceFormat("vLLM benchmark", "start_times", "input_lens", "output_lens", since_first=True),
    TraceFormat("lengths", "", "prompt_tokens", "output_tokens"),
    TraceFormat("lengths of LLMServingSim", "", "input_toks", "output_toks"),
    TraceFormat("lengths of Vidur", "", "num_prefill_tokens", "num_decode_tokens"),
    TraceFormat("lengths of vLLM benchmarks", "", "input_lens", "output_lens"),
    TraceFormat("lengths of ShareGPT", "", "prompt_len", "output_len"),
)  # fmt: skip


def detect_format(head: list[str], where: str) -> TraceFormat:
    """Choose the format whose columns are all there, or say which ones are missing.

    Parameters
    ----------
    head : list of str
        Column names; case and surrounding blanks do not matter.
    where : str
        Place for an error message.

    Raises
    ------
    InputError
        A name that is given twice, or columns that are not known.

    Examples
    --------
    >>> detect_format(["timestamp", "input_length", "output_length", "hash_ids"], "x").name
    'Mooncake'
    """
    given = {name.strip().casefold(): name.strip() for name in head}
    if len(given) < len(head):
        raise InputError.of(where, "a column name is given twice", "unique names")
    missing = {
        form: [c for c in form.columns if c.casefold() not in given] for form in TRACE_FORMATS
    }
    for form in TRACE_FORMATS:
        if not missing[form]:
            return form
    nearest = min(TRACE_FORMATS, key=lambda form: len(missing[form]))
    if len(missing[nearest]) < len(nearest.columns):
        raise InputError(_missing(nearest, missing[nearest], given.values(), where))
    known = "; ".join(f"{form.name}: {', '.join(form.columns)}" for form in TRACE_FORMATS)
    near = [did_you_mean(name, TRACE_FORMATS[0].columns) for name in given.values()]
    cure = next((hint for hint in near if hint.startswith("did")), "give the file a header line")
    if len(head) == 1 and any(mark in head[0] for mark in ";\t|"):
        cure = "separate the columns by commas"
    raise InputError.of(where, f"columns {', '.join(head)} are not known", known, cure)


def _missing(
    form: TraceFormat, missing: Iterable[str], given: Iterable[str], where: str
) -> Iterable[Fault]:
    for name in missing:
        near = did_you_mean(name, list(given)).replace("known:", "found:")
        what = f"column {name!r} of {form.name} is missing"
        yield Fault(where, what, ", ".join(form.columns), near)
