"""Near-duplicates are found, chains and templates lose nothing, and the rows are the documents' own."""

import hashlib
import random

import numpy as np
import pyarrow as pa
import pytest

from pipelines.dedup import band_partitions, band_rows, check_source_loss, dedup_phases
from pipelines.errors import RunError
from pipelines.exchange import exchange_file
from pipelines.storage.parts import list_parts, part_name, read_signal
from pipelines.storage.receipts import read_receipts, receipt_name
from schemas.config import Dedup
from schemas.documents import ROW_BITS
from schemas.plan import Plan, Split
from schemas.signals import DUPLICATES
from tests.pipelines.near_duplicates import (
    WORDS,
    config_of,
    dedup,
    edited,
    filled_in,
    found,
    jaccard,
    lay_out,
    planted,
    shingle_set,
)
from textkernels.content import content_hashes
from textkernels.words import word_hashes


def kept_ids(rows):
    return {name: row["kept_id"] for name, row in rows.items()}


def files_of(run):
    names = run.list("signals/duplicates")
    return {name: hashlib.sha256(run.read_bytes(name)).hexdigest() for name in names}


def test_against_brute_force_nearly_all_pairs_are_found_and_nothing_is_dropped_without_cause(tmp_path):
    documents = planted(600, seed=1)
    rows = found(tmp_path, documents[:200], documents[200:])
    sets = {name: shingle_set(text) for name, _, text in documents}
    names = [name for name, _, _ in documents]
    near = [(a, b) for k, a in enumerate(names) for b in names[:k] if jaccard(sets[a], sets[b]) >= 0.8]
    assert len(near) > 150
    dropped = {name for name, row in rows.items() if row["is_duplicate"]}
    survivors = [(a, b) for a, b in near if a not in dropped and b not in dropped]
    assert len(survivors) <= 0.05 * len(near)
    for name in dropped:
        kept = rows[name]["kept_id"]
        assert kept not in dropped
        assert rows[name]["similarity"] == round(jaccard(sets[name], sets[kept]), 6) >= 0.8


def test_rows_are_the_documents_own_and_counts_add_up(tmp_path):
    documents = planted(300, seed=2)
    run = lay_out(tmp_path, [[documents[:130], [], documents[130:]]])
    rows = dedup(run)
    for split, own in enumerate((documents[:130], [], documents[130:])):
        table = read_signal(run, "duplicates", part_name(split, 0))
        assert table.schema.equals(DUPLICATES)
        assert table["id"].to_pylist() == [name for name, _, _ in own]
        assert table["doc"].to_pylist() == [(split << ROW_BITS) + k for k in range(len(own))]
    for row in rows.values():
        assert (row["cluster"] is None) == (row["kept_doc"] is None) == (row["similarity"] is None)
        if row["cluster"] is None:
            assert not row["is_duplicate"]
    counts = [receipt.counts for receipt in read_receipts(run, "duplicates").values()]
    assert sum(count["documents"] for count in counts) == 300
    dropped = sum(row["is_duplicate"] for row in rows.values())
    assert sum(count["duplicates"] for count in counts) == dropped > 0
    assert all(count["documents"] == count["kept"] + count["duplicates"] for count in counts)
    in_clusters = sum(row["cluster"] is not None for row in rows.values())
    for stage in ("gather", "decide"):
        assert sum(r.counts["candidates"] for r in read_receipts(run, stage).values()) == in_clusters
    keys = 300 * 21  # every document here has words: 20 bands and its content
    assert sum(receipt.counts["keys"] for receipt in read_receipts(run, "propose").values()) == keys


def test_cluster_is_the_smallest_doc_of_the_documents_that_share_bands(tmp_path):
    text = " ".join(WORDS[:50])
    rows = found(tmp_path, [("x", "s", "alone"), ("a", "s", text)], [("b", "s", text), ("c", "s", text)])
    assert {name: row["cluster"] for name, row in rows.items()} == {"x": None, "a": 1, "b": 1, "c": 1}
    assert {name: row["kept_doc"] for name, row in rows.items()} == {"x": None, "a": 1, "b": 1, "c": 1}


def test_the_ends_of_a_chain_survive_unless_its_middle_is_preferred(tmp_path):
    windows = [" ".join(WORDS[start : start + 104]) for start in (0, 6, 12)]
    a, b, c = (shingle_set(window) for window in windows)
    assert jaccard(a, b) >= 0.8 and jaccard(b, c) >= 0.8 and jaccard(a, c) < 0.8
    parts = [[(name, name, text)] for name, text in zip("abc", windows, strict=True)]
    assert kept_ids(found(tmp_path / "1", *parts, priority=["a"])) == {"a": "a", "b": "a", "c": "c"}
    assert kept_ids(found(tmp_path / "2", *parts, priority=["b"])) == {"a": "b", "b": "b", "c": "b"}


def test_documents_filled_into_one_template_are_kept_where_they_differ_by_three_tenths(tmp_path):
    documents = filled_in(2000, template_words=144, own_words=30, seed=3)
    assert 0.69 < jaccard(shingle_set(documents[0][2]), shingle_set(documents[1][2])) < 0.71
    rows = found(tmp_path, documents[:900], documents[900:])
    assert not any(row["is_duplicate"] for row in rows.values())
    assert len({row["cluster"] for row in rows.values()}) < 200  # they did meet


def test_documents_filled_into_one_template_collapse_where_they_differ_by_less(tmp_path):
    documents = filled_in(2000, template_words=144, own_words=12, seed=4)
    rows = found(tmp_path, documents[:900], documents[900:])
    kept = [name for name, row in rows.items() if not row["is_duplicate"]]
    assert len(kept) <= 10
    sets = {name: shingle_set(text) for name, _, text in documents}
    for name, row in rows.items():
        assert jaccard(sets[name], sets[row["kept_id"]]) >= 0.8


def test_copies_are_dropped_across_parts_whatever_their_case_and_punctuation(tmp_path):
    rows = found(
        tmp_path,
        [("a", "s", "One two three four five six seven."), ("b", "s", "Hi there")],
        [("c", "s", "one, two; three four FIVE six seven!!!"), ("d", "s", "hi THERE"), ("e", "s", "hi you")],
    )
    assert kept_ids(rows) == {"a": "c", "c": "c", "b": "b", "d": "b", "e": None}
    assert {row["similarity"] for name, row in rows.items() if name != "e"} == {1.0}


def test_documents_without_words_are_duplicates_where_they_are_the_same_bytes(tmp_path):
    rows = found(
        tmp_path, [("a", "s", "!!!"), ("b", "s", "?"), ("c", "s", "")], [("d", "s", "!!!"), ("e", "s", "")]
    )
    assert kept_ids(rows) == {"a": "a", "b": None, "c": "c", "d": "a", "e": "c"}


def test_the_copy_of_a_preferred_source_is_kept_and_else_the_longer(tmp_path):
    text = " ".join(WORDS[:30])
    part = [("a", "x", f"{text}..."), ("b", "y", text), ("c", "z", f"{text}.")]
    assert set(kept_ids(found(tmp_path / "1", part)).values()) == {"a"}
    assert set(kept_ids(found(tmp_path / "2", part, priority=["z", "y"])).values()) == {"c"}


def test_an_appended_batch_changes_no_verdict_of_an_earlier_one(tmp_path):
    documents = planted(240, seed=6)
    rng = random.Random(7)
    late = [(f"l{k}", "best", edited(rng.choice(documents)[2], rng.randrange(5), rng)) for k in range(200)]
    late += [(f"n{name}", "best", text) for name, _, text in planted(100, seed=13)]
    first = dedup(lay_out(tmp_path / "1", [[documents[:120], documents[120:]]]))
    run = lay_out(tmp_path / "2", [[documents[:120], documents[120:]], [late]])
    both = dedup(run, priority=["best"])
    for name, row in first.items():
        assert both[name]["is_duplicate"] == row["is_duplicate"]
        if row["is_duplicate"]:
            assert (both[name]["kept_id"], both[name]["similarity"]) == (row["kept_id"], row["similarity"])
    dropped = [row for name, row in both.items() if name not in first and row["is_duplicate"]]
    assert {row["kept_doc"] >> ROW_BITS for row in dropped} == {0, 1, 2}


def test_verdicts_do_not_depend_on_how_documents_are_cut_into_parts(tmp_path):
    documents = planted(300, seed=8)
    whole = found(tmp_path / "1", documents)
    cut = found(tmp_path / "2", *(documents[start : start + 43] for start in range(0, 300, 43)))
    for name, row in whole.items():
        other = cut[name]
        assert [other[key] for key in ("kept_id", "similarity", "is_duplicate")] == [
            row[key] for key in ("kept_id", "similarity", "is_duplicate")
        ]


def test_done_again_after_receipts_are_lost_the_files_are_the_same(tmp_path):
    documents = planted(200, seed=9)
    run = lay_out(tmp_path, [[documents[:80], documents[80:]]])
    dedup(run)
    before = files_of(run)
    for stage in ("propose", "gather", "decide", "duplicates"):
        for task in list(read_receipts(run, stage))[::2]:
            run.remove(receipt_name(stage, task))
    run.remove(exchange_file("components", "components"))
    dedup(run)
    assert files_of(run) == before


@pytest.mark.slow
def test_two_workers_write_the_same_files_as_one(tmp_path):
    documents = planted(300, seed=10)
    parts = [documents[:100], documents[100:150], documents[150:]]
    one, two = (lay_out(tmp_path / name, [parts]) for name in "12")
    dedup(one)
    dedup(two, workers=2)
    assert files_of(one) == files_of(two)


def test_a_threshold_decides_anew_and_proposes_nothing_anew(tmp_path):
    documents = planted(200, seed=11)
    run = lay_out(tmp_path, [[documents]])
    loose = dedup(run)
    receipts = {stage: read_receipts(run, stage) for stage in ("propose", "components", "gather")}
    strict = dedup(run, threshold=1.0)
    assert {stage: read_receipts(run, stage) for stage in receipts} == receipts
    n_loose, n_strict = (sum(row["is_duplicate"] for row in rows.values()) for rows in (loose, strict))
    assert 0 < n_strict < n_loose


def test_a_source_that_loses_more_than_its_share_ends_the_run_with_a_table_and_the_key(tmp_path):
    text = [" ".join(WORDS[k * 9 : k * 9 + 9]) for k in range(110)]
    original = [(f"o{k}", "original", text[k]) for k in range(100)]
    mirror = [(f"m{k}", "mirror", text[k]) for k in range(10, 110)]
    small = [("s0", "small", text[0])]
    run = lay_out(tmp_path, [[original, mirror, small]])
    dedup(run)
    check_source_loss(run, config_of(max_source_loss=0.9))
    with pytest.raises(RunError) as error:
        check_source_loss(run, config_of(max_source_loss=0.89))
    assert "dedup.max_source_loss" in str(error.value)
    table = str(error.value).splitlines()[1:]
    assert [line.split() for line in table] == [["90.00%", "90", "of", "100", "mirror"]]


def test_a_plan_whose_batches_go_back_is_refused(tmp_path):
    run = lay_out(tmp_path, [[planted(5, seed=12)]])
    splits = [Split(split=k, batch=batch, bytes=0, pieces=()) for k, batch in enumerate((0, 1, 0))]
    run.write_bytes("plan.json", Plan(files=(), splits=tuple(splits)).model_dump_json().encode())
    with pytest.raises(RunError, match="split 2 goes back to batch 0"):
        dedup_phases(run, config_of(), list_parts(run), "facts")


def test_a_band_partition_stays_under_64_megabytes_and_does_not_depend_on_workers():
    assert band_partitions(0, 20) == band_partitions(1000, 20) == 8
    rows = 250_000_000 * 21
    assert rows * 16 / band_partitions(250_000_000, 20) <= 64_000_000


def test_a_document_without_words_has_the_key_of_its_content_alone():
    text = pa.array(["one two three", "...", "one two three"])
    rows = band_rows(np.array([4, 5, 6]), *word_hashes(text), content_hashes(text)[0:3], Dedup())
    keys = {}
    for row in rows.to_pylist():
        keys.setdefault(row["doc"], []).append(row["key"])
    assert [len(keys[doc]) for doc in (4, 5, 6)] == [21, 1, 21]
    assert keys[4] == keys[6] and keys[5][0] not in keys[4]
