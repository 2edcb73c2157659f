import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq
import pytest

import classifiers.language
from classifiers.errors import ModelError
from classifiers.language import Languages

TEXTS = {
    "en": "The quick brown fox jumps over the lazy dog, and nobody seems to mind it very much.",
    "de": "Der schnelle braune Fuchs springt über den faulen Hund, und niemanden scheint es zu stören.",
    "ja": "素早い茶色の狐がのろまな犬を飛び越えたが、誰も気にしていないようだ。",
    "ru": "Быстрая коричневая лиса перепрыгивает через ленивую собаку, и никто не возражает.",
    "hi": "तेज भूरी लोमड़ी आलसी कुत्ते के ऊपर से कूदती है और किसी को आपत्ति नहीं है।",
    "es": "El rápido zorro marrón salta sobre el perro perezoso y a nadie parece importarle demasiado.",
}


@pytest.fixture(scope="module")
def languages() -> Languages:
    return Languages()


def test_languages_are_named(languages):
    language, score = languages.predict(pa.array(list(TEXTS.values())))
    assert language.to_pylist() == list(TEXTS)
    assert all(0.7 < value <= 1 for value in score.to_pylist())


def test_text_without_letters_has_no_language(languages):
    language, score = languages.predict(pa.array(["", None, "1905 -- 12:30 !!", "\n\n", "a"]))
    assert language.is_null().to_pylist() == [True, True, True, True, False]
    assert score.is_null().to_pylist() == [True, True, True, True, False]


def test_scores_have_three_decimals(languages):
    _, score = languages.predict(pa.array([*TEXTS.values(), "ok", "la la"]))
    assert score.type == pa.float64()
    assert [round(value, 3) for value in score.to_pylist()] == score.to_pylist()


def test_a_document_is_judged_by_its_windows_whatever_lies_between(languages):
    english = TEXTS["en"] + " "
    text = english * 10 + TEXTS["ja"] * 8 + english * 30
    assert languages.predict(pa.array([text]))[0].to_pylist() == ["en"]


def test_lines_count_as_one_text(languages):
    text = TEXTS["de"].replace(" ", "\n")
    assert languages.predict(pa.array([text, "x\n\n" + TEXTS["de"]]))[0].to_pylist() == ["de", "de"]


def test_batches_and_neighbours_change_nothing(languages):
    texts = list(TEXTS.values())
    together = languages.predict(pa.array(texts, pa.large_string()))[1].to_pylist()
    assert together == [languages.predict(pa.array([text]))[1].to_pylist()[0] for text in texts]
    assert languages.predict(pa.array([], pa.string()))[0].to_pylist() == []


def test_an_absent_model_is_named(monkeypatch, tmp_path):
    monkeypatch.setattr(classifiers.language, "LID_176", tmp_path / "lid.176.ftz")
    with pytest.raises(ModelError, match=r"lid\.176\.ftz: the model can't be read"):
        Languages()


@pytest.mark.corpus
def test_languages_of_the_shared_corpus_are_found(languages, shared_corpus):
    columns = ["text", "lang", "kind"]
    table = pa.concat_tables(
        [pq.read_table(path, columns=columns) for path in sorted(shared_corpus.glob("*.parquet"))]
    )
    table = table.filter((pc.field("kind") != "code") & (pc.utf8_length(pc.field("text")) >= 100))
    known = table["lang"].to_numpy()
    found = np.array(languages.predict(table["text"])[0].to_pylist(), object)
    assert np.mean(known == found) > 0.99
    for language in ("en", "de", "ja", "ru", "ar", "hi", "ko", "vi"):
        assert np.mean(found[known == language] == language) > 0.97, language
