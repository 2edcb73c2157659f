"""The pass over the text: places, borders, overlaps and hostile input. The kinds have tests of their own."""

from itertools import pairwise

import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from textkernels.personal_data import KINDS, personal_data

from .personal_data_finds import finds

KEY = "ghp_16C7e42F292c6912E7710c838347Ae178B4a"
IDENTIFIERS = [
    ("email", "jane.doe@mail.com"),
    ("ipv4", "81.2.69.142"),
    ("ipv6", "2606:4700:4700::1111"),
    ("phone", "+1 415 555 2671"),
    ("card", "4111 1111 1111 1111"),
    ("iban", "GB29 NWBK 6016 1331 9268 19"),
    ("key", KEY),
    ("private_key", f"-----BEGIN PRIVATE KEY-----\n{KEY[4:] * 2}\n-----END PRIVATE KEY-----"),
]


@pytest.mark.parametrize(("kind", "text"), IDENTIFIERS)
@pytest.mark.parametrize(
    ("before", "after"),
    [
        ("", ""),
        ("It is ", "."),
        ("(", ")"),
        ("<td>", "</td>"),
        ("| ", " |"),
        ("我们的", "在这里"),
        ("“", "”"),
        ("a: ", "\n"),
    ],
)
def test_an_identifier_is_found_to_the_byte(kind, text, before, after):
    assert finds(before + text + after) == [(kind, text)]


@pytest.mark.parametrize(("kind", "text"), IDENTIFIERS)
def test_the_place_in_blocks_of_bytes_does_not_matter(kind, text):
    for padding in range(130):
        assert finds("." * padding + " " + text + " " + "." * (130 - padding)) == [(kind, text)]


@given(
    st.lists(st.sampled_from([text for _, text in IDENTIFIERS] + ["", "none here", "电话", "\n"]), max_size=8)
)
def test_documents_do_not_see_one_another(documents):
    rows, starts, ends, kinds = personal_data(pa.array(documents, pa.string()))
    alone = [(row, *find) for row, text in enumerate(documents) for find in finds(text)]
    together = [
        (row, KINDS[kind], documents[row].encode()[start:end].decode())
        for row, start, end, kind in zip(rows.tolist(), starts, ends, kinds, strict=True)
    ]
    assert together == alone


def test_a_document_may_begin_or_end_inside_what_another_would_complete():
    whole = "4111 1111 1111 1111"
    for cut in range(1, len(whole)):
        rows, *_ = personal_data(pa.array([whole[:cut], whole[cut:]]))
        assert rows.size == 0


@given(st.lists(st.sampled_from(["@", "a", "com", ".", "1", "23", ":", "-", "=", "+", "(", ")", " ", "%40", "\\n", "key",
    "/", "电", "\x80", "ü", "-----BEGIN PRIVATE KEY-----", "-----END ", "2606:", "4111", "GB29", "password"]), max_size=60))  # fmt: skip
def test_spans_are_ascending_disjoint_and_within_their_document(pieces):
    raw = "".join(pieces).encode("utf-8", "surrogateescape")
    rows, starts, ends, _ = personal_data(pa.array([raw, raw], pa.binary()))
    for row in (0, 1):
        places = [(s, e) for r, s, e in zip(rows, starts, ends, strict=True) if r == row]
        assert all(0 <= s < e <= len(raw) for s, e in places)
        assert all(a[1] <= b[0] for a, b in pairwise(places))


@given(st.binary(max_size=300))
def test_any_bytes_are_read_and_spans_of_text_cut_no_character(raw):
    rows, starts, ends, _ = personal_data(pa.array([raw], pa.binary()))
    assert rows.size == starts.size == ends.size
    text = raw.decode(errors="ignore").encode()
    _, starts, ends, _ = personal_data(pa.array([text], pa.binary()))
    for start, end in zip(starts, ends, strict=True):
        text[start:end].decode()


def test_broken_utf8_around_an_identifier_does_not_hide_it():
    assert finds(b"\xff\xfe jane.doe@mail.com\xc3") == [("email", "jane.doe@mail.com")]


@pytest.mark.parametrize("type_", [pa.string(), pa.large_string(), pa.binary(), pa.large_binary()])
def test_columns_of_every_text_type_chunks_and_nulls(type_):
    column = pa.array(["x", None, "to a.b@mail.com"]).cast(type_)
    for given_column, row in ((column, 2), (column[1:], 1), (pa.chunked_array([column[:1], column[1:]]), 2)):
        rows, starts, ends, kinds = personal_data(given_column)
        assert (rows.tolist(), starts.tolist(), ends.tolist()) == ([row], [3], [15])
        assert KINDS[kinds[0]] == "email"
    with pytest.raises(TypeError, match="int64"):
        personal_data(pa.array([1]))


def test_more_finds_than_there_was_room_for():
    text = "a.b@mail.com " * 5000
    rows, starts, _, _ = personal_data(pa.array(["none", text, text]))
    assert rows.tolist() == [1] * 5000 + [2] * 5000
    assert starts.tolist() == [13 * k for k in range(5000)] * 2


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        # the more specific kind wins
        ("4155552671@mail.com", [("email", "4155552671@mail.com")]),
        (f"api_key = '{KEY}'", [("key", KEY)]),
        ("call 4111111111111111", [("card", "4111111111111111")]),
        (IDENTIFIERS[-1][1].replace("\n", f"\n{KEY}\n", 1), [("private_key", IDENTIFIERS[-1][1].replace("\n", f"\n{KEY}\n", 1))]),
        ("+1 415 555 2671@mail.com", [("email", "2671@mail.com")]),
    ],
)  # fmt: skip
def test_where_kinds_overlap_the_more_specific_one_stands(text, expected):
    assert finds(text) == expected


MEGABYTES = 3_000_000


@pytest.mark.parametrize(
    "piece",
    ["@", "a@", "a.b@", "1", "1 ", "1-", "12 34 ", "(1) ", "+1", "4111 ", "-", "-----BEGIN PRIVATE KEY-----", "2606:", ":", "::",
     "=", "token=", "password: '", "eyJ", "eyJ.", "sk-", "GB29", "GB29 ", "%40", "\\n", "_", ".", "A", "Bearer ", "://a:b",
     "-----BEGIN PRIVATE KEY-----\nMIIEvQIBADANBgkqhkiG9w0BAQEFAASC MIIEvQIBADANBgkqhkiG9w0BAQEFAASC ", "tel 1"],
)  # fmt: skip
def test_repeats_of_what_may_begin_an_identifier_take_linear_time(piece):
    text = (piece * (MEGABYTES // len(piece))).encode()
    rows, starts, ends, _ = personal_data(pa.array([text], pa.binary()))
    assert rows.size <= len(text) and (ends <= len(text)).all() and (starts >= 0).all()
