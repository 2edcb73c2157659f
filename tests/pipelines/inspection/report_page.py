"""The report as a reader has it: tags, attributes, headings, quotes, tables and pictures of a page."""

from html.parser import HTMLParser

from pipelines.inspection.report import write_report
from pipelines.storage.run_directory import RunDirectory
from schemas.config import Config

from .conftest import HOSTILE

VISIBLE = HOSTILE.replace("\x00", "\\x00").replace("\x1b", "\\x1b").replace("\u202e", "\\u{202e}")
TAGS = set(
    "html head meta title style body header main section h1 h2 h3 p nav ol ul li a dl div dt dd table caption thead "
    "tbody tfoot tr th td span i b wbr article blockquote pre bdi code del ins details summary figure figcaption svg "
    "rect path text".split()
)
"""What a page may be made of."""
_VOID = ("meta", "wbr")


class Page(HTMLParser):
    """A page, with its tables as lists of rows by caption."""

    def __init__(self, text: str):
        super().__init__()
        self.text = text
        self.tags: set[str] = set()
        self.attributes: list[tuple[str, str, str | None]] = []
        self.quotes: list[str] = []
        self.tables: dict[str, list[list[str]]] = {}
        self.anchors: list[str] = []
        self.title = ""
        self.inserted: list[str] = []
        self.deleted: list[str] = []
        self._open: list[str] = []
        self._caption = ""
        self._rows: list[list[str]] = []
        self.feed(text)
        self.close()

    def handle_starttag(self, tag, attributes):
        self.tags.add(tag)
        self.attributes += [(tag, name, value) for name, value in attributes]
        self.anchors += [value for name, value in attributes if tag == "h2" and name == "id"]
        if tag not in _VOID:
            self._open.append(tag)
        if tag == "table":
            self._caption, self._rows = "", []
        elif tag == "tr":
            self._rows.append([])
        elif tag in ("td", "th"):
            self._rows[-1].append("")
        for kind, found in (("blockquote", self.quotes), ("ins", self.inserted), ("del", self.deleted)):
            if tag == kind:
                found.append("")

    def handle_startendtag(self, tag, attributes):
        self.tags.add(tag)
        self.attributes += [(tag, name, value) for name, value in attributes]

    def handle_endtag(self, tag):
        assert self._open.pop() == tag
        if tag == "table":
            assert self._caption not in self.tables, self._caption
            self.tables[self._caption] = self._rows

    def handle_data(self, data):
        if "blockquote" in self._open:
            self.quotes[-1] += data
        elif "ins" in self._open:
            self.inserted[-1] += data
        elif "del" in self._open:
            self.deleted[-1] += data
        elif "caption" in self._open:
            self._caption += data.strip()
        elif "td" in self._open or "th" in self._open:
            self._rows[-1][-1] += data.replace("\n", "").strip(" ")
        elif self._open[-1:] == ["title"] and "svg" not in self._open:
            self.title += data

    def values(self, attribute: str) -> set[str | None]:
        """All values of an attribute."""
        return {value for _, name, value in self.attributes if name == attribute}


def report_of(run: RunDirectory, config: Config) -> Page:
    """The report that is written of a run."""
    write_report(run, config)
    return Page(run.read_bytes("report/index.html").decode())


def number(cell: str) -> int:
    """A number as the report writes it; nothing for an empty cell."""
    return int(cell.replace("\u202f", "") or 0)
