"""Spanning forests keep every batch's components, whatever order links come in, and bins suffice."""

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from pipelines.deduplication.components import Components, components_at, pack, spanning_forest, star_links

BATCH_OF_DOC = 10  # documents 0 to 9 are of batch 0, 10 to 19 of batch 1, and so on
DOCS = 40

keyed_documents = st.lists(st.tuples(st.integers(0, 12), st.integers(0, DOCS - 1)), max_size=60)


def columns(pairs, dtype=np.int64):
    firsts = np.array([first for first, _ in pairs], dtype)
    return firsts, np.array([second for _, second in pairs], np.int64)


def components_of(links, batch):
    """Smallest member of each document's component among links of documents up to a batch."""
    smallest = list(range(DOCS))
    for _ in range(DOCS):
        for a, b in links:
            if max(a, b) // BATCH_OF_DOC <= batch:
                smallest[a] = smallest[b] = min(smallest[a], smallest[b])
    return smallest


def all_pairs(keyed):
    return [(a, b) for key, a in keyed for other, b in keyed if key == other and a < b]


@given(keyed_documents)
def test_documents_of_a_key_are_linked_to_the_smallest_once(keyed):
    firsts, others = star_links(*columns(keyed, np.uint64))
    expected = set()
    for key, doc in keyed:
        smallest = min(other for k, other in keyed if k == key)
        if smallest != doc:
            expected.add((doc, smallest))
    assert list(zip(others.tolist(), firsts.tolist(), strict=True)) == sorted(expected)


@given(keyed_documents)
def test_a_forest_keeps_the_components_of_every_batch_with_less_links_than_documents(keyed):
    firsts, others = spanning_forest(*star_links(*columns(keyed, np.uint64)))
    kept = list(zip(firsts.tolist(), others.tolist(), strict=True))
    assert len(kept) <= max(0, len({doc for _, doc in keyed}) - 1)
    for batch in range(4):
        assert components_of(kept, batch) == components_of(all_pairs(keyed), batch)


@given(st.lists(keyed_documents, max_size=4), st.randoms())
def test_merged_forests_give_the_components_of_every_batch_in_whatever_order_they_come(partitions, random):
    links = [pair for keyed in partitions for pair in all_pairs(keyed)]
    forest = []
    for keyed in partitions:
        firsts, others = spanning_forest(*star_links(*columns(keyed, np.uint64)))
        forest += zip(firsts.tolist(), others.tolist(), strict=True)
    random.shuffle(forest)
    components = Components(np.arange(DOCS))
    for batch in range(4):
        components.link(*columns([link for link in forest if link[1] // BATCH_OF_DOC == batch]))
        components.end_batch(batch)
    assert components.smallest().tolist() == components_of(links, 3)
    for batch in range(4):
        found = components_at(components.joined, components.since, batch)
        assert found.tolist() == components_of(links, batch)


def test_what_a_document_joined_does_not_depend_on_the_order_of_links():
    links = [(0, 1), (2, 3), (1, 3), (4, 5), (3, 5)]
    joined = []
    for order in (links, links[::-1]):
        components = Components(np.array([7, 8, 9, 17, 18, 27]))
        components.link(*columns([(components.docs[a], components.docs[b]) for a, b in order]))
        components.end_batch(0)
        joined.append(components.joined.tolist())
    assert joined == [[0, 0, 0, 0, 0, 0]] * 2


@given(st.lists(st.integers(1, 1000), max_size=50), st.integers(1, 9))
def test_components_are_dealt_in_order_to_bins_of_twice_a_share_or_of_one_component(sizes, bins):
    out = pack(np.array(sizes, np.int64), bins).tolist()
    assert out == sorted(out)
    assert all(0 <= place < bins for place in out)
    for place in set(out):
        own = [size for size, where in zip(sizes, out, strict=True) if where == place]
        assert len(own) == 1 or sum(own) <= -(-2 * sum(sizes) // bins)
