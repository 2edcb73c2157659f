"""Which documents the mixture takes, and which component each goes to: one SQL view over the facts.

The view is generated from the config, so what a person asks DuckDB is what the mixture takes. Moving a
threshold changes the view and nothing that is stored.
"""

import difflib
import json
import re
from collections.abc import Iterator
from typing import Any

import duckdb

from pipelines.errors import UsageError
from pipelines.inspection.tables import identifier, literal, signal_columns, tables_sql
from schemas.config import Config

NEAR_DUPLICATE = "near_duplicate"
BLOCKED = "blocked"
NO_COMPONENT = "no_component"
_BUILT_IN = (NEAR_DUPLICATE, BLOCKED, "contaminated", "partial", NO_COMPONENT)
_FITTING = "fitting_component"
_ELECTED = "elected_copy"
_ONE_ROW = "one_row"


def drop_rules(config: Config) -> dict[str, str]:
    """Drop reasons in the order they are tried, each with the SQL condition that drops a document.

    The conditions are over the rows of `fitting_sql`. One that is NULL, for want of the fact, drops
    nothing.
    """
    rules = {}
    if config.dedup is not None:
        rules[NEAR_DUPLICATE] = f'"is_duplicate" AND NOT {_ELECTED}'
    if config.decontaminate is not None:
        for verdict in ("contaminated", "partial"):
            if verdict in config.decontaminate.drop:
                rules[verdict] = f'"verdict" = {literal(verdict)}'
    if config.block:
        rules[BLOCKED] = '"blocked_by" IS NOT NULL'
    for name, condition in config.conditions().items():
        rules[name] = f"NOT {_enclosed(condition)}"
    if config.mixture is not None:
        rules[NO_COMPONENT] = f"{_FITTING} IS NULL"
    return rules


def fitting_sql(config: Config) -> str:
    """SELECT of the rows of `signals` with the first component of the mixture that each one fits, and whether it is
    the copy that is taken where the one that dedup kept is dropped by another rule.

    Of every document that was kept among near-duplicates and that is dropped all the same, the first near-duplicate
    that no other rule drops stands in its place: no text is lost because the wrong copy of it was kept.
    """
    components = {} if config.mixture is None else config.mixture.resolved()
    conditions = {
        name: "true" if component.where is None else _enclosed(component.where)
        for name, component in components.items()
    }
    fitting = f"SELECT *, {_first(conditions)} AS {_FITTING} FROM signals"
    others = [condition for name, condition in drop_rules(config).items() if name != NEAR_DUPLICATE]
    if config.dedup is None or not others:
        return f"SELECT *, false AS {_ELECTED} FROM ({fitting})"
    fails = " OR ".join(f"coalesce({condition}, false)" for condition in others)
    return (
        f"WITH fitting AS (\n{fitting}\n),\n"
        f"judged AS (SELECT doc, kept_doc, is_duplicate, {fails} AS fails FROM fitting AS signals WHERE cluster IS NOT NULL),\n"
        "elected AS (\n"
        "SELECT min(doc) AS doc FROM judged WHERE is_duplicate AND NOT fails\n"
        "AND kept_doc IN (SELECT doc FROM judged WHERE NOT is_duplicate AND fails) GROUP BY kept_doc)\n"
        f"SELECT *, doc IN (SELECT doc FROM elected) AS {_ELECTED} FROM fitting"
    )


def selection_sql(config: Config) -> str:
    """SELECT of the view `selection` over the view `signals`: one row a document.

    Columns: those of `signals`, then keep (bool), drop_reason (the first rule that drops the document,
    null for a kept one) and component (the first of the mixture that fits, null unless kept).
    """
    columns = ", ".join(identifier(name) for name in signal_columns())
    return (
        f"SELECT {columns}, drop_reason IS NULL AS keep, drop_reason,\n"
        f"  CASE WHEN drop_reason IS NULL THEN {_FITTING} END AS component\n"
        f"FROM (\nSELECT *, {_first(drop_rules(config))} AS drop_reason\nFROM (\n{fitting_sql(config)}\n) AS signals)"
    )


def _first(conditions: dict[str, str]) -> str:
    """The name of the first condition that holds, as a SQL expression."""
    whens = "".join(f"\n  WHEN {condition} THEN {literal(name)}" for name, condition in conditions.items())
    return f"CASE{whens}\n  ELSE NULL::VARCHAR END" if whens else "NULL::VARCHAR"


def _enclosed(condition: str) -> str:
    # On lines of its own, so that a comment at its end takes nothing with it.
    return f"(\n{condition}\n)"


def check_selection(config: Config) -> None:
    """Bind every condition and column that the config gives against empty views, before anything runs.

    A condition is one SQL expression over a row of `signals` that is true, false or NULL, and is the
    same whenever it is asked. Raises UsageError with every problem, each naming its key.
    """
    with duckdb.connect(config={"enable_external_access": False}) as con:
        con.execute(tables_sql(set()))
        nulls = ", ".join(f"NULL::{kind} AS {identifier(name)}" for name, kind in signal_columns().items())
        con.execute(f"CREATE TABLE {_ONE_ROW} AS SELECT {nulls}")
        problems = [*_problems(con, config)]
    if problems:
        raise UsageError("; ".join(problems))


def _problems(con: duckdb.DuckDBPyConnection, config: Config) -> Iterator[str]:
    columns = list(signal_columns())
    conditions = {f"filters.{name}": condition for name, condition in config.filters.items()}
    for number, preset in enumerate(config.presets):
        conditions[f"presets.{number}.where"] = preset.where
        for name, condition in preset.filters.items():
            conditions[f"presets.{number} ({preset.use}), filter {name}"] = condition
    for name in config.conditions():
        if name in _BUILT_IN:
            yield f"filters.{name}: {name} is the name of a built-in drop reason, choose another"
    components = {} if config.mixture is None else config.mixture.components or {}
    recipes = {} if config.synthesize is None else config.synthesize.recipes
    for name, use in recipes.items():
        conditions[f"synthesize.recipes.{name}.where"] = use.where
    for name, component in components.items():
        if component.where is not None:
            conditions[f"mixture.components.{name}.where"] = component.where
    for key, condition in conditions.items():
        problem = _problem(con, condition)
        if problem is not None:
            yield f"{key}: {problem}"
    for name, component in components.items():
        if component.order is not None and component.order not in columns:
            hint = _nearest(component.order)
            yield f"mixture.components.{name}.order: there is no column {component.order!r}; {hint}"


def _problem(con: duckdb.DuckDBPyConnection, condition: str) -> str | None:
    """What is wrong with a condition, None where it can be used."""
    for text in (condition, _enclosed(condition)):
        parsed = json.loads(con.execute("SELECT json_serialize_sql(?)", [f"SELECT\n{text}"]).fetchall()[0][0])
        if parsed["error"]:
            return f"not a SQL expression: {_one_line(parsed['error_message'])}"
        if not _is_one_expression(parsed["statements"]):
            return "not a single SQL expression"
    expression = parsed["statements"][0]["node"]["select_list"][0]
    problem = _unusable_part(con, expression)
    if problem is not None:
        return problem
    try:
        described = con.execute(f"DESCRIBE SELECT {_enclosed(condition)} FROM signals").fetchall()
        con.execute(f"EXPLAIN SELECT doc FROM signals WHERE {_enclosed(condition)}")
        # Constants that can't be what they are compared with are found out only where a row is looked at.
        con.execute(f"SELECT {_enclosed(condition)} FROM {_ONE_ROW} AS signals").fetchall()
    except duckdb.Error as error:
        return _explain(error)
    if [row[1] for row in described] != ["BOOLEAN"]:
        return f"not a condition: it is of type {', '.join(row[1] for row in described)}, not BOOLEAN"
    return None


def _is_one_expression(statements: list[dict[str, Any]]) -> bool:
    """Whether the statements are one SELECT of one expression and of nothing else."""
    if len(statements) != 1 or statements[0]["node"]["type"] != "SELECT_NODE":
        return False
    node = statements[0]["node"]
    further = ("modifiers", "where_clause", "group_expressions", "having", "sample", "qualify")
    return (
        len(node["select_list"]) == 1
        and node["from_table"]["type"] == "EMPTY"
        and not node["cte_map"]["map"]
        and not any(node[clause] for clause in further)
    )


def _unusable_part(con: duckdb.DuckDBPyConnection, expression: dict[str, Any]) -> str | None:
    """What in the expression looks beyond the row, or changes from one asking to the next."""
    changing = con.execute(
        "SELECT DISTINCT function_name FROM duckdb_functions() WHERE stability <> 'CONSISTENT'"
    ).fetchall()
    fleeting = {row[0] for row in changing} | {"current_timestamp", "current_time", "localtimestamp"}
    columns = signal_columns()
    for node in _nodes(expression):
        if node.get("class") == "SUBQUERY":
            return "a condition is over one document and can't hold a subquery"
        if node.get("class") == "PARAMETER":
            return "a condition can't hold parameters"
        names = [node.get("function_name")] if node.get("class") == "FUNCTION" else []
        if node.get("class") == "COLUMN_REF":
            names = [name for name in node["column_names"][:1] if name not in columns]
        for name in names:
            if name in fleeting:
                return f"{name} gives another answer in another run; write the value instead"
    return None


def _nodes(tree: Any) -> Iterator[dict[str, Any]]:
    if isinstance(tree, dict):
        yield tree
        tree = list(tree.values())
    if isinstance(tree, list):
        for branch in tree:
            yield from _nodes(branch)


def _explain(error: duckdb.Error) -> str:
    message = _one_line(str(error))
    missing = re.search(r'column "?([^"\s]+)"? not found', message, re.IGNORECASE)
    return f"{message}; {_nearest(missing[1])}" if missing else message


def _one_line(message: str) -> str:
    return " ".join(
        message.split("\n\n")[0].split("LINE 1:")[0].split("Candidate bindings")[0].split()
    ).rstrip("!")


def _nearest(name: str) -> str:
    columns = list(signal_columns())
    near = difflib.get_close_matches(name, columns, n=1, cutoff=0.6)
    return f"did you mean `{near[0]}`?" if near else f"the columns are {', '.join(columns)}"
