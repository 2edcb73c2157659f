from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from schemas.synthesis import Budget
from synth.llm.charge import PICO
from synth.llm.share import share_of

WHOLE = st.integers(1, 10**9)


@given(WHOLE, WHOLE, WHOLE, WHOLE, st.decimals("0.000001", 10_000, places=6), st.integers(1, 97))
def test_the_shares_of_all_lanes_add_up_exactly(
    connections: int, requests: int, per_minute: int, tokens: int, money: object, lanes: int
) -> None:
    budget = Budget(
        connections=connections,
        requests_per_minute=requests,
        tokens_per_minute=per_minute,
        money=float(str(money)),
        tokens=tokens,
    )
    shares = [share_of(budget, lanes, lane) for lane in range(lanes)]
    assert sum(share.connections for share in shares) == connections
    assert sum(share.requests_per_minute or 0 for share in shares) == requests
    assert sum(share.tokens_per_minute or 0 for share in shares) == per_minute
    assert sum(share.tokens or 0 for share in shares) == tokens
    assert Fraction(sum(share.money or 0 for share in shares), PICO) == Fraction(str(money))


def test_no_limit_is_no_limit_for_every_lane() -> None:
    share = share_of(Budget(), 3, 2)
    assert (share.requests_per_minute, share.tokens_per_minute, share.money, share.tokens) == (None,) * 4


def test_there_is_no_lane_past_the_last() -> None:
    with pytest.raises(ValueError):
        share_of(Budget(), 3, 3)
