"""What people see of an item: the parts that a document's segment shares."""

from hypothesis import given
from hypothesis import strategies as st

from decontam.marking import mark_shared

SHARED = "one two three four five six seven"


def test_the_shared_words_are_marked_and_nothing_is_lost():
    text = f"Before: {SHARED.title()}; after. {SHARED}"
    assert mark_shared(text, f"x {SHARED} y") == [
        ("Before: ", False),
        (SHARED.title(), True),
        ("; after. ", False),
        (SHARED, True),
    ]


def test_fewer_than_seven_words_in_a_row_are_not_marked():
    assert mark_shared("one two three four five six", SHARED) == [("one two three four five six", False)]


def test_a_long_text_is_shown_around_its_first_shared_part():
    pieces = mark_shared("é " * 2000 + SHARED + " ü" * 2000, SHARED)
    assert [piece for piece in pieces if piece[1]] == [(SHARED, True)]
    assert pieces[0] == ("… ", False) and pieces[-1] == (" …", False)
    assert sum(len(text.encode()) for text, _ in pieces) < 1000


@given(st.text("ab é中 .", max_size=60), st.text("ab é中 .", max_size=60))
def test_the_pieces_of_a_short_text_are_the_text(text: str, segment: str):
    pieces = mark_shared(text, segment)
    assert "".join(piece for piece, _ in pieces) == text
    assert all(piece for piece, _ in pieces)
