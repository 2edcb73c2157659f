"""Algorithm 1, held against a plain Python one and against the report's own worked record."""

import json
import tempfile
from pathlib import Path
from random import Random

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from decontam.allowlist import load_allowlist
from decontam.index import BenchmarkIndex, build_index
from decontam.registry import load_benchmarks
from decontam.rule import check
from schemas.signals import CONTAMINATION, HITS
from tests.decontam.algorithm_oracle import OracleItem, algorithm_1, allowed_grams
from tests.decontam.conftest import check_texts, item
from tests.textkernels.word_oracle import words_of

TRAIN = (
    "There are some oarsmen in a boat. The average weight is increased by 1.8 kg when one of the crew, who weighs "
    "53 kg, is replaced by a new man who weighs 71 kg. How many oarsmen are there in the boat?"
)
TEST = (
    "The average weight of 10 oarsmen in a boat is increased by 1.8 kg when one of the crew, who weighs 53 kg is "
    "replaced by a new man. Find the weight of the new man. A. 71 B. 62 C. 43 D. 67 E. 40"
)


def test_the_worked_record_of_the_report(index_of):
    contamination, hits = check_texts([TRAIN], index_of(item("agieval", "7", TEST)))
    segment = "is increased by 1.8 kg when one of the crew, who weighs 53 kg, is replaced by a new man"
    assert contamination.to_pylist() == [
        {
            "doc": 100,
            "id": "id-100",
            "verdict": "contaminated",
            "rule": "13-gram",
            "ratio": 15 / 37,
            "benchmark": "agieval",
            "item_id": "7",
            "segment": segment,
            "shared_13grams": 9,
            "shared_7grams": 15,
        }
    ]
    assert [(hit["rule"], hit["segment"], hit["items"]) for hit in hits.to_pylist()] == [
        ("13-gram", segment, ["agieval/7"]),
        ("7-gram", segment, ["agieval/7"]),
    ]


def test_the_worked_record_as_a_question_with_its_options(index_of):
    question, options = TEST.split(" A. ")
    choices = ["71", "62", "43", "67", "40"]
    assert options == "71 B. 62 C. 43 D. 67 E. 40"
    index = index_of(item("agieval", "7", question, choices=choices, answer="71"))
    row = check_texts([TRAIN], index)[0].to_pylist()[0]
    assert (row["verdict"], row["rule"], row["shared_13grams"]) == ("contaminated", "13-gram", 9)
    # The question by itself has fewer 7-grams than the document, so the largest ratio is its.
    assert row["ratio"] == 15 / (len(words_of(question)) - 6)


WORDS = ["a", "b", "É", "é", "ＡＢ", "ab", "ß", "ss", "7"]
SEPARATORS = [" ", ", ", "\n", " – "]


class Corpus:
    """Items, documents that are mostly put together of pieces of them, and allowed phrases.

    Made by one seeded generator: left to itself, hypothesis makes nearly all of them too short.
    """

    def __init__(self, random: Random):
        self.random = random
        self.vocabulary = WORDS[: random.choice([1, 2, 2, 3, len(WORDS)])]
        items = [self.item(str(number)) for number in range(random.randint(1, 5))]
        self.items = sorted(items, key=lambda item: (item.benchmark, item.id))
        self.sources = [text for item in items for text in item.texts() if text]
        self.documents = [self.document() for _ in range(random.randint(0, 4))]
        self.allowed = [self.piece(20) for _ in range(random.randint(0, 2))]

    def text(self, most: int) -> str:
        words = [self.random.choice(self.vocabulary) for _ in range(self.random.randint(0, most))]
        return "".join(word + self.random.choice(SEPARATORS) for word in words)

    def item(self, id: str) -> OracleItem:
        return OracleItem(
            self.random.choice(["one", "two", "two-b"]),
            id,
            "a " + self.text(self.random.choice([8, 12, 30])),
            self.text(self.random.choice([0, 3, 20])),
            [self.text(6) for _ in range(self.random.choice([0, 0, 2, 4]))],
            self.text(self.random.choice([0, 0, 40])),
        )

    def piece(self, most: int) -> str:
        words = words_of(self.random.choice(self.sources))
        start = self.random.randrange(len(words))
        return " ".join(words[start : start + self.random.randint(1, most)])

    def document(self) -> str:
        pieces = [
            self.random.choice([self.text, self.piece])(self.random.choice([8, 20, 40]))
            for _ in range(self.random.randint(0, 4))
        ]
        return self.random.choice(SEPARATORS).join(pieces)


THRESHOLDS = st.sampled_from([(0.2, 0.5), (0.0, 0.0), (0.5, 0.5), (0.1, 1.0), (1.0, 1.0)])


@settings(max_examples=300)
@given(st.integers(0, 2**32), THRESHOLDS)
def test_agrees_with_algorithm_1_by_sets_of_words(seed, thresholds):
    corpus = Corpus(Random(seed))
    tests, documents = corpus.items, corpus.documents
    with tempfile.TemporaryDirectory() as folder:
        path, allow, file = Path(folder, "items.jsonl"), Path(folder, "allow.txt"), Path(folder, "index")
        path.write_text("".join(json.dumps(test.row()) + "\n" for test in tests), encoding="utf-8")
        allow.write_text("\n".join(corpus.allowed), encoding="utf-8")
        build_index(load_benchmarks([str(path)]), load_allowlist([str(allow)])).write(file)
        contamination, hits = check_texts(documents, BenchmarkIndex.open(file), *thresholds)
    assert contamination.schema == CONTAMINATION and hits.schema == HITS
    assert contamination["doc"].to_pylist() == [100 + k for k in range(len(documents))]
    hit_rows = hits.to_pylist()
    for row, text in zip(contamination.to_pylist(), documents, strict=True):
        expected, expected_hits = algorithm_1(text, tests, allowed_grams(corpus.allowed), *thresholds)
        own = [hit for hit in hit_rows if hit["doc"] == row["doc"]]
        assert {hit["id"] for hit in own} <= {row["id"]}
        row["segment"] = row["segment"] and words_of(row["segment"])
        assert row | expected == row
        assert [_in_words(hit, text) for hit in own] == expected_hits
    assert [hit["doc"] for hit in hit_rows] == sorted(hit["doc"] for hit in hit_rows)


def _in_words(hit: dict, text: str) -> dict:
    raw = text.encode()
    assert raw[hit["start"] : hit["end"]].decode()[:300] == hit["segment"]
    return {
        "rule": hit["rule"],
        "main": f"{hit['benchmark']}/{hit['item_id']}",
        "first": len(words_of(raw[: hit["start"]].decode())),
        "words": words_of(raw[hit["start"] : hit["end"]].decode()),
        "items": hit["items"],
    }


def test_an_allowed_13gram_is_no_hit_but_its_7grams_count(index_of):
    phrase = "a I only b II only c III only d II and III"
    index = index_of(item("mmlu", "1", phrase))
    row = check_texts([f"{phrase}."], index)[0].to_pylist()[0]
    assert (row["rule"], row["shared_13grams"], row["shared_7grams"]) == ("7-gram", 0, 7)


def test_info_is_exceeded_and_contaminated_is_reached(index_of):
    # 5 of the item's 10 7-grams.
    index = index_of(item("x", "1", "one two three four five six seven eight nine ten eleven twelve p q r s"))
    text = "one two three four five six seven eight nine ten eleven and then so many other words follow here"
    verdicts = {
        thresholds: check_texts([text], index, *thresholds)[0]["verdict"][0].as_py()
        for thresholds in [(0.4, 0.5), (0.4, 0.51), (0.5, 0.5), (0.49, 0.5)]
    }
    assert verdicts == {
        (0.4, 0.5): "contaminated",
        (0.4, 0.51): "partial",
        (0.5, 0.5): "clean",
        (0.49, 0.5): "contaminated",
    }


def test_one_hit_lists_every_item_that_holds_its_grams(index_of):
    question = "which of these fourteen words in a row will be found in every one of them"
    index = index_of(*(item("quiz", f"{n:03}", f"{question} {n}") for n in range(200)))
    contamination, hits = check_texts([f"He asked {question} and left."], index)
    assert contamination["item_id"].to_pylist() == ["000"]
    assert hits["rule"].to_pylist() == ["13-gram", "7-gram"]
    assert [len(items) for items in hits["items"].to_pylist()] == [200, 200]


def test_canonically_equivalent_and_fullwidth_copies_are_found(index_of):
    index = index_of(item("x", "1", "Où sont les élèves de l'école ABC à midi précis, et pourquoi?"))
    copies = [
        "Ou\u0300 sont les e\u0301le\u0300ves de l'e\u0301cole ABC a\u0300 midi pre\u0301cis, et pourquoi?",
        "OÙ SONT LES ÉLÈVES DE L’ÉCOLE ＡＢＣ À MIDI PRÉCIS — ET POURQUOI",
    ]
    assert check_texts(copies, index)[0]["rule"].to_pylist() == ["13-gram", "13-gram"]


def test_a_hit_that_goes_on_where_the_last_documents_ended_is_found(index_of):
    question = "these are thirteen words in a row that are all of one question"
    contamination, _ = check_texts([question, f"x {question}"], index_of(item("x", "1", question)))
    assert contamination["shared_13grams"].to_pylist() == [1, 1]


def test_segments_are_cut_and_spans_are_not(index_of):
    question = " ".join(f"wörd{n}" for n in range(200))
    contamination, hits = check_texts([f"{question}."], index_of(item("x", "1", question)))
    assert contamination["segment"][0].as_py() == question[:300]
    assert hits["segment"].to_pylist() == [question[:300]] * 2
    assert hits["end"].to_pylist() == [len(question.encode())] * 2


def test_a_batch_without_documents_has_no_rows(index_of):
    contamination, hits = check_texts([], index_of(item("x", "1", "a question")))
    assert contamination.schema == CONTAMINATION and contamination.num_rows == 0
    assert hits.schema == HITS and hits.num_rows == 0


def test_arrays_of_different_documents_are_refused(index_of):
    index = index_of(item("x", "1", "a question"))
    nothing = np.empty(0, np.uint64), np.zeros(2, np.int64)
    with pytest.raises(ValueError, match="same documents"):
        check(pa.array(["", ""]), *nothing, np.zeros(2, np.int64), pa.array(["", ""]), index, 0.2, 0.5)
