import math

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import given
from hypothesis import strategies as st

from classifiers.errors import ModelError
from classifiers.linear_model import LinearModel

GRAMS = [3, 7, 8, 16, 2**32 - 1]
IDF = [1.5, 2.0, 1.0, 3.0, 2.5]
WEIGHTS = [0.5, -1.0, 2.0, 0.25, 1.0]


def model(card=None) -> LinearModel:
    return LinearModel(
        np.array(GRAMS, np.uint32),
        np.array(IDF, np.float32),
        np.array(WEIGHTS, np.float32),
        1.25,
        np.array([[0.0, 0.0], [1.0, 2.5], [2.0, 5.0]]),
        card or {"windows": "w", "grams": "g"},
    )


def oracle(piece):
    known = [GRAMS.index(gram) for gram in set(piece) & set(GRAMS)]
    if not known:
        return math.nan
    norm = math.sqrt(sum(IDF[k] ** 2 for k in known))
    return 1.25 + sum(WEIGHTS[k] * IDF[k] for k in known) / norm


def columns(pieces):
    hashes = np.array([gram for piece in pieces for gram in piece], np.uint32)
    return hashes, np.cumsum([0, *map(len, pieces)])


@given(st.lists(st.lists(st.sampled_from(GRAMS) | st.integers(0, 2**32 - 1), max_size=12), max_size=6))
def test_raw_values_are_those_of_the_formula(pieces):
    assert model().raw(*columns(pieces)) == pytest.approx([oracle(piece) for piece in pieces], nan_ok=True)


def test_scores_follow_the_knots_and_end_with_them():
    pieces = [[7], [3], [8], [1], [8, 16]]
    raw = model().raw(*columns(pieces))
    assert raw[:4] == pytest.approx([0.25, 1.75, 3.25, math.nan], nan_ok=True)
    assert model().scores(*columns(pieces))[:4] == pytest.approx([0.625, 4.375, 5.0, math.nan], nan_ok=True)


def test_a_model_is_read_as_it_was_written_and_written_the_same(tmp_path):
    model({"windows": "w", "grams": "g", "note": {"a": 1}}).write(tmp_path / "one.parquet")
    found = LinearModel.read(tmp_path / "one.parquet", "w", "g")
    found.write(tmp_path / "other.parquet")
    assert (tmp_path / "one.parquet").read_bytes() == (tmp_path / "other.parquet").read_bytes()
    assert found.grams.tolist() == GRAMS and found.weights.tolist() == WEIGHTS and found.idf.tolist() == IDF
    assert found.card == {"windows": "w", "grams": "g", "note": {"a": 1}} and found.intercept == 1.25
    assert found.knots.tolist() == model().knots.tolist()


def test_a_model_of_other_rules_is_refused(tmp_path):
    model().write(tmp_path / "old.parquet")
    with pytest.raises(
        ModelError, match=r"old\.parquet: trained on w and g, but this version reads w2 and g"
    ):
        LinearModel.read(tmp_path / "old.parquet", "w2", "g")


def test_what_is_no_model_is_refused(tmp_path):
    with pytest.raises(ModelError, match=r"absent\.parquet: the model can't be read: No such file"):
        LinearModel.read(tmp_path / "absent.parquet", "w", "g")
    (tmp_path / "text.parquet").write_text("no Parquet")
    with pytest.raises(ModelError, match=r"text\.parquet: not a model"):
        LinearModel.read(tmp_path / "text.parquet", "w", "g")
    pq.write_table(pa.table({"gram": [1]}), tmp_path / "table.parquet")
    with pytest.raises(ModelError, match=r"table\.parquet: not a model"):
        LinearModel.read(tmp_path / "table.parquet", "w", "g")
    model().write(tmp_path / "cut.parquet")
    content = (tmp_path / "cut.parquet").read_bytes()
    (tmp_path / "cut.parquet").write_bytes(content[: len(content) // 2])
    with pytest.raises(ModelError, match=r"cut\.parquet: not a model"):
        LinearModel.read(tmp_path / "cut.parquet", "w", "g")
