import json
import random
import subprocess
import sys
from pathlib import Path

import numpy as np
import pyarrow as pa
import pytest

from classifiers import training
from classifiers.educational import Educational, mean_by_document
from classifiers.errors import LabelsError
from classifiers.grams import grams
from classifiers.labels import Labels, read_labels
from classifiers.training import Windows, cross_mapped, fit, rate_knots, train
from classifiers.windows import EDUCATIONAL, windows

POOR = "buy now cheap click here sale login menu subscribe offer".split()
GOOD = "theorem proof therefore because energy explains definition example derive suppose".split()
PLAIN = "the of and to in is it that a on".split()


def write_labels(path: Path, n: int = 240, words: int = 60) -> Path:
    generator = random.Random(2)
    with path.open("w") as file:
        for k in range(n):
            value = k % 6
            text = generator.choices(GOOD, k=value * 3) + generator.choices(POOR, k=15 - value * 3)
            text += generator.choices(PLAIN, k=words - 15)
            generator.shuffle(text)
            file.write(json.dumps({"text": " ".join(text), "edu": value, "source": f"s{k % 17}"}) + "\n")
    return path


def features_of(texts):
    pieces, documents = windows(pa.array(texts, pa.string()), EDUCATIONAL)
    return Windows(*grams(pieces), documents)


@pytest.fixture(scope="module")
def trained(tmp_path_factory) -> Path:
    folder = tmp_path_factory.mktemp("trained")
    training.main([str(write_labels(folder / "labels.jsonl")), str(folder / "out")])
    return folder


def test_a_trained_model_ranks_what_it_has_not_seen(trained):
    texts = [" ".join(GOOD[:8] + PLAIN), " ".join(GOOD[:4] + POOR[:4] + PLAIN), " ".join(POOR + PLAIN)]
    good, middle, poor = Educational(trained / "out/educational.parquet").score(pa.array(texts)).to_pylist()
    assert good > 3.5 > middle > 1.5 > poor


def test_the_card_tells_how_good_the_model_is_beside_baselines(trained):
    evaluation = Educational(trained / "out/educational.parquet")._model.card["evaluation"]
    value, low, high = evaluation["model"]["F1 of 3 or more"]
    assert 0.9 < low <= value <= high <= 1
    assert evaluation["most frequent label"]["macro-F1"][0] < evaluation["model"]["macro-F1"][0]
    card = (trained / "out/educational.md").read_text()
    assert "| model | 0.9" in card or "| model | 1.0" in card
    assert "240 texts of 17 sources" in card and "start-middle-end-1500" in card


def test_the_same_labels_give_the_same_bytes_in_another_process(trained):
    subprocess.run(
        [sys.executable, "-m", "classifiers.training", trained / "labels.jsonl", trained / "again"],
        check=True,
        capture_output=True,
    )
    for name in ("educational.parquet", "educational.md"):
        assert (trained / "out" / name).read_bytes() == (trained / "again" / name).read_bytes()


def test_weights_minimise_the_ridge_regression():
    generator = random.Random(3)
    texts = [" ".join(generator.choices(GOOD + POOR, k=6)) for _ in range(40)]
    values = np.array([generator.randrange(6) for _ in texts])
    features = features_of(texts)
    model = fit(features, values)
    x = np.zeros((40, len(model.grams)))
    for row in range(40):
        present = np.isin(model.grams, features.hashes[features.offsets[row] : features.offsets[row + 1]])
        x[row, present] = model.idf[present] / np.linalg.norm(model.idf[present])
    centred = x - x.mean(axis=0)
    exact = np.linalg.solve(
        centred.T @ centred + training.RIDGE * np.eye(x.shape[1]), centred.T @ (values - values.mean())
    )
    np.testing.assert_allclose(model.weights, exact, atol=1e-4)
    assert model.raw(features.hashes, features.offsets) == pytest.approx(
        x @ exact + values.mean() - x.mean(axis=0) @ exact, abs=1e-4
    )


def test_grams_of_one_window_and_beyond_the_most_are_left_out(monkeypatch):
    texts = ["often seldom often", "often seldom", "often once", "often"]
    assert len(fit(features_of(texts), np.array([0, 1, 2, 3])).grams) == 3  # often, seldom, often seldom
    monkeypatch.setattr(training, "MOST_GRAMS", 1)
    model = fit(features_of(texts), np.array([0, 1, 2, 3]))
    assert model.grams.tolist() == grams(pa.array(["often"]))[0].tolist()
    assert model.idf.tolist() == pytest.approx([1 + np.log(5 / 5)])


def test_labels_without_a_common_word_are_refused(tmp_path):
    with pytest.raises(LabelsError, match="no words in common"):
        fit(features_of(["one", "two"]), np.array([0, 1]))
    (tmp_path / "labels.jsonl").write_text('{"text": "one", "edu": 1}\n{"text": "two", "edu": 2}\n')
    with pytest.raises(SystemExit) as stopped:
        training.main([str(tmp_path / "labels.jsonl"), str(tmp_path / "out")])
    assert stopped.value.code == 1 and not (tmp_path / "out").exists()


def test_as_many_values_reach_a_level_as_labels_do():
    generator = np.random.default_rng(4)
    labels = generator.integers(0, 5, 400)
    raw = labels + generator.normal(size=400)
    scores = np.interp(raw, *rate_knots(raw, labels).T)
    for level in range(1, 5):
        assert np.count_nonzero(scores >= level - 0.5) == np.count_nonzero(labels >= level)
    assert scores.min() == 0 and scores.max() == 4.5


def test_levels_of_few_labels_have_no_knot():
    labels = np.array([0] * 50 + [1] * 20 + [4] * 3)
    knots = rate_knots(np.arange(73.0), labels)
    assert knots[:, 1].tolist() == [0, 0.5, 1.5]
    assert np.all(np.diff(knots[:, 0]) > 0)


def test_scores_that_are_judged_do_not_take_their_own_labels():
    labels, fold = np.array([0, 5] * 40), np.array([0, 1] * 40)
    raw = labels + np.linspace(0, 0.1, 80)
    changed = labels.copy()
    changed[fold == 0] = 3
    before, after = cross_mapped(raw, labels, fold), cross_mapped(raw, changed, fold)
    assert np.array_equal(before[fold == 0], after[fold == 0])
    assert not np.array_equal(before[fold == 1], after[fold == 1])


def test_windows_of_chosen_documents_are_theirs():
    texts = ["a b " * 2000, "c d", "", "e " * 3000]
    chosen = np.array([True, False, True, True])
    some, expected = features_of(texts).of(chosen), features_of([texts[0], texts[2], texts[3]])
    assert np.array_equal(some.hashes, expected.hashes)
    assert np.array_equal(some.offsets, expected.offsets)
    assert np.array_equal(some.documents, expected.documents)


def test_long_texts_are_judged_by_the_mean_of_their_windows():
    assert mean_by_document(
        np.array([1.0, 2.0, np.nan, np.nan, 4.0]), np.array([0, 3, 4, 4, 5])
    ).tolist() == pytest.approx([1.5, np.nan, np.nan, 4.0], nan_ok=True)


@pytest.mark.corpus
@pytest.mark.slow
def test_the_shipped_model_is_what_the_shared_labels_give(shared_labels, tmp_path):
    train(read_labels(shared_labels)).write(tmp_path / "educational.parquet")
    shipped = Educational()._model
    again = Educational(tmp_path / "educational.parquet")._model
    assert again.card == shipped.card and np.array_equal(again.grams, shipped.grams)
    np.testing.assert_allclose(again.weights, shipped.weights, atol=1e-5)


@pytest.mark.corpus
def test_the_shipped_model_finds_again_what_it_was_taught(shared_labels):
    labels: Labels = read_labels(shared_labels)
    scores = np.array(Educational().score(labels.texts).to_pylist())
    assert scores[labels.values >= 3].mean() > 2.5 > 1.5 > scores[labels.values <= 1].mean()
