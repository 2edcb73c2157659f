"""A run in which two recipes wrote: documents of every later fate, and seeds rejected for five reasons."""

from pipelines.inspection.views import write_views
from pipelines.storage.parts import GENERATED, document_file, part_name, signal_file
from pipelines.storage.run_directory import RunDirectory
from schemas.config import Config
from schemas.documents import DOCUMENT, ROW_BITS
from schemas.generation import FIRST_GENERATED_SPLIT, OUTCOMES, REQUESTS, SEEDS
from schemas.signals import CONTAMINATION, DUPLICATES, QUALITY

from .conftest import HOSTILE, commit, rows

FIRST = FIRST_GENERATED_SPLIT << ROW_BITS
EMPTY, FAILED, UNASKED, UNUSABLE = "short", "http_500", "budget", "no_fact"

# ordinal, recipe, reason, written text, answers
SEEDS_AND_ANSWERS = [
    (0, "rewrites", None, "the fox is quick, and jumps", ["a bad try", "the fox is quick, and jumps"]),
    (1, "quizzes", None, f"seed 1 {HOSTILE}\n\nQuestion: who?\n\nAnswer: I", [f"who? {HOSTILE}"]),
    (2, "rewrites", None, "the fox is quick, and leaps", ["the fox is quick, and leaps"]),
    (3, "quizzes", FAILED, None, [f"first answer {HOSTILE}", None]),
    (4, "rewrites", EMPTY, None, ["said once", "  \n"]),
    (5, "quizzes", "refusal", None, [f"I cannot help with {HOSTILE}"]),
    (6, "rewrites", EMPTY, None, ["said twice", "say less"]),
    (7, "quizzes", UNASKED, None, [None]),
    (8, "rewrites", None, "return the sum of both, said the fox", ["return the sum of both, said the fox"]),
    (9, "quizzes", UNUSABLE, None, []),
]
WRITTEN = [one for one in SEEDS_AND_ANSWERS if one[3] is not None]
BUCKETS = {"rewrites": "web_rewrites", "quizzes": "synthetic"}


def with_generated(config: Config) -> Config:
    """The config with a component that takes what was generated."""
    taken = {"share": 0.5, "where": "bucket IN ('web_rewrites', 'synthetic')"}
    raw = config.model_dump(mode="json")
    raw["mixture"]["components"] = {"web": {"where": "bucket = 'web'", "share": 0.5}, "generated": taken}
    return Config.model_validate(raw)


def add_generated(run: RunDirectory, config: Config) -> None:
    """Two of the four written documents are kept; one is a near-duplicate of the other, one holds a benchmark's."""
    seeds = [(k, name, 0, "a-0", 0, 9, None, f"seed {k} {HOSTILE}") for k, name, *_ in SEEDS_AND_ANSWERS]
    run.write_parquet("synthetic/seeds.parquet", SEEDS, rows(SEEDS, seeds))
    outcomes, requests = [], []
    for ordinal, recipe, reason, _, answers in SEEDS_AND_ANSWERS:
        keys = [f"{ordinal:030x}{k:02x}" for k in range(len(answers))]
        doc = FIRST + ordinal if reason is None else None
        detail = f"the server said {HOSTILE}" if reason == FAILED else "" if reason else None
        outcomes.append((ordinal, recipe, BUCKETS[recipe], 0, doc, reason, detail, keys))
        for k, answer in enumerate(answers):
            end = (None, None, reason, None, None) if answer is None else (answer, "stop", None, 100, 10)
            requests.append((ordinal, k, keys[k], f"model of {recipe}", f"prompt {ordinal}", *end))
    run.write_parquet("synthetic/outcomes.parquet", OUTCOMES, rows(OUTCOMES, outcomes))
    run.write_parquet("synthetic/requests/lane-000.parquet", REQUESTS, rows(REQUESTS, requests))
    part = part_name(FIRST_GENERATED_SPLIT, 0)
    documents, facts, duplicates, verdicts = [], [], [], []
    for k, recipe, _, text, _ in WRITTEN:
        doc, id = FIRST + k, f"{recipe}/a-0@{k}"
        near = (FIRST, FIRST, "a-0", 0.9, k == 2) if k in (0, 2) else (None, None, None, None, False)
        found = ("contaminated", "13-gram", 0.9, "human-eval", "HumanEval/0", "the sum", 0, 2)
        clean = ("clean", None, 0.0, None, None, None, 0, 0)
        origin = (recipe, None, None, BUCKETS[recipe], None, None, doc.to_bytes(16, "big"), [], [0])
        documents.append((doc, id, text, *origin))
        facts.append((doc, id, 8, len(text.split()), len(text.encode())))
        duplicates.append((doc, id, *near))
        verdicts.append((doc, id, *(found if k == 8 else clean)))
    run.write_parquet(document_file(part), DOCUMENT, rows(DOCUMENT, documents))
    run.write_parquet(signal_file("quality", part), QUALITY, rows(QUALITY, facts))
    run.write_parquet(signal_file("duplicates", part), DUPLICATES, rows(DUPLICATES, duplicates))
    run.write_parquet(signal_file("contamination", part), CONTAMINATION, rows(CONTAMINATION, verdicts))
    details = {"parts": [{"name": part, "rows": len(WRITTEN), "text_bytes": 100}]}
    counts = {
        "seeds": len(seeds),
        "documents": len(WRITTEN),
        "rejected": len(SEEDS_AND_ANSWERS) - len(WRITTEN),
    }
    commit(run, GENERATED, "documents", counts, details, 3.0, 400_000_000)
    write_views(run, config)
