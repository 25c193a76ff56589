"""Experts of a step on the packages that hold them: weights that are met, tiles that are filled."""

from __future__ import annotations

from dataclasses import dataclass
from statistics import NormalDist

from power.work import Work
from techlib import Board

__all__ = ["ExpertLoad"]

_EIGHT_BITS = (6.0, 9.0)  #: stored bits of fp8, scales included
_BLOM = 0.375


@dataclass(frozen=True)
class ExpertLoad:
    """What the experts of all layers ask of a package in one step: on the mean, on the busiest.

    Whole experts lie on groups of packages (`power.expert_parallel`), and all groups wait for the
    slowest one in each layer. Tokens choose evenly and independently, so a group of ``e`` experts,
    each missed with chance ``q``, meets ``e (1 - q)`` of them with variance ``e q (1 - q)``, and
    the busiest of ``g`` groups meets more by the mean maximum of ``g`` normal numbers [1].

    Kernels work on tiles of rows of one expert each, so rows of zeros are added until the tokens
    of each expert that is met fill whole tiles. Those for scales by block add them for every
    expert of the package, met or not, and multiply them all.

    Parameters
    ----------
    met_byte, busiest_met_byte : float
        Weights of the experts that are met [byte].
    flop : float
        Work on tokens [flop].
    padding_flop, busiest_padding_flop : float
        Work on rows of zeros [flop].

    References
    ----------
    .. [1] G. Blom, Statistical estimates and transformed beta-variables, 1958: the mean maximum is
       near the quantile ``(g - 3/8) / (g + 1/4)``.
    """

    met_byte: float = 0.0
    busiest_met_byte: float = 0.0
    flop: float = 0.0
    padding_flop: float = 0.0
    busiest_padding_flop: float = 0.0

    @classmethod
    def of(cls, work: Work, batch: float, board: Board | None = None) -> ExpertLoad:
        """Count the experts of a step.

        Parameters
        ----------
        work : Work
            The model on its group of packages.
        batch : float
            Tokens of the step.
        board : Board, optional
            Whose kernels have tiles; none has tiles of one row.
        """
        model, machine = work.model, work.machine
        if not model.experts:
            return cls()
        groups = machine.operation.expert_parallel
        experts = model.experts / groups
        missed = (1.0 - model.experts_per_token / model.experts) ** batch
        met = experts * (1.0 - missed)
        over = _mean_maximum(groups) * (experts * missed * (1.0 - missed)) ** 0.5
        most = min(met + over, experts)
        each = model.expert_parameters * groups / machine.chips
        byte = each * machine.split_weight_bits(model)[1] / 8.0
        rows = batch * model.experts_per_token / groups
        filled, everywhere = _tile_rows(work, batch, experts, board)
        fill, most_fill = (experts, experts) if everywhere else (met, most)
        return cls(
            met_byte=met * byte,
            busiest_met_byte=most * byte,
            flop=2.0 * rows * each,
            padding_flop=2.0 * max(fill * filled - rows, 0.0) * each,
            busiest_padding_flop=2.0 * max(most_fill * filled - rows, 0.0) * each,
        )


def _mean_maximum(count: float) -> float:
    """Return the mean of the largest of some standard normal numbers."""
    return NormalDist().inv_cdf((count - _BLOM) / (count - 2.0 * _BLOM + 1.0))


def _tile_rows(work: Work, batch: float, experts: float, board: Board | None) -> tuple[float, bool]:
    """Return the rows of a tile, and whether experts that no token chose get one too."""
    if board is None:
        return 0.0, False
    bits = work.machine.split_weight_bits(work.model)[1]
    if work.model.scale_block and _EIGHT_BITS[0] < bits <= _EIGHT_BITS[1]:
        return board.block_rows, True
    if bits <= _EIGHT_BITS[1] or batch <= experts:
        return board.few_rows, False
    return board.many_rows, False
