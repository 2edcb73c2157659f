"""What went into a run, input by input."""

import re
from dataclasses import dataclass

import duckdb

from pipelines.storage.run_directory import RunDirectory
from schemas.config import Config
from schemas.plan import WHY_PASSED_OVER, Plan

_LOGIN = re.compile(r"(?<=://)[^/@\s]+@")


@dataclass(frozen=True)
class InputCounts:
    """One entry of `inputs`: records = quarantined + unsampled + documents.

    path: as in the config. file_bytes: of the files as they lie; text_bytes: of the documents' text.
    """

    path: str
    bucket: str
    formats: tuple[str, ...]
    files: int
    file_bytes: int
    records: int
    quarantined: int
    unsampled: int
    documents: int
    text_bytes: int


@dataclass(frozen=True)
class NotRead:
    """Files that an input leads to and that are not read; why: as a reader is told. paths: the first few."""

    path: str
    why: str
    files: int
    paths: tuple[str, ...]


def read_plan(run: RunDirectory) -> Plan | None:
    """None before the run is planned."""
    return Plan.model_validate_json(run.read_bytes("plan.json")) if run.exists("plan.json") else None


def files_not_read(plan: Plan, config: Config) -> list[NotRead]:
    """In the order of the inputs."""
    return [
        NotRead(
            without_logins(config.inputs[one.input].path),
            WHY_PASSED_OVER.get(one.why, one.why),
            one.count,
            tuple(without_logins(path) for path in one.paths),
        )
        for one in plan.passed_over
    ]


def count_inputs(plan: Plan, config: Config, con: duckdb.DuckDBPyConnection) -> list[InputCounts]:
    """In the order of the config. Records are 0 where they are not read yet."""
    counts = dict(con.execute("SELECT task, counts FROM receipts WHERE stage = 'ingest'").fetchall())
    texts = dict(con.execute("SELECT split, sum(text_bytes)::BIGINT FROM parts GROUP BY split").fetchall())
    rows = []
    for number, one in enumerate(config.inputs):
        files = [file for file in plan.files if file.input == number]
        tasks = [
            f"split-{split.split:06d}"
            for split in plan.splits
            if plan.files[split.pieces[0].file].input == number
        ]
        own = [counts[task] for task in tasks if task in counts]
        rows.append(
            InputCounts(
                path=without_logins(one.path),
                bucket=one.bucket,
                formats=tuple(sorted({file.format for file in files})),
                files=len(files),
                file_bytes=sum(file.size for file in files),
                records=sum(count.get("records", 0) for count in own),
                quarantined=sum(count.get("quarantined", 0) for count in own),
                unsampled=sum(count.get("unsampled", 0) for count in own),
                documents=sum(count.get("documents", 0) for count in own),
                text_bytes=sum(texts.get(task, 0) for task in tasks),
            )
        )
    return rows


def without_logins(text: str) -> str:
    """Text with what stands for a login in its URLs left out."""
    return _LOGIN.sub("", text)
