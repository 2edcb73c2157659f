"""Components of documents that share a key, by union-find over spanning forests.

Documents are numbered by batch, so a link belongs to the batch of its later document. What is kept
of a set of links keeps every document's component as it was in its own batch, not only the last
one: a batch that is added later can join two components, but not change what an earlier batch saw.
"""

import numpy as np
from numba import njit


def ascending(*docs: np.ndarray) -> np.ndarray:
    """The distinct documents of all arrays, int64, ascending.

    NumPy's own `unique` goes through a hash under which doc numbers of many splits collide.
    """
    ordered = np.concatenate(docs)
    ordered.sort()
    new = np.ones(len(ordered), bool)
    new[1:] = ordered[1:] != ordered[:-1]
    return ordered[new]


def star_links(keys: np.ndarray, docs: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Link the documents of each key to the smallest of them.

    Args:
        keys: uint64[n]; docs: int64[n]: which documents have which keys, in any order.

    Returns:
        firsts and others, int64[links]: ``firsts < others``, each pair once, ascending by (other, first).
    """
    order = np.lexsort((docs, keys))
    keys, docs = keys[order], docs[order]
    begins = np.ones(len(keys), bool)
    begins[1:] = keys[1:] != keys[:-1]
    smallest = docs[begins][np.cumsum(begins) - 1]
    linked = smallest != docs
    firsts, others = smallest[linked], docs[linked]
    order = np.lexsort((firsts, others))
    firsts, others = firsts[order], others[order]
    new = np.ones(len(firsts), bool)
    new[1:] = (firsts[1:] != firsts[:-1]) | (others[1:] != others[:-1])
    return firsts[new], others[new]


def spanning_forest(firsts: np.ndarray, others: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Drop every link that joins what earlier ones already join: at most one a document stays.

    Args:
        firsts, others: int64[links], as `star_links` gives them: ascending by the later document, so
            that for every d the links among documents up to d keep their components (Kruskal's
            minimum spanning forest; that of a union of forests is that of the union of their links).

    Returns:
        The links that stay, in order.
    """
    docs = ascending(firsts, others)
    parent = np.arange(len(docs))
    joins = np.empty(len(firsts), bool)
    _unite(parent, np.searchsorted(docs, firsts), np.searchsorted(docs, others), joins)
    return firsts[joins], others[joins]


class Components:
    """Union-find over given documents, batch by batch. A component goes by its smallest document.

    Its state is 32 bytes a document, and no link is stored. The order of links within a batch makes
    no difference.

    docs: int64[n], ascending and distinct.
    joined: int64[n], the position of the smallest document of the component that this one's joined,
        its own where it never did. since: int64[n], the batch in which that was. Within the batches
        up to b a document's component is found by following `joined` for as long as `since` <= b.
    """

    def __init__(self, docs: np.ndarray):
        self.docs = docs
        self.joined = np.arange(len(docs))
        self.since = np.full(len(docs), -1)
        self._parent = np.arange(len(docs))

    def link(self, firsts: np.ndarray, others: np.ndarray) -> None:
        """Join the components of documents, int64[links] each, all of them among `docs`."""
        joins = np.empty(len(firsts), bool)
        _unite(self._parent, np.searchsorted(self.docs, firsts), np.searchsorted(self.docs, others), joins)

    def end_batch(self, batch: int) -> None:
        """Note what joined what within this batch; batches come in ascending order."""
        _settle(self._parent, self.joined, self.since, batch)

    def smallest(self) -> np.ndarray:
        """Position of the smallest document of each one's component, int64[n], after the last batch."""
        return self._parent


def components_at(joined: np.ndarray, since: np.ndarray, batch: int) -> np.ndarray:
    """Each document's component within the batches up to `batch`, as the position of its smallest document.

    Args:
        joined, since: int64[n] each, as in `Components`; any subset of whole components will do.

    Returns:
        int64[n].
    """
    component = np.where(since <= batch, joined, np.arange(len(joined)))
    while True:
        further = component[component]
        if np.array_equal(further, component):
            return component
        component = further


def pack(sizes: np.ndarray, bins: int) -> np.ndarray:
    """Deal components to bins in order, so that a bin gets at most two shares of the total, or one component.

    The next bin is begun when the one at hand would grow beyond 2 * total / bins; any two in a row hold
    more than that together, so the bins suffice.

    Args:
        sizes: int64[components], bytes. bins: at least 1.

    Returns:
        int64[components], ascending, from 0 to at most bins - 1.
    """
    limit = -(-2 * int(sizes.sum()) // bins)
    out = np.empty(len(sizes), np.int64)
    _deal(sizes, limit, out)
    return out


@njit(cache=True, nogil=True)
def _find(parent, x):
    while parent[x] != x:
        parent[x] = parent[parent[x]]
        x = parent[x]
    return x


@njit(cache=True, nogil=True)
def _unite(parent, firsts, others, joins):
    for k in range(firsts.size):
        a, b = _find(parent, firsts[k]), _find(parent, others[k])
        joins[k] = a != b
        if a < b:
            parent[b] = a
        else:
            parent[a] = b


@njit(cache=True, nogil=True)
def _settle(parent, joined, since, batch):
    # The smaller position is always the parent, so that one pass upwards flattens the trees.
    for x in range(parent.size):
        parent[x] = parent[parent[x]]
        if since[x] < 0 and parent[x] != x:
            joined[x] = parent[x]
            since[x] = batch


@njit(cache=True, nogil=True)
def _deal(sizes, limit, out):
    at = 0
    filled = 0
    for k in range(sizes.size):
        if filled and filled + sizes[k] > limit:
            at += 1
            filled = 0
        filled += sizes[k]
        out[k] = at
