"""KV cache of running requests, and the prefix blocks that they share, compiled.

A block that requests in service use is pinned. When the last of them ends it joins a ring of
unused blocks, whose oldest ones make room when it is needed. A block keeps a token's bytes in all
layers, and in layers with a window what they see at its end.
"""

from __future__ import annotations

from power.batching_state import (
    HELD,
    LOOSE,
    PINNED,
    Batch,
    Blocks,
    Requests,
    Rules,
    inlined,
)

__all__ = ["add_prefix", "drop", "fits", "hits", "kv_byte", "loose_byte", "make_room", "pin"]


@inlined
def kv_byte(tokens: int, rules: Rules) -> float:
    """Return the KV cache of a context [byte]."""
    return tokens * rules.full_byte + min(tokens, rules.window) * rules.windowed_byte


@inlined
def _block_byte(rules: Rules) -> float:
    return kv_byte(rules.block_tokens, rules)


@inlined
def _unlink(block: int, blocks: Blocks) -> None:
    blocks.after[blocks.before[block]] = blocks.after[block]
    blocks.before[blocks.after[block]] = blocks.before[block]


@inlined
def _link_last(block: int, blocks: Blocks) -> None:
    head = len(blocks.users)
    last = blocks.before[head]
    blocks.before[block], blocks.after[block] = last, head
    blocks.after[last] = blocks.before[head] = block


@inlined
def fits(extra_byte: float, batch: Batch, rules: Rules) -> bool:
    """Return whether so much more fits beside what is in use; unused blocks give way."""
    in_use = batch.clock[HELD] + batch.clock[PINNED]
    return bool(in_use + extra_byte <= rules.capacity_byte)


@inlined
def make_room(extra_byte: float, batch: Batch, blocks: Blocks, rules: Rules) -> None:
    """Drop the unused blocks that stand in the way of what has been found to fit."""
    head = len(blocks.users)
    clock = batch.clock
    limit = rules.capacity_byte - extra_byte
    while clock[HELD] + clock[PINNED] + clock[LOOSE] > limit and blocks.after[head] != head:
        oldest = blocks.after[head]
        _unlink(oldest, blocks)
        blocks.users[oldest] = -1
        clock[LOOSE] -= _block_byte(rules)
    if blocks.after[head] == head:
        clock[LOOSE] = 0.0


@inlined
def _most_pins(who: int, requests: Requests, rules: Rules) -> int:
    """Return how many blocks a request may pin and still fit by itself."""
    whole = kv_byte(requests.prompt[who] + requests.output[who], rules)
    beyond = _block_byte(rules) - rules.block_tokens * rules.full_byte
    blocks = int(requests.prompt[who] // rules.block_tokens)
    if beyond > 0.0:
        blocks = min(blocks, int((rules.capacity_byte - whole) / beyond))
    return blocks


@inlined
def hits(who: int, target: int, requests: Requests, blocks: Blocks, rules: Rules) -> int:
    """Return how many leading blocks of a prompt are there; a token is left to be read."""
    first = requests.block_start[who]
    most = min(requests.block_start[who + 1] - first, (target - 1) // rules.block_tokens)
    most = min(most, _most_pins(who, requests, rules))
    found = 0
    while found < most and blocks.users[requests.block_ids[first + found]] >= 0:
        found += 1
    return found


@inlined
def loose_byte(who: int, number: int, requests: Requests, blocks: Blocks, rules: Rules) -> float:
    """Return what pinning the first blocks of a request adds to what is in use [byte]."""
    first = requests.block_start[who]
    unused = 0
    for place in range(first, first + number):
        unused += blocks.users[requests.block_ids[place]] == 0
    return float(unused * _block_byte(rules))


@inlined
def pin(
    who: int, number: int, requests: Requests, batch: Batch, blocks: Blocks, rules: Rules
) -> None:
    """Let a request use the first blocks of its prompt, which are all there."""
    first = requests.block_start[who]
    for place in range(first, first + number):
        block = requests.block_ids[place]
        if blocks.users[block] == 0:
            _unlink(block, blocks)
            batch.clock[LOOSE] -= _block_byte(rules)
            batch.clock[PINNED] += _block_byte(rules)
        blocks.users[block] += 1
    requests.pins[who] = number


@inlined
def add_prefix(who: int, requests: Requests, batch: Batch, blocks: Blocks, rules: Rules) -> None:
    """Share the whole blocks of a prompt that has been read, as far as there is room."""
    first = requests.block_start[who]
    most = min(requests.block_start[who + 1] - first, _most_pins(who, requests, rules))
    clock, own = batch.clock, rules.block_tokens * rules.full_byte
    while requests.pins[who] < most:
        block = requests.block_ids[first + requests.pins[who]]
        in_use = _block_byte(rules) if blocks.users[block] <= 0 else 0.0
        if not fits(in_use - own, batch, rules):
            return
        if blocks.users[block] == 0:
            _unlink(block, blocks)
            clock[LOOSE] -= _block_byte(rules)
        blocks.users[block] = max(blocks.users[block], 0) + 1
        clock[PINNED] += in_use
        clock[HELD] -= own
        requests.held_byte[who] -= own
        requests.pins[who] += 1
        make_room(0.0, batch, blocks, rules)


@inlined
def drop(who: int, requests: Requests, batch: Batch, blocks: Blocks, rules: Rules) -> None:
    """Free what a request holds; of its blocks, the last ones are the first to give way."""
    clock = batch.clock
    clock[HELD] -= requests.held_byte[who]
    requests.held_byte[who] = 0.0
    first = requests.block_start[who]
    for back in range(requests.pins[who]):
        block = requests.block_ids[first + requests.pins[who] - 1 - back]
        blocks.users[block] -= 1
        if blocks.users[block] == 0:
            _link_last(block, blocks)
            clock[PINNED] -= _block_byte(rules)
            clock[LOOSE] += _block_byte(rules)
    requests.pins[who] = 0
