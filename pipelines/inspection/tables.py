"""The views over a run's files, one a table, and `signals`, which joins them on doc.

A table that no stage has written yet is an empty view with the table's schema, so every query that is
right for a finished run binds on an unfinished one.
"""

from dataclasses import dataclass
from fnmatch import fnmatch
from functools import cache

import duckdb
import pyarrow as pa

from pipelines.storage.run_directory import RunDirectory
from schemas.documents import DOCUMENT
from schemas.generation import OUTCOMES, REQUESTS, SEEDS
from schemas.quarantine import QUARANTINE
from schemas.shards import PIECES, SHARD
from schemas.signals import CONTAMINATION, DUPLICATES, NORMED, NORMS, QUALITY, SIGNALS

RUN_PLACEHOLDER = "$RUN"


@dataclass(frozen=True)
class Table:
    """Files of one schema, all directly in one folder of the run."""

    schema: pa.Schema
    folder: str
    pattern: str = "*.parquet"


TABLES: dict[str, Table] = {
    "documents": Table(DOCUMENT, "documents"),
    **{name: Table(schema, f"signals/{name}") for name, schema in SIGNALS.items()},
    "norms": Table(NORMS, "signals/norms"),
    "quarantine": Table(QUARANTINE, "quarantine"),
    "seeds": Table(SEEDS, "synthetic", "seeds.parquet"),
    "requests": Table(REQUESTS, "synthetic/requests"),
    "outcomes": Table(OUTCOMES, "synthetic", "outcomes.parquet"),
    "pieces": Table(PIECES, "shards", "pieces*.parquet"),
    "shards": Table(SHARD, "shards", "train-*.parquet"),
}

_RECEIPT = {
    "stage": "VARCHAR",
    "task": "VARCHAR",
    "fingerprint": "VARCHAR",
    "files": "STRUCT(path VARCHAR, bytes BIGINT, sha256 VARCHAR, rows BIGINT)[]",
    "counts": "MAP(VARCHAR, BIGINT)",
    "details": "JSON",
    "seconds": "DOUBLE",
    "peak_bytes": "BIGINT",
}
_PARTS = """CREATE OR REPLACE VIEW parts AS
SELECT task AS split, part."name", part."rows", part."text_bytes"
FROM (
  SELECT task, unnest(from_json(details->'parts', '[{"name":"VARCHAR","rows":"BIGINT","text_bytes":"BIGINT"}]')) AS part
  FROM receipts WHERE stage IN ('ingest', 'generated')
);"""


def identifier(name: str) -> str:
    """The name as a quoted SQL identifier."""
    return '"' + name.replace('"', '""') + '"'


def literal(text: str) -> str:
    """The text as a SQL string."""
    return "'" + text.replace("'", "''") + "'"


@cache
def column_types(schema: pa.Schema) -> dict[str, str]:
    """DuckDB's type of every column as the views show it. Points of time are UTC without a zone: with
    one, what a condition on them means would depend on the reader's settings."""
    with duckdb.connect() as con:
        con.register("columns", schema.empty_table())
        rows = con.execute("DESCRIBE columns").fetchall()
    return {row[0]: "TIMESTAMP" if row[1] == "TIMESTAMP WITH TIME ZONE" else row[1] for row in rows}


def signal_columns() -> dict[str, str]:
    """Columns of the view `signals` and their types: documents without the text, then the facts."""
    columns = {name: kind for name, kind in column_types(DOCUMENT).items() if name != "text"}
    for schema in (QUALITY, DUPLICATES, CONTAMINATION):
        columns |= {name: kind for name, kind in column_types(schema).items() if name not in columns}
    return columns | {f"{name}_z": "DOUBLE" for name in NORMED}


def written_tables(run: RunDirectory) -> set[str]:
    """Names of the tables that have at least one file now; `receipts` among them."""
    found = {
        name
        for name, table in TABLES.items()
        if any(fnmatch(file.rsplit("/", 1)[-1], table.pattern) for file in run.list(table.folder, ".parquet"))
    }
    if any(run.list(folder, ".json") for folder in run.list("receipts")):
        found.add("receipts")
    return found


def tables_sql(written: set[str]) -> str:
    """CREATE VIEW statements of all tables and of `signals`, over files under `$RUN`.

    written: the tables that have files; the others become empty views.
    """
    statements = [_table_sql(name, table, name in written) for name, table in TABLES.items()]
    return "\n\n".join([*statements, _receipts_sql("receipts" in written), _PARTS, _signals_sql()])


def _table_sql(name: str, table: Table, is_written: bool) -> str:
    types = column_types(table.schema)
    view = f"CREATE OR REPLACE VIEW {identifier(name)} AS"
    if not is_written:
        extra = {"file": "VARCHAR"} if name == "shards" else {}
        return f"{view}\n{_no_rows({**types, **extra})};"
    columns = [_column(field) for field in table.schema]
    if name == "shards":
        columns.append("parse_filename(filename) AS file")
    options = ", filename = true" if name == "shards" else ""
    files = f"'{RUN_PLACEHOLDER}/{table.folder}/{table.pattern}'"
    return (
        f"{view}\nSELECT {', '.join(columns)}\n"
        f"FROM read_parquet({files}, hive_partitioning = false, union_by_name = false{options});"
    )


def _column(field: pa.Field) -> str:
    quoted = identifier(field.name)
    if pa.types.is_timestamp(field.type) and field.type.tz is not None:
        return f"timezone('UTC', {quoted}) AS {quoted}"
    return quoted


def _no_rows(types: dict[str, str]) -> str:
    nulls = ", ".join(f"NULL::{kind} AS {identifier(name)}" for name, kind in types.items())
    return f"SELECT {nulls} WHERE false"


def _receipts_sql(is_written: bool) -> str:
    if not is_written:
        return f"CREATE OR REPLACE VIEW receipts AS\n{_no_rows(_RECEIPT)};"
    columns = ", ".join(f"{name}: {literal(kind)}" for name, kind in _RECEIPT.items())
    return (
        f"CREATE OR REPLACE VIEW receipts AS\nSELECT {', '.join(_RECEIPT)}\n"
        f"FROM read_json('{RUN_PLACEHOLDER}/receipts/*/*.json', format = 'unstructured', columns = {{{columns}}});"
    )


def _signals_sql() -> str:
    language = 'coalesce(documents."language", quality."detected_language")'
    columns = [
        f'{language} AS "language"' if name == "language" else f"documents.{identifier(name)}"
        for name in DOCUMENT.names
        if name != "text"
    ]
    taken = set(DOCUMENT.names)
    joins = []
    for name, schema in (("quality", QUALITY), ("duplicates", DUPLICATES), ("contamination", CONTAMINATION)):
        columns += [f"{name}.{identifier(column)}" for column in schema.names if column not in taken]
        taken |= set(schema.names)
        joins.append(f"LEFT JOIN {name} ON {name}.doc = documents.doc")
    for name in NORMED:
        norm = identifier(f"norm of {name}")
        columns.append(
            f"0.6745 * (quality.{identifier(name)} - {norm}.median) / nullif({norm}.deviation, 0) AS {identifier(name + '_z')}"
        )
        joins.append(
            f"LEFT JOIN norms AS {norm} ON {norm}.signal = {literal(name)} AND {norm}.bucket = documents.bucket "
            f"AND {norm}.kind IS NOT DISTINCT FROM documents.kind AND {norm}.language IS NOT DISTINCT FROM {language}"
        )
    return (
        f"CREATE OR REPLACE VIEW signals AS\nSELECT {', '.join(columns)}\nFROM documents\n"
        + "\n".join(joins)
        + ";"
    )
