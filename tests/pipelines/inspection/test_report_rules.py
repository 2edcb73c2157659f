"""What a rule drops first, in all and alone."""

from pipelines.inspection.funnel import count_fates, dropped_by, fates_by, read_funnel
from pipelines.inspection.report_rules import count_rules
from pipelines.inspection.views import connect
from schemas.config import parse_config


def counted(run, config):
    with connect(run, config) as con:
        count_fates(con)
        return {one.rule: one for one in count_rules(con, config, read_funnel(con, config).fates)}


def test_a_document_that_two_rules_drop_is_alone_in_neither(finished_run, config):
    filters = {"long_enough": "n_words >= 4", "many_tokens": "n_tokens > 2 AND n_tokens <> 9"}
    config = parse_config({**config.model_dump(exclude_unset=True), "filters": filters})
    found = counted(finished_run, config)
    long_enough, many_tokens, near = found["long_enough"], found["many_tokens"], found["near_duplicate"]
    assert (long_enough.first.documents, long_enough.meets, long_enough.alone.documents) == (1, 1, 0)
    # a-0 and a-1 have nine tokens, a-4 has two and is short.
    assert (many_tokens.first.documents, many_tokens.meets) == (1, 3)
    assert (many_tokens.alone.documents, many_tokens.alone.tokens) == (1, 9)
    assert (near.first.documents, near.meets, near.alone.documents) == (1, 1, 0)


def test_what_would_come_back_is_what_comes_back_without_the_rule(finished_run, config):
    kept = {}
    for rule in (None, *config.filters):
        filters = {name: text for name, text in config.filters.items() if name != rule}
        fewer = parse_config({**config.model_dump(exclude_unset=True), "filters": filters})
        with connect(finished_run, fewer) as con:
            kept[rule] = con.execute(
                "SELECT count(*) FILTER (keep), coalesce(sum(n_tokens) FILTER (keep), 0) FROM selection"
            ).fetchall()[0]
    for rule, one in counted(finished_run, config).items():
        if rule in config.filters:
            more = tuple(now - before for now, before in zip(kept[rule], kept[None], strict=True))
            assert (one.alone.documents, one.alone.tokens) == more


def test_conditions_of_the_config_are_named_on_one_line(finished_run, config):
    found = counted(finished_run, config)
    assert found["long_enough"].condition == "n_words >= 4"
    assert found["near_duplicate"].condition is None


def test_a_breakdown_cuts_after_the_largest_and_counts_the_others(finished_run, config):
    with connect(finished_run, config) as con:
        count_fates(con)
        found = fates_by(con, config, "source", 2)
        whole = fates_by(con, config, "source", 9)
    assert list(found.fates) == ["crawl", "forum"]
    assert (found.more, found.others.total.documents) == (2, 3)
    assert (whole.more, whole.others) == (0, None)


def test_a_source_called_others_is_none_of_the_others(finished_run, config):
    with connect(finished_run, config) as con:
        count_fates(con)
        con.execute("UPDATE fates SET source = 'others' WHERE source = 'crawl'")
        found = fates_by(con, config, "source", 2)
    assert found.fates["others"].total.documents == 4
    assert found.others.total.documents == 3


def test_what_a_rule_drops_is_told_by_source(finished_run, config):
    with connect(finished_run, config) as con:
        count_fates(con)
        found = dropped_by(con, "source", 1)
    assert found.keys() == {"near_duplicate", "contaminated", "partial", "long_enough", "no_component"}
    assert {name: amount.documents for name, amount in found["partial"].amounts.items()} == {"forum": 1}
    assert all(share.more == 0 for share in found.values())
