"""Personal data and secrets of documents, and what the configuration makes of them."""

from dataclasses import dataclass

import numpy as np
import pyarrow as pa

from schemas.privacy import Privacy
from schemas.signals import SPANS
from textkernels.columns import text_buffers
from textkernels.personal_data import KINDS, personal_data

FINDER = "personal-data-1"
"""What a fingerprint of spans holds: another number, other finds."""


@dataclass(frozen=True)
class Spans:
    """Finds in a batch of documents, ascending, no two of a document overlapping.

    rows: int64[m], the document's ordinal in the batch.
    starts, ends: int64[m], half-open, bytes of that document's UTF-8 text.
    kinds: dictionary of strings, m values of `textkernels.personal_data.KINDS`.
    """

    rows: np.ndarray
    starts: np.ndarray
    ends: np.ndarray
    kinds: pa.DictionaryArray

    def __len__(self) -> int:
        return self.rows.size


def find_spans(text: pa.Array | pa.ChunkedArray) -> Spans:
    """Find personal data and secrets of every kind.

    Args:
        text: string, large_string, binary or large_binary; a null has none.

    Raises:
        TypeError: the column is of another type.
    """
    rows, starts, ends, kinds = personal_data(text)
    named = pa.DictionaryArray.from_arrays(pa.array(kinds.astype(np.int8)), pa.array(KINDS))
    return Spans(rows, starts, ends, named)


def span_rows(
    text: pa.Array | pa.ChunkedArray, docs: pa.Array, ids: pa.Array, spans: Spans, privacy: Privacy
) -> pa.Table:
    """The rows of the table `spans`: what is masked by what, and what is cut.

    A kind's replacements are taken in turn within a document, as FineWeb takes them. What already
    is one of them stays and has no row, so that masking masked text changes nothing.

    Args:
        text: of n documents, in which the spans were found.
        docs, ids: n values, their numbers and ids.

    Returns:
        A table of `schemas.signals.SPANS`.
    """
    data, offsets = text_buffers(text)
    treated = privacy.treated()
    kinds = spans.kinds.indices.to_numpy()
    wanted = np.isin(kinds, [KINDS.index(kind) for kind in treated])
    taken, actions, replacements = [], [], []
    row_before, turns = -1, dict.fromkeys(treated, 0)
    for k in np.flatnonzero(wanted).tolist():
        row = spans.rows[k]
        if row != row_before:
            row_before, turns = row, dict.fromkeys(treated, 0)
        kind = KINDS[kinds[k]]
        action, choices = treated[kind]
        found = data[offsets[row] + spans.starts[k] : offsets[row] + spans.ends[k]].tobytes()
        if found.decode(errors="replace") in choices:
            continue
        taken.append(k)
        actions.append(action)
        replacements.append(choices[turns[kind] % len(choices)] if choices else None)
        turns[kind] += 1
    taken = np.array(taken, np.int64)
    rows = pa.array(spans.rows[taken])
    return pa.table(
        {
            "doc": docs.take(rows),
            "id": ids.take(rows),
            "start": spans.starts[taken],
            "end": spans.ends[taken],
            "kind": spans.kinds.take(pa.array(taken)).cast(pa.string()),
            "action": pa.array(actions, pa.string()),
            "replacement": pa.array(replacements, pa.string()),
        },
        schema=SPANS,
    )


def unstable_replacements(privacy: Privacy) -> list[tuple[str, str]]:
    """Kind and replacement where personal data is found in a replacement, but is not all of it.

    Such text would change again whenever it is masked again; a run should refuse them.
    """
    choices = [(kind, choice) for kind, (_, own) in privacy.treated().items() for choice in own]
    found = find_spans(pa.array([choice for _, choice in choices], pa.string()))
    partly = set()
    for row, start, end, kind in zip(
        found.rows.tolist(), found.starts.tolist(), found.ends.tolist(), found.kinds.to_pylist(), strict=True
    ):
        own, choice = choices[row]
        if kind != own or (start, end) != (0, len(choice.encode())):
            partly.add(row)
    return [choices[row] for row in sorted(partly)]
