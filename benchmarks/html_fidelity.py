"""What extractors of main content keep of a page, and how fast they are: ours, resiliparse, trafilatura.

    python benchmarks/html_fidelity.py --readability test/test-pages --trafilatura tests [--html FILE ...]

--readability is the folder of test pages of mozilla/readability: the text of `expected.html` is the gold of
the word F1 (multisets of words, mean over pages). The `pre` elements of the page whose words it holds must be in the output
exactly, the cells of its data tables (no table, form or code within, two rows and columns or more) word for word. --trafilatura is the folder `tests`
of adbar/trafilatura: strings that must and must not be in the output, scored as its own evaluation does
(precision, recall and F1 over all strings). TeX that pages carry (annotations, MathJax scripts, alttext) is looked
for in all pages, --html and --warc among them. Seconds are CPU seconds of the one thread, MB 10^6 bytes of HTML; peers that are not
installed are left out.
"""

import argparse
import json
import re
import time
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path

from fastwarc.warc import ArchiveIterator, WarcRecordType
from resiliparse.extract.html2text import extract_plain_text
from resiliparse.parse.encoding import bytes_to_str, detect_encoding
from resiliparse.parse.html import HTMLTree

from pipelines.readers.html.extract import extract

Extractor = Callable[[str], str]


def extractors() -> dict[str, Extractor]:
    found: dict[str, Extractor] = {
        "ours": lambda html: extract(html).text,
        "resiliparse": lambda html: extract_plain_text(html, main_content=True, alt_texts=False),
    }
    try:
        import trafilatura
    except ImportError:
        return found
    plain = {"include_comments": False, "include_tables": True}
    found["trafilatura"] = lambda html: trafilatura.extract(html, **plain) or ""
    found["trafilatura md"] = lambda html: (
        trafilatura.extract(html, output_format="markdown", include_formatting=True, **plain) or ""
    )
    return found


@dataclass
class PageGold:
    """A page and what is known of its main content; None where nothing is."""

    name: str
    html: str
    text: str | None = None
    code: list[str] = field(default_factory=list)
    cells: list[str] = field(default_factory=list)
    tex: list[str] = field(default_factory=list)
    wanted: list[str] = field(default_factory=list)
    unwanted: list[str] = field(default_factory=list)


def words(text: str) -> list[str]:
    return re.findall(r"\w+", text.lower())


def one_line(text: str) -> str:
    return " ".join(text.split())


def decoded(raw: bytes) -> str:
    return bytes_to_str(raw, detect_encoding(raw))


def tex_in(tree: HTMLTree) -> list[str]:
    found = []
    for node in tree.document.query_selector_all("annotation").values():
        if "tex" in (node.getattr("encoding") or "").lower():
            found.append(node.text)
    for node in tree.document.query_selector_all("script").values():
        if (node.getattr("type") or "").startswith("math/tex"):
            found.append(node.text)
    for node in tree.document.query_selector_all("math[alttext]").values():
        if node.query_selector("annotation") is None:
            found.append(node.getattr("alttext") or "")
    return [text for text in map(one_line, found) if text]


def data_cells(tree: HTMLTree) -> list[str]:
    cells = []
    for table in tree.document.query_selector_all("table").values():
        if table.query_selector("table, pre, form, h1, h2") is not None:
            continue
        rows = [row.query_selector_all("td, th").values() for row in table.query_selector_all("tr").values()]
        if sum(any(words(cell.text) for cell in row) for row in rows) >= 2 and max(map(len, rows)) >= 2:
            cells += [" ".join(words(cell.text)) for row in rows for cell in row if words(cell.text)]
    return cells


def text_of_pre(html: str) -> str:
    """The text of a pre element, its line breaks as such."""
    return HTMLTree.parse(html.replace("<br>", "\n")).body.text


def readability_pages(folder: Path) -> Iterator[PageGold]:
    for page in sorted(folder.iterdir()):
        html = decoded((page / "source.html").read_bytes())
        source = HTMLTree.parse(html)
        expected = HTMLTree.parse(decoded((page / "expected.html").read_bytes()))
        text = extract_plain_text(expected, alt_texts=False)
        flat = f" {' '.join(words(text))} "
        code = [text_of_pre(node.html) for node in source.document.query_selector_all("pre").values()]
        yield PageGold(
            page.name,
            html,
            text,
            [item for item in code if item.strip() and f" {' '.join(words(item))} " in flat],
            data_cells(expected),
            tex_in(source),
        )


def trafilatura_pages(folder: Path) -> Iterator[PageGold]:
    for item in json.loads((folder / "evaldata.json").read_text(encoding="utf-8")).values():
        for place in ("cache", "eval"):
            path = folder / place / item["file"]
            if path.is_file():
                html = decoded(path.read_bytes())
                tex = tex_in(HTMLTree.parse(html))
                yield PageGold(item["file"], html, tex=tex, wanted=item["with"], unwanted=item["without"])
                break


def other_pages(files: list[Path], archives: list[Path]) -> Iterator[PageGold]:
    for path in files:
        html = decoded(path.read_bytes())
        yield PageGold(path.name, html, tex=tex_in(HTMLTree.parse(html)))
    for path in archives:
        with path.open("rb") as stream:
            for record in ArchiveIterator(stream, record_types=WarcRecordType.response):
                html = decoded(record.reader.read())
                url = record.headers["WARC-Target-URI"]
                yield PageGold(url, html, tex=tex_in(HTMLTree.parse(html)))


@dataclass
class Score:
    f1: list[float] = field(default_factory=list)
    kept: Counter[str] = field(default_factory=Counter)
    there: Counter[str] = field(default_factory=Counter)
    seconds: float = 0.0
    lost: list[str] = field(default_factory=list)

    def share(self, what: str) -> str:
        return f"{self.kept[what]}/{self.there[what]}" if self.there[what] else "-"

    def string_scores(self) -> tuple[float, float, float]:
        true, false = self.kept["wanted"], self.kept["unwanted"]
        precision = true / max(true + false, 1)
        recall = true / max(self.there["wanted"], 1)
        return precision, recall, 2 * precision * recall / max(precision + recall, 1e-9)


def word_f1(text: str, gold: str) -> float:
    ours, theirs = Counter(words(text)), Counter(words(gold))
    if not ours or not theirs:
        return float(ours == theirs)
    return 2 * (ours & theirs).total() / (ours.total() + theirs.total())


def judge(page: PageGold, text: str, score: Score) -> None:
    if page.text is not None:
        score.f1.append(word_f1(text, page.text))
    line = one_line(text)
    flat = f" {' '.join(words(text))} "
    for what, items, kept in (
        ("pre", page.code, lambda item: item in text),
        ("cells", page.cells, lambda item: f" {item} " in flat),
        ("tex", page.tex, lambda item: item in line),
        ("wanted", page.wanted, lambda item: one_line(item) in line),
        ("unwanted", page.unwanted, lambda item: one_line(item) in line),
    ):
        for item in items:
            score.there[what] += 1
            survived = kept(item)
            score.kept[what] += survived
            if survived == (what == "unwanted"):
                score.lost.append(f"{what}\t{page.name}\t{one_line(item)[:100]}")


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--readability", type=Path)
    parser.add_argument("--trafilatura", type=Path)
    parser.add_argument("--html", type=Path, nargs="*", default=[])
    parser.add_argument("--warc", type=Path, nargs="*", default=[])
    parser.add_argument("--only", nargs="*", help="extractors to run")
    parser.add_argument("--lost", type=Path, help="write what ours lost, and its F1 by page, to this file")
    arguments = parser.parse_args()
    found = extractors()
    chosen = arguments.only or list(found)
    if missing := set(chosen) - set(found):
        parser.error(f"not installed: {', '.join(sorted(missing))}; there are {', '.join(found)}")
    pages = [
        *(readability_pages(arguments.readability) if arguments.readability else []),
        *(trafilatura_pages(arguments.trafilatura) if arguments.trafilatura else []),
        *other_pages(arguments.html, arguments.warc),
    ]
    if not pages:
        parser.error("no pages: name --readability, --trafilatura, --html or --warc")
    megabytes = sum(len(page.html.encode("utf-8", "replace")) for page in pages) / 1e6
    print(f"{len(pages)} pages, {megabytes:.1f} MB of HTML\n")
    print(
        "| extractor | word F1 | pre exact | cells | TeX | precision | recall | strings F1 | ms/page | MB/s |\n"
        "| --- | --- | --- | --- | --- | --- | --- | --- | --- | --- |"
    )
    for name in chosen:
        run = found[name]
        run(pages[0].html)
        score = Score()
        for page in pages:
            start = time.process_time()
            text = run(page.html)
            score.seconds += time.process_time() - start
            judge(page, text, score)
        f1 = f"{sum(score.f1) / len(score.f1):.3f}" if score.f1 else "-"
        strings = " | ".join(
            f"{value:.3f}" if score.there["wanted"] else "-" for value in score.string_scores()
        )
        print(
            f"| {name} | {f1} | {score.share('pre')} | {score.share('cells')} | {score.share('tex')} | {strings} "
            f"| {1000 * score.seconds / len(pages):.1f} | {megabytes / score.seconds:.1f} |",
            flush=True,
        )
        if name == "ours" and arguments.lost:
            known = [page.name for page in pages if page.text is not None]
            by_page = [f"f1\t{page}\t{f1:.3f}" for page, f1 in zip(known, score.f1, strict=True)]
            arguments.lost.write_text("\n".join(by_page + score.lost) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
