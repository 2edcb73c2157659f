"""Within a component the best document is kept, and dropped are those that are near a kept one."""

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipelines.deduplication.duplicates import Candidates, decide


def document(doc, shingles, batch=0, joined=None, since=0, source="s", length=1, content=None):
    return {
        "doc": doc,
        "shingles": frozenset(shingles),
        "batch": batch,
        "joined": doc if joined is None else joined,
        "since": -1 if joined is None else since,
        "source": source,
        "length": length,
        "content": frozenset(shingles) if content is None else content,
    }


def verdicts(documents, threshold=0.8, preferred=()):
    """By doc: kept_doc and similarity, after `decide`."""
    contents = list({row["content"]: row["shingles"] for row in documents}.items())
    place = {content: k for k, (content, _) in enumerate(contents)}
    table = pa.table(
        {
            **{
                name: [row[name] for row in documents]
                for name in ("doc", "joined", "since", "batch", "length")
            },
            "source": [row["source"] for row in documents],
            "id": [f"id-{row['doc']}" for row in documents],
            "content": [place[row["content"]] for row in documents],
        }
    )
    lists = pa.array([sorted(shingles) for _, shingles in contents], pa.large_list(pa.uint64()))
    decided = decide(Candidates(table, lists), threshold, preferred)
    assert decided["doc"].to_pylist() == [row["doc"] for row in documents]
    out = {}
    for row in decided.to_pylist():
        assert row["kept_id"] == f"id-{row['kept_doc']}"
        assert row["is_duplicate"] == (row["kept_doc"] != row["doc"])
        out[row["doc"]] = (row["kept_doc"], row["similarity"])
    return out


def similarity(a, b):
    if a["content"] == b["content"]:
        return 1.0
    return len(a["shingles"] & b["shingles"]) / max(1, len(a["shingles"] | b["shingles"]))


A, B, C = range(0, 100), range(6, 106), range(12, 112)  # A ~ B ~ C, but not A ~ C


def test_the_ends_of_a_chain_are_kept_where_its_middle_is_not_first():
    chain = [document(1, A, length=3), document(2, B, joined=1), document(3, C, joined=1, length=2)]
    assert verdicts(chain) == {1: (1, 1.0), 2: (1, round(94 / 106, 6)), 3: (3, 1.0)}


def test_the_ends_of_a_chain_are_dropped_where_its_middle_is_first():
    chain = [document(1, A), document(2, B, joined=1, length=2), document(3, C, joined=1)]
    assert {doc: kept for doc, (kept, _) in verdicts(chain).items()} == {1: 2, 2: 2, 3: 2}


def test_a_new_document_near_a_dropped_one_of_an_earlier_batch_alone_is_kept():
    old = [document(1, A, length=2), document(2, B, joined=1)]
    new = document(1001, C, batch=1, joined=1, since=1)
    assert {doc: kept for doc, (kept, _) in verdicts([*old, new]).items()} == {1: 1, 2: 1, 1001: 1001}


@pytest.mark.parametrize(
    ("better", "worse", "preferred"),
    [
        ({"doc": 1, "source": "a"}, {"doc": 1001, "source": "p", "length": 9, "batch": 1}, ("p",)),
        ({"doc": 2, "source": "p"}, {"doc": 1, "source": "a", "length": 9}, ("q", "p")),
        ({"doc": 2, "source": "q"}, {"doc": 1, "source": "p", "length": 9}, ("q", "p")),
        ({"doc": 2, "length": 9}, {"doc": 1, "length": 8}, ("p",)),
        ({"doc": 1}, {"doc": 2}, ()),
    ],
)
def test_earlier_batches_then_preferred_sources_then_longer_then_earlier_documents_are_kept(
    better, worse, preferred
):
    rows = [document(**own, shingles=shingles) for own, shingles in ((better, A), (worse, range(1, 101)))]
    first, second = sorted(rows, key=lambda row: row["doc"])
    second |= {"joined": 1, "since": second["batch"]}
    kept = {doc: kept for doc, (kept, _) in verdicts([first, second], preferred=preferred).items()}
    assert kept == {1: better["doc"], second["doc"]: better["doc"]}


def test_copies_without_shingles_follow_the_best_of_them():
    rows = [document(1, (), content="!"), document(2, (), joined=1, content="!", length=2)]
    assert verdicts(rows) == {1: (2, 1.0), 2: (2, 1.0)}


def test_kept_documents_that_a_later_batch_brings_together_both_stay_and_what_is_near_either_is_dropped():
    first, second = document(1, A), document(2, range(1, 101))
    late = [
        document(1001, range(3, 103), batch=1, joined=1, since=1),
        document(1002, range(9, 109), batch=1, joined=1, since=1),
    ]
    second |= {"joined": 1, "since": 1}
    found = verdicts([first, second, *late], threshold=0.85)
    assert similarity(late[1], first) < 0.85 <= similarity(late[1], second)
    assert {doc: kept for doc, (kept, _) in found.items()} == {1: 1, 2: 2, 1001: 1, 1002: 2}


def chained(links, n):
    """joined and since of documents 0 to n - 1 (batch = doc // 4), as a plain search finds them."""
    joined, since = list(range(n)), [-1] * n
    smallest = list(range(n))
    for batch in range(3):
        before = list(smallest)
        for _ in range(n):
            for a, b in links:
                if max(a, b) // 4 <= batch:
                    smallest[a] = smallest[b] = min(smallest[a], smallest[b])
                    smallest = [smallest[s] for s in smallest]
        for x in range(n):
            if before[x] == x and smallest[x] != x:
                joined[x], since[x] = smallest[x], batch
    return joined, since


def component(joined, since, x, batch):
    while since[x] >= 0 and since[x] <= batch:
        x = joined[x]
    return x


@given(st.data())
def test_verdicts_are_those_of_a_plain_greedy_search(data):
    n = data.draw(st.integers(1, 12))
    sets = data.draw(st.lists(st.frozensets(st.integers(0, 9), max_size=8), min_size=n, max_size=n))
    lengths = data.draw(st.lists(st.integers(1, 3), min_size=n, max_size=n))
    links = data.draw(st.lists(st.tuples(st.integers(0, n - 1), st.integers(0, n - 1)), max_size=15))
    links += [(a, b) for a in range(n) for b in range(a) if sets[a] == sets[b]]  # copies share a key
    joined, since = chained(links, n)
    rows = [
        document(doc, sets[doc], doc // 4, joined[doc], since[doc], length=lengths[doc])
        | {"since": since[doc]}
        for doc in range(n)
    ]
    found = verdicts(rows, threshold=0.5)
    kept = []
    for row in sorted(rows, key=lambda row: (row["batch"], -row["length"], row["doc"])):
        own = component(joined, since, row["doc"], row["batch"])
        near = {
            other["doc"]: similarity(row, other)
            for other in kept
            if component(joined, since, other["doc"], row["batch"]) == own and similarity(row, other) >= 0.5
        }
        kept_doc, share = found[row["doc"]]
        if near:
            assert share == round(near[kept_doc], 6)
        else:
            assert (kept_doc, share) == (row["doc"], 1.0)
            kept.append(row)


def test_documents_given_in_another_order_get_the_same_verdicts():
    random = np.random.default_rng(5)
    rows = [
        document(k, random.choice(40, 30, replace=False).tolist(), joined=None if k == 0 else 0)
        for k in range(200)
    ]
    shuffled = [rows[k] for k in random.permutation(len(rows))]
    assert verdicts(rows, threshold=0.6) == verdicts(shuffled, threshold=0.6)
