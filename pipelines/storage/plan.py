"""The plan: inputs found, told apart and cut into splits before anything of them is read."""

from collections.abc import Iterator
from itertools import groupby

from pydantic import ValidationError

from pipelines.errors import RunError, UsageError
from pipelines.readers.files import (
    SUFFIXES,
    Match,
    address,
    filesystem,
    matching_files,
    version_of,
)
from pipelines.readers.parquet import UnreadableFooter, read_footer, require_columns
from pipelines.storage.run_directory import RunDirectory
from schemas.config import Config, Input
from schemas.generation import FIRST_GENERATED_SPLIT
from schemas.plan import DOCUMENT_FORMATS, InputFile, PassedOver, Piece, Plan, Split

PLAN = "plan.json"
EXAMPLES = 5
SPLIT_BYTES = 64_000_000
PACKED_TIMES = 4
"""What a packed file unpacks to, about: it only says how many small ones share a split."""


def load_or_make_plan(run: RunDirectory, config: Config) -> Plan:
    """The run's plan, with the files that are new since it was written; plan.json is written where it
    changes. Raises what make_plan raises."""
    earlier = None
    if run.exists(PLAN):
        try:
            earlier = Plan.model_validate_json(run.read_bytes(PLAN))
        except ValidationError:
            raise RunError(
                f"{run.path(PLAN)} is not a plan of this version; start a new run folder"
            ) from None
    plan = make_plan(config, earlier)
    if plan != earlier:
        run.write_bytes(PLAN, plan.model_dump_json(indent=1).encode() + b"\n")
    return plan


def make_plan(config: Config, earlier: Plan | None) -> Plan:
    """Cut the inputs into splits: files in the order of the inputs and of their paths.

    Files of the earlier plan keep their splits; new ones get further splits, in the next batch.

    Raises:
        UsageError: an input matches no file of a known format, one of another input, one of the run
            itself, or one of unknown size.
        RunError: a file of the earlier plan has changed or is gone; Parquet lacks the text's column.
    """
    found, passed_over = find_inputs(config)
    if earlier is None:
        return _plan(tuple(found), tuple(_splits(config, found, 0, 0, 0)), passed_over)
    now = {file.path: file for file in found}
    kept = [_require_same(old, now.pop(old.path, None)) for old in earlier.files]
    new = list(now.values())
    first_split = max((split.split for split in earlier.splits), default=-1) + 1
    batch = max((split.batch for split in earlier.splits), default=-1) + 1
    splits = _splits(config, new, len(kept), first_split, batch)
    return _plan((*kept, *new), (*earlier.splits, *splits), passed_over)


def _plan(
    files: tuple[InputFile, ...], splits: tuple[Split, ...], passed_over: tuple[PassedOver, ...]
) -> Plan:
    if splits and splits[-1].split >= FIRST_GENERATED_SPLIT:
        raise UsageError(
            f"the inputs make {splits[-1].split + 1:,} splits of {SPLIT_BYTES:,} bytes, a run takes "
            f"{FIRST_GENERATED_SPLIT:,}; give the inputs to several runs"
        )
    return Plan(files=files, splits=splits, passed_over=passed_over)


def find_inputs(config: Config) -> tuple[list[InputFile], tuple[PassedOver, ...]]:
    """The files of all inputs as they are now, input after input, by path; and what is passed over of them.

    Raises UsageError.
    """
    found: dict[str, InputFile] = {}
    passed_over: list[PassedOver] = []
    own = address(*filesystem(config.run)).rstrip("/") + "/"
    for number, one in enumerate(config.inputs):
        matches = matching_files(one.path)
        ours = next((path for path, match in matches.items() if path.startswith(own) and not match.why), None)
        if ours is not None:
            raise UsageError(f"inputs.{number}: {one.path} matches {ours}, a file of the run itself")
        others = _passed_over(number, matches)
        if all(match.why for match in matches.values()):
            what = "no file"
            if matches:
                reasons = ", ".join(f"{other.count} {other.why}" for other in others)
                what = f"{len(matches)} files, none of which is read ({reasons})"
            raise UsageError(
                f"inputs.{number}: {one.path} matches {what}; known are {', '.join(SUFFIXES)}, text and code"
            )
        passed_over += others
        for path, match in matches.items():
            if match.why is not None:
                continue
            if path in found:
                raise UsageError(
                    f"inputs.{number}: {path} is matched by {one.path} and by "
                    f"{config.inputs[found[path].input].path}; every file belongs to one input"
                )
            if match.info["size"] is None:
                raise UsageError(f"inputs.{number}: {path}: its server tells no size; copy it to a file")
            found[path] = InputFile(
                path=path,
                name=match.name,
                input=number,
                format=match.format,
                size=match.info["size"],
                version=version_of(match.info),
            )
    return list(found.values()), tuple(passed_over)


def _passed_over(number: int, matches: dict[str, Match]) -> list[PassedOver]:
    """What is passed over of an input, by reason. Names that are not UTF-8 are given with escapes."""
    names = sorted((match.why, match.name) for match in matches.values() if match.why is not None)
    grouped = [
        (why, [name for _, name in group]) for why, group in groupby(names, key=lambda entry: entry[0])
    ]
    return [
        PassedOver(
            input=number,
            why=why,
            count=len(group),
            paths=tuple(name.encode(errors="backslashreplace").decode() for name in group[:EXAMPLES]),
        )
        for why, group in grouped
    ]


def _require_same(old: InputFile, now: InputFile | None) -> InputFile:
    """The file as it is now: what it holds is as planned, only its input may stand elsewhere in the config."""
    if now is None:
        raise RunError(
            f"{old.path} was planned and is gone, or no input matches it any more; "
            "put it back, or start a new run folder"
        )
    if (old.size, old.version, old.format) != (now.size, now.version, now.format):
        raise RunError(
            f"{old.path} has changed since it was planned ({old.size} bytes then, {now.size} now); "
            "put the planned one back, or start a new run folder"
        )
    return now


def _splits(
    config: Config, files: list[InputFile], first_file: int, first_split: int, batch: int
) -> Iterator[Split]:
    """Consecutive pieces of one input, packed greedily into splits of at most SPLIT_BYTES or one piece."""
    held: list[Piece] = []
    held_bytes, held_input, number = 0, -1, first_split
    for index, file in enumerate(files, start=first_file):
        for start, end, size in _ranges(file, config.inputs[file.input]):
            if held and (held_input != file.input or held_bytes + size > SPLIT_BYTES):
                yield Split(split=number, batch=batch, bytes=held_bytes, pieces=tuple(held))
                held, held_bytes, number = [], 0, number + 1
            held.append(Piece(file=index, start=start, end=end))
            held_bytes, held_input = held_bytes + size, file.input
    if held:
        yield Split(split=number, batch=batch, bytes=held_bytes, pieces=tuple(held))


def _ranges(file: InputFile, columns: Input) -> Iterator[tuple[int, int, int]]:
    """Start, end and bytes, about, of the pieces of a file; none of an empty one."""
    if file.format == "parquet":
        yield from _row_group_ranges(file, columns)
    elif file.format == "jsonl":
        for start in range(0, file.size, SPLIT_BYTES):
            end = min(start + SPLIT_BYTES, file.size)
            yield start, end, end - start
    elif file.format in DOCUMENT_FORMATS:
        yield 0, 0, file.size
    elif file.size:
        yield 0, 0, file.size if file.format == "warc" else PACKED_TIMES * file.size


def _row_group_ranges(file: InputFile, columns: Input) -> Iterator[tuple[int, int, int]]:
    try:
        metadata, schema = read_footer(file.path)
    except UnreadableFooter:
        yield 0, 0, file.size
        return
    except OSError as error:
        raise RunError(f"{file.path} can't be read: {error}; run again to go on") from error
    require_columns(file.path, schema, columns)
    start, held = 0, 0
    for group in range(metadata.num_row_groups):
        size = metadata.row_group(group).total_byte_size
        if group > start and held + size > SPLIT_BYTES:
            yield start, group, held
            start, held = group, 0
        held += size
    if metadata.num_rows:
        yield start, metadata.num_row_groups, held
