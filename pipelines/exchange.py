"""The exchange: what must meet from different parts goes through files of the run.

A map task writes one Parquet file sorted by partition, a row group a partition; a reduce task reads
partition p of every file in name order. Memory is bounded by one partition on every runner, arrival
order does not matter, and a kill loses one task.
"""

import json
from collections.abc import Iterable

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from pipelines.storage.run_directory import RunDirectory, written
from schemas.receipts import WrittenFile

PARTITION_BYTES = 256_000_000
_GROUPS = b"partitions"


def exchange_file(exchange: str, task: str) -> str:
    return f"exchange/{exchange}/{task}.parquet"


def write_partitions(
    run: RunDirectory,
    exchange: str,
    task: str,
    table: pa.Table,
    partitions: np.ndarray,
    sort_by: Iterable[str],
) -> WrittenFile:
    """Write one map task's rows, sorted by partition and then by the `sort_by` columns.

    table: the rows; partitions: int64[rows], each row's partition. Two attempts write the same bytes.
    """
    columns = list(sort_by)
    keyed = table.append_column("__partition", pa.array(partitions, pa.int64()))
    order = pc.sort_indices(keyed, [("__partition", "ascending"), *((name, "ascending") for name in columns)])
    in_order = np.array_equal(order, np.arange(len(order)))
    ordered = keyed if in_order else keyed.take(order)
    numbers = ordered["__partition"].to_numpy()
    ordered = ordered.drop_columns("__partition").combine_chunks()
    present, starts = np.unique(numbers, return_index=True)
    ends = np.append(starts, len(numbers))[1:]
    name = exchange_file(exchange, task)
    schema = table.schema.with_metadata({_GROUPS: json.dumps(present.tolist()).encode()})
    with run.writing(name) as draft:
        with pq.ParquetWriter(draft, schema, compression="lz4", use_dictionary=False) as writer:
            for start, end in zip(starts.tolist(), ends.tolist(), strict=True):
                rows = ordered.slice(start, end - start).replace_schema_metadata(schema.metadata)
                writer.write_table(rows, row_group_size=end - start)
        return written(draft, name, table.num_rows)


def read_partition(
    run: RunDirectory, exchange: str, tasks: Iterable[str], partition: int, columns: list[str] | None = None
) -> pa.Table | None:
    """Rows of one partition from the files of these map tasks, in name order; None where there are none.

    Sorting across files is the caller's: it knows the key that makes the order total.
    """
    tables = []
    for task in sorted(tasks):
        with run.parquet(exchange_file(exchange, task)) as file:
            present = json.loads(file.schema_arrow.metadata[_GROUPS])
            if partition in present:
                table = file.read_row_group(present.index(partition), columns=columns, use_threads=False)
                tables.append(table.replace_schema_metadata(None))
    return pa.concat_tables(tables) if tables else None
