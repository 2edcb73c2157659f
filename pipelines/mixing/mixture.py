"""The allotment: how many tokens each component of the mixture gives, and in how many epochs.

Exact integer arithmetic throughout, so that sums hold to the token. Epochs are derived, as in table 5
of the Phi-4 report: epochs = allotted tokens / unique tokens.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction
from typing import Literal

from pipelines.errors import RunError

_UNBOUNDED = 2**63 - 1
Policy = Literal["fail", "shrink", "redistribute"]


class MixtureError(RunError):
    """The mixture can't be filled from what there is."""


@dataclass(frozen=True)
class Supply:
    """What a component was promised and what it has.

    share: of the mixture's tokens. max_epochs: the cap, None for none. unique_tokens: ordinary tokens and
    one end-of-document token a document.
    """

    name: str
    share: float
    max_epochs: float | None
    unique_tokens: int
    unique_documents: int

    @property
    def capacity(self) -> int:
        """The most tokens that it may give: cap x unique tokens, rounded down."""
        if self.max_epochs is None:
            return _UNBOUNDED if self.unique_tokens else 0
        return math.floor(_exact(self.max_epochs) * self.unique_tokens)


@dataclass(frozen=True)
class Allotment:
    """What a component gives: every document `full_epochs` times, then `partial_tokens` of one more epoch."""

    supply: Supply
    tokens: int

    @property
    def full_epochs(self) -> int:
        return self.tokens // self.supply.unique_tokens if self.tokens else 0

    @property
    def partial_tokens(self) -> int:
        return self.tokens - self.full_epochs * self.supply.unique_tokens

    @property
    def epochs(self) -> float:
        return self.tokens / self.supply.unique_tokens if self.tokens else 0.0


@dataclass(frozen=True)
class Mixture:
    """The allotments, in component order; they add up to `tokens`, which are whole sequences.

    bound_by: the components whose cap changed the mixture, none where every share is as asked.
    """

    tokens: int
    sequence_length: int
    allotments: tuple[Allotment, ...]
    bound_by: tuple[str, ...]

    @property
    def sequences(self) -> int:
        return self.tokens // self.sequence_length


def allot(supplies: Sequence[Supply], tokens: int, sequence_length: int, on_shortfall: Policy) -> Mixture:
    """Divide a token budget over components.

    The total is `tokens` rounded down to whole sequences; allotments are whole tokens by largest
    remainder, ties by component order. Where an allotment is more than its component's capacity:
    `fail` raises; `shrink` takes the largest total of whole sequences at which every allotment fits;
    `redistribute` gives what is missing to the others in proportion to their shares, up to their
    capacities, again and again, and takes a smaller total only when all are full.

    Raises MixtureError that names the component, what it has, what it would need and how to go on;
    also where a component with a share has nothing (unless its share is redistributed), and where not
    one sequence can be filled.
    """
    total = tokens // sequence_length * sequence_length
    shares = [_exact(supply.share) for supply in supplies]
    wanted = apportion(total, shares)
    short = [i for i, supply in enumerate(supplies) if wanted[i] > supply.capacity]
    if not short:
        return _mixture(supplies, wanted, sequence_length, ())
    if on_shortfall == "redistribute":
        return _redistribute(supplies, shares, total, sequence_length)
    for i in short:
        if supplies[i].unique_tokens == 0:
            raise MixtureError(
                f"mixture: component {supplies[i].name} has a share of {supplies[i].share:g} and no document that is "
                "kept; add data for it, set its share to 0, or set `on_shortfall: redistribute`"
            )
    if on_shortfall == "shrink":
        return _shrink(supplies, shares, total, sequence_length)
    raise MixtureError(_shortfall(supplies, shares, wanted, short, total, sequence_length))


def apportion(total: int, weights: Sequence[Fraction]) -> list[int]:
    """Divide `total` in proportion to the weights: whole numbers by largest remainder, ties to the first."""
    whole = sum(weights)
    quotas = [weight * total / whole for weight in weights]
    parts = [math.floor(quota) for quota in quotas]
    by_remainder = sorted(range(len(parts)), key=lambda i: (parts[i] - quotas[i], i))
    for i in by_remainder[: total - sum(parts)]:
        parts[i] += 1
    return parts


def _exact(number: float) -> Fraction:
    """The number as it was written: 0.1 is a tenth."""
    return Fraction(str(number))


def _mixture(
    supplies: Sequence[Supply], parts: Sequence[int], sequence_length: int, bound_by: tuple[str, ...]
) -> Mixture:
    allotments = tuple(Allotment(supply, part) for supply, part in zip(supplies, parts, strict=True))
    return Mixture(sum(parts), sequence_length, allotments, bound_by)


def _shrink(
    supplies: Sequence[Supply], shares: Sequence[Fraction], total: int, sequence_length: int
) -> Mixture:
    whole = sum(shares)
    # An allotment is at least its quota rounded down, so no larger total can fit.
    limits = {i: (supplies[i].capacity + 1) * whole / share for i, share in enumerate(shares) if share > 0}
    binding = min(limits, key=lambda i: (supplies[i].capacity / shares[i], i))
    for sequences in range(min(total, math.floor(min(limits.values()))) // sequence_length, 0, -1):
        parts = apportion(sequences * sequence_length, shares)
        if all(part <= supply.capacity for part, supply in zip(parts, supplies, strict=True)):
            return _mixture(supplies, parts, sequence_length, (supplies[binding].name,))
    raise MixtureError(
        f"mixture: component {supplies[binding].name} has {supplies[binding].unique_tokens:,} unique tokens, too few "
        f"for its share of one sequence of {sequence_length:,}; add data for it or raise its `max_epochs`"
    )


def _redistribute(
    supplies: Sequence[Supply], shares: Sequence[Fraction], total: int, sequence_length: int
) -> Mixture:
    capacities = [supply.capacity if share else 0 for supply, share in zip(supplies, shares, strict=True)]
    asked, total = total, min(total, sum(capacities) // sequence_length * sequence_length)
    if total == 0:
        raise MixtureError(
            f"mixture: all components together may give {sum(capacities):,} tokens, not one sequence of "
            f"{sequence_length:,}; add data, or raise `max_epochs`"
        )
    full: set[int] = set()
    while True:
        rest = total - sum(capacities[i] for i in full)
        weights = [Fraction(0) if i in full else share for i, share in enumerate(shares)]
        whole = sum(weights)
        newly = {i for i, weight in enumerate(weights) if weight and weight * rest / whole > capacities[i]}
        if not newly:
            break
        full |= newly
    parts = apportion(rest, weights)
    for i in full:
        parts[i] = capacities[i]
    bound = [s.name for i, s in enumerate(supplies) if i in full or (total < asked and shares[i])]
    return _mixture(supplies, parts, sequence_length, tuple(bound))


def _shortfall(
    supplies: Sequence[Supply],
    shares: Sequence[Fraction],
    wanted: Sequence[int],
    short: Sequence[int],
    total: int,
    sequence_length: int,
) -> str:
    """The line for a mixture that can't be filled: who is short, of what, and the three ways to go on."""
    told = "; ".join(
        f"component {s.name} should give {wanted[i]:,} tokens (share {s.share:g}) and has {s.unique_tokens:,} unique "
        f"ones in {s.unique_documents:,} documents, of which max_epochs {s.max_epochs:g} makes {s.capacity:,}: it "
        f"would need {math.ceil(100 * wanted[i] / s.unique_tokens) / 100:,.2f} epochs"
        for i, s in ((i, supplies[i]) for i in short)
    )
    names = ", ".join(supplies[i].name for i in short)
    try:
        shrunk = f"{_shrink(supplies, shares, total, sequence_length).tokens:,} tokens"
    except MixtureError:
        shrunk = "less than a sequence"
    return (
        f"mixture: {told}. To go on, raise `max_epochs` of {names} or add data for it; or set `on_shortfall: shrink` "
        f"(all shares hold in a mixture of {shrunk}); or `on_shortfall: redistribute` (the others give what is missing)"
    )


def mixture_table(mixture: Mixture) -> str:
    """The mixture as text, in the columns of table 5 of the Phi-4 report and those that say what became of
    it: component, share asked for and realised, unique tokens, epochs, cap, documents and tokens."""
    header = ("component", "share", "realised", "unique tokens", "epochs", "max", "documents", "tokens")
    rows = [
        (
            a.supply.name,
            f"{a.supply.share:.2%}",
            f"{a.tokens / mixture.tokens:.2%}",
            f"{a.supply.unique_tokens:,}",
            f"{a.epochs:.2f}",
            "-" if a.supply.max_epochs is None else f"{a.supply.max_epochs:g}",
            f"{a.supply.unique_documents:,}",
            f"{a.tokens:,}",
        )
        for a in mixture.allotments
    ]
    widths = [max(len(row[column]) for row in (header, *rows)) for column in range(len(header))]
    lines = [
        "  ".join(
            [row[0].ljust(widths[0]), *(cell.rjust(w) for cell, w in zip(row[1:], widths[1:], strict=True))]
        )
        for row in (header, *rows)
    ]
    total = f"{mixture.tokens:,} tokens in {mixture.sequences:,} sequences of {mixture.sequence_length:,}"
    bound = f"; bound by {', '.join(mixture.bound_by)}" if mixture.bound_by else ""
    return "\n".join([*lines, total + bound])
