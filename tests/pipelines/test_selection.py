"""The view `selection` against a plain reading of its rules, and what is refused of a config's SQL."""

import duckdb
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pipelines.errors import UsageError
from pipelines.inspection.tables import signal_columns
from pipelines.selection import check_selection, selection_sql
from schemas.config import Config, parse_config

# Conditions as SQL and as Python; None is SQL's NULL.
CONDITIONS = {
    "n_words >= 4": lambda row: None if row["n_words"] is None else row["n_words"] >= 4,
    "bucket = 'web' -- the web": lambda row: row["bucket"] == "web",
    "url IS NULL": lambda row: row["url"] is None,
    "CAST(NULL AS BOOLEAN)": lambda row: None,
    "true OR false": lambda row: True,
    "signals.similarity < 0.5 AND n_words > 1": lambda row: both(
        None if row["similarity"] is None else row["similarity"] < 0.5,
        None if row["n_words"] is None else row["n_words"] > 1,
    ),
}
NAMES = st.sampled_from(["a", "b'; DROP", 'c"', "d d", "signals", "é"])
ROWS = st.fixed_dictionaries(
    {
        "bucket": st.sampled_from(["web", "code"]),
        "url": st.sampled_from([None, "https://example.org"]),
        "n_words": st.sampled_from([None, 0, 2, 3, 4, 9]),
        "similarity": st.sampled_from([None, 0.2, 0.9]),
        "is_duplicate": st.sampled_from([None, False, True]),
        "verdict": st.sampled_from([None, "clean", "partial", "contaminated"]),
    }
)


def both(left: bool | None, right: bool | None) -> bool | None:
    if left is False or right is False:
        return False
    return None if left is None or right is None else True


def make_config(**sections) -> Config:
    return parse_config({"run": "r", "inputs": [{"path": "x", "bucket": "web"}], **sections})


@st.composite
def configs(draw) -> Config:
    sections = {"filters": draw(st.dictionaries(NAMES, st.sampled_from([*CONDITIONS]), max_size=3))}
    if draw(st.booleans()):
        sections["dedup"] = None
    if draw(st.booleans()):
        drop = draw(st.lists(st.sampled_from(["partial", "contaminated"]), unique=True))
        sections["decontaminate"] = {"benchmarks": ["human-eval"], "drop": drop}
    if draw(st.booleans()):
        wheres = draw(st.dictionaries(NAMES, st.sampled_from([None, *CONDITIONS]), min_size=1, max_size=4))
        components = {name: {"where": where, "share": 1 / len(wheres)} for name, where in wheres.items()}
        sections["mixture"] = {"tokens": 10_000, "components": components}
    return make_config(**sections)


def expected(config: Config, row: dict) -> tuple:
    """keep, drop_reason and component of a row, read off the rules in their order."""
    components = {} if config.mixture is None else config.mixture.components
    fitting = next(
        (name for name, c in components.items() if c.where is None or CONDITIONS[c.where](row) is True), None
    )
    reasons = []
    if config.dedup is not None and row["is_duplicate"]:
        reasons.append("near_duplicate")
    if config.decontaminate is not None and row["verdict"] in config.decontaminate.drop:
        reasons.append(row["verdict"])
    reasons += [name for name, sql in config.filters.items() if CONDITIONS[sql](row) is False]
    if config.mixture is not None and fitting is None:
        reasons.append("no_component")
    return (False, reasons[0], None) if reasons else (True, None, fitting)


def select(config: Config, rows: list[dict]) -> list[tuple]:
    columns = signal_columns()
    with duckdb.connect() as con:
        con.execute(f"CREATE TABLE signals ({', '.join(f'{name} {kind}' for name, kind in columns.items())})")
        for doc, row in enumerate(rows):
            given = {"doc": doc, "id": "same", **row}
            con.execute(
                f"INSERT INTO signals ({', '.join(given)}) VALUES ({', '.join('?' * len(given))})",
                list(given.values()),
            )
        con.execute(f"CREATE VIEW selection AS {selection_sql(config)}")
        return con.execute("SELECT keep, drop_reason, component FROM selection ORDER BY doc").fetchall()


@settings(max_examples=60, deadline=None)
@given(config=configs(), rows=st.lists(ROWS, min_size=1, max_size=6))
def test_the_first_failing_rule_and_the_first_fitting_component_decide(config, rows):
    check_selection(config)
    assert select(config, rows) == [expected(config, row) for row in rows]


def test_a_condition_that_is_null_drops_nothing_and_a_where_that_is_null_does_not_fit():
    row = {"bucket": "web", "n_words": None}
    assert select(make_config(filters={"long": "n_words > 3"}), [row]) == [(True, None, None)]
    components = {"long": {"where": "n_words > 3", "share": 0.5}, "rest": {"share": 0.5}}
    mixture = {"tokens": 10_000, "components": components}
    assert select(make_config(mixture=mixture), [row]) == [(True, None, "rest")]


def test_the_short_form_of_a_mixture_takes_the_buckets_it_names():
    config = make_config(mixture={"tokens": 10_000, "shares": {"web": 1.0, "code": 0.0}})
    assert select(config, [{"bucket": "web"}, {"bucket": "code"}]) == [
        (True, None, "web"),
        (False, "no_component", None),
    ]


def test_the_view_has_every_column_of_signals_and_three_more():
    with duckdb.connect() as con:
        columns = signal_columns()
        con.execute(f"CREATE TABLE signals ({', '.join(f'{name} {kind}' for name, kind in columns.items())})")
        described = con.execute(f"DESCRIBE {selection_sql(make_config())}").fetchall()
    decided = {"keep": "BOOLEAN", "drop_reason": "VARCHAR", "component": "VARCHAR"}
    assert {row[0]: row[1] for row in described} == {**columns, **decided}


@pytest.mark.parametrize(
    ("condition", "message"),
    [
        ("n_wordz > 3", "did you mean `n_words`"),
        ("keep", "the columns are doc, id"),
        ("n_words", "not a condition: it is of type BIGINT"),
        ("n_words > 3; DROP VIEW signals", "not a"),
        ("n_words >", "syntax error"),
        ("true) OR (true", "syntax error"),
        ("1) FROM signals WHERE (true", "syntax error"),
        ("true LIMIT 1", "not a single SQL expression"),
        ("true, true", "not a single SQL expression"),
        ("count(*) > 3", "aggregates"),
        ("row_number() OVER () > 3", "window"),
        ("EXISTS (FROM read_text('/etc/hostname'))", "subquery"),
        ("source IN (SELECT id FROM documents)", "subquery"),
        ("random() < 0.5", "random gives another answer"),
        ("created > now()", "now gives another answer"),
        ("created > current_date", "current_date gives another answer"),
        ("n_words > ?", "parameters"),
        ("COLUMNS('n_.*') > 3", "not a condition"),
        ("", "not a SQL expression"),
    ],
)
def test_sql_that_can_not_be_used_is_refused_with_its_key(condition, message):
    components = {"all": {"where": condition, "share": 1.0}}
    for config, key in [
        (make_config(filters={"mine": condition}), "filters.mine: "),
        (make_config(mixture={"tokens": 9999, "components": components}), "mixture.components.all.where: "),
    ]:
        with pytest.raises(UsageError, match=message) as caught:
            check_selection(config)
        assert str(caught.value).startswith(key)
        assert "\n" not in str(caught.value)


@pytest.mark.parametrize(
    "condition",
    ["source = 'a;b'", "metadata['licence'] = 'mit'", "created >= '2024-01-01'", "regexp_matches(url, 'x')"],
)
def test_sql_over_one_row_is_taken(condition):
    check_selection(make_config(filters={"mine": condition}))


def test_every_problem_is_named_at_once():
    components = {"a": {"where": "lenght > 3", "order": "n_token", "share": 1.0}}
    config = make_config(filters={"partial": "true"}, mixture={"tokens": 10_000, "components": components})
    with pytest.raises(UsageError) as caught:
        check_selection(config)
    message = str(caught.value)
    assert "filters.partial: partial is the name of a built-in drop reason" in message
    assert "mixture.components.a.where" in message
    assert "mixture.components.a.order: there is no column 'n_token'; did you mean `n_tokens`?" in message


@settings(max_examples=60, deadline=None)
@given(groups=st.lists(st.tuples(st.booleans(), st.lists(st.booleans(), max_size=4)), min_size=1, max_size=5))
def test_a_group_of_copies_has_one_left_as_long_as_one_passes_the_other_rules(groups):
    config = make_config(filters={"long": "n_words > 3"})
    rows, members = [], []
    for kept_passes, copies in groups:
        kept = len(rows)
        members.append([])
        for place, passes in enumerate([kept_passes, *copies]):
            members[-1].append((len(rows), passes))
            rows.append(
                {"n_words": 9 if passes else 2, "is_duplicate": place > 0, "kept_doc": kept, "cluster": kept}
            )
    keep = [row[0] for row in select(config, rows)]
    for own in members:
        passing = [doc for doc, passes in own if passes]
        assert [doc for doc, _ in own if keep[doc]] == passing[:1]


def test_a_constant_that_is_no_value_of_its_column_is_refused_by_the_filter_s_name():
    with pytest.raises(UsageError, match=r"filters\.odd: .*high"):
        check_selection(make_config(filters={"odd": "edu_score > 'high'"}))
