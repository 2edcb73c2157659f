"""Candidates and verdicts go to their partitions and back, and what does not add up ends the run."""

import pyarrow.parquet as pq
import pytest

from pipelines.dedup import dedup_phases
from pipelines.deduplication.linking import members_of_components
from pipelines.errors import RunError
from pipelines.exchange import exchange_file, read_partition
from pipelines.runner import Engine, run_waves
from pipelines.storage.parts import document_file, list_parts, part_name
from pipelines.storage.receipts import receipt_name
from tests.pipelines.near_duplicates import config_of, dedup, lay_out, planted, quiet, shingle_set


def rewrite(run, name, change):
    """Replace a Parquet file of the run by changed tables of the same row groups."""
    path = run.path(name)
    with pq.ParquetFile(path) as file:
        groups = [file.read_row_group(k) for k in range(file.num_row_groups)]
    with pq.ParquetWriter(path, groups[0].schema) as writer:
        for group in map(change, groups):
            writer.write_table(group)


def test_candidates_carry_their_distinct_shingles_whatever_row_group_they_are_of(tmp_path):
    documents = planted(300, seed=31)
    run = lay_out(tmp_path, [[documents]])
    dedup(run)
    members = members_of_components(run, 0)
    part = part_name(0, 0)
    assert pq.ParquetFile(run.path(document_file(part))).num_row_groups > 2
    seen = []
    for partition in set(members["partition"].to_pylist()):
        for row in read_partition(run, "shingles", [part], partition).to_pylist():
            name, source, text = documents[row["doc"]]
            assert (row["id"], row["source"], row["length"]) == (name, source, len(text))
            assert len(row["shingles"]) == len(shingle_set(text))
            assert row["shingles"] == sorted(row["shingles"])
            seen.append(row["doc"])
    assert sorted(seen) == members["doc"].to_pylist()


def test_candidates_that_the_part_lacks_end_the_run(tmp_path):
    run = lay_out(tmp_path, [[[("a", "s", "one two"), ("b", "s", "one two")]]])
    dedup(run)
    part = part_name(0, 0)
    rewrite(run, document_file(part), lambda table: table.slice(1))
    run.remove(receipt_name("gather", part))
    with pytest.raises(RunError, match=r"2 candidates, but the part holds 1 of them"):
        dedup(run)


def test_a_candidate_without_a_verdict_ends_the_run(tmp_path):
    run = lay_out(tmp_path, [[[("a", "s", "one two"), ("b", "s", "one two")]]])
    dedup(run)
    partition = members_of_components(run, 0)["partition"][0].as_py()
    rewrite(run, exchange_file("decisions", f"components-{partition:05d}"), lambda table: table.slice(1))
    run.remove(receipt_name("duplicates", part_name(0, 0)))
    phases = dedup_phases(run, config_of(), list_parts(run), "facts")[-1:]
    with pytest.raises(RunError, match=r"2 candidates, but 1 verdicts"):
        run_waves(run, [[phase] for phase in phases], Engine(), quiet)
