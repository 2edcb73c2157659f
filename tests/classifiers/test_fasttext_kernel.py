"""The library is the oracle: models of every kind that training makes, over plain and hostile lines."""

import random
import re
from pathlib import Path

import fasttext
import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from classifiers.fasttext_kernel import FastTextModel
from classifiers.language import LID_176

WORDS = "alpha beta gamma delta épsilon ζήτα 数学 naïve x 1905 the of and ()".split()
KINDS = {
    "words": {},
    "word n-grams": {"wordNgrams": 3, "bucket": 5000},
    "character n-grams": {"minn": 1, "maxn": 4, "bucket": 5000},
    "all n-grams": {"wordNgrams": 2, "minn": 2, "maxn": 3, "bucket": 5000},
    "hierarchical softmax": {"loss": "hs", "minn": 3, "maxn": 3, "bucket": 1000},
    "words met often": {"minCount": 100, "wordNgrams": 2, "bucket": 5000},
    "quantised": {"wordNgrams": 2, "minn": 2, "maxn": 3, "bucket": 5000, "quantise": {}},
    "quantised with norms": {"wordNgrams": 2, "bucket": 5000, "quantise": {"qnorm": True}},
    "pruned": {"wordNgrams": 2, "minn": 2, "maxn": 4, "bucket": 5000, "quantise": {"cutoff": 600}},
    "pruned tree": {"loss": "hs", "wordNgrams": 2, "bucket": 5000, "quantise": {"cutoff": 500}},
    "quantised outputs": {"labels": 300, "quantise": {"qout": True}},
    "odd parts": {"dim": 7, "quantise": {"dsub": 3}},
}  # fmt: skip


def write_training_text(path: Path, labels: int) -> None:
    generator = random.Random(1)
    lines = []
    for k in range(600):
        words = generator.choices(WORDS[k % 5 : k % 5 + 8], k=12)
        words += [f"{word}{generator.randrange(90)}" for word in words[:4]]
        lines.append(f"__label__{k % labels} {' '.join(words)}\n" * (1 + k % 3))
    path.write_text("".join(lines), encoding="utf-8")


@pytest.fixture(scope="module", params=[*KINDS, "lid.176"])
def pair(request, tmp_path_factory):
    """A model as the library has it and as the kernel has it."""
    if request.param == "lid.176":
        return fasttext.load_model(str(LID_176)), FastTextModel.load(LID_176)
    folder = tmp_path_factory.mktemp("model")
    settings = {"dim": 8, "epoch": 3, "lr": 0.5, "thread": 1, "seed": 1, "verbose": 0} | KINDS[request.param]
    quantise = settings.pop("quantise", None)
    write_training_text(folder / "train.txt", settings.pop("labels", 5))
    model = fasttext.train_supervised(str(folder / "train.txt"), **settings)
    if quantise is not None:
        model.quantize(**quantise)
    model.save_model(str(folder / "model"))
    return fasttext.load_model(str(folder / "model")), FastTextModel.load(folder / "model")


def of_library(model, kernel: FastTextModel, line: str) -> np.ndarray:
    labels, shares = model.predict(line, k=len(kernel.labels), threshold=-1.0)
    found = np.zeros(len(kernel.labels))
    for label, share in zip(labels, shares, strict=True):
        found[kernel.labels.index(label.removeprefix("__label__"))] = share
    return found


def of_kernel(kernel: FastTextModel, lines: list[str]) -> np.ndarray:
    return kernel.probabilities(pa.array(lines, pa.string()), np.arange(len(lines) + 1))


def hostile(text: str) -> str:
    return re.sub("[\n\x00]|</s>", " ", text)


LINES = st.lists(
    st.text(max_size=50).map(hostile)
    | st.lists(st.sampled_from([*WORDS, "alpha7", "__label__1", "__label__", "s>", "<", "  "])).map(" ".join),
    min_size=1,
    max_size=6,
)


@settings(max_examples=60)
@given(lines=LINES)
def test_probabilities_are_those_of_the_library(pair, lines):
    model, kernel = pair
    expected = [of_library(model, kernel, line) for line in lines]
    np.testing.assert_allclose(of_kernel(kernel, lines), expected, atol=1e-4)


def test_lines_do_not_touch_one_another(pair):
    _, kernel = pair
    lines = ["alpha beta zzzz", "", "naïve zzzz 数学", "alpha beta zzzz"]
    together = of_kernel(kernel, lines)
    assert np.array_equal(together[0], together[3])
    for line, shares in zip(lines, together, strict=True):
        assert np.array_equal(of_kernel(kernel, [line])[0], shares)


def test_pieces_of_a_line_are_read_as_one_with_spaces_between(pair):
    _, kernel = pair
    pieces = pa.array(["alpha be", "ta gamma", "delta"])
    apart = kernel.probabilities(pieces, np.array([0, 2, 2, 3]))
    assert np.array_equal(apart, of_kernel(kernel, ["alpha be ta gamma", "", "delta"]))


def test_a_newline_and_a_written_end_of_line_do_not_end_the_text(pair):
    _, kernel = pair
    before, newline, after = of_kernel(kernel, ["alpha beta", "alpha\nbeta", "alpha </s> beta"])
    assert np.array_equal(before, newline)
    assert np.abs(after - of_kernel(kernel, ["alpha </s>"])[0]).max() > 0


def test_no_lines_give_no_rows(pair):
    _, kernel = pair
    assert kernel.probabilities(pa.array([], pa.string()), np.zeros(1, np.int64)).shape == (
        0,
        len(kernel.labels),
    )


def test_broken_text_is_classified_all_the_same():
    kernel = FastTextModel.load(LID_176)
    shares = kernel.probabilities(pa.array([b"\x80\xff the", b"\xe4 \xf0\x9f"]), np.array([0, 1, 2]))
    assert np.isfinite(shares).all()


def test_lines_that_do_not_cut_the_pieces_are_refused():
    kernel = FastTextModel.load(LID_176)
    with pytest.raises(ValueError, match="lines"):
        kernel.probabilities(pa.array(["a", "b"]), np.array([0, 1]))
