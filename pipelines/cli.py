"""The command `syllabus`. Exit codes: 0 done, 1 failed, 2 unusable arguments or config."""

import json
import logging
import os
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from importlib.metadata import version
from typing import Annotated, Any

import typer
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn

from pipelines.errors import RunError, UsageError
from pipelines.fork_server import start_fork_server
from schemas.config import STAGES, Config, ConfigError, load_config

app = typer.Typer(add_completion=False, no_args_is_help=True, pretty_exceptions_enable=False)
_SECONDS_A_LINE = 10
Json = Annotated[bool, typer.Option("--json", help="Print JSON, one object a line.")]


def _version(wanted: bool) -> None:
    if wanted:
        print(f"syllabus {version('syllabus')}")
        raise typer.Exit


@app.callback()
def syllabus(
    show_version: Annotated[
        bool, typer.Option("--version", callback=_version, is_eager=True, help="Print the version.")
    ] = False,
) -> None:
    """Curate a pretraining corpus: raw text in, exact and reproducible token shards out."""


@app.command(context_settings={"allow_extra_args": True, "ignore_unknown_options": False})
def run(
    context: typer.Context,
    config: Annotated[str, typer.Argument(help="The run's YAML file.")],
    stages: Annotated[str | None, typer.Option(help=f"Stages to run, of {','.join(STAGES)}.")] = None,
    plan: Annotated[
        bool, typer.Option("--plan", help="Look at the inputs, estimate, write nothing.")
    ] = False,
    preview: Annotated[
        int | None,
        typer.Option(min=1, metavar="N", help="Try N seeds, show what models answer, estimate the whole."),
    ] = None,
    workers: Annotated[int, typer.Option(min=1, help="Worker processes.")] = os.cpu_count() or 1,
    as_json: Json = False,
) -> None:
    """Run the stages of CONFIG, each from where it was left. Flags after `--` go to the Beam runner."""
    if workers > 1 and not plan and not context.args:
        start_fork_server()
    from pipelines.inspection.plan_preview import preview as preview_plan
    from pipelines.mixing.mixture import mixture_table
    from pipelines.run import absolute, check, run_stages
    from pipelines.run import preview as preview_seeds
    from pipelines.runner import Engine

    settings = load_config(config)
    if plan:
        check(settings)
        _print(preview_plan(settings), as_json)
        return
    chosen = _stages(stages)
    if preview is not None:
        with _progress(as_json) as show:
            tried = preview_seeds(settings, preview, Engine(workers, tuple(context.args)), show)
        _print(tried, as_json)
        return
    with _progress(as_json) as show:
        ended = run_stages(settings, chosen, Engine(workers, tuple(context.args)), show)
    if as_json:
        print(json.dumps({"run": absolute(settings.run), "totals": ended.totals, "notes": ended.notes}))
        return
    for name, count in ended.totals.items():
        print(f"{name.replace('_', ' '):<24}{count:>16,}")
    if ended.mixture is not None:
        print(f"\n{mixture_table(ended.mixture)}")
    for note in ended.notes:
        print(f"\n{note}")


@app.command()
def inspect(
    run: Annotated[str, typer.Argument(help="The run's folder or URL.")],
    sql: Annotated[str | None, typer.Option(help="A query over the run's views.")] = None,
    as_json: Json = False,
) -> None:
    """Query a run's tables with DuckDB; without --sql, a summary. Works while it runs, and after a move."""
    from pipelines.inspection.inspect import inspect as look

    _print(look(run, sql), as_json)


@app.command()
def explain(
    run: Annotated[str, typer.Argument(help="The run's folder or URL.")],
    document: Annotated[
        str, typer.Argument(metavar="ID", help="A document's id or doc number, or sequence:N.")
    ],
    as_json: Json = False,
) -> None:
    """Say where a document came from, what became of it and why."""
    from pipelines.inspection.explain import explain as walk

    _print(walk(run, document), as_json)


@app.command()
def report(run: Annotated[str, typer.Argument(help="The run's folder or URL.")]) -> None:
    """Make the run's HTML page anew."""
    from pipelines.inspection.report import write_report
    from pipelines.storage.run_directory import RunDirectory
    from schemas.config import parse_config

    directory = RunDirectory(run)
    print(write_report(directory, parse_config(directory.read_json("run.json")["config"])))


@app.command()
def schema(
    page: Annotated[bool, typer.Option("--page", help="A page for people instead, in Markdown.")] = False,
) -> None:
    """Print the JSON Schema of the config."""
    if page:
        from pipelines.config_page import config_page

        print(config_page(), end="")
        return
    print(json.dumps(Config.model_json_schema(), indent=1))


def main() -> None:
    """The command's entry point: one line for what went wrong, and the exit code that says whose turn it is."""
    logging.getLogger().setLevel(logging.CRITICAL)
    code = 0
    try:
        app(standalone_mode=False)
    except (ConfigError, UsageError) as error:
        code = _fail(error, 2)
    except typer.Exit as exit:
        code = exit.exit_code
    except (typer.Abort, KeyboardInterrupt):
        code = _fail("interrupted; what is done is kept, run again to go on", 1)
    except RunError as error:
        code = _fail(error, 1)
    except Exception as error:
        if hasattr(error, "format_message"):
            code = _fail(error.format_message(), 2)
        elif os.environ.get("SYLLABUS_DEBUG"):
            raise
        else:
            code = _fail(f"unexpected {type(error).__name__}: {error} (SYLLABUS_DEBUG=1 shows where)", 1)
    sys.stdout.flush()
    sys.stderr.flush()
    # The embedded runner's threads may wait for a worker that died: nothing of theirs is awaited here.
    os._exit(code)


def _fail(error: object, code: int) -> int:
    print(f"syllabus: {' '.join(str(error).split()) if code == 2 else error}", file=sys.stderr)
    return code


def _stages(text: str | None) -> tuple[Any, ...] | None:
    if text is None:
        return None
    names = tuple(name.strip() for name in text.split(",") if name.strip())
    unknown = [name for name in names if name not in STAGES]
    if unknown or not names:
        raise UsageError(
            f"--stages {text}: no stage {', '.join(unknown) or 'named'}; stages are {', '.join(STAGES)}"
        )
    return names


@contextmanager
def _progress(as_json: bool) -> Iterator[Callable[[str, int, int], None]]:
    """Show tasks done: bars for people, on stderr; JSON lines on stdout for programs."""
    if as_json:
        seen: dict[str, tuple[int, int]] = {}

        def show_json(stage: str, done: int, total: int) -> None:
            if seen.get(stage) != (done, total):
                seen[stage] = (done, total)
                print(json.dumps({"stage": stage, "done": done, "total": total}), flush=True)

        yield show_json
        return
    if not sys.stderr.isatty():
        yield _lines()
        return
    columns = (TextColumn("{task.description:<12}"), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn())
    with Progress(*columns, console=Console(stderr=True)) as progress:
        bars: dict[str, Any] = {}

        def show(stage: str, done: int, total: int) -> None:
            if stage not in bars:
                bars[stage] = progress.add_task(stage, total=total)
            progress.update(bars[stage], completed=done, total=total)

        yield show


def _lines() -> Callable[[str, int, int], None]:
    """Progress for a log: a line where a stage begins, ends, or has gone on for a while."""
    told: dict[str, tuple[int, float]] = {}

    def show_line(stage: str, done: int, total: int) -> None:
        before, at = told.get(stage, (-1, 0.0))
        if done != before and (before < 0 or done == total or time.monotonic() - at > _SECONDS_A_LINE):
            told[stage] = done, time.monotonic()
            print(f"{stage:<12} {done:,}/{total:,}", file=sys.stderr, flush=True)

    return show_line


def _print(result: Any, as_json: bool) -> None:
    if as_json:
        print(result.as_json())
    else:
        Console(soft_wrap=True).print(result.as_text(), markup=False, highlight=False)


if __name__ == "__main__":
    main()
