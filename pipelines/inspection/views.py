"""RUN/views.sql and what is made of it: the views of a run, in memory or as RUN/run.duckdb."""

import tempfile
from pathlib import Path

import duckdb

from pipelines.errors import RunError
from pipelines.selection import selection_sql
from pipelines.storage.run_directory import RunDirectory
from schemas.config import Config, ConfigError, parse_config

from .tables import RUN_PLACEHOLDER, literal, tables_sql, written_tables

VIEWS = "views.sql"
DATABASE = "run.duckdb"
_HEADER = """-- The tables of a run as DuckDB views. $RUN stands for the run's folder:
--   sed "s|\\$RUN|/path/of/the/run|g" views.sql > /tmp/views.sql; duckdb -init /tmp/views.sql
-- `selection` says what the mixture takes; it is the last statement.
"""
# Any DuckDB from 1.0 on reads a database of this storage version.
_STORAGE_VERSION = "v1.0.0"


def views_sql(config: Config, written: set[str]) -> str:
    """The text of RUN/views.sql: one CREATE VIEW a statement, `selection` last, over files under `$RUN`.

    written: names of the tables that have files (`tables.written_tables`); the others are empty views.
    """
    return f"{_HEADER}\n{tables_sql(written)}\n\n{_selection_view(config)}"


def write_views(run: RunDirectory, config: Config) -> None:
    """Write RUN/views.sql for the tables that stand now, and RUN/run.duckdb from it.

    Each appears whole or not at all; who has the old run.duckdb open goes on reading the old one.
    """
    written = written_tables(run)
    run.write_bytes(VIEWS, views_sql(config, written).encode())
    with run.writing(DATABASE) as draft:
        _write_database(run, config, written, draft)


def connect(
    run: RunDirectory,
    config: Config | None = None,
    *,
    memory_limit: str | None = None,
    temp_directory: str | None = None,
    threads: int | None = None,
    preserve_insertion_order: bool = True,
) -> duckdb.DuckDBPyConnection:
    """An in-memory DuckDB with the views of a run, wherever it lies and whatever of it is there yet.

    The tables are those that have files now. `selection` is made of `config`; without one it is that of
    RUN/views.sql, else of the config in RUN/run.json. A view over `signals` joins on doc: what does not
    fit into `memory_limit` goes to `temp_directory` (the system's by default).
    Raises RunError where the folder holds no run.
    """
    settings: dict[str, str | bool | int] = {
        "autoinstall_known_extensions": False,
        "temp_directory": temp_directory or str(Path(tempfile.gettempdir()) / "syllabus-duckdb"),
        "preserve_insertion_order": preserve_insertion_order,
    }
    if memory_limit is not None:
        settings["memory_limit"] = memory_limit
    if threads is not None:
        settings["threads"] = threads
    con = duckdb.connect(config=settings)
    try:
        _open_files(con, run)
        place = literal(_glob_escaped(_root(run)) + "/")[:-1]
        con.execute(tables_sql(written_tables(run)).replace(f"'{RUN_PLACEHOLDER}/", place))
        con.execute(_stored_selection(con, run) if config is None else _selection_view(config))
    except duckdb.Error as error:
        con.close()
        raise RunError(f"{run.url}: the views can't be made: {' '.join(str(error).split())}") from error
    except BaseException:
        con.close()
        raise
    return con


def stored_config(run: RunDirectory) -> Config:
    """The config of RUN/run.json. Raises RunError where there is none or it can't be used."""
    try:
        return parse_config(run.read_json("run.json")["config"])
    except FileNotFoundError:
        raise RunError(f"{run.url} is no run: it has no run.json") from None
    except (ValueError, KeyError, TypeError, ConfigError) as error:
        raise RunError(f"{run.path('run.json')} holds no usable config: {error}") from None


def _selection_view(config: Config) -> str:
    return f"CREATE OR REPLACE VIEW selection AS\n{selection_sql(config)};\n"


def _stored_selection(con: duckdb.DuckDBPyConnection, run: RunDirectory) -> str:
    try:
        text = run.read_bytes(VIEWS).decode()
    except FileNotFoundError:
        return _selection_view(stored_config(run))
    last = con.extract_statements(text)[-1]
    if last.type != duckdb.StatementType.CREATE:
        raise RunError(f"{run.path(VIEWS)} does not end with the view `selection`; run again to remake it")
    return last.query


def _open_files(con: duckdb.DuckDBPyConnection, run: RunDirectory) -> None:
    if not run.is_local:
        con.register_filesystem(run.fs)


def _root(run: RunDirectory) -> str:
    return run.root if run.is_local else run.fs.unstrip_protocol(run.root)


def _glob_escaped(path: str) -> str:
    return "".join(f"[{char}]" if char in "*?[" else char for char in path)


def _write_database(run: RunDirectory, config: Config, written: set[str], draft: Path) -> None:
    """Make the database of views at `draft`, to lie at RUN/run.duckdb.

    A view can hold no path relative to its database. But DuckDB's default temp_directory is the path the
    database was opened by and `.tmp`, and a setting may stand in a view, so the run's folder is read off
    it at every query: the file answers from any working directory and after the folder was moved. Where
    it was attached to another database, or opened by a link elsewhere, or temp_directory was set, the
    folder is the variable `run` (SET VARIABLE run = '/path/of/the/run'), else where the run lay when the
    file was written.
    """
    folder = f"""CREATE OR REPLACE MACRO run_folder() AS regexp_replace(coalesce(
  getvariable('run'),
  CASE WHEN current_setting('temp_directory') = '{DATABASE}.tmp' THEN '.'
    WHEN ends_with(current_setting('temp_directory'), '/{DATABASE}.tmp')
    THEN left(current_setting('temp_directory'), -{len(f"/{DATABASE}.tmp")}) END,
  {literal(_root(run))}), '([*?[])', '[\\1]', 'g');"""
    with duckdb.connect(config={"autoinstall_known_extensions": False}) as con:
        _open_files(con, run)
        con.execute(f"ATTACH {literal(str(draft))} AS run (STORAGE_VERSION '{_STORAGE_VERSION}')")
        con.execute("USE run")
        con.execute(f"SET VARIABLE run = {literal(_root(run))}")
        con.execute(folder)
        con.execute(tables_sql(written).replace(f"'{RUN_PLACEHOLDER}/", "run_folder() || '/"))
        con.execute(_selection_view(config))
        con.execute("USE memory")
        con.execute("DETACH run")
