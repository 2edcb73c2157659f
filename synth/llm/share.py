"""A lane's share of the run's limits."""

from dataclasses import dataclass
from fractions import Fraction

from schemas.synthesis import Budget

from .charge import PICO


@dataclass(frozen=True)
class Share:
    """money: in units of 10⁻¹² of the currency. tokens: completion tokens. None: no limit.

    caps: the whole run's caps in words; a refusal for want of budget holds as long as they are the same.
    """

    connections: int
    requests_per_minute: Fraction | None
    tokens_per_minute: Fraction | None
    money: int | None
    tokens: int | None
    caps: str


def share_of(budget: Budget, lanes: int, lane: int) -> Share:
    """The share of lane `lane`, counted from 0. Over all lanes the shares add up to the budget exactly.

    Raises ValueError where there is no such lane.
    """
    if not 0 <= lane < lanes:
        raise ValueError(f"no lane {lane} among {lanes}")
    money = None if budget.money is None else int(Fraction(str(budget.money)) * PICO)
    return Share(
        connections=even(budget.connections, lanes, lane),
        requests_per_minute=_part(budget.requests_per_minute, lanes),
        tokens_per_minute=_part(budget.tokens_per_minute, lanes),
        money=None if money is None else even(money, lanes, lane),
        tokens=None if budget.tokens is None else even(budget.tokens, lanes, lane),
        caps=f"money {budget.money}, tokens {budget.tokens}",
    )


def even(total: int, lanes: int, lane: int) -> int:
    """Lane `lane`'s part of `total`; parts differ by 1 at most."""
    return total // lanes + (lane < total % lanes)


def _part(rate: int | None, lanes: int) -> Fraction | None:
    return None if rate is None else Fraction(rate, lanes)
