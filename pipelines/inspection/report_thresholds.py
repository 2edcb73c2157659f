"""The numbers that the config's conditions compare facts with."""

import copy
import json
import math
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import duckdb

from schemas.config import Config

from .tables import identifier, signal_columns

_NUMERIC = (
    "TINYINT",
    "SMALLINT",
    "INTEGER",
    "BIGINT",
    "UTINYINT",
    "USMALLINT",
    "UINTEGER",
    "UBIGINT",
    "HUGEINT",
)
_FRACTIONAL = ("FLOAT", "DOUBLE", "DECIMAL")
_SIGNS = {
    "COMPARE_GREATERTHAN": ">",
    "COMPARE_GREATERTHANOREQUALTO": ">=",
    "COMPARE_LESSTHAN": "<",
    "COMPARE_LESSTHANOREQUALTO": "<=",
}
_TURNED = {">": "<", ">=": "<=", "<": ">", "<=": ">="}
_DENIED = {">": "<=", ">=": "<", "<": ">=", "<=": ">"}


@dataclass(frozen=True)
class Threshold:
    """One comparison of a fact with a number.

    key: the filter, component or key of the config that sets it. rule: the drop reason that it decides on, None
    where it divides documents among components.
    """

    key: str
    rule: str | None
    sign: str
    value: float


def read_thresholds(con: duckdb.DuckDBPyConnection, config: Config) -> dict[str, list[Threshold]]:
    """Thresholds by what is compared, a column's name or an SQL expression, in the order of the config.

    Found are comparisons of an expression over columns with a constant one, or of two over columns, for which
    their quotient is compared with 1, by <, <=, >, >= or BETWEEN,
    wherever they stand in a condition of the filters, presets or components of the mixture. `con` has the view
    `signals`. Conditions are those that `check_selection` has passed.
    """
    conditions = [(name, name, condition) for name, condition in config.conditions().items()]
    components = {} if config.mixture is None else config.mixture.components or {}
    conditions += [
        (f"mixture.components.{name}", None, one.where) for name, one in components.items() if one.where
    ]
    columns = {identifier(name): name for name in signal_columns()}
    found: dict[str, list[Threshold]] = {}
    for key, rule, condition in conditions:
        for expression, sign, value in _comparisons(con, condition):
            if is_numeric(con, expression):
                expression = columns.get(expression, expression)
                found.setdefault(expression, []).append(Threshold(key, rule, sign, value))
    return found


def is_numeric(con: duckdb.DuckDBPyConnection, expression: str) -> bool:
    """Whether an expression over the rows of `signals` is a number."""
    kind = con.execute(f"DESCRIBE SELECT {expression} FROM signals").fetchall()[0][1]
    return is_whole(kind) or kind.startswith(_FRACTIONAL)


def is_whole(kind: str) -> bool:
    """Whether a DuckDB type is one of whole numbers."""
    return kind in _NUMERIC


def _comparisons(con: duckdb.DuckDBPyConnection, condition: str) -> Iterator[tuple[str, str, float]]:
    parsed = json.loads(
        con.execute("SELECT json_serialize_sql(?)", [f"SELECT\n{condition}"]).fetchall()[0][0]
    )
    expression = parsed["statements"][0]["node"]["select_list"][0]
    for left, right, sign in _sides(expression, False):
        if _names_columns(left) and _names_columns(right):
            factors = [_factor(con, parsed, side) for side in (left, right)]
            if all(is_numeric(con, factor) for factor in factors):
                yield " / ".join(factors), sign, 1.0
            continue
        if _names_columns(right):
            left, right, sign = right, left, _TURNED[sign]
        if not _names_columns(left):
            continue
        value = con.execute(f"SELECT try_cast(({_sql(con, parsed, right)}) AS DOUBLE)").fetchall()[0][0]
        if value is not None and math.isfinite(value):
            yield _sql(con, parsed, left), sign, value


def _sides(node: dict[str, Any], is_denied: bool) -> Iterator[tuple[dict[str, Any], dict[str, Any], str]]:
    """Both sides of every comparison, with the sign as it stands between them."""
    if node.get("type") in _SIGNS:
        sign = _SIGNS[node["type"]]
        sign = _DENIED[sign] if is_denied else sign
        yield node["left"], node["right"], sign
    elif node.get("class") == "BETWEEN":
        lower, upper = ("<", ">") if is_denied else (">=", "<=")
        yield node["input"], node["lower"], lower
        yield node["input"], node["upper"], upper
    elif node.get("class") == "CONJUNCTION" or node.get("type") == "OPERATOR_NOT":
        for child in node["children"]:
            yield from _sides(child, is_denied != (node.get("type") == "OPERATOR_NOT"))


def _names_columns(tree: Any) -> bool:
    if isinstance(tree, dict):
        return tree.get("class") == "COLUMN_REF" or any(_names_columns(branch) for branch in tree.values())
    return isinstance(tree, list) and any(_names_columns(branch) for branch in tree)


def _factor(con: duckdb.DuckDBPyConnection, parsed: dict[str, Any], expression: dict[str, Any]) -> str:
    text = _sql(con, parsed, expression)
    return f"({text})" if expression.get("is_operator") else text


def _sql(con: duckdb.DuckDBPyConnection, parsed: dict[str, Any], expression: dict[str, Any]) -> str:
    """One expression of a parsed SELECT as SQL; a column by its own name alone."""
    if expression.get("class") == "COLUMN_REF" and expression["column_names"][0] == "signals":
        expression = {**expression, "column_names": expression["column_names"][1:]}
    alone = copy.deepcopy(parsed)
    alone["statements"][0]["node"]["select_list"] = [expression]
    text = con.execute("SELECT json_deserialize_sql(?::JSON)", [json.dumps(alone)]).fetchall()[0][0]
    text = text.removeprefix("SELECT ")
    return text[1:-1] if expression.get("is_operator") and text.startswith("(") else text
