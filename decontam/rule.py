"""Algorithm 1 of the Phi-4 report (arXiv 2412.08905, appendix B.1), over a batch of documents.

A document that holds a 13-gram of an item, other than an allowed one, is contaminated. Else the
largest ratio of distinct shared 7-grams to the smaller of the two sets decides, over all texts of all
items: at `contaminated_threshold` or more the document is contaminated, above `info_threshold`
partially so, else clean. Unlike the report's pseudocode this does not end at the first hit: all hits
are collected, and the ratio is computed for every document.

Gaps of the rule that are kept as they are: because of the smaller set, a document or a test text of
few 7-grams gets a large ratio by few of them; under 7 words nothing is found; nor are paraphrases.
"""

from dataclasses import dataclass

import numpy as np
import pyarrow as pa

from decontam.counting import count_shared
from decontam.index import LONG, SHORT, BenchmarkIndex
from decontam.postings import Postings
from decontam.runs import find_runs, longest_runs
from decontam.segments import Segments
from schemas.signals import CONTAMINATION, HITS
from textkernels.ngrams import ngram_hashes

_BY_13GRAM, _BY_7GRAM = "13-gram", "7-gram"


@dataclass(frozen=True)
class _Shared:
    """Grams of n documents that the index holds.

    places: int64, the word of its document that a gram begins with; ascending in a document.
    numbers: int64, the gram's number in the index.
    offsets: int64[n + 1], of documents in both.
    """

    places: np.ndarray
    numbers: np.ndarray
    offsets: np.ndarray

    def of(self, kept: np.ndarray) -> "_Shared":
        """Those of the documents `kept`, bool[n]."""
        sizes = np.diff(self.offsets)
        chosen = np.repeat(kept, sizes)
        return _Shared(self.places[chosen], self.numbers[chosen], _offsets(sizes[kept]))

    def arrays(self) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        return self.places, self.numbers, self.offsets


@dataclass(frozen=True)
class _Dirty:
    """The n documents that are not clean.

    rows: int64[n], where they stand in the batch.
    by_13gram: bool[n], whether they share a 13-gram.
    deciders: int32[n], the item that decides.
    shared13, shared7: int32[n], distinct grams shared with it.
    evidence, evidence_offsets: the items with a ratio above the info threshold, and int64[n + 1].
    short, long: the grams they share with any item.
    segments: their texts.
    """

    rows: np.ndarray
    by_13gram: np.ndarray
    deciders: np.ndarray
    shared13: np.ndarray
    shared7: np.ndarray
    evidence: np.ndarray
    evidence_offsets: np.ndarray
    short: _Shared
    long: _Shared
    segments: Segments


def check(
    text: pa.Array | pa.ChunkedArray,
    hashes: np.ndarray,
    offsets: np.ndarray,
    docs: np.ndarray,
    ids: pa.Array | pa.ChunkedArray,
    index: BenchmarkIndex,
    info_threshold: float,
    contaminated_threshold: float,
) -> tuple[pa.Table, pa.Table]:
    """Check documents against every item of the index.

    Args:
        text: string or large_string, one row a document.
        hashes, offsets: its words, as `textkernels.words.word_hashes` gives them.
        docs: int64, the documents' numbers.
        ids: string, the documents' ids.
        index: what to check against.
        info_threshold: a larger 7-gram ratio is at least partial contamination.
        contaminated_threshold: a 7-gram ratio of this or more is contamination.

    Returns:
        A table with the schema CONTAMINATION, one row a document, in order. The item that decides is
        the one that shares most distinct 13-grams, where none does the one with the largest ratio;
        on a tie that with the larger ratio, with more shared 7-grams, and the first by name. Clean
        documents name none. The segment is the first longest run of grams shared with that item.

        A table with the schema HITS: for each rule a row a maximal run of consecutive grams that are
        evidence, in order of document, rule and place. Evidence are all 13-grams that are not
        allowed, and the 7-grams of items with a ratio above `info_threshold`. A row names the item
        that holds most of the run's grams, the first by name on a tie; `items` are all those with
        evidence in the run, by name.

    Raises:
        TypeError: an array is of another type.
        ValueError: the arrays are not of the same documents.
    """
    if not len(text) == offsets.size - 1 == docs.size == len(ids):
        raise ValueError("text, offsets, docs and ids must be of the same documents")
    grams, gram_offsets = ngram_hashes(hashes, offsets, SHORT)
    rows, short = _shared_7grams(grams, gram_offsets, index.short)
    long = _shared_13grams(short, hashes, offsets[rows], index.long)
    ratios, deciders, shared13, shared7, evidence, evidence_offsets = count_shared(
        (grams, gram_offsets[rows], gram_offsets[rows + 1]),
        (short.numbers, short.offsets, *_holders(index.short), index.short.variants),
        (long.numbers, long.offsets, *_holders(index.long)),
        (index.item_variants, index.short_counts),
        info_threshold,
    )
    by_13gram, by_ratio = shared13 > 0, ratios > info_threshold
    contaminated = by_13gram | by_ratio & (ratios >= contaminated_threshold)
    kept = by_13gram | by_ratio
    evidence_sizes = np.diff(evidence_offsets)
    dirty = _Dirty(
        rows[kept],
        by_13gram[kept],
        deciders[kept],
        shared13[kept],
        shared7[kept],
        evidence[np.repeat(kept, evidence_sizes)],
        _offsets(evidence_sizes[kept]),
        short.of(kept),
        long.of(kept),
        Segments(text.take(pa.array(rows[kept]))),
    )
    all_ratios = np.zeros(len(text))
    all_ratios[rows] = ratios
    verdicts = np.where(contaminated[kept], "contaminated", "partial")
    return (
        _contamination(docs, ids, all_ratios, verdicts, dirty, index),
        _hits(docs, ids, dirty, index),
    )


def _shared_7grams(
    grams: np.ndarray, gram_offsets: np.ndarray, postings: Postings
) -> tuple[np.ndarray, _Shared]:
    """The rows of the documents that share a 7-gram, int64[n], and what these share."""
    positions, numbers = postings.lookup.find_present(grams)
    owners = np.searchsorted(gram_offsets, positions, side="right") - 1
    rows, sizes = np.unique(owners, return_counts=True)
    return rows, _Shared(positions - gram_offsets[owners], numbers, _offsets(sizes))


def _shared_13grams(
    short: _Shared, hashes: np.ndarray, first_words: np.ndarray, postings: Postings
) -> _Shared:
    """The 13-grams that the same documents share; first_words: int64[n], where theirs begin in hashes.

    All 7-grams in a 13-gram of an item are the item's too, so only where that many stand in a row in
    the document can there be one.
    """
    inner = LONG - SHORT
    owners = np.repeat(np.arange(first_words.size), np.diff(short.offsets))
    places = short.places
    candidates = np.flatnonzero(
        (places[inner:] - places[:-inner] == inner) & (owners[inner:] == owners[:-inner])
    )
    places, owners = places[candidates], owners[candidates]
    begins = first_words[owners] + places
    # Candidates in a row are read as one text, of as many words as they have grams, and LONG - 1.
    breaks = np.flatnonzero((np.diff(places) != 1) | (np.diff(owners) != 0)) + 1
    run_starts = np.concatenate(([0], breaks)) if candidates.size else breaks
    lengths = np.diff(np.append(run_starts, candidates.size)) + LONG - 1
    run_offsets = _offsets(lengths)
    within = np.arange(run_offsets[-1]) - np.repeat(run_offsets[:-1], lengths)
    run_words = hashes[np.repeat(begins[run_starts], lengths) + within]
    found, numbers = postings.lookup.find_present(ngram_hashes(run_words, run_offsets, LONG)[0])
    sizes = np.bincount(owners[found], minlength=first_words.size)
    return _Shared(places[found], numbers, _offsets(sizes))


def _contamination(
    docs: np.ndarray,
    ids: pa.Array | pa.ChunkedArray,
    ratios: np.ndarray,
    verdicts: np.ndarray,
    dirty: _Dirty,
    index: BenchmarkIndex,
) -> pa.Table:
    starts, ends = np.zeros(dirty.rows.size, np.int64), np.zeros(dirty.rows.size, np.int64)
    for kept, shared, postings, n in (
        (dirty.by_13gram, dirty.long, index.long, LONG),
        (~dirty.by_13gram, dirty.short, index.short, SHORT),
    ):
        firsts, lasts = longest_runs(shared.of(kept).arrays(), _holders(postings), dirty.deciders[kept])
        starts[kept], ends[kept] = dirty.segments.spans(np.flatnonzero(kept), firsts, lasts, n)
    names = index.items.select(["benchmark", "item_id"]).take(pa.array(dirty.deciders))
    decided = pa.table(
        {
            "verdict": pa.array(verdicts.tolist(), pa.string()),
            "rule": pa.array(np.where(dirty.by_13gram, _BY_13GRAM, _BY_7GRAM).tolist(), pa.string()),
            "benchmark": names["benchmark"],
            "item_id": names["item_id"],
            "segment": dirty.segments.texts(np.arange(dirty.rows.size), starts, ends),
            "shared_13grams": dirty.shared13,
            "shared_7grams": dirty.shared7,
        }
    )
    place = np.full(docs.size, -1, np.int64)
    place[dirty.rows] = np.arange(dirty.rows.size)
    table = decided.take(pa.array(place, mask=place < 0))
    for name, clean in (("verdict", "clean"), ("shared_13grams", 0), ("shared_7grams", 0)):
        column = table.schema.get_field_index(name)
        table = table.set_column(column, name, table[name].fill_null(clean))
    table = table.append_column("doc", pa.array(docs)).append_column("id", ids)
    return table.append_column("ratio", pa.array(ratios)).select(CONTAMINATION.names).cast(CONTAMINATION)


def _hits(
    docs: np.ndarray, ids: pa.Array | pa.ChunkedArray, dirty: _Dirty, index: BenchmarkIndex
) -> pa.Table:
    every = np.empty(0, np.int32), np.empty(0, np.int64)
    above = dirty.evidence, dirty.evidence_offsets
    labels = index.labels
    tables, rows = [], []
    for rule, shared, postings, n, evidence in (
        (_BY_13GRAM, dirty.long, index.long, LONG, every),
        (_BY_7GRAM, dirty.short, index.short, SHORT, above),
    ):
        documents, firsts, lasts, mains, items, item_offsets = find_runs(
            shared.arrays(), _holders(postings), index.items.num_rows, *evidence
        )
        starts, ends = dirty.segments.spans(documents, firsts, lasts, n)
        own = dirty.rows[documents]
        names = index.items.select(["benchmark", "item_id"]).take(pa.array(mains))
        held = pa.ListArray.from_arrays(item_offsets.astype(np.int32), labels.take(pa.array(items)))
        columns = {
            "doc": docs[own],
            "id": ids.take(pa.array(own)),
            "rule": pa.array([rule] * own.size, pa.string()),
            "benchmark": names["benchmark"],
            "item_id": names["item_id"],
            "start": starts,
            "end": ends,
            "segment": dirty.segments.texts(documents, starts, ends),
            "items": held,
        }
        tables.append(pa.table(columns).cast(HITS))
        rows.append(own)
    order = np.argsort(np.concatenate(rows), kind="stable")
    return pa.concat_tables(tables).take(pa.array(order)).combine_chunks()


def _holders(postings: Postings) -> tuple[np.ndarray, np.ndarray]:
    return postings.offsets, postings.items


def _offsets(sizes: np.ndarray) -> np.ndarray:
    offsets = np.zeros(sizes.size + 1, np.int64)
    np.cumsum(sizes, out=offsets[1:])
    return offsets
