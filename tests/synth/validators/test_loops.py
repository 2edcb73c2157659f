import pytest
from hypothesis import given
from hypothesis import strategies as st

from synth.validators.loops import looping

PROSE = (
    "The Garfield Bridge of 1911 is closed to traffic until spring, since its steel has rusted. Its repair costs the "
    "city 4.2 million. Until then, a ferry carries the cars across, and people on foot use the north side. The last "
    "repair was in 1974, when the road was widened and the lamps were replaced."
)


@pytest.mark.parametrize(
    "text",
    [
        "He was the son of the king's daughter. " * 4,
        PROSE + " The road was closed." * 12,
        "ACA is a war on regulation because it is a war on jobs, a war on regulation because it is a war on jobs.",
        "\n".join(["Read more", "A bridge", "Read more", "A ferry", "Read more", "A lamp", "Read more"]),
        "ha" * 400,
        "川は長い。" * 20,
    ],
)
def test_a_loop_is_found(text: str) -> None:
    assert looping(text) == "loop"


@pytest.mark.parametrize(
    "text",
    [
        "",
        "No.",
        PROSE,
        "Row, row, row your boat, gently down the stream.",
        "1. Add 2 and 3: 5.\n2. Add 5 and 4: 9.\n3. So the sum is 9.",
        "春になると山の雪がとけて、川の水がふえる。夏は雨が少ないので、水位は下がる。",
    ],
)
def test_text_that_moves_on_is_let_through(text: str) -> None:
    assert looping(text) is None


@given(st.lists(st.sampled_from("river snow bridge ferry steel".split()), min_size=5, max_size=12))
def test_whatever_is_said_ten_times_in_ten_lines_is_a_loop(words: list[str]) -> None:
    assert looping("\n".join([" ".join(words)] * 10)) == "loop"
