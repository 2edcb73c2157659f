"""The views answer from anywhere, after a move, while they are rewritten, and before every stage has run."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

import duckdb
import fsspec
import pytest

from pipelines.errors import RunError
from pipelines.inspection.tables import TABLES, signal_columns
from pipelines.inspection.views import connect, write_views
from pipelines.storage.run_directory import RunDirectory
from schemas.config import Config

from .conftest import LATER, WEB, add_facts

DOCUMENTS = len(WEB) + len(LATER)
ASK = """
import duckdb, sys
with duckdb.connect(sys.argv[1], read_only=True) as con:
    print(con.execute("SELECT count(*), count(component) FROM selection").fetchone())
"""
KEPT = (DOCUMENTS, 4)


def ask(database: str, folder: Path) -> str:
    """What a shell that stands in `folder` is told by a database it names as `database`."""
    done = subprocess.run(
        [sys.executable, "-c", ASK, database], cwd=folder, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    return done.stdout.strip()


def counts(con: duckdb.DuckDBPyConnection) -> tuple:
    return con.execute("SELECT count(*), count(component) FROM selection").fetchall()[0]


def columns(con: duckdb.DuckDBPyConnection, view: str) -> list[tuple]:
    return [(row[0], row[1]) for row in con.execute(f"DESCRIBE {view}").fetchall()]


def test_run_duckdb_answers_from_three_working_directories(finished_run, tmp_path):
    root = Path(finished_run.root)
    assert ask("run.duckdb", root) == str(KEPT)
    assert ask("../run.duckdb", root / "documents") == str(KEPT)
    assert ask(str(root / "run.duckdb"), Path("/")) == str(KEPT)


@pytest.mark.parametrize("name", ["moved", "it's moved", "m[o]v*d", "split=7"])
def test_run_duckdb_answers_after_a_move(finished_run, tmp_path, name):
    target = tmp_path / name
    shutil.move(finished_run.root, target)
    assert ask(str(target / "run.duckdb"), Path("/")) == str(KEPT)
    assert ask(f"{name}/run.duckdb", tmp_path) == str(KEPT)


def test_an_attached_run_duckdb_answers_where_it_was_made_or_where_the_variable_says(finished_run, tmp_path):
    query = "SELECT count(*) FROM r.documents"
    with duckdb.connect() as con:
        con.execute(f"ATTACH '{finished_run.root}/run.duckdb' AS r (READ_ONLY)")
        assert con.execute(query).fetchall() == [(DOCUMENTS,)]
    shutil.move(finished_run.root, tmp_path / "moved")
    with duckdb.connect() as con:
        con.execute(f"ATTACH '{tmp_path}/moved/run.duckdb' AS r (READ_ONLY)")
        con.execute(f"SET VARIABLE run = '{tmp_path}/moved'")
        assert con.execute(query).fetchall() == [(DOCUMENTS,)]


def test_a_reader_is_not_disturbed_while_the_views_are_rewritten(ingested_run, config):
    database = f"{ingested_run.root}/run.duckdb"
    with duckdb.connect(database, read_only=True) as held:
        assert held.execute("SELECT count(*) FROM quality").fetchall() == [(0,)]
        add_facts(ingested_run)
        write_views(ingested_run, config)
        assert held.execute("SELECT count(*) FROM documents").fetchall() == [(DOCUMENTS,)]
        assert held.execute("SELECT count(*) FROM quality").fetchall() == [(0,)]
        assert ask(database, Path("/")) == str(KEPT)


@pytest.mark.parametrize("name", ["moved", "it's moved", "m[o]v*d?", "split=7"])
def test_connect_follows_a_moved_run(finished_run, tmp_path, name):
    shutil.move(finished_run.root, tmp_path / name)
    with connect(RunDirectory(tmp_path / name)) as con:
        assert counts(con) == KEPT
        assert con.execute("SELECT DISTINCT file FROM shards").fetchall() == [("train-00000.parquet",)]


def test_connect_reads_a_remote_run(finished_run):
    memory = fsspec.filesystem("memory")
    memory.put(finished_run.root, "/remote/run", recursive=True)
    try:
        with connect(RunDirectory("memory://remote/run")) as con:
            assert counts(con) == KEPT
            assert con.execute('SELECT sum("rows") FROM parts').fetchall() == [(DOCUMENTS,)]
        write_views(RunDirectory("memory://remote/run"), parse(finished_run))
    finally:
        memory.rm("/remote", recursive=True)


def parse(run: RunDirectory) -> Config:
    return Config.model_validate(run.read_json("run.json")["config"])


def test_tables_of_stages_not_run_are_empty_and_have_the_columns_they_will_have(empty_run, config):
    with connect(empty_run) as con:
        views = [*TABLES, "receipts", "parts", "signals", "selection"]
        before = {view: columns(con, view) for view in views}
        assert all(con.execute(f"SELECT count(*) FROM {view}").fetchall() == [(0,)] for view in views)
    write_views(empty_run, config)
    with duckdb.connect(f"{empty_run.root}/run.duckdb", read_only=True) as con:
        assert {view: columns(con, view) for view in views} == before


def test_columns_are_the_same_once_the_stages_have_run(empty_run, finished_run):
    views = [*TABLES, "receipts", "parts", "signals", "selection"]
    with connect(finished_run) as con:
        after = {view: columns(con, view) for view in views}
    for folder in ("documents", "signals", "shards", "quarantine", "receipts"):
        finished_run.remove(folder)
    with connect(finished_run) as con:
        assert {view: columns(con, view) for view in views} == after


def test_documents_without_facts_yet_are_in_signals_with_nulls(ingested_run):
    with connect(ingested_run) as con:
        found = con.execute("SELECT count(*), count(n_tokens), count(verdict) FROM signals").fetchall()
        assert found == [(DOCUMENTS, 0, 0)]
        kept = con.execute("SELECT count(*) FROM selection WHERE keep").fetchall()
        assert kept == [(DOCUMENTS - 1,)]  # only b-3 has no component


def test_a_half_written_table_leaves_the_rest_of_the_documents_with_nulls(ingested_run):
    add_facts(ingested_run)
    ingested_run.remove("signals/quality/part-000001-000.parquet")
    with connect(ingested_run) as con:
        assert con.execute("SELECT count(*), count(n_tokens) FROM signals").fetchall() == [
            (DOCUMENTS, len(WEB))
        ]


def test_connect_shows_tables_that_appeared_after_views_sql_was_written(ingested_run):
    add_facts(ingested_run)
    with connect(ingested_run) as con:
        assert con.execute("SELECT count(*) FROM quality").fetchall() == [(DOCUMENTS,)]


def test_connect_takes_the_selection_of_views_sql_and_that_of_a_config_it_is_given(finished_run, config):
    other = config.model_copy(update={"filters": {"long": "n_words > 8"}})
    with connect(finished_run, other) as con:
        assert con.execute("SELECT count(*) FROM selection WHERE drop_reason = 'long'").fetchall() != [(0,)]
    with connect(finished_run) as con:
        assert con.execute("SELECT count(*) FROM selection WHERE drop_reason = 'long'").fetchall() == [(0,)]


def test_views_sql_names_no_place_and_works_once_its_placeholder_is_replaced(finished_run):
    text = finished_run.read_bytes("views.sql").decode()
    assert finished_run.root not in text
    with duckdb.connect() as con:
        con.execute(text.replace("$RUN", finished_run.root))
        assert counts(con) == KEPT


def test_times_mean_the_same_in_every_time_zone(finished_run):
    with connect(finished_run) as con:
        assert dict(columns(con, "signals"))["created"] == "TIMESTAMP"
        assert dict(columns(con, "signals")) == signal_columns()


def test_a_folder_that_holds_no_run_is_an_error_of_one_line(tmp_path):
    with pytest.raises(RunError, match=r"no run") as caught:
        connect(RunDirectory(tmp_path / "nothing"))
    assert "\n" not in str(caught.value)
    assert not os.path.exists(tmp_path / "nothing")


def test_run_duckdb_can_be_read_by_any_duckdb_since_1_0(finished_run):
    with duckdb.connect(f"{finished_run.root}/run.duckdb", read_only=True) as con:
        tags = con.execute("SELECT tags FROM duckdb_databases() WHERE database_name = 'run'").fetchall()
    assert tags[0][0]["storage_version"].startswith("v1.0.0")
