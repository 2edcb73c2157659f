"""13-grams that are no evidence of contamination: phrases common to tests and ordinary text alike."""

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from importlib import resources

import fsspec
import numpy as np
import pyarrow as pa

from textkernels.ngrams import ngram_hashes
from textkernels.words import NORMALISER, word_hashes

BUILT_IN = "allowlist.txt"
_GRAM = 13


class AllowlistError(ValueError):
    """A file of allowed phrases can't be read."""


@dataclass(frozen=True)
class Allowlist:
    """Allowed 13-grams.

    grams: uint64[n], sorted distinct hashes.
    phrases: phrases read; short_phrases: those of them under 13 words, which allow nothing.
    fingerprint: SHA-256 over the normaliser's version and the grams.
    """

    grams: np.ndarray
    phrases: int
    short_phrases: int
    fingerprint: str


def load_allowlist(paths: Sequence[str] = ()) -> Allowlist:
    """The phrases that Syllabus carries, and those of these text files (paths or fsspec URLs).

    A file holds a phrase a line, in UTF-8; empty lines and lines that begin with # are skipped.

    Raises:
        AllowlistError: a file is absent or not UTF-8; the message names it.
    """
    phrases = _phrases(resources.files("decontam").joinpath(BUILT_IN).read_bytes())
    for path in paths:
        try:
            with fsspec.open(path, "rb") as file:
                phrases += _phrases(file.read())
        except (OSError, ValueError, ImportError) as error:
            raise AllowlistError(f"{path}: allowed phrases can't be read: {error}") from error
    hashes, offsets = word_hashes(pa.array(phrases, pa.large_string()))
    grams, gram_offsets = ngram_hashes(hashes, offsets, _GRAM)
    grams = np.unique(grams)
    digest = hashlib.sha256(NORMALISER.encode() + b"\n" + grams.astype("<u8").tobytes())
    short = np.count_nonzero(np.diff(gram_offsets) == 0)
    return Allowlist(grams, len(phrases), int(short), digest.hexdigest())


def _phrases(raw: bytes) -> list[str]:
    lines = (line.strip() for line in raw.decode("utf-8-sig").splitlines())
    return [line for line in lines if line and not line.startswith("#")]
