import pyarrow as pa
import pytest

from classifiers.educational import SHIPPED, Educational
from classifiers.errors import ModelError
from classifiers.grams import RULE
from classifiers.linear_model import LinearModel
from classifiers.windows import EDUCATIONAL

LESSON = (
    "In this chapter we explain how energy is conserved. Suppose that a ball of mass m falls from a height h. Its potential "
    "energy is mgh. As it falls, this energy is transformed into kinetic energy, and because no energy is lost, "
    "we can find the speed of the ball from the equation. For example, consider a height of 5 metres. "
)
SHOP = "Login | Cart (0) | Subscribe to our newsletter! SALE 50% off all shoes. Free shipping. Click here to buy now. © 2020 "


@pytest.fixture(scope="module")
def educational() -> Educational:
    return Educational()


def score(educational, *texts):
    return educational.score(pa.array(texts, pa.string())).to_pylist()


def test_a_lesson_is_worth_more_than_a_shop(educational):
    lesson, shop = score(educational, LESSON, SHOP)
    assert lesson >= 2.5 > 1.5 > shop


def test_scores_lie_in_0_to_5_and_have_three_decimals(educational):
    found = score(educational, LESSON, SHOP, "a", LESSON * 50)
    assert all(0 <= value <= 5 and round(value, 3) == value for value in found)


def test_text_of_which_no_word_is_known_has_no_score(educational):
    assert score(educational, "", None, "  \n", "qqxzzv wqxzz") == [None] * 4


def test_a_long_document_is_scored_by_its_windows(educational):
    beginning, end = LESSON * 5, SHOP * 20
    long = (beginning[:1500].ljust(1500) + SHOP * 100)[:9000] + end[-1500:]
    lesson, shop, both = score(educational, beginning[:1500], (SHOP * 100)[:1500], long)
    assert shop < both < lesson


def test_batches_and_neighbours_change_nothing(educational):
    texts = [LESSON, SHOP, None, LESSON + SHOP]
    assert score(educational, *texts) == [score(educational, text)[0] for text in texts]
    assert educational.score(pa.chunked_array([texts[:2], texts[2:]])).to_pylist() == score(
        educational, *texts
    )
    assert score(educational) == []


def test_the_shipped_model_is_small_and_was_trained_on_the_rules_it_is_used_with():
    assert SHIPPED.stat().st_size < 2_000_000
    model = LinearModel.read(SHIPPED, EDUCATIONAL.name, RULE)
    assert model.card["windows"] == "start-middle-end-1500" and model.card["grams"] == "grams-1"
    assert SHIPPED.with_suffix(".md").read_text().count(model.card["labels"]["sha256"]) == 1


def test_a_model_trained_on_other_windows_is_refused(tmp_path):
    model = LinearModel.read(SHIPPED, EDUCATIONAL.name, RULE)
    other = LinearModel(
        model.grams,
        model.idf,
        model.weights,
        model.intercept,
        model.knots,
        model.card | {"windows": "whole-text"},
    )
    other.write(tmp_path / "other.parquet")
    with pytest.raises(ModelError, match=r"other\.parquet: trained on whole-text and grams-1"):
        Educational(tmp_path / "other.parquet")
