"""A corpus is counted table by table, and comes out the same however it is cut."""

import pyarrow as pa
import pytest

from decontam.summary import EXAMPLES_A_RULE, FOUND_ITEMS, summarise
from tests.decontam.conftest import check_texts, item

QUESTION = "which of these fourteen words in a row will be found in every one of them"
ITEMS = [item("quiz", str(n), f"{QUESTION} {n}") for n in range(4)] + [
    item("exam", "1", "what is the name of this thing"),
    item("exam", "2", "not to be found in any of the documents"),
    item("exam", "3", "Short?"),
]
TEXTS = [
    f"{QUESTION} 0. {QUESTION} 3.",
    "What is the name of this thing?",
    "nothing at all",
    f"He said: {QUESTION}.",
    "And what is the name of this thing? Is it so? Who can say what it may be.",
]


@pytest.fixture
def checked(index_of):
    index = index_of(*ITEMS)
    return index, *check_texts(TEXTS, index)


def pieces(table: pa.Table, docs: list[list[int]]) -> list[pa.Table]:
    return [table.filter(pa.array([doc in own for doc in table["doc"].to_pylist()])) for own in docs]


def test_counts_documents_and_items(checked):
    summary = summarise(*([part] if isinstance(part, pa.Table) else part for part in checked))
    assert summary.verdicts == {"clean": 1, "partial": 0, "contaminated": 4}
    assert summary.decided == [
        {"verdict": "clean", "rule": None, "benchmark": None, "documents": 1},
        {"verdict": "contaminated", "rule": "13-gram", "benchmark": "quiz", "documents": 2},
        {"verdict": "contaminated", "rule": "7-gram", "benchmark": "exam", "documents": 2},
    ]
    assert summary.by_few == {"partial": 0, "contaminated": 2}
    assert summary.items.schema == FOUND_ITEMS
    found = {
        f"{row['benchmark']}/{row['item_id']}": (row["documents_by_13gram"], row["documents_by_7gram"])
        for row in summary.items.to_pylist()
    }
    assert found == {
        "exam/1": (0, 2),
        "exam/2": (0, 0),
        "exam/3": (0, 0),
        **{f"quiz/{n}": (2, 2) for n in range(4)},
    }


def test_tables_may_be_cut_anywhere_between_documents(checked):
    index, contamination, hits = checked
    whole = summarise(index, [contamination], [hits])
    for docs in ([[100, 101], [102], [103, 104]], [[104, 103], [102, 101, 100]]):
        assert summarise(index, pieces(contamination, docs), pieces(hits, docs)) == whole


def test_examples_are_the_strongest_and_list_every_item_of_the_run(checked):
    summary = summarise(checked[0], [checked[1]], [checked[2]])
    assert [(example.row["doc"], example.items) for example in summary.examples] == [
        (101, ["exam/1"]),
        (100, ["quiz/0", "quiz/1", "quiz/2", "quiz/3"]),
    ]


def test_examples_of_a_rule_are_few_and_of_different_items(index_of):
    index = index_of(
        *(item("x", str(n), f"item number {n} has these words and no others {n}") for n in range(9))
    )
    texts = [f"item number {n} has these words and no others {n}" for n in range(9)]
    contamination, hits = check_texts(texts * 2, index)
    examples = summarise(index, [contamination], [hits]).examples
    assert [(example.row["doc"], example.row["item_id"]) for example in examples] == [(100, "0"), (101, "1")]
    assert len(examples) == EXAMPLES_A_RULE


def test_no_documents_are_no_error(index_of):
    summary = summarise(index_of(*ITEMS), [], [])
    assert summary.verdicts == {"clean": 0, "partial": 0, "contaminated": 0}
    assert summary.items.num_rows == len(ITEMS) and summary.examples == []
