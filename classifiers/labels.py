"""Labels of educational value to train on, and their cut into folds."""

import gzip
import hashlib
import json
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pyarrow as pa

from classifiers.errors import LabelsError

LEVELS = 6


@dataclass(frozen=True)
class Labels:
    """n labelled texts.

    texts: large_string[n]. values: int64[n], 0 to 5. sources: n names; texts of one source are kept together when
    a model is judged. fingerprint: SHA-256 over all of it.
    """

    texts: pa.LargeStringArray
    values: np.ndarray
    sources: tuple[str, ...]
    fingerprint: str


def read_labels(path: Path) -> Labels:
    """Read a file of JSON lines, plain or .gz: `text`, `edu` (0 to 5) and, if known, `source`.

    A text without a source is one of its own. Other keys are ignored.

    Raises:
        LabelsError: the file can't be read, a line is not such a record, or two sources are not to be had.
    """
    try:
        content = path.read_bytes()
        lines = (gzip.decompress(content) if path.suffix == ".gz" else content).splitlines()
    except (OSError, EOFError, gzip.zlib.error) as error:
        raise LabelsError(f"{path}: the labels can't be read: {error}") from error
    texts, values, sources = [], [], []
    digest = hashlib.sha256()
    for number, line in enumerate(lines, 1):
        if not line.strip():
            continue
        try:
            text, value, source = _record(json.loads(line), number)
        except (ValueError, TypeError, RecursionError) as error:
            raise LabelsError(f"{path}:{number}: {error}") from error
        texts.append(text)
        values.append(value)
        sources.append(source)
        digest.update(json.dumps([text, value, source]).encode())
    if len(set(sources)) < 2:
        raise LabelsError(
            f"{path}: labels of at least two sources are needed, for a model is judged on unseen ones"
        )
    return Labels(
        pa.array(texts, pa.large_string()), np.array(values, np.int64), tuple(sources), digest.hexdigest()
    )


def _record(record: object, number: int) -> tuple[str, int, str]:
    if not isinstance(record, dict):
        raise ValueError("not a JSON object")
    text, value, source = record.get("text"), record.get("edu"), record.get("source")
    if not isinstance(text, str) or not text.strip():
        raise ValueError("`text` must be a text that is not empty")
    text.encode()  # no lone surrogates
    if isinstance(value, bool) or not isinstance(value, int) or not 0 <= value < LEVELS:
        raise ValueError("`edu` must be a whole number from 0 to 5")
    if source is not None and not isinstance(source, str):
        raise ValueError("`source` must be a name")
    return text, value, source if source is not None else f"line {number}"


def folds(sources: Sequence[str], n: int) -> np.ndarray:
    """Cut into n folds of about one size so that no source is in two, int64[len(sources)].

    The largest source goes first, each to the smallest fold; of equal ones the alphabet's first.
    """
    fold_of: dict[str, int] = {}
    sizes = [0] * n
    for source, size in sorted(Counter(sources).items(), key=lambda pair: (-pair[1], pair[0])):
        fold_of[source] = sizes.index(min(sizes))
        sizes[fold_of[source]] += size
    return np.array([fold_of[source] for source in sources], np.int64)
