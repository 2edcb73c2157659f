"""`syllabus explain`: one document from its raw file to its tokens in the shards, with every reason."""

import re
from typing import Any

import duckdb

from pipelines.errors import RunError
from pipelines.selection import drop_rules, fitting_sql
from pipelines.storage.receipts import read_receipt
from pipelines.storage.run_directory import RunDirectory
from schemas.config import Config
from schemas.documents import row_of, split_of
from schemas.plan import Plan

from .excerpts import readable, word_changes
from .explanation import DocumentStory, Explanation, Origin
from .funnel import read_manifest
from .generation import read_generations
from .records import read_records
from .tables import literal, signal_columns
from .views import connect, stored_config

TEXT_CHARACTERS = 500
_SEQUENCE = re.compile(r"sequence:(\d{1,18})")
_TOLD_ELSEWHERE = ("is_duplicate", "verdict", "blocked_by", "bucket", "source", "kind")
_DIFF_CHARACTERS = 20_000


def explain(run_url: str, document: str) -> Explanation:
    """What became of the documents with this id, or this doc number; all of them, as ids may repeat.

    `sequence:N` names the documents that training sequence N holds pieces of. A quarantined record is found by
    its doc number or as `file:place`. Costs a scan of the ids and some
    rows of memory for each document found. Raises RunError, with the nearest ids, where nothing has it.
    """
    run = RunDirectory(run_url)
    config = stored_config(run)
    with connect(run, config) as con:
        sequence = _SEQUENCE.fullmatch(document)
        if sequence is not None:
            held = con.execute(
                'SELECT doc FROM pieces WHERE sequence = ? GROUP BY doc ORDER BY min("offset")',
                [int(sequence[1])],
            ).fetchall()
            if not held:
                raise RunError(f"{run.url} has no training sequence {sequence[1]}")
            return Explanation(documents=_stories(run, config, con, [row[0] for row in held]))
        number = int(document) if document.isdecimal() and len(document) < 19 else None
        found = con.execute(
            "SELECT doc FROM documents WHERE id = ? OR doc = ? ORDER BY doc", [document, number]
        ).fetchall()
        if found:
            return Explanation(documents=_stories(run, config, con, [row[0] for row in found]))
        quarantined = read_records(
            con,
            "SELECT * FROM quarantine WHERE file || ':' || place = ? OR (split = ? AND row = ?) ORDER BY ALL",
            [document, *((None, None) if number is None else (split_of(number), row_of(number)))],
        )
        if quarantined:
            for record in quarantined:
                record["excerpt"] = record["excerpt"].decode(errors="backslashreplace")
            return Explanation(quarantined=quarantined)
        raise RunError(_not_found(run, con, document, number))


def _stories(
    run: RunDirectory, config: Config, con: duckdb.DuckDBPyConnection, docs: list[int]
) -> list[DocumentStory]:
    chosen = read_records(con, f"SELECT * FROM selection WHERE {_among(docs)} ORDER BY doc")
    failing = _failing(con, config, docs)
    about = {name: _columns_in(condition) for name, condition in drop_rules(config).items()}
    hits = _by_doc(
        read_records(con, f"SELECT * FROM hits WHERE {_among(docs)} ORDER BY doc, start, rule, item_id")
    )
    spans = _by_doc(read_records(con, f"SELECT * FROM spans WHERE {_among(docs)} ORDER BY doc, start"))
    pieces = _by_doc(
        read_records(con, f"SELECT * FROM pieces WHERE {_among(docs)} ORDER BY doc, epoch, first, sequence")
    )
    shards = _shard_names(run) if pieces else {}
    generations = read_generations(con, docs)
    kept = {row["doc"]: row["kept_doc"] for row in chosen if row["is_duplicate"]}
    texts = _texts(con, {*docs, *kept.values()})
    stories = []
    order = {doc: place for place, doc in enumerate(docs)}
    for row in sorted(chosen, key=lambda row: order[row["doc"]]):
        doc = row["doc"]
        placed = [{"file": shards.get(p["shard"], f"shard {p['shard']}"), **p} for p in pieces.get(doc, [])]
        near = texts.get(kept.get(doc, -1))
        generation = generations.get(doc)
        stories.append(
            DocumentStory(
                doc=doc,
                id=row["id"],
                origin=_origin(run, doc if generation is None else generation.seed["doc"]),
                generation=generation,
                signals={name: row[name] for name in signal_columns() if name not in ("doc", "id")},
                changes=[] if near is None else word_changes(near, texts[doc]),
                hits=hits.get(doc, []),
                spans=spans.get(doc, []),
                keep=row["keep"],
                drop_reason=row["drop_reason"],
                failing={name: {column: row[column] for column in about[name]} for name in failing[doc]},
                component=row["component"],
                epochs=len({piece["epoch"] for piece in placed}),
                pieces=placed,
                text=readable(texts[doc], TEXT_CHARACTERS),
            )
        )
    return stories


def _failing(con: duckdb.DuckDBPyConnection, config: Config, docs: list[int]) -> dict[int, list[str]]:
    """Every rule that drops each document, not the first alone."""
    rules = [
        f"CASE WHEN {condition} THEN {literal(name)} END" for name, condition in drop_rules(config).items()
    ]
    rows = con.execute(
        f"SELECT doc, [{', '.join(rules)}] FROM ({fitting_sql(config)}) AS signals WHERE {_among(docs)}"
    ).fetchall()
    return {doc: [name for name in names if name is not None] for doc, names in rows}


def _columns_in(condition: str) -> list[str]:
    """Signals that a filter's condition names; none of a rule that explains itself elsewhere."""
    words = set(re.findall(r"\w+", condition))
    return [name for name in signal_columns() if name in words and name not in _TOLD_ELSEWHERE]


def _origin(run: RunDirectory, doc: int) -> Origin | None:
    split, row = split_of(doc), row_of(doc)
    receipt = read_receipt(run, "ingest", f"split-{split:06d}")
    if receipt is None:
        return None
    formats = {}
    if run.exists("plan.json"):
        plan = Plan.model_validate_json(run.read_bytes("plan.json"))
        formats = {file.path: file.format for file in plan.files}
    for piece in receipt.details["pieces"]:
        if piece["first_row"] <= row < piece["first_row"] + piece["records"]:
            return Origin(
                file=piece["file"],
                format=formats.get(piece["file"], "jsonl"),
                start=piece["start"],
                end=piece["end"],
                record=row - piece["first_row"] + 1,
                split=split,
                row=row,
            )
    return None


def _shard_names(run: RunDirectory) -> dict[int, str]:
    manifest = read_manifest(run)
    return {} if manifest is None else {number: shard.path for number, shard in enumerate(manifest.shards)}


def _texts(con: duckdb.DuckDBPyConnection, docs: set[int]) -> dict[int, str]:
    query = f"SELECT doc, left(text, {_DIFF_CHARACTERS}) FROM documents WHERE {_among(sorted(docs))}"
    return dict(con.execute(query).fetchall())


def _not_found(run: RunDirectory, con: duckdb.DuckDBPyConnection, document: str, number: int | None) -> str:
    said = f"{run.url} has no document {readable(document, 200)}"
    origin = None if number is None else _origin(run, number)
    if origin is not None:
        return f"{said}: {origin.as_text()} was left out by `sample`"
    near = con.execute(
        "SELECT DISTINCT id, jaro_winkler_similarity(id, ?) AS nearness FROM documents "
        "ORDER BY nearness DESC, id LIMIT 3",
        [document],
    ).fetchall()
    nearest = f"; the nearest ids are {', '.join(readable(row[0], 100) for row in near)}" if near else ""
    return (
        f"{said}{nearest}; to search: inspect --sql \"SELECT doc, id FROM documents WHERE text LIKE '%…%'\""
    )


def _by_doc(records: list[dict[str, Any]]) -> dict[int, list[dict[str, Any]]]:
    grouped: dict[int, list[dict[str, Any]]] = {}
    for record in records:
        grouped.setdefault(record.pop("doc"), []).append(record)
    return grouped


def _among(docs: list[int]) -> str:
    return f"doc IN ({', '.join(map(str, docs))})"
