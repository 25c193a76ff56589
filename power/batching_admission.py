"""Who is served next: growth of the KV cache, eviction, admission; compiled.

A request is admitted in order of arrival when a place in the batch is free and its KV cache fits.
Either all of it, prompt and answer, is reserved from the start and nothing is ever evicted; or it
holds what its prompt needs and grows token by token. Where growth does not fit, the request that
was admitted last is evicted, waits before all others, and reads its prompt and what it had been
answered anew (recomputation). No request is admitted in a step that evicts.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from power.batching_cache import drop, fits, hits, kv_byte, loose_byte, make_room, pin
from power.batching_state import (
    ADMIT,
    ARRIVED,
    CONTEXT,
    DECODING,
    DONE,
    EVICTED,
    FILLING,
    HELD,
    LEFT,
    NOW,
    ORDER,
    SERIAL,
    TARGET,
    WHO,
    Batch,
    Blocks,
    Requests,
    Rules,
    inlined,
)

__all__ = ["remove", "select", "start_decoding"]


@inlined
def _growth(batch: Batch, decoding: int, rules: Rules) -> float:
    """Return what the tokens of a step add to the KV cache in use [byte]."""
    if rules.reserve:
        return 0.0
    total = 0.0
    for place in range(decoding):
        context = batch.decode[CONTEXT, place]
        drafts = min(rules.draft_tokens, batch.decode[LEFT, place] - 1)
        total += kv_byte(context + 1 + drafts, rules) - kv_byte(context, rules)
    return total


@inlined
def remove(table: NDArray[np.int64], place: int, last: int) -> None:
    """Put the last entry of a table in the place of one that leaves."""
    for row in range(len(table)):
        table[row, place] = table[row, last]


@inlined
def _evict_last(requests: Requests, batch: Batch, blocks: Blocks, rules: Rules) -> None:
    """Send the request that was admitted last back to the queue's head."""
    count = batch.counts
    place = 0
    for other in range(count[DECODING]):
        if batch.decode[ORDER, other] > batch.decode[ORDER, place]:
            place = other
    filling = count[FILLING] > 0
    if filling and count[DECODING] > 0:
        newest = batch.filling[ORDER, count[FILLING] - 1]
        filling = newest > batch.decode[ORDER, place]
    if filling:
        count[FILLING] -= 1
        who = batch.filling[WHO, count[FILLING]]
    else:
        count[DECODING] -= 1
        who = batch.decode[WHO, place]
        remove(batch.decode, place, count[DECODING])
    drop(who, requests, batch, blocks, rules)
    requests.evictions[who] += 1
    batch.evicted[count[EVICTED]] = who
    count[EVICTED] += 1


@inlined
def start_decoding(who: int, order: int, context: int, requests: Requests, batch: Batch) -> None:
    """Put a request that has its first token among the decoding sequences."""
    place = batch.counts[DECODING]
    batch.decode[WHO, place], batch.decode[ORDER, place] = who, order
    batch.decode[CONTEXT, place] = context
    batch.decode[LEFT, place] = requests.output[who] - requests.got[who]
    batch.counts[DECODING] += 1


@inlined
def _admit(
    who: int, growth: float, requests: Requests, batch: Batch, blocks: Blocks, rules: Rules
) -> float:
    """Admit a request if it fits; return the growth that the step then has, negative if not."""
    count, fresh = batch.counts, requests.evictions[who] == 0
    ready = rules.handed and fresh
    target = requests.prompt[who] + (0 if ready else requests.got[who])
    whole = requests.prompt[who] + requests.output[who] if rules.reserve else target
    need = kv_byte(whole, rules)
    more = 0.0
    if ready and not rules.reserve:
        drafts = min(rules.draft_tokens, requests.output[who] - 2)
        more = kv_byte(target + 1 + drafts, rules) - need
    found = hits(who, target, requests, blocks, rules) if rules.block_tokens > 0 else 0
    need -= found * rules.block_tokens * rules.full_byte
    pinned = loose_byte(who, found, requests, blocks, rules) if found > 0 else 0.0
    if not fits(need + pinned + growth + more, batch, rules):
        return -1.0
    if found > 0:
        pin(who, found, requests, batch, blocks, rules)
    batch.clock[HELD] += need
    requests.held_byte[who] = need
    make_room(growth + more, batch, blocks, rules)
    if fresh:
        requests.times_s[0, who] = batch.clock[NOW]
        requests.cached[who] = found * rules.block_tokens
    if ready:
        requests.times_s[1, who] = requests.arrival_s[who]
        start_decoding(who, count[SERIAL], target, requests, batch)
    else:
        place = count[FILLING]
        batch.filling[WHO, place], batch.filling[ORDER, place] = who, count[SERIAL]
        batch.filling[DONE, place] = found * rules.block_tokens
        batch.filling[TARGET, place] = target
        count[FILLING] += 1
    count[SERIAL] += 1
    return growth + more


@inlined
def select(requests: Requests, batch: Batch, blocks: Blocks, rules: Rules) -> float:
    """Evict and admit until the step's requests are known; return the growth of their cache."""
    count = batch.counts
    growth = _growth(batch, count[DECODING], rules)
    before = count[EVICTED]
    while not rules.reserve and count[DECODING] + count[FILLING] > 1:
        if fits(growth, batch, rules):
            break
        _evict_last(requests, batch, blocks, rules)
        growth = _growth(batch, count[DECODING], rules)
    make_room(growth, batch, blocks, rules)
    if count[EVICTED] > before:
        return growth
    while count[DECODING] + count[FILLING] < rules.max_batch:
        returns = count[EVICTED] > 0
        if not returns and count[ADMIT] >= count[ARRIVED]:
            break
        who = batch.evicted[count[EVICTED] - 1] if returns else count[ADMIT]
        then = _admit(who, growth, requests, batch, blocks, rules)
        if then < 0.0:
            break
        growth = then
        count[EVICTED if returns else ADMIT] += -1 if returns else 1
    return growth
