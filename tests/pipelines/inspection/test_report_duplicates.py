"""Groups of near-duplicates are counted whole and shown with a difference to read."""

import pytest

from pipelines.inspection.report_duplicates import SHOWN_GROUPS, find_groups, read_near_duplicates
from pipelines.inspection.report_texts import read_beginnings
from pipelines.inspection.views import connect
from pipelines.storage.parts import document_file, part_name, signal_file
from schemas.documents import DOCUMENT
from schemas.signals import DUPLICATES, QUALITY

from .conftest import rows
from .report_page import report_of


def read(run, config):
    with connect(run, config) as con:
        groups = find_groups(con)
        docs = [doc for group in groups for doc in (group.kept_doc, group.shown_doc)]
        return read_near_duplicates(con, groups, read_beginnings(con, docs))


@pytest.fixture
def grouped_run(finished_run):
    """Beside the run's one pair: ten groups, the k-th of k + 1 dropped documents of similarity 1 and 0.9."""
    documents, duplicates, facts, doc = [], [], [], 5 << 32
    for group in range(10):
        kept = doc
        for member in range(group + 2):
            id, source = f"g-{group}-{member}", f"s-{member % 6}"
            text = f"group {group} " + ("as it is" if member != 1 else "as it was")
            similarity = 0.9 if member == 1 else 1.0
            documents.append((doc, id, text, source, None, None, "web", None, None, b"2" * 16, [], []))
            duplicates.append((doc, id, kept, kept, f"g-{group}-0", similarity, member > 0))
            facts.append((doc, id, 10, 5, 20))
            doc += 1
    part = part_name(5, 0)
    finished_run.write_parquet(document_file(part), DOCUMENT, rows(DOCUMENT, documents))
    finished_run.write_parquet(signal_file("duplicates", part), DUPLICATES, rows(DUPLICATES, duplicates))
    finished_run.write_parquet(signal_file("quality", part), QUALITY, rows(QUALITY, facts))
    return finished_run


def test_every_dropped_document_is_in_one_group(grouped_run, config):
    found = read(grouped_run, config)
    assert (found.dropped, found.tokens, found.exact, found.total) == (56, 559, 45, 11)
    assert sum(one.groups for one in found.sizes) == found.total
    assert sum(one.dropped for one in found.sizes) == found.dropped


def test_the_largest_groups_come_first_with_their_least_similar_member(grouped_run, config):
    groups = read(grouped_run, config).groups
    assert [one.dropped for one in groups] == list(range(10, 10 - SHOWN_GROUPS, -1))
    first = groups[0]
    assert (first.kept_id, first.shown_id, first.least_similarity, first.exact) == ("g-9-0", "g-9-1", 0.9, 9)
    assert {one.kind: one.text for one in first.changes} == {
        "same": "group 9 as it",
        "removed": "is",
        "added": "was",
    }
    assert first.sources == [("s-1", 2), ("s-2", 2), ("s-3", 2), ("s-4", 2)]
    assert first.more_sources == 2


def test_the_page_says_how_many_groups_it_leaves_out(grouped_run, config):
    page = report_of(grouped_run, config)
    assert "and 3 more groups" in page.text
    assert "was" in page.inserted
    assert "is" in page.deleted


def test_there_are_none_where_nothing_was_dropped(ingested_run, config):
    assert read(ingested_run, config) is None
