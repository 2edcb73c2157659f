from pathlib import Path

import fasttext
import pytest

from classifiers.errors import ModelError
from classifiers.fasttext_file import read_model
from classifiers.language import LID_176


@pytest.fixture(scope="module")
def training_text(tmp_path_factory) -> Path:
    path = tmp_path_factory.mktemp("text") / "train.txt"
    path.write_text("__label__a one two three\n__label__b four five six\n" * 20)
    return path


def test_the_shipped_language_model_has_its_176_labels():
    model = read_model(LID_176)
    assert len(model.labels) == 176 and {"en", "de", "ja", "yue"} <= set(model.labels)
    assert model.hierarchical and model.characters == (2, 4) and model.word_ngrams == 1
    assert model.inputs.shape == (len(model.words) + len(model.kept), 16)


def test_vectors_are_those_of_the_library(training_text, tmp_path):
    trained = fasttext.train_supervised(str(training_text), dim=6, thread=1, verbose=0)
    trained.save_model(str(tmp_path / "model.bin"))
    model = read_model(tmp_path / "model.bin")
    assert (model.inputs == trained.get_input_matrix()[: len(model.inputs)]).all()
    assert (model.outputs == trained.get_output_matrix()).all()
    assert [word.decode() for word in model.words] == trained.get_words()


def test_an_absent_model_is_named(tmp_path):
    with pytest.raises(ModelError, match=r"absent\.ftz: the model can't be read: No such file"):
        read_model(tmp_path / "absent.ftz")


@pytest.mark.parametrize("content", [b"", b"\0" * 200, b"<!DOCTYPE html>" * 20])
def test_what_is_no_model_is_refused(tmp_path, content):
    (tmp_path / "page.ftz").write_bytes(content)
    with pytest.raises(ModelError, match=r"page\.ftz: (not a|no whole) fastText model"):
        read_model(tmp_path / "page.ftz")


@pytest.mark.parametrize("part", range(0, 100, 7))
def test_a_model_that_is_cut_off_is_refused(tmp_path, part):
    content = LID_176.read_bytes()
    (tmp_path / "cut.ftz").write_bytes(content[: len(content) * part // 100])
    with pytest.raises(ModelError, match=r"cut\.ftz: no whole fastText model"):
        read_model(tmp_path / "cut.ftz")


def test_settings_out_of_range_are_refused(tmp_path):
    content = bytearray(LID_176.read_bytes())
    for at in range(8, 120, 4):  # each number of the head in turn
        broken = content.copy()
        broken[at : at + 4] = b"\xff\xff\xff\x7f"
        (tmp_path / "odd.ftz").write_bytes(broken)
        try:
            read_model(tmp_path / "odd.ftz")
        except ModelError as error:
            assert "odd.ftz" in str(error)


def test_word_vectors_and_other_losses_are_refused(training_text, tmp_path):
    vectors = fasttext.train_unsupervised(
        str(training_text), dim=4, thread=1, minCount=1, bucket=100, verbose=0
    )
    vectors.save_model(str(tmp_path / "vectors.bin"))
    with pytest.raises(ModelError, match="word vectors; a supervised one is needed"):
        read_model(tmp_path / "vectors.bin")
    other = fasttext.train_supervised(str(training_text), dim=4, thread=1, loss="ova", verbose=0)
    other.save_model(str(tmp_path / "ova.bin"))
    with pytest.raises(ModelError, match="another loss than softmax or hs"):
        read_model(tmp_path / "ova.bin")
