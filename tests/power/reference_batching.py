"""The rules of `power.batching` once more, by plain loops over requests and tokens."""

from dataclasses import dataclass, field

import numpy as np

import power


@dataclass
class Step:
    start_s: float
    end_s: float
    decoded: list[int]
    chunks: list[tuple[int, int, int]]  #: request, first and last token
    reserved_byte: float
    sums: np.ndarray = field(repr=False)


def steps(trace: power.Trace, work: power.Work, capacity_byte: float) -> list[Step]:
    """Serve a trace; every token is visited by itself."""
    run = work.machine.operation
    window = work.window_tokens
    full_byte, windowed_byte = work.kv_byte_per_token
    prompt, output = trace.prompt_tokens.tolist(), trace.output_tokens.tolist()
    whole = [p + o for p, o in zip(prompt, output, strict=True)]
    need = [full_byte * n + windowed_byte * min(n, window) for n in whole]
    read, written = [0] * len(trace), [0] * len(trace)
    waiting, running = list(range(len(trace))), []
    now, done = 0.0, []
    while waiting or running:
        if not running:
            now = max(now, trace.arrival_s[waiting[0]])
        while (
            waiting
            and trace.arrival_s[waiting[0]] <= now
            and len(running) < run.max_batch
            and sum(need[r] for r in running) + need[waiting[0]] <= capacity_byte
        ):
            running.append(waiting.pop(0))
        decoded = [r for r in running if read[r] == prompt[r]]
        room, chunks = int(run.chunk_tokens) - len(decoded), []
        for r in running:
            part = min(prompt[r] - read[r], room)
            if part:
                chunks.append((r, read[r] + 1, read[r] + part))
                room -= part
        seen = [prompt[r] + written[r] for r in decoded]  # the token read now is the last one out
        queries = seen + [n for _, first, last in chunks for n in range(first, last + 1)]
        held = seen + [last for _, _, last in chunks]
        spans = [1] * len(seen) + [last - first + 1 for _, first, last in chunks]
        sums = np.array([
            len(decoded) + sum(last == prompt[r] for r, _, last in chunks),
            sum(queries),
            sum(min(n, window) for n in queries),
            sum(held),
            sum(min(n, window + span - 1) for n, span in zip(held, spans, strict=True)),
        ], dtype=float)  # fmt: skip
        tokens = len(queries)
        parts = (work.per_step([tokens])[0] + sums @ work.per_sum) @ work.seconds_per_action
        end = now + parts.max() + float(work.serial_s([tokens])[0])
        reserved = sum(need[r] for r in running)
        done.append(Step(now, end, decoded, chunks, reserved, sums))
        now = end
        for r in decoded:
            written[r] += 1
        for r, _, last in chunks:
            read[r] = last
            written[r] += last == prompt[r]
        running = [r for r in running if written[r] < output[r]]
    return done
