"""Foreign Parquet: every kind of text column, every bad row told, damage confined to its row group."""

import decimal
import itertools
from datetime import UTC, date, datetime

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipelines.errors import RunError
from pipelines.readers.piece import read_piece
from pipelines.readers.records import BATCH_BYTES
from schemas.config import Input
from schemas.plan import Piece
from tests.pipelines.readers.pieces import WHOLE, input_file, read

TEXTS = ["one", None, "two", "one", " ", "ä" * 300]


def parquet_file(folder, table, name="f.parquet", **options):
    pq.write_table(table, folder / name, **options)
    return input_file(folder / name)


def texts(usable):
    return [(row, record["text"]) for row, record in usable]


def reasons(bad):
    return [(row, one.place, one.reason) for row, one in bad]


@pytest.mark.parametrize(
    "kind",
    [
        pa.string(),
        pa.large_string(),
        pa.string_view(),
        pa.binary(),
        pa.large_binary(),
        pa.binary_view(),
        pa.dictionary(pa.int32(), pa.string()),
        pa.dictionary(pa.int8(), pa.large_string()),
    ],
    ids=str,
)
@pytest.mark.parametrize("store_schema", [True, False])
@pytest.mark.parametrize("use_dictionary", [True, False])
def test_every_type_of_text(tmp_path, kind, store_schema, use_dictionary):
    values = pa.array(TEXTS, pa.string())
    if pa.types.is_dictionary(kind):
        values = values.cast(kind.value_type).dictionary_encode().cast(kind)
    else:
        values = values.cast(kind)
    table = pa.table({"text": values, "id": values})
    file = parquet_file(tmp_path, table, store_schema=store_schema, use_dictionary=use_dictionary)
    usable, bad = read(file, document_bytes=599)
    assert texts(usable) == [(0, "one"), (2, "two"), (3, "one")]
    assert reasons(bad) == [
        (1, "row group 0, row 1", "missing_text"),
        (4, "row group 0, row 4", "empty_text"),
        (5, "row group 0, row 5", "oversize"),
    ]
    assert [one.excerpt for _, one in bad] == [b"", b" ", "ä".encode() * 100]


@given(
    st.lists(st.none() | st.sampled_from(["a", "bb", "", "ccc"]), max_size=20),
    st.integers(1, 6),
    st.integers(0, 20),
)
def test_row_groups_share_the_rows_out_without_loss_or_repetition(tmp_path_factory, column, group_rows, cut):
    folder = tmp_path_factory.mktemp("f")
    file = parquet_file(folder, pa.table({"text": pa.array(column, pa.string())}), row_group_size=group_rows)
    groups = pq.read_metadata(file.path).num_row_groups
    edges = sorted({0, min(cut, groups), groups})
    pieces = [Piece(file=0, start=a, end=b) for a, b in itertools.pairwise(edges)]
    usable, bad = read(file, pieces or WHOLE)
    assert texts(usable) == [(row, text) for row, text in enumerate(column) if text]
    assert [record["id"] for _, record in usable] == [f"f.parquet:{row}" for row, _ in usable]
    assert reasons(bad) == [
        (
            row,
            f"row group {row // group_rows}, row {row % group_rows}",
            "missing_text" if text is None else "empty_text",
        )
        for row, text in enumerate(column)
        if not text
    ]


@pytest.mark.parametrize("name", ["text", "id", "url", "more"])
def test_bytes_that_are_not_utf8(tmp_path, name):
    columns = {column: pa.array([b"good", b"caf\xe9", b"good"]) for column in ("text", "id", "url", "more")}
    columns = {
        column: values if column == name else pa.array(["good"] * 3) for column, values in columns.items()
    }
    usable, bad = read(parquet_file(tmp_path, pa.table(columns)), metadata=("more",))
    assert [row for row, _ in usable] == [0, 2]
    assert reasons(bad) == [(1, "row group 0, row 1", "bad_utf8")]
    assert bad[0][1].detail == f"`{name}`: unexpected end of data at byte 3"


def test_columns_of_other_types_become_text(tmp_path):
    table = pa.table(
        {
            "text": ["a", "b"],
            "id": pa.array([2**60, None]),
            "url": pa.array([1.5, None]),
            "list": pa.array([["x", None], None]),
            "struct": pa.array(
                [{"k": b"v", "n": 1}, None], pa.struct([("k", pa.string()), ("n", pa.int8())])
            ),
            "decimal": pa.array([decimal.Decimal("1.50"), None]),
            "day": pa.array([date(2024, 1, 2), None]),
            "ns": pa.array([1, None], pa.timestamp("ns", tz="UTC")),
            "bool": pa.array([True, None]),
            "null": pa.nulls(2),
        }
    )
    names = ("list", "struct", "decimal", "day", "ns", "bool", "null", "absent")
    usable, _ = read(parquet_file(tmp_path, table), metadata=names)
    (_, first), (_, second) = usable
    assert (first["id"], first["url"]) == (str(2**60), "1.5")
    assert dict(first["metadata"]) == {
        "list": '["x",null]',
        "struct": '{"k":"v","n":1}',
        "decimal": "1.50",
        "day": "2024-01-02",
        "ns": "1970-01-01 00:00:00.000000001",
        "bool": "true",
    }
    assert (second["id"], second["url"], second["metadata"]) == ("f.parquet:1", None, [])


def test_columns_by_their_names(tmp_path):
    table = pa.table(
        {"body": ["a"], "from": ["x"], "when": pa.array([datetime(2024, 1, 1, tzinfo=UTC)]), "id": [""]}
    )
    usable, _ = read(parquet_file(tmp_path, table), text="body", source_column="from", created="when")
    assert usable[0][1] == {
        "id": "f.parquet:0",
        "text": "a",
        "source": "x",
        "url": None,
        "language": None,
        "kind": None,
        "created": datetime(2024, 1, 1, tzinfo=UTC),
        "metadata": [],
    }


@pytest.mark.parametrize(
    ("table", "message"),
    [
        (pa.table({"body": ["a"]}), "no column `text`.*columns: body"),
        (pa.table({"text": [1]}), "`text` is of type int64, not text"),
        (pa.table([["a"], ["b"]], names=["text", "text"]), "2 columns `text`"),
    ],
)
def test_without_a_column_of_text_the_file_is_refused(tmp_path, table, message):
    with pytest.raises(RunError, match=message):
        read(parquet_file(tmp_path, table))


@pytest.mark.parametrize("damage", [b"", b"PAR1", b"no parquet at all", "cut"])
def test_a_file_without_a_footer_is_one_bad_record(tmp_path, damage):
    file = parquet_file(tmp_path, pa.table({"text": ["a"] * 100}))
    with open(file.path, "r+b") as raw:
        whole = raw.read()
        raw.seek(0)
        raw.truncate()
        raw.write(whole[:-40] if damage == "cut" else damage)
    usable, bad = read(input_file(tmp_path / "f.parquet"))
    assert (usable, reasons(bad)) == ([], [(0, "footer", "corrupt")])


def test_a_damaged_page_costs_the_rest_of_its_row_group_only(tmp_path):
    column = [f"text {k} " + "x" * 2_000 for k in range(6_000)]
    file = parquet_file(
        tmp_path,
        pa.table({"text": column}),
        row_group_size=3_000,
        use_dictionary=False,
        compression="none",
        data_page_size=100_000,
        write_page_checksum=True,
    )
    chunk = pq.read_metadata(file.path).row_group(0).column(0)
    with open(file.path, "r+b") as raw:
        raw.seek(chunk.data_page_offset + chunk.total_compressed_size * 3 // 4)
        raw.write(b"\xff" * 20)
    usable, bad = read(input_file(tmp_path / "f.parquet"), document_bytes=10_000)
    kept = len(usable) - 3_000
    assert 0 < kept < 2_500
    assert texts(usable) == [(k, column[k]) for k in (*range(kept), *range(3_000, 6_000))]
    assert reasons(bad) == [(k, f"row group 0, row {k}", "corrupt") for k in range(kept, 3_000)]


def test_a_long_text_that_many_rows_share_is_never_held_many_times(tmp_path):
    shared = pa.DictionaryArray.from_arrays(pa.array(np.zeros(400, np.int32)), pa.array(["x" * 1_000_000]))
    file = parquet_file(tmp_path, pa.table({"text": shared}))
    sizes = [
        records.usable.column("text").nbytes
        for records in read_piece(file, WHOLE[0], Input(path=file.path, bucket="web"), 2_000_000)
    ]
    assert sum(sizes) > 400_000_000
    assert max(sizes) <= BATCH_BYTES


def test_an_empty_file_has_no_records(tmp_path):
    assert read(parquet_file(tmp_path, pa.table({"text": pa.array([], pa.string())}))) == ([], [])


def test_a_column_that_the_config_names_and_the_file_lacks_is_an_error(tmp_path):
    table = pa.table({"text": ["one"], "id": ["a"]})
    with pytest.raises(RunError, match="has no column `lang`, which the input"):
        read(parquet_file(tmp_path, table), language="lang")
    assert read(parquet_file(tmp_path, table))[0]
