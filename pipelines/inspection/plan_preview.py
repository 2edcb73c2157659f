"""What a run would read and make, guessed from 200 records of each input. Writes nothing."""

import difflib
import json
import re
from collections import Counter
from collections.abc import Iterator
from contextlib import suppress
from itertools import chain, islice

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from pydantic import BaseModel

from pipelines.inspection.excerpts import readable
from pipelines.readers.archive_bytes import Window, archive_chunks
from pipelines.readers.archive_records import ArchiveRecord, archive_records
from pipelines.readers.files import open_input
from pipelines.readers.jsonl import piece_lines
from pipelines.readers.parquet import UnreadableFooter, read_footer
from pipelines.readers.parquet_columns import named_columns, wanted_columns
from pipelines.readers.piece import read_piece
from pipelines.readers.streams import BrokenStream, gzip_chunks, zstd_chunks
from pipelines.storage.plan import find_inputs
from pipelines.tokens import Tokenizer, load_tokenizer
from schemas.config import Config, Input
from schemas.plan import DOCUMENT_FORMATS, TABLE_FORMATS, WHY_PASSED_OVER, InputFile, PassedOver, Piece

SAMPLED = 200
MB_PER_CORE_SECOND = 15.0
"""Text that one core takes through all stages: reading 60, dedup 75, decontamination 90, tokens 140 and
shards 60 MB/s, one after the other."""
COMPRESSED = 0.4
"""Bytes of a part for a byte of its text."""
BYTES_PER_DOCUMENT = 600
"""Signals of a document and its keys for dedup (8 + 8 bytes for each of 20 bands and its content)."""
BYTES_PER_TRAINING_TOKEN = 2.5

_LONGEST_LINE = 10_000_000
_LONGEST_RECORD = 10_000_000
_LOOKED_AT = 4_000_000
_ONE_BUCKET = re.compile(r"\s*bucket\s*=\s*'(\w+)'\s*")


class InputPreview(BaseModel):
    """One input: its files, the columns of its first records, and what it holds, about.

    formats: number of files by format; passed_over: files that are not read, by reason. columns: of JSONL and
    Parquet. missing: columns that are looked for, by name or by default, and are not there; problems: what is
    wrong with those that the input names. bad: those of the `sampled` records that would go to quarantine, by
    reason; not_documents: records of web archives seen among them that are no pages, by reason.
    """

    path: str
    bucket: str
    files: int
    formats: dict[str, int]
    passed_over: list[PassedOver]
    bytes: int
    columns: list[str]
    missing: list[str]
    problems: list[str]
    sampled: int
    bad: dict[str, int]
    not_documents: dict[str, int]
    rows: int
    text_bytes: int
    tokens: int


class ComponentPreview(BaseModel):
    """One component: tokens it is to give, and the unique ones there are before anything is dropped.

    unique_tokens is None where the condition is on more than the bucket; epochs = tokens / unique_tokens.
    """

    component: str
    tokens: int
    unique_tokens: int | None
    epochs: float | None
    max_epochs: float


class PlanPreview(BaseModel):
    """Guesses of a whole run. `binds` is the component whose cap on epochs is passed by most, None where
    all can be filled; `hours` are of one core."""

    inputs: list[InputPreview]
    sample: float
    rows: int
    text_bytes: int
    tokens: int
    disk_bytes: int
    hours: float
    components: list[ComponentPreview]
    binds: str | None

    def as_json(self) -> str:
        return self.model_dump_json()

    def as_text(self) -> str:
        lines = list(chain.from_iterable(_input_lines(one) for one in self.inputs))
        share = "" if self.sample == 1 else f" (a sample of {self.sample:g})"
        lines += [
            f"in all{share}: {self.rows:,} records, {_size(self.text_bytes)} of text, {self.tokens:,} tokens",
            f"disk: {_size(self.disk_bytes)}; time: {self.hours:.3g} hours of one core",
        ]
        lines += [_component_line(component) for component in self.components]
        if self.binds is not None:
            lines.append(f"binds: {self.binds} would pass its cap on epochs")
        elif self.components:
            lines.append("binds: no component, before anything is dropped")
        lines.append(f"Guesses from up to {SAMPLED} records of each input; nothing was written.")
        return "\n".join(lines)


def preview(config: Config) -> PlanPreview:
    """Look at the inputs and say what a run would find, take and need.

    Raises UsageError where the inputs or the tokenizer can't be used, RunError where a file can't be read.
    """
    files, passed_over = find_inputs(config)
    tokenizer = load_tokenizer(config.tokenizer, config.end_of_document)
    inputs = [
        _look(
            one,
            [file for file in files if file.input == number],
            [other for other in passed_over if other.input == number],
            tokenizer,
            config.limits.document_bytes,
        )
        for number, one in enumerate(config.inputs)
    ]
    rows, text_bytes, tokens = (
        round(config.sample * sum(getattr(one, name) for one in inputs))
        for name in ("rows", "text_bytes", "tokens")
    )
    components = _components(config, inputs)
    tight = [one for one in components if one.epochs is not None and one.epochs > one.max_epochs]
    training = 0 if config.mixture is None else config.mixture.tokens
    return PlanPreview(
        inputs=inputs,
        sample=config.sample,
        rows=rows,
        text_bytes=text_bytes,
        tokens=tokens,
        disk_bytes=round(
            COMPRESSED * text_bytes + BYTES_PER_DOCUMENT * rows + BYTES_PER_TRAINING_TOKEN * training
        ),
        hours=round(text_bytes / 1e6 / MB_PER_CORE_SECOND / 3600, 4),
        components=components,
        binds=max(tight, key=lambda one: one.epochs / one.max_epochs).component if tight else None,
    )


def _look(
    columns: Input,
    files: list[InputFile],
    passed_over: list[PassedOver],
    tokenizer: Tokenizer,
    document_bytes: int,
) -> InputPreview:
    tables = [file for file in files if file.format in TABLE_FORMATS]
    names, rows = _columns_and_rows(tables)
    # A column that is not there makes every record bad, which says less than that it is not there.
    readable_files = (
        files if columns.text in names else [file for file in files if file.format not in TABLE_FORMATS]
    )
    texts, bad, not_documents = _sample(columns, readable_files, document_bytes)
    rows += sum(file.format in DOCUMENT_FORMATS for file in files)
    rows += _archive_rows([file for file in files if file.format in ("warc", "warc.gz")])
    sampled = sum(len(text) for text in texts) + bad.total()
    each = rows / sampled if sampled else 0.0
    return InputPreview(
        path=columns.path,
        bucket=columns.bucket,
        files=len(files),
        formats=dict(sorted(Counter(file.format for file in files).items())),
        passed_over=passed_over,
        bytes=sum(file.size for file in files),
        columns=names,
        missing=[name for name in wanted_columns(columns) if name not in names] if tables else [],
        problems=_problems(columns, names) if tables else [],
        sampled=sampled,
        bad=dict(bad),
        not_documents=dict(not_documents),
        rows=round(rows),
        text_bytes=round(each * sum(pc.sum(pc.binary_length(text)).as_py() for text in texts if len(text))),
        tokens=round(each * sum(int(tokenizer.count(text).sum()) for text in texts)),
    )


def _problems(columns: Input, names: list[str]) -> list[str]:
    """What is wrong with the columns that an input names, and with the one of the text."""
    looked_for = {"text": columns.text, **named_columns(columns)}
    lines = []
    for key, name in looked_for.items():
        if name in names:
            continue
        near = difflib.get_close_matches(name, names, n=1, cutoff=0.5)
        hint = f"; did you mean `{near[0]}`?" if near else ""
        lines.append(f"none of the first records has `{name}`, which `{key}` names{hint}")
    return lines


def _archive_rows(files: list[InputFile]) -> float:
    """Records of documents in web archives, about: as many a byte as the first SAMPLED records of a file."""
    rows, looked_at = 0, 0
    for file in files:
        with open_input(file.path) as stream:
            window = Window(archive_chunks(stream, is_packed=file.format == "warc.gz"))
            for record in archive_records(window, _LONGEST_RECORD):
                if isinstance(record, ArchiveRecord):
                    rows += record.header.get("warc-type") in ("response", "resource", "conversion")
                if rows == SAMPLED:
                    member = window.member()
                    looked_at += window.position if member is None else member[0] or stream.tell()
                    return rows / max(looked_at, 1) * sum(file.size for file in files)
        looked_at += file.size
    return rows


def _columns_and_rows(files: list[InputFile]) -> tuple[list[str], float]:
    """Names of the columns of the first records, and the number of records: of Parquet as its footers
    say, of JSONL by the length of the first lines."""
    names: dict[str, None] = {}
    rows = 0.0
    packed_times: dict[str, float] = {}
    unpacked = 0.0
    for file in files:
        if file.format == "parquet":
            try:
                metadata, schema = read_footer(file.path)
            except UnreadableFooter:
                continue
            names.update(dict.fromkeys(schema.names))
            rows += metadata.num_rows
        else:
            if file.format not in packed_times:
                packed_times[file.format] = _unpacked_share(file)
            unpacked += packed_times[file.format] * file.size
    lines = list(islice(_first_lines([file for file in files if file.format != "parquet"]), SAMPLED))
    for line in lines:
        try:
            record = json.loads(line)
        except (ValueError, RecursionError):
            continue
        names.update(dict.fromkeys(record if isinstance(record, dict) else ()))
    if len(lines) < SAMPLED:
        return list(names), rows + len(lines)
    return list(names), rows + unpacked / (sum(map(len, lines)) / len(lines) + 1)


def _first_lines(files: list[InputFile]) -> Iterator[bytes]:
    for file in files:
        for _, line in piece_lines(file, Piece(file=0, start=0, end=file.size), _LONGEST_LINE):
            yield line.data


def _unpacked_share(file: InputFile) -> float:
    """Bytes that a byte of the file unpacks to, by its first megabytes."""
    if file.format == "jsonl":
        return 1.0
    unpacked = 0
    with open_input(file.path) as stream:
        chunks = gzip_chunks(stream) if file.format == "jsonl.gz" else zstd_chunks(stream)
        with suppress(BrokenStream):
            for chunk in chunks:
                unpacked += len(chunk)
                if unpacked >= _LOOKED_AT:
                    break
        return unpacked / max(stream.tell(), 1)


def _sample(
    columns: Input, files: list[InputFile], document_bytes: int
) -> tuple[list[pa.Array], Counter[str], Counter[str]]:
    """Texts of the first SAMPLED records, the reasons of the bad ones among them, and of those between them that
    are no documents."""
    texts: list[pa.Array] = []
    bad: Counter[str] = Counter()
    not_documents: Counter[str] = Counter()
    left = SAMPLED
    for file in files:
        end = file.size if file.format == "jsonl" else 0
        for records in read_piece(file, Piece(file=0, start=0, end=end), columns, document_bytes):
            not_documents.update(records.not_documents)
            if not records.count:
                continue
            last = np.sort([*records.rows, *(one.row for one in records.bad)])[:left][-1]
            texts.append(records.usable.column("text").filter(pa.array(records.rows <= last)))
            bad.update(one.reason for one in records.bad if one.row <= last)
            left -= min(left, records.count)
            if left == 0:
                return texts, bad, not_documents
    return texts, bad, not_documents


def _components(config: Config, inputs: list[InputPreview]) -> list[ComponentPreview]:
    if config.mixture is None:
        return []
    found = []
    for name, component in config.mixture.resolved().items():
        tokens = round(component.share * config.mixture.tokens)
        bucket = _ONE_BUCKET.fullmatch(component.where or "")
        unique = None
        if bucket is not None:
            unique = round(config.sample * sum(one.tokens for one in inputs if one.bucket == bucket[1]))
        found.append(
            ComponentPreview(
                component=name,
                tokens=tokens,
                unique_tokens=unique,
                epochs=None if unique is None else tokens / max(unique, 1),
                max_epochs=component.max_epochs or config.mixture.max_epochs,
            )
        )
    return found


def _size(count: float) -> str:
    for unit in ("bytes", "KB", "MB", "GB"):
        if count < 1000:
            return f"{count:.0f} {unit}" if unit == "bytes" else f"{count:.1f} {unit}"
        count /= 1000
    return f"{count:.1f} TB"


def _input_lines(one: InputPreview) -> list[str]:
    formats = ", ".join(f"{count:,} {name}" for name, count in one.formats.items())
    lines = [
        f"{one.path} ({one.bucket}): {one.files:,} file{'s' * (one.files > 1)} ({formats}), {_size(one.bytes)}; "
        f"{one.rows:,} records, {_size(one.text_bytes)} of text, {one.tokens:,} tokens"
    ]
    if any(name in TABLE_FORMATS for name in one.formats):
        lines.append(
            f"  columns: {', '.join(one.columns) or 'none'}; missing: {', '.join(one.missing) or 'none'}"
        )
    lines += [f"  WRONG: {problem}" for problem in one.problems]
    if one.bad:
        reasons = ", ".join(f"{count} {reason}" for reason, count in sorted(one.bad.items()))
        lines.append(f"  bad: {reasons} of {one.sampled} records")
    if one.not_documents:
        reasons = ", ".join(f"{count} {reason}" for reason, count in sorted(one.not_documents.items()))
        lines.append(f"  not documents: {reasons}")
    for other in one.passed_over:
        names = ", ".join(readable(name, 100).replace("\n", "\\n") for name in other.paths)
        more = ", ..." if other.count > len(other.paths) else ""
        lines.append(f"  passed over: {other.count:,} {WHY_PASSED_OVER[other.why]} ({names}{more})")
    return lines


def _component_line(one: ComponentPreview) -> str:
    if one.unique_tokens is None:
        return f"{one.component}: {one.tokens:,} tokens; its condition can't be guessed at"
    return (
        f"{one.component}: {one.tokens:,} tokens of {one.unique_tokens:,} unique, {one.epochs:.2f} epochs "
        f"of at most {one.max_epochs:g}"
    )
