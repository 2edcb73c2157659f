import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from classifiers.personal_data import find_spans, span_rows, unstable_replacements
from schemas.privacy import STAND_INS, Privacy
from schemas.signals import SPANS
from textkernels.personal_data import KINDS
from textkernels.spans import apply_spans

KEY = "ghp_16C7e42F292c6912E7710c838347Ae178B4a"
PIECES = [
    "jane@mail.com", "bob.b@x.co.uk", "81.2.69.142", "2606:4700::1111", "+1 415 555 2671", "4111 1111 1111 1111",
    "GB29 NWBK 6016 1331 9268 19", KEY, f"-----BEGIN PRIVATE KEY-----\n{KEY[4:] * 2}\n-----END PRIVATE KEY-----",
    "email@example.com", "192.0.2.1", "<KEY>", "password = 'hunter2!A'", "plain words", "电话", "call",
]  # fmt: skip
ALL_MASKED = Privacy(phone="mask")


def rows_of(texts, privacy):
    text = pa.array(texts, pa.string())
    docs, ids = (
        pa.array(range(len(texts)), pa.int64()),
        pa.array([f"id-{k}" for k in range(len(texts))], pa.string()),
    )
    return span_rows(text, docs, ids, find_spans(text), privacy)


def masked(texts, privacy=ALL_MASKED):
    table = rows_of(texts, privacy)
    rows, starts, ends = (table[name].to_numpy() for name in ("doc", "start", "end"))
    return apply_spans(pa.array(texts, pa.string()), rows, starts, ends, table["replacement"]).to_pylist()


def test_the_kinds_of_the_kernel_are_those_of_the_configuration():
    assert set(KINDS) == set(STAND_INS) == set(Privacy.model_fields)


def test_spans_name_row_bytes_and_kind():
    spans = find_spans(pa.array(["none", None, "ü jane@mail.com and 81.2.69.142"]))
    assert len(spans) == 2
    assert spans.rows.tolist() == [2, 2]
    assert spans.starts.tolist() == [3, 21] and spans.ends.tolist() == [16, 32]
    assert spans.kinds.to_pylist() == ["email", "ipv4"]


def test_rows_have_the_schema_and_carry_doc_and_id():
    table = rows_of(["none", "to jane@mail.com"], Privacy())
    assert table.schema == SPANS
    assert table.to_pylist() == [
        {"doc": 1, "id": "id-1", "start": 3, "end": 16, "kind": "email", "action": "mask", "replacement": "email@example.com"}
    ]  # fmt: skip
    assert rows_of(["none"], Privacy()).schema == SPANS
    assert rows_of([], Privacy()).num_rows == 0


def test_by_default_all_but_telephone_numbers_are_masked():
    kinds = rows_of(PIECES, Privacy())["kind"].unique().to_pylist()
    assert set(kinds) == set(KINDS) - {"phone"}


def test_replacements_are_taken_in_turn_within_a_document():
    text = "a.a@mail.com b.b@mail.com 81.2.69.142 c.c@mail.com"
    wanted = "email@example.com firstname.lastname@example.org 192.0.2.1 email@example.com"
    assert masked([text, text]) == [wanted, wanted]


def test_a_kind_may_be_cut_left_or_masked_by_what_the_user_says():
    privacy = Privacy(email="cut", ipv4="off", key={"replacements": ["KEY"]})
    assert masked([f"a jane@mail.com b 81.2.69.142 c {KEY}"], privacy) == ["a  b 81.2.69.142 c KEY"]
    table = rows_of(["jane@mail.com"], privacy)
    assert table["action"].to_pylist() == ["cut"] and table["replacement"].to_pylist() == [None]


def test_what_is_a_replacement_already_has_no_row():
    assert rows_of(["email@example.com firstname.lastname@example.org"], Privacy()).num_rows == 0


@given(
    st.lists(st.lists(st.sampled_from(PIECES), max_size=6), max_size=4),
    st.sampled_from([" ", "\n", " | ", ", ", "。"]),
)
def test_masking_twice_is_masking_once(documents, between):
    once = masked([between.join(pieces) for pieces in documents])
    assert masked(once) == once


def test_no_stand_in_changes_when_it_is_masked_again():
    assert unstable_replacements(ALL_MASKED) == []
    for choices in STAND_INS.values():
        assert masked(list(choices)) == list(choices)


@pytest.mark.parametrize("kept", ["write to bob@mail.com", "81.2.69.142"])
def test_a_replacement_that_holds_personal_data_is_told(kept):
    assert unstable_replacements(Privacy(email={"replacements": ["gone", kept]})) == [("email", kept)]
    assert unstable_replacements(Privacy(ipv4={"replacements": ["81.2.69.142"]})) == []


def test_spans_of_a_batch_are_those_of_its_documents():
    together = find_spans(pa.array(PIECES))
    alone = [(k, *span) for k, text in enumerate(PIECES) for span in zip(
        *(column.tolist() for column in (find_spans(pa.array([text])).starts, find_spans(pa.array([text])).ends)), strict=True
    )]  # fmt: skip
    assert np.column_stack([together.rows, together.starts, together.ends]).tolist() == [
        list(span) for span in alone
    ]
