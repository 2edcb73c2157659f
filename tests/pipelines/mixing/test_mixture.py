"""The allotment against brute force and its own laws."""

from fractions import Fraction

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from pipelines.mixing.mixture import (
    Mixture,
    MixtureError,
    Supply,
    allot,
    apportion,
    mixture_table,
)

PHI_4 = [
    ("web", 0.15, 1_300_000_000_000),
    ("web_rewrites", 0.15, 290_000_000_000),
    ("synthetic", 0.40, 290_000_000_000),
    ("code", 0.20, 820_000_000_000),
    ("acquired", 0.10, 580_000_000_000),
]


def phi_4_supplies(max_epochs: float = 16.0) -> list[Supply]:
    return [Supply(name, share, max_epochs, unique, unique // 1000) for name, share, unique in PHI_4]


@st.composite
def supplies(draw: st.DrawFn, min_unique: int = 0) -> list[Supply]:
    count = draw(st.integers(1, 5))
    weights = draw(st.lists(st.integers(1, 40), min_size=count, max_size=count))
    whole = sum(weights)
    return [
        Supply(
            name=f"c{i}",
            share=weight / whole,
            max_epochs=draw(st.sampled_from([0.25, 1, 1.5, 3.3, 16])),
            unique_tokens=draw(st.integers(min_unique, 3000)),
            unique_documents=1,
        )
        for i, weight in enumerate(weights)
    ]


@given(
    st.integers(0, 10**15),
    st.lists(st.fractions(0, 1), min_size=1, max_size=8).filter(lambda weights: sum(weights) > 0),
)
def test_apportioned_parts_add_up_and_are_within_one_of_their_quota(
    total: int, weights: list[Fraction]
) -> None:
    parts = apportion(total, weights)
    assert sum(parts) == total
    for part, weight in zip(parts, weights, strict=True):
        assert abs(part - weight * total / sum(weights)) < 1


def test_apportioning_gives_ties_to_the_first() -> None:
    third = Fraction(1, 3)
    assert apportion(5, [third, third, third]) == [2, 2, 1]


def test_the_epochs_of_the_phi_4_report_follow_from_its_shares_and_unique_tokens() -> None:
    mixture = allot(phi_4_supplies(), 10_000_000_000_000, 4096, "fail")
    printed = {"web": 1.2, "web_rewrites": 5.2, "synthetic": 13.8, "code": 2.4, "acquired": 1.7}
    assert {a.supply.name: round(a.epochs, 1) for a in mixture.allotments} == printed
    assert mixture.bound_by == ()


def test_full_copies_and_the_partial_epoch_make_the_allotment() -> None:
    mixture = allot([Supply("a", 1.0, 16.0, 300, 3)], 1000, 8, "fail")
    (a,) = mixture.allotments
    assert (a.tokens, a.full_epochs, a.partial_tokens) == (1000, 3, 100)


@given(supplies(), st.integers(8, 20_000), st.sampled_from([8, 64, 100]))
def test_fail_keeps_every_share_or_says_who_is_short(
    components: list[Supply], tokens: int, length: int
) -> None:
    assume(tokens >= length)
    total = tokens // length * length
    shares = [Fraction(str(c.share)) for c in components]
    wanted = apportion(total, shares)
    short = [c.name for c, part in zip(components, wanted, strict=True) if part > c.capacity]
    if short:
        with pytest.raises(MixtureError) as error:
            allot(components, tokens, length, "fail")
        assert any(name in str(error.value) for name in short)
        assert "on_shortfall" in str(error.value)
    else:
        mixture = allot(components, tokens, length, "fail")
        assert [a.tokens for a in mixture.allotments] == wanted
        assert mixture.tokens == total


@given(supplies(min_unique=1), st.integers(8, 20_000), st.sampled_from([8, 64, 100]))
def test_shrink_takes_the_largest_total_that_fits(components: list[Supply], tokens: int, length: int) -> None:
    assume(tokens >= length)
    shares = [Fraction(str(c.share)) for c in components]
    fitting = [
        sequences
        for sequences in range(1, tokens // length + 1)
        if all(
            part <= c.capacity
            for part, c in zip(apportion(sequences * length, shares), components, strict=True)
        )
    ]
    if not fitting:
        with pytest.raises(MixtureError):
            allot(components, tokens, length, "shrink")
        return
    mixture = allot(components, tokens, length, "shrink")
    assert mixture.sequences == max(fitting)
    assert [a.tokens for a in mixture.allotments] == apportion(mixture.tokens, shares)
    assert bool(mixture.bound_by) == (mixture.sequences < tokens // length)


@given(supplies(), st.integers(8, 20_000), st.sampled_from([8, 64, 100]))
def test_redistribute_fills_all_there_is_and_passes_no_cap(
    components: list[Supply], tokens: int, length: int
) -> None:
    assume(tokens >= length)
    capacity = sum(c.capacity for c in components)
    total = min(tokens, capacity) // length * length
    if total == 0:
        with pytest.raises(MixtureError):
            allot(components, tokens, length, "redistribute")
        return
    mixture = allot(components, tokens, length, "redistribute")
    assert sum(a.tokens for a in mixture.allotments) == mixture.tokens == total
    assert all(a.tokens <= a.supply.capacity for a in mixture.allotments)
    # Whoever is below its cap has as many tokens for its share as any other, and none has more.
    free = [a.tokens / a.supply.share for a in mixture.allotments if a.tokens < a.supply.capacity]
    for a in mixture.allotments:
        for level in free:
            assert a.tokens / a.supply.share <= level + 2 / a.supply.share + 2 / min(
                c.share for c in components
            )


@given(supplies(), st.integers(8, 20_000), st.sampled_from(["shrink", "redistribute"]))
def test_the_same_supplies_give_the_same_mixture_that_adds_up(
    components: list[Supply], tokens: int, policy: str
) -> None:
    def attempt() -> Mixture | str:
        try:
            return allot(components, tokens, 8, policy)
        except MixtureError as error:
            return str(error)

    mixture = attempt()
    assert mixture == attempt()
    if isinstance(mixture, Mixture):
        assert mixture.tokens % 8 == 0
        assert mixture.tokens == sum(a.tokens for a in mixture.allotments)
        for a in mixture.allotments:
            assert a.full_epochs * a.supply.unique_tokens + a.partial_tokens == a.tokens
            assert 0 <= a.partial_tokens < max(a.supply.unique_tokens, 1)
            assert a.supply.max_epochs is None or a.epochs <= a.supply.max_epochs


def test_the_message_of_a_shortfall_names_what_there_is_what_is_needed_and_the_ways_on() -> None:
    components = [Supply("web", 0.8, 4.0, 10_000, 90), Supply("code", 0.2, 2.0, 1_000, 7)]
    with pytest.raises(MixtureError) as error:
        allot(components, 20_000, 100, "fail")
    message = str(error.value)
    assert "\n" not in message
    for fact in (
        "code",
        "4,000 tokens",
        "1,000 unique",
        "7 documents",
        "max_epochs 2",
        "2,000",
        "4.00 epochs",
    ):
        assert fact in message
    for way in (
        "raise `max_epochs` of code",
        "on_shortfall: shrink",
        "10,000 tokens",
        "on_shortfall: redistribute",
    ):
        assert way in message


def test_epochs_needed_are_rounded_up_so_that_the_advice_works() -> None:
    components = [Supply("a", 0.5, 1.0, 3_000, 1), Supply("b", 0.5, 1.0, 100_000, 1)]
    with pytest.raises(MixtureError) as error:
        allot(components, 20_008, 8, "fail")
    needed = float(str(error.value).split("would need ")[1].split(" epochs")[0])
    again = [Supply("a", 0.5, needed, 3_000, 1), components[1]]
    assert allot(again, 20_008, 8, "fail").tokens == 20_008


@pytest.mark.parametrize("policy", ["fail", "shrink"])
def test_a_component_without_documents_is_named(policy: str) -> None:
    components = [Supply("web", 0.5, 4.0, 10_000, 90), Supply("code", 0.5, 2.0, 0, 0)]
    with pytest.raises(MixtureError, match=r"component code .* no document"):
        allot(components, 1_000, 100, policy)


def test_redistribute_gives_the_share_of_a_component_without_documents_to_the_others() -> None:
    components = [
        Supply("web", 0.4, 4.0, 10_000, 90),
        Supply("code", 0.5, 2.0, 0, 0),
        Supply("books", 0.1, 4.0, 5_000, 2),
    ]
    mixture = allot(components, 1_000, 100, "redistribute")
    assert [a.tokens for a in mixture.allotments] == [800, 0, 200]
    assert mixture.bound_by == ("code",)


def test_redistribute_names_every_component_when_all_are_full() -> None:
    components = [Supply("web", 0.5, 1.0, 130, 1), Supply("code", 0.5, 1.0, 90, 1)]
    mixture = allot(components, 1_000, 100, "redistribute")
    assert mixture.tokens == 200
    assert mixture.bound_by == ("web", "code")


def test_shrink_names_the_component_that_bound_it() -> None:
    components = [Supply("web", 0.5, 1.0, 130, 1), Supply("code", 0.5, 1.0, 90, 1)]
    mixture = allot(components, 1_000, 10, "shrink")
    assert (mixture.tokens, mixture.bound_by) == (180, ("code",))


def test_a_component_without_a_share_gives_nothing() -> None:
    components = [Supply("web", 1.0, 4.0, 1_000, 9), Supply("code", 0.0, 4.0, 1_000, 9)]
    for policy in ("fail", "shrink", "redistribute"):
        assert [a.tokens for a in allot(components, 800, 8, policy).allotments] == [800, 0]


def test_a_component_without_a_cap_is_never_short() -> None:
    mixture = allot([Supply("a", 1.0, None, 10, 1)], 1_000, 8, "fail")
    assert mixture.allotments[0].epochs == 100


def test_the_table_has_a_row_for_every_component_and_the_total() -> None:
    lines = mixture_table(allot(phi_4_supplies(), 10_000_000_000_000, 4096, "fail")).splitlines()
    assert len(lines) == 7
    synthetic = next(line for line in lines if line.startswith("synthetic")).split()
    assert synthetic[:5] == ["synthetic", "40.00%", "40.00%", "290,000,000,000", "13.79"]
    assert "sequences of 4,096" in lines[-1]
