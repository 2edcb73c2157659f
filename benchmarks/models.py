"""Speed of the classifiers on one core: documents and MB a second, microseconds a document; fastText beside ours.

    python -m benchmarks.models --corpus 'CORPUS' [--megabytes 200] [--urls 1000000] [--repeats 3]

MB are 10^6 bytes of text, seconds are CPU seconds; the best of --repeats is taken. `fastText` is the library
(`pip install fasttext-community`) over the same windows: `predict` alone, and with what it takes to get from an Arrow
column to its lists and back. URLs are made up, 1 % of their hosts are in the list; `urllib` is urlsplit and a set of
domains, the usual way to do it.
"""

import argparse
import random
import tempfile
import time
from collections.abc import Callable
from itertools import pairwise
from pathlib import Path
from urllib.parse import urlsplit

import pyarrow as pa
import pyarrow.compute as pc

from benchmarks.decontamination import read_corpus
from classifiers.block_lists import BlockLists
from classifiers.educational import Educational
from classifiers.language import LID_176, Languages
from classifiers.licences import licence_hint
from classifiers.windows import EDUCATIONAL, LANGUAGE, windows


def report(name: str, work: Callable[[], object], documents: int, size: int, repeats: int) -> float:
    work()  # compiled and loaded
    seconds = []
    for _ in range(repeats):
        began = time.process_time()
        work()
        seconds.append(time.process_time() - began)
    best = min(seconds)
    print(
        f"{name:<36}{documents / best:>12,.0f} documents/s{size / best / 1e6:>9,.0f} MB/s"
        f"{best / documents * 1e6:>9.1f} us a document",
        flush=True,
    )
    return best


def joined_windows(text: pa.Array) -> list[str]:
    pieces, documents = windows(text, LANGUAGE)
    values = pieces.to_pylist()
    return [" ".join(values[a:b]) for a, b in pairwise(documents)]


def compare_with_fasttext(text: pa.Array, size: int, repeats: int) -> None:
    import fasttext

    ours, theirs = Languages(), fasttext.load_model(str(LID_176))

    def all_of_theirs() -> tuple[pa.Array, pa.Array]:
        labels, shares = theirs.predict(joined_windows(text))
        return pa.array([found[0][9:] for found in labels]), pa.array([float(share[0]) for share in shares])

    n = len(text)
    mine = report("language", lambda: ours.predict(text), n, size, repeats)
    lines = joined_windows(text)
    alone = report("language, fastText predict alone", lambda: theirs.predict(lines), n, size, repeats)
    whole = report("language, fastText from and to Arrow", all_of_theirs, n, size, repeats)
    print(
        f"  ours is {alone / mine:.1f} times as fast as predict alone, {whole / mine:.1f} times with the rest"
    )
    language = ours.predict(text)[0]
    lettered = language.is_valid()
    same = pc.equal(language, all_of_theirs()[0]).filter(lettered)
    print(f"  same language for {pc.sum(same).as_py():,} of {len(same):,} documents with letters")


def compare_block_lists(n: int, repeats: int) -> None:
    generator = random.Random(1)
    ends = ("com", "org", "de", "co.uk")
    hosts = [
        f"{generator.choice(('www.', '', 'blog.'))}site{generator.randrange(10**6)}.{end}"
        for end in ends * (n // 4)
    ]
    urls = [f"https://{host}/section/article-{k}.html?page={k % 7}" for k, host in enumerate(hosts)]
    domains = [f"site{k}.{end}" for k in range(0, 10**6, 100) for end in ends]
    column = pa.array(urls)
    size = sum(map(len, urls))
    with tempfile.TemporaryDirectory() as folder:
        (Path(folder) / "domains.txt").write_text("\n".join(domains))
        lists = BlockLists.load([str(Path(folder) / "domains.txt")])
    blocked = set(domains)

    def by_urllib() -> int:
        found = 0
        for url in column.to_pylist():
            labels = (urlsplit(url).hostname or "").split(".")
            found += any(".".join(labels[k:]) in blocked for k in range(len(labels)))
        return found

    mine = report("block lists, 40,000 domains", lambda: lists.blocked(column), len(urls), size, repeats)
    theirs = report("block lists, urllib and a set", by_urllib, len(urls), size, 1)
    met = lists.blocked(column)
    assert len(met) - met.null_count == by_urllib()
    print(f"  ours is {theirs / mine:.1f} times as fast")


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--corpus", required=True, help="glob of Parquet files with id and text")
    parser.add_argument("--megabytes", type=int, default=200)
    parser.add_argument("--urls", type=int, default=1_000_000)
    parser.add_argument("--repeats", type=int, default=3)
    given = parser.parse_args()
    batches = [batch["text"] for batch in read_corpus(given.corpus, given.megabytes * 1_000_000)]
    columns = [batch.combine_chunks() for batch in batches]
    n, size = sum(map(len, columns)), sum(pc.sum(pc.binary_length(column)).as_py() for column in columns)
    print(f"{n:,} documents, {size / 1e6:,.0f} MB")

    def over_all(work: Callable[[pa.Array], object]) -> Callable[[], None]:
        def run() -> None:
            for column in columns:
                work(column)

        return run

    educational = Educational()
    report("windows for language", over_all(lambda text: windows(text, LANGUAGE)), n, size, given.repeats)
    report(
        "windows for educational value",
        over_all(lambda text: windows(text, EDUCATIONAL)),
        n,
        size,
        given.repeats,
    )
    report("educational value", over_all(educational.score), n, size, given.repeats)
    report("licence", over_all(licence_hint), n, size, given.repeats)
    first = columns[0]
    compare_with_fasttext(first, pc.sum(pc.binary_length(first)).as_py(), given.repeats)
    compare_block_lists(given.urls, given.repeats)


if __name__ == "__main__":
    main()
