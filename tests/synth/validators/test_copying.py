from hypothesis import given
from hypothesis import strategies as st

from synth.validators.copying import GRAM, copied, copied_share

SEED = (
    "Posted by Anna: the old Garfield Bridge, which was built in 1911, will be closed until spring because the "
    "steel has rusted. The city pays 4.2 million for the repairs. Cars take the ferry in the meantime."
)
words = st.lists(st.sampled_from("river snow bridge ferry steel spring city cars".split()), max_size=40)


def share_by_sets(text: list[str], seed: list[str]) -> float:
    grams = [tuple(text[k : k + GRAM]) for k in range(len(text) - GRAM + 1)]
    known = {tuple(seed[k : k + GRAM]) for k in range(len(seed) - GRAM + 1)}
    return sum(gram in known for gram in grams) / len(grams) if grams else 0.0


@given(words, words)
def test_the_share_is_that_of_plain_python(text: list[str], seed: list[str]) -> None:
    assert copied_share(" ".join(text), " ".join(seed)) == share_by_sets(text, seed)


def test_a_seed_with_its_preface_cut_off_is_a_copy() -> None:
    assert copied(SEED.removeprefix("Posted by Anna: "), SEED, 0.7) == "copy"


def test_case_and_punctuation_hide_no_copy() -> None:
    assert copied(SEED.upper().replace(",", ";"), SEED, 0.7) == "copy"


def test_a_rewrite_is_none() -> None:
    rewrite = (
        "The Garfield Bridge of 1911 is closed to traffic until spring, since its steel has rusted. Its repair costs "
        "the city 4.2 million. Until then, a ferry carries the cars across."
    )
    assert copied(rewrite, SEED, 0.7) is None
