"""Documents that share a key come into one component, and each component into one partition."""

import pytest

from pipelines.dedup import dedup_phases
from pipelines.deduplication.linking import members_of_components
from pipelines.errors import RunError
from pipelines.runner import Engine, run_waves
from pipelines.storage.parts import list_parts, part_name, signal_file
from schemas.signals import QUALITY
from tests.pipelines.near_duplicates import WORDS, config_of, dedup, lay_out, planted, quiet


def test_members_lie_by_part_and_all_of_a_component_in_one_partition(tmp_path):
    documents = planted(400, seed=21)
    run = lay_out(tmp_path, [[documents[:150], [], documents[150:390], documents[390:]]])
    dedup(run)
    partition_of, members = {}, 0
    for part in range(4):
        rows = members_of_components(run, part).to_pylist()
        assert [row["doc"] for row in rows] == sorted(row["doc"] for row in rows)
        assert {row["doc"] >> 32 for row in rows} <= {part}
        for row in rows:
            assert partition_of.setdefault(row["cluster"], row["partition"]) == row["partition"]
        members += len(rows)
    assert members > 150
    assert len(set(partition_of.values())) > 4


def test_a_component_keeps_what_each_batch_knew_of_it(tmp_path):
    windows = [" ".join(WORDS[start : start + 104]) for start in (0, 3, 6)]
    first, middle, last = [(str(k), "s", window) for k, window in enumerate(windows)]
    run = lay_out(tmp_path, [[[first], [("far", "s", "another text")]], [[middle], [last]]])
    dedup(run)
    rows = [row for part in range(4) for row in members_of_components(run, part).to_pylist()]
    assert {row["doc"] >> 32: (row["joined"] >> 32, row["since"]) for row in rows} == {
        0: (0, -1),
        2: (0, 1),
        3: (0, 1),
    }


def test_bands_of_documents_that_quality_lacks_end_the_run(tmp_path):
    run = lay_out(tmp_path, [[[("a", "s", "one two"), ("b", "s", "one two")]]])
    name = signal_file("quality", part_name(0, 0))
    with run.parquet(name) as file:
        table = file.read()
    run.write_parquet(name, QUALITY, [table.slice(0, 1)])
    phases = dedup_phases(run, config_of(), list_parts(run), "facts")
    with pytest.raises(
        RunError, match=r"part-000000-000: the bands name documents that signals/quality lacks"
    ):
        run_waves(run, [[phase] for phase in phases], Engine(), quiet)
