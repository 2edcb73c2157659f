"""Hard negatives are no items: they share templates and words with them, not what they ask."""

import random

from benchmarks.hard_negatives import another_of_the_template, as_keywords, template_words, unlike_the_rest
from benchmarks.planted_variants import WORD, Item


def item(question: str, benchmark: str = "made") -> Item:
    return Item(benchmark, question[:8], question, "", (), len(WORD.findall(question)))


def test_a_variant_of_another_item_is_not_held_out():
    items = [
        item("a train leaves the town of Bern at noon and arrives in Basel an hour later"),
        item("a train leaves the town of Bern at noon and arrives in Genf an hour later"),
        item("seven people share a cake so that the eldest has twice what the youngest has"),
    ]
    assert unlike_the_rest([0, 2], items) == [2]


def test_items_that_are_held_out_together_do_not_count_as_one_another_s_variants():
    items = [item("a train leaves the town of Bern at noon and arrives in Basel")] * 2
    assert unlike_the_rest([0, 1], items) == [0, 1]


def test_another_question_of_a_template_keeps_its_words_and_changes_two_in_five_at_least():
    template = template_words([item("which of the following is the")] * 3)
    question = item(
        "Which of the following rivers drains the alpine glacier near Sion in 1934 during late summer?"
    )
    other = another_of_the_template(question, template, ["piano", "violet", "engine"], random.Random(2))
    before, after = WORD.findall(question.question), WORD.findall(other)
    changed = [a != b for a, b in zip(before, after, strict=True)]
    assert sum(changed) >= 0.4 * len(before)
    assert before[:4] == after[:4] and "1934" not in after


def test_questions_made_of_template_words_have_no_other_of_their_template():
    template = frozenset(
        "which of the following is not true about these four and why do you think so".split()
    )
    question = item("Which of the following is not true about these four and why do you think so")
    assert another_of_the_template(question, template, ["piano"], random.Random(2)) is None


def test_keywords_are_a_questions_content_words_in_alphabetical_order():
    question = item("Which river drains the alpine glacier near Sion?")
    assert (
        as_keywords(question, frozenset({"which", "the"}))
        == "Tags: alpine, drains, glacier, near, river, sion"
    )
