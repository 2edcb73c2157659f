"""What became of a document, as data, as JSON and as text for a terminal."""

from dataclasses import asdict, dataclass, field
from typing import Any

from pipelines.selection import NEAR_DUPLICATE

from .excerpts import Change, readable
from .generation import Generation
from .plain_json import json_line

_SHOWN_LINES = 20


@dataclass(frozen=True)
class Origin:
    """Where a record was read: the `record`-th (from 1) of [start, end) of a file, which are bytes of plain
    JSONL and row groups of Parquet, and 0 to 0 for a whole file."""

    file: str
    format: str
    start: int
    end: int
    record: int
    split: int
    row: int

    def as_text(self) -> str:
        if not self.end:
            place = "the file"
        elif self.format == "parquet":
            place = f"row groups {self.start} to {self.end - 1}"
        else:
            place = f"bytes {self.start:,} to {self.end - 1:,}"
        return f"{readable(self.file, 500)}, record {self.record:,} of {place}"


@dataclass(frozen=True)
class DocumentStory:
    """One document from its raw file to the shards; `origin` of a generated one is its seed's. `failing` holds every rule that drops it, in order, with the signals that the rule is about;
    `changes` are the first ones from the kept document to a near-duplicate; `pieces` every stretch of its tokens in the shards."""

    doc: int
    id: str
    origin: Origin | None
    generation: Generation | None
    signals: dict[str, Any]
    changes: list[Change]
    hits: list[dict[str, Any]]
    spans: list[dict[str, Any]]
    keep: bool
    drop_reason: str | None
    failing: dict[str, dict[str, Any]]
    component: str | None
    epochs: int
    pieces: list[dict[str, Any]]
    text: str

    def as_text(self) -> str:
        rows = [
            ("from", self._from())
            if self.generation is None
            else ("written", self.generation.as_text(self._from())),
            ("document", self._document()),
            ("facts", self._facts()),
            ("duplicates", self._duplicates()),
            ("benchmarks", self._contamination()),
            ("spans", self._spans()),
            ("selection", self._selection()),
            ("shards", self._shards()),
            ("text", self.text),
        ]
        lines = [f"doc {self.doc}, id {readable(self.id, 200)}"]
        for label, content in rows:
            first, *rest = content.split("\n")
            lines.append(f"  {label:<11}{first}")
            lines += [f"             {line}" for line in rest]
        return "\n".join(lines)

    def _from(self) -> str:
        return "not known: its ingest receipt is gone" if self.origin is None else self.origin.as_text()

    def _document(self) -> str:
        named = ("source", "bucket", "language", "kind", "url", "created")
        shown = [f"{name} {self.signals[name]}" for name in named if self.signals[name] is not None]
        metadata = [f"{name}={value}" for name, value in self.signals["metadata"].items()]
        return readable(", ".join(shown + metadata), 1_000)

    def _facts(self) -> str:
        if self.signals["n_tokens"] is None:
            return "not made yet"
        counts = [f"{self.signals[f'n_{unit}']:,} {unit}" for unit in ("tokens", "words", "bytes")]
        named = ("detected_language", "language_score", "edu_score", "licence", "blocked_by")
        found = [f"{name} {self.signals[name]}" for name in named if self.signals[name] is not None]
        return readable(", ".join(counts + found), 1_000)

    def _duplicates(self) -> str:
        if self.signals["is_duplicate"] is None:
            return "not looked for yet"
        if self.signals["cluster"] is None:
            return "none near it"
        if not self.signals["is_duplicate"]:
            return f"kept in cluster {self.signals['cluster']}"
        near = f"{readable(str(self.signals['kept_id']), 200)} (doc {self.signals['kept_doc']})"
        said = f"near-duplicate of {near}, similarity {self.signals['similarity']:.3f}"
        if NEAR_DUPLICATE not in self.failing:
            said += "; it stands in the place of that one, which another rule drops"
        return "\n".join([said, *(change.as_text() for change in self.changes)])

    def _contamination(self) -> str:
        verdict = self.signals["verdict"]
        if verdict is None:
            return "not checked yet"
        lines = [verdict]
        if self.signals["rule"] is not None:
            item = readable(f"{self.signals['benchmark']}/{self.signals['item_id']}", 200)
            lines = [f"{verdict} by {self.signals['rule']}: {item}, ratio {self.signals['ratio']:.3f}"]
        for hit in self.hits:
            segment = readable(hit["segment"], 300)
            items = readable(", ".join(hit["items"]), 500)
            lines.append(f"{hit['rule']} at bytes {hit['start']} to {hit['end']}: “{segment}” of {items}")
        return _first_lines(lines)

    def _spans(self) -> str:
        """What training does not see as it is written."""
        lines = []
        for span in self.spans:
            shown = "" if span["replacement"] is None else f" by “{readable(span['replacement'], 100)}”"
            lines.append(f"{span['kind']} at bytes {span['start']} to {span['end']}: {span['action']}{shown}")
        return _first_lines(lines) if lines else "none"

    def _selection(self) -> str:
        if self.keep:
            return "kept" if self.component is None else f"kept for {readable(self.component, 200)}"
        others = [self._rule(name) for name in self.failing if name != self.drop_reason]
        lines = [f"dropped for {self._rule(str(self.drop_reason))}"]
        return _first_lines(lines + [f"and would be for {rule}" for rule in others])

    def _rule(self, name: str) -> str:
        """A rule by its name, with what the document has of the signals that it is about."""
        signals = ", ".join(f"{column} {value}" for column, value in self.failing.get(name, {}).items())
        return readable(f"{name}: {signals}" if signals else name, 500)

    def _shards(self) -> str:
        if not self.pieces:
            return "in none"
        lines = [f"{self.epochs} cop{'y' if self.epochs == 1 else 'ies'}"]
        for piece in self.pieces:
            lines.append(
                f"epoch {piece['epoch']}: {piece['file']}, sequence {piece['sequence']}, "
                f"offset {piece['offset']}: its tokens {piece['first']} to {piece['last']}"
            )
        return _first_lines(lines)


@dataclass(frozen=True)
class Explanation:
    """All documents that an id or doc number names, or the quarantined records."""

    documents: list[DocumentStory] = field(default_factory=list)
    quarantined: list[dict[str, Any]] = field(default_factory=list)

    def as_json(self) -> str:
        """JSON, one object a line."""
        found = [asdict(story) for story in self.documents] + self.quarantined
        return "\n".join(json_line(entry) for entry in found)

    def as_text(self) -> str:
        stories = [story.as_text() for story in self.documents]
        for record in self.quarantined:
            place = f"{record['file']}, {record['place']}"
            stories.append(
                f"quarantined record {readable(place, 500)}\n  reason     {record['reason']}: "
                f"{readable(record['detail'], 500)}\n  starts     {readable(record['excerpt'], 500)}"
            )
        if len(self.documents) > 1:
            shared = len({story.id for story in self.documents}) == 1
            said = "documents have this id" if shared else "documents, in order"
            stories.insert(0, f"{len(self.documents)} {said}")
        return "\n\n".join(stories)


def _first_lines(lines: list[str]) -> str:
    further = len(lines) - _SHOWN_LINES
    return "\n".join(
        lines[:_SHOWN_LINES] + ([f"and {further:,} more; --json prints all"] if further > 0 else [])
    )
