"""Allowed phrases become allowed 13-grams."""

from pathlib import Path

import numpy as np
import pyarrow as pa
import pytest

from decontam.allowlist import AllowlistError, load_allowlist
from textkernels.ngrams import ngram_hashes
from textkernels.words import word_hashes


def grams_of(text: str) -> np.ndarray:
    return ngram_hashes(*word_hashes(pa.array([text])), 13)[0]


def test_the_samples_of_the_report_are_built_in():
    allowed = load_allowlist()
    assert (allowed.phrases, allowed.short_phrases, allowed.grams.size) == (5, 1, 4)
    for sample in (
        "A. I only B. II only C. III only D. II and III",
        "Logically equivalent B. Contradictory C. Neither logically equivalent nor contradictory, but consistent D.",
        "B, E B. A, B, E C. C, B D. C, E, D",
        "a (ii) and (iv) only b (i) and (iii) only c (i) (ii)",
    ):
        assert np.isin(grams_of(sample), allowed.grams).all()


def test_every_13gram_of_a_phrase_is_allowed(tmp_path: Path):
    words = [f"w{n}" for n in range(15)]
    (tmp_path / "own.txt").write_text(f"# a comment\n\n{' '.join(words)}\ntoo short\n")
    built_in, allowed = load_allowlist(), load_allowlist([str(tmp_path / "own.txt")])
    assert (allowed.phrases, allowed.short_phrases) == (7, 2)
    assert set(allowed.grams) - set(built_in.grams) == set(grams_of(" ".join(words)))
    assert allowed.fingerprint != built_in.fingerprint


def test_the_order_of_files_does_not_matter(tmp_path: Path):
    for name in ("a", "b"):
        (tmp_path / name).write_text(" ".join(f"{name}{n}" for n in range(13)))
    one, other = str(tmp_path / "a"), str(tmp_path / "b")
    assert load_allowlist([one, other]).fingerprint == load_allowlist([other, one, one]).fingerprint


def test_a_file_that_cannot_be_read_is_named(tmp_path: Path):
    (tmp_path / "latin.txt").write_bytes(b"caf\xe9")
    with pytest.raises(AllowlistError, match=r"latin\.txt"):
        load_allowlist([str(tmp_path / "latin.txt")])
    with pytest.raises(AllowlistError, match=r"absent\.txt"):
        load_allowlist([str(tmp_path / "absent.txt")])
