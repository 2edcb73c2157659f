"""The contracts between stages: what every table and every stored model keeps to."""

import typing

import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from schemas.config import Bucket
from schemas.documents import BUCKETS, DOCUMENT, ROW_BITS, row_of, split_of
from schemas.plan import Plan
from schemas.quarantine import QUARANTINE
from schemas.receipts import Receipt
from schemas.shards import PIECES, SHARD, Manifest
from schemas.signals import SIGNALS

TABLES = {"document": DOCUMENT, "quarantine": QUARANTINE, "shard": SHARD, "pieces": PIECES, **SIGNALS}


def test_buckets_are_the_same_in_documents_and_config() -> None:
    assert typing.get_args(Bucket) == BUCKETS


@given(split=st.integers(0, 2**31 - 1), row=st.integers(0, 2**ROW_BITS - 1))
def test_a_doc_names_its_split_and_row(split: int, row: int) -> None:
    doc = split << ROW_BITS | row
    assert (split_of(doc), row_of(doc)) == (split, row)
    assert doc < 2**63


@pytest.mark.parametrize("table", SIGNALS)
def test_every_signal_table_begins_with_doc_and_id(table: str) -> None:
    assert SIGNALS[table].names[:2] == ["doc", "id"]
    assert SIGNALS[table].field("doc").type == pa.int64()
    assert not SIGNALS[table].field("doc").nullable


@pytest.mark.parametrize("table", SIGNALS)
def test_no_signal_holds_a_decision(table: str) -> None:
    assert not {"keep", "drop", "drop_reason", "component"} & set(SIGNALS[table].names)


@pytest.mark.parametrize("table", TABLES)
def test_column_names_are_unique_and_plain(table: str) -> None:
    names = TABLES[table].names
    assert len(set(names)) == len(names)
    assert all(name.isidentifier() and name == name.lower() for name in names)


@pytest.mark.parametrize("model", [Receipt, Plan, Manifest])
def test_stored_models_refuse_unknown_keys(model: type) -> None:
    with pytest.raises(ValidationError, match="Extra inputs are not permitted"):
        model.model_validate({"from_another_version": 1})
