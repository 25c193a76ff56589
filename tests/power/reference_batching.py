"""The rules of `power.batching` once more, by plain loops over requests and tokens."""

import itertools
from dataclasses import dataclass, field

import numpy as np

import power

WORD = 2**64


@dataclass
class Step:
    start_s: float
    end_s: float
    decoded: list[int]
    chunks: list[tuple[int, int, int]]  #: request, first and last token
    in_use_byte: float  #: highest
    sums: np.ndarray = field(repr=False)
    output: int = 0
    tokens: int = 0  #: of decoding sequences, drafts included


@dataclass
class Request:
    number: int
    prompt: int
    output: int
    got: int = 0
    read: int = 0  #: tokens in the KV cache
    target: int = 0  #: tokens to read before it decodes
    own: int = 0  #: tokens whose KV cache it holds by itself
    pinned: list[int] = field(default_factory=list)
    evictions: int = 0
    cached: int = 0


class Reference:
    def __init__(
        self,
        trace: power.Trace,
        work: power.Work,
        capacity_byte: float,
        *,
        seed: int = 0,
        handed: bool = False,
        hands_over: bool = False,
    ) -> None:
        run = work.machine.operation
        self.trace, self.work, self.run, self.seed = trace, work, run, seed
        self.capacity_byte, self.window = capacity_byte, work.window_tokens
        self.grow, self.drafts = run.kv_admission == "grow", int(run.draft_tokens)
        self.hands_over = hands_over
        self.handed, self.caching = handed, run.caches_prefixes and trace.blocks is not None
        self.blocks, self.size = {}, 0
        if self.caching:
            self.size = trace.blocks.block_tokens
            at = trace.blocks.offsets
            ids = [trace.blocks.ids[a:b].tolist() for a, b in itertools.pairwise(at)]
            self.blocks = dict(enumerate(ids))
        self.requests = [
            Request(n, int(p), int(o), got=int(handed))
            for n, (p, o) in enumerate(zip(trace.prompt_tokens, trace.output_tokens, strict=True))
        ]
        self.unused: list[int] = []  # blocks that nobody uses, oldest first
        self.running: list[Request] = []  # in the order in which they were admitted
        self.steps: list[Step] = []

    def kv(self, tokens: int) -> float:
        full, windowed = self.work.kv_byte_per_token
        return full * tokens + windowed * min(tokens, self.window)

    def held(self, request: Request) -> float:
        """Bytes of its own: what it holds, less whole blocks that it shares."""
        shared = len(request.pinned) * self.size
        return self.kv(request.own) - shared * self.work.kv_byte_per_token[0]

    def in_use(self) -> float:
        pinned = {block for request in self.running for block in request.pinned}
        return sum(map(self.held, self.running)) + len(pinned) * self.kv(self.size)

    def growth(self) -> float:
        if not self.grow:
            return 0.0
        return sum(
            self.kv(r.own + 1 + self.wants(r)) - self.kv(r.own)
            for r in self.running
            if r.read == r.target
        )

    def wants(self, request: Request) -> int:
        return min(self.drafts, request.output - request.got - 1)

    def make_room(self, extra: float) -> None:
        while self.unused and (
            self.in_use() + len(self.unused) * self.kv(self.size) > self.capacity_byte - extra
        ):
            self.unused.pop(0)

    def most_pins(self, request: Request) -> int:
        whole = self.kv(request.prompt + request.output)
        beyond = self.kv(self.size) - self.size * self.work.kv_byte_per_token[0]
        room = int((self.capacity_byte - whole) / beyond) if beyond else 10**9
        return min(request.prompt // self.size, room, len(self.blocks[request.number]))

    def present(self) -> set[int]:
        return {b for r in self.running for b in r.pinned} | set(self.unused)

    def hits(self, request: Request, target: int) -> list[int]:
        if not self.caching:
            return []
        found, there = [], self.present()
        for block in self.blocks[request.number][: self.most_pins(request)]:
            if block not in there or (len(found) + 1) * self.size > target - 1:
                break
            found.append(block)
        return found

    def leave(self, request: Request) -> None:
        self.running.remove(request)
        still = {b for r in self.running for b in r.pinned}
        self.unused += [b for b in reversed(request.pinned) if b not in still]
        request.pinned, request.own, request.read, request.target = [], 0, 0, 0

    def admit(self, request: Request, now: float) -> bool:
        fresh = not request.evictions
        ready = self.handed and fresh
        target = request.prompt + (0 if ready else request.got)
        found = self.hits(request, target)
        before = self.in_use()
        own = target if self.grow else request.prompt + request.output
        self.running.append(request)
        request.pinned, request.own, request.target = found, own, target
        request.read = target if ready else len(found) * self.size
        if self.in_use() + self.growth() > self.capacity_byte:
            self.running.remove(request)
            request.pinned, request.own, request.read, request.target = [], 0, 0, 0
            assert self.in_use() == before
            return False
        self.unused = [block for block in self.unused if block not in found]
        self.make_room(self.growth())
        if fresh:
            request.cached = len(found) * self.size
        return True

    def accepted(self, request: Request, drafts: int) -> int:
        key = (request.number + self.seed * 0x9E3779B97F4A7C15) % WORD
        for factor in (0xFF51AFD7ED558CCD, 0xC4CEB9FE1A85EC53):
            key = (key ^ (key >> 33)) * factor % WORD
        key ^= key >> 33
        for number in range(drafts):
            mixed = (key + (request.got + number + 1) * 0x9E3779B97F4A7C15) % WORD
            mixed = (mixed ^ (mixed >> 30)) * 0xBF58476D1CE4E5B9 % WORD
            mixed = (mixed ^ (mixed >> 27)) * 0x94D049BB133111EB % WORD
            mixed ^= mixed >> 31
            if mixed / WORD >= self.run.draft_acceptance:
                return number
        return drafts

    def share(self, request: Request) -> None:
        """Put the whole blocks of a prompt that was read into the cache."""
        for block in self.blocks[request.number][len(request.pinned) : self.most_pins(request)]:
            request.pinned.append(block)
            if self.in_use() > self.capacity_byte:
                request.pinned.pop()
                return
            self.unused = [b for b in self.unused if b != block]
            self.make_room(0.0)

    def serve(self) -> list[Step]:
        waiting, now = list(self.requests), 0.0
        arrival = self.trace.arrival_s
        while waiting or self.running:
            if not self.running:
                now = max(now, arrival[waiting[0].number])
            evicted = False
            while self.grow and len(self.running) > 1:
                if self.in_use() + self.growth() <= self.capacity_byte:
                    break
                last = self.running[-1]
                self.leave(last)
                last.evictions += 1
                waiting.insert(0, last)
                evicted = True
            self.make_room(self.growth())
            while (
                not evicted
                and waiting
                and arrival[waiting[0].number] <= now
                and len(self.running) < self.run.max_batch
                and self.admit(waiting[0], now)
            ):
                waiting.pop(0)
            now = self.step(now)
        return self.steps

    def step(self, now: float) -> float:
        run, work, window = self.run, self.work, self.window
        in_use = self.in_use() + self.growth()
        decoding = [r for r in self.running if r.read == r.target]
        spans = [(r, r.target + 1, r.target + 1 + self.wants(r)) for r in decoding]
        tokens = sum(last - first + 1 for _, first, last in spans)
        room, chunks = int(run.chunk_tokens) - tokens, []
        for r in self.running:
            part = min(r.target - r.read, room)
            if part:
                chunks.append((r, r.read + 1, r.read + part))
                room -= part
        every = spans + chunks
        queries = [n for _, first, last in every for n in range(first, last + 1)]
        sums = np.array([
            tokens + sum(last == r.target for r, _, last in chunks),
            sum(queries),
            sum(min(n, window) for n in queries),
            sum(last for _, _, last in every),
            sum(min(last, window + last - first) for _, first, last in every),
            self.hands_over * sum(self.kv(last) for r, _, last in chunks if last == r.target),
            sum(n for _, first, last in spans for n in range(first, last + 1)),
        ], dtype=float)  # fmt: skip
        count = np.array([len(queries), len(decoding)])
        fixed = work.per_step(count)
        parts = (fixed[0] + sums @ work.per_sum) @ work.seconds_per_action
        serial = work.serial_s(count)
        end = now + parts.max() + float(serial[0])
        drafts = tokens - len(decoding)
        if drafts:
            cost = run.draft_cost * drafts / len(decoding)
            end += cost * ((fixed[1] @ work.seconds_per_action).max() + float(serial[1]))
        done = Step(now, end, [r.number for r in decoding],
                    [(r.number, first, last) for r, first, last in chunks], in_use, sums,
                    tokens=tokens)  # fmt: skip
        self.steps.append(done)
        for r in decoding:
            number = 1 + self.accepted(r, self.wants(r))
            done.output += number
            r.got += number
            r.read = r.target = r.target + number
            r.own += number if self.grow else 0
            if r.got == r.output:
                self.leave(r)
        for r, _, last in chunks:
            r.read = last
            if last == r.target:
                done.output += 1
                r.got += 1
                if self.caching:
                    self.share(r)
                if r.got == r.output:
                    self.leave(r)
        return end
