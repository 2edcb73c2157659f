import gzip
import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from classifiers.errors import LabelsError
from classifiers.labels import folds, read_labels


def write(path, *records):
    path.write_text("".join(json.dumps(record) + "\n" for record in records))
    return path


ONE = {"text": "a b", "edu": 3, "source": "x", "topic": "ignored"}
TWO = {"text": "c", "edu": 0, "source": "y"}


def test_labels_are_read_plain_and_compressed(tmp_path):
    plain = read_labels(write(tmp_path / "labels.jsonl", ONE, TWO, {"text": "d", "edu": 5}))
    assert plain.texts.to_pylist() == ["a b", "c", "d"] and plain.values.tolist() == [3, 0, 5]
    assert plain.sources == ("x", "y", "line 3")
    (tmp_path / "labels.jsonl.gz").write_bytes(gzip.compress((tmp_path / "labels.jsonl").read_bytes()))
    assert read_labels(tmp_path / "labels.jsonl.gz").fingerprint == plain.fingerprint


def test_the_fingerprint_is_of_texts_values_and_sources(tmp_path):
    changed = [ONE, ONE | {"text": "b"}, ONE | {"edu": 2}, ONE | {"source": "z"}, ONE | {"topic": "other"}]
    prints = [read_labels(write(tmp_path / "l.jsonl", record, TWO)).fingerprint for record in changed]
    assert len(set(prints)) == 4 and prints[0] == prints[-1]


@pytest.mark.parametrize(
    ("line", "reason"),
    [
        ("{", "Expecting property name"),
        ("[]", "not a JSON object"),
        ('{"edu": 1}', "`text` must be a text"),
        ('{"text": "  ", "edu": 1}', "`text` must be a text"),
        ('{"text": "\\ud800", "edu": 1}', "surrogates"),
        ('{"text": "a", "edu": 6}', "`edu` must be a whole number from 0 to 5"),
        ('{"text": "a", "edu": 2.5}', "`edu` must be a whole number"),
        ('{"text": "a", "edu": true}', "`edu` must be a whole number"),
        ('{"text": "a", "edu": 1, "source": 7}', "`source` must be a name"),
        ("[" * 100_000, "recursion"),
    ],
)
def test_a_line_that_is_no_label_is_named(tmp_path, line, reason):
    path = write(tmp_path / "labels.jsonl", ONE)
    path.write_text(path.read_text() + "\n" + line + "\n")
    with pytest.raises(LabelsError, match=rf"labels\.jsonl:3: .*{reason}"):
        read_labels(path)


def test_labels_that_cannot_be_read_are_named(tmp_path):
    with pytest.raises(LabelsError, match=r"absent\.jsonl: the labels can't be read"):
        read_labels(tmp_path / "absent.jsonl")
    (tmp_path / "broken.gz").write_bytes(b"no gzip")
    with pytest.raises(LabelsError, match=r"broken\.gz: the labels can't be read"):
        read_labels(tmp_path / "broken.gz")
    with pytest.raises(LabelsError, match="at least two sources"):
        read_labels(write(tmp_path / "one.jsonl", ONE, ONE))


@given(st.lists(st.sampled_from("abcdefghij"), min_size=1), st.integers(2, 5))
def test_no_source_is_in_two_folds_and_folds_are_of_about_one_size(sources, n):
    fold = folds(sources, n)
    assert all(len(set(fold[[s == source for s in sources]])) == 1 for source in sources)
    sizes = [int((fold == k).sum()) for k in range(n)]
    assert max(sizes) - min(sizes) <= max(map(sources.count, sources))
    assert folds(sources[::-1], n).tolist() == fold[::-1].tolist()
