"""Rows that go into the exchange come out once, in their partition, in an order that bytes depend on."""

import numpy as np
import pyarrow as pa
from hypothesis import given
from hypothesis import strategies as st

from pipelines.exchange import read_partition, write_partitions
from pipelines.storage.run_directory import RunDirectory

ROWS = st.lists(st.tuples(st.integers(0, 4), st.integers(0, 2**64 - 1), st.integers(0, 9)), max_size=40)


def table(rows):
    return pa.table(
        {
            "key": pa.array([key for _, key, _ in rows], pa.uint64()),
            "doc": pa.array([doc for _, _, doc in rows], pa.int64()),
        }
    )


def partitions(rows):
    return np.array([partition for partition, _, _ in rows], dtype=np.int64)


@given(tasks=st.lists(ROWS, min_size=1, max_size=3))
def test_every_row_comes_out_once_in_its_partition(tmp_path_factory, tasks):
    run = RunDirectory(tmp_path_factory.mktemp("run"))
    names = [f"task-{k}" for k in range(len(tasks))]
    for name, rows in zip(names, tasks, strict=True):
        write_partitions(run, "bands", name, table(rows), partitions(rows), ["key", "doc"])
    for partition in range(5):
        found = read_partition(run, "bands", names, partition)
        pairs = (
            []
            if found is None
            else list(zip(found["key"].to_pylist(), found["doc"].to_pylist(), strict=True))
        )
        expected = [sorted((k, d) for p, k, d in rows if p == partition) for rows in tasks]
        assert pairs == [pair for task in expected for pair in task]


def test_the_order_of_rows_does_not_change_the_bytes(tmp_path):
    rows = [(k % 3, k * 7, k) for k in range(100)]
    run = RunDirectory(tmp_path)
    one = write_partitions(run, "e", "a", table(rows), partitions(rows), ["key", "doc"])
    rows.reverse()
    two = write_partitions(run, "e", "b", table(rows), partitions(rows), ["key", "doc"])
    assert one.sha256 == two.sha256


def test_only_the_columns_asked_for_are_read(tmp_path):
    run = RunDirectory(tmp_path)
    rows = [(0, 5, 1)]
    write_partitions(run, "e", "a", table(rows), partitions(rows), ["key"])
    found = read_partition(run, "e", ["a"], 0, ["doc"])
    assert found is not None and found.column_names == ["doc"]
