"""Records of WARC, WET and ARC files, framed: a record that lies about its length loses only itself.

fastwarc reads HTTP inside of records (`archives.py`), but does not frame them here: it takes a file that ends inside a
record for whole, a length that leads into the next record for true, and ends at the first header that is none.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass, field

from pipelines.readers.archive_bytes import Window
from pipelines.readers.lines import EXCERPT_BYTES

HEAD_BYTES = 65_536
"""Most bytes of a record's header, and of what is looked at of a body that is too long to be held."""

_HEADER_END = re.compile(rb"\r?\n\r?\n")
_WARC_START = re.compile(rb"WARC/\d\.\d{1,2}\r?\n[!-9;-~]+:")
_ARC_START = re.compile(rb"[a-z]{2,12}:[^\n ]{1,4000} [0-9A-Fa-f.:]{1,45} \d{14} [^\n]{1,500}? \d{1,18}\r?\n")
_ARC_WORD = re.compile(rb"(?<=\n)[a-z]{2,12}:")


@dataclass(frozen=True)
class ArchiveRecord:
    """One record: its place in the file, its header by lower-case name, and its body.

    is_whole: False where the body is longer than asked for and `body` holds only its first bytes.
    """

    place: str
    header: dict[str, str]
    body: bytes
    is_whole: bool = True


@dataclass(frozen=True)
class BrokenRecord:
    """What stands at a place and is no whole record. reason: truncated or corrupt."""

    place: str
    reason: str
    detail: str
    excerpt: bytes = field(repr=False)


class _NoHeader(Exception):
    """What stands here is not the header of a record; without a message where the bytes end inside of it."""


def archive_records(window: Window, longest: int) -> Iterator[ArchiveRecord | BrokenRecord]:
    """The records of a file, in order; no body of more than `longest` bytes is held.

    A record is whole where its Content-Length leads to the next record, to line ends, or to the end of the file.
    After one that is not, and after one that is too long to be held, the next record is the next line that reads
    like the header of one.
    """
    return _Framer(window, longest).records()


class _Framer:
    def __init__(self, window: Window, longest: int):
        self.window = window
        self.longest = longest
        self.is_arc = False
        self._member: int | None = None
        self._ordinal = 0

    def records(self) -> Iterator[ArchiveRecord | BrokenRecord]:
        window = self.window
        window.fill(HEAD_BYTES)
        self.is_arc = window.data.lstrip(b"\r\n").startswith(b"filedesc:")
        while True:
            self._pass_line_ends()
            if window.data:
                yield self._next()
            elif window.broken is not None:
                yield self._broken(self._place(), window.broken.reason, str(window.broken))
                window.pass_break()
            else:
                return

    def _pass_line_ends(self) -> None:
        window = self.window
        while window.fill(1):
            head = window.data[:HEAD_BYTES]
            blank = len(head) - len(head.lstrip(b"\r\n"))
            window.drop(blank)
            if blank < len(head):
                return

    def _place(self) -> str:
        member = self.window.member()
        if member is None:
            return f"byte {self.window.position}"
        self._ordinal = self._ordinal + 1 if member[0] == self._member else 1
        self._member = member[0]
        return f"byte {member[0]}" + (f", record {self._ordinal}" if self._ordinal > 1 else "")

    def _broken(self, place: str, reason: str, detail: str) -> BrokenRecord:
        return BrokenRecord(place, reason, detail, bytes(self.window.data[:EXCERPT_BYTES]))

    def _cut_short(self, place: str) -> BrokenRecord:
        """A record before whose end the bytes end."""
        broken = self.window.broken
        if broken is not None:
            return self._broken(place, broken.reason, str(broken))
        return self._broken(
            place, "truncated", "the file ends inside the record, or its Content-Length is false"
        )

    def _next(self) -> ArchiveRecord | BrokenRecord:
        window, place = self.window, self._place()
        try:
            size, header = self._arc_header() if self.is_arc else self._warc_header()
        except _NoHeader as problem:
            broken = self._broken(place, "corrupt", str(problem)) if str(problem) else self._cut_short(place)
            self._find_next(1)
            return broken
        length = header["content-length"]
        if not (length.isascii() and length.isdigit() and len(length) < 19):
            broken = self._broken(place, "corrupt", f"its Content-Length is {length[:40]!a}")
            self._find_next(size)
            return broken
        end = size + int(length)
        if int(length) > self.longest:
            window.fill(size + HEAD_BYTES)
            record = ArchiveRecord(place, header, self._body(size, size + HEAD_BYTES), is_whole=False)
            self._find_next(size)
            return record
        if not window.fill(end):
            broken = self._cut_short(place)
            self._find_next(size)
            return broken
        if not self._is_closed(end):
            broken = self._broken(
                place, "corrupt", f"its Content-Length of {length} leads neither to a record nor to an end"
            )
            self._find_next(size)
            return broken
        if window.is_inside_broken and not window.data[end:].strip(b"\r\n"):
            # Its member has no end, or a checksum that says that these are not its bytes.
            broken = self._cut_short(place)
            window.pass_break()
            return broken
        record = ArchiveRecord(place, header, self._body(size, end))
        window.drop(end)
        return record

    def _body(self, start: int, end: int) -> bytes:
        return bytes(memoryview(self.window.data)[start:end])

    def _is_closed(self, end: int) -> bool:
        """Whether a record may end there: at a line end, at another record, or where the bytes end."""
        window = self.window
        window.fill(end + 16)
        following = bytes(memoryview(window.data)[end : end + 16])
        if self.is_arc:
            return following[:1] in (b"", b"\n", b"\r")
        rest = following.lstrip(b"\r\n")
        return following.startswith((b"\r\n\r\n", b"\n\n")) or not rest or rest.startswith(b"WARC/")

    def _warc_header(self) -> tuple[int, dict[str, str]]:
        """Bytes of the header, and its fields. Raises _NoHeader."""
        window = self.window
        window.fill(HEAD_BYTES)
        if not window.data.startswith(b"WARC/"):
            raise _NoHeader("not the header of a WARC record")
        found = _HEADER_END.search(window.data, 0, HEAD_BYTES)
        if found is None:
            raise _NoHeader(f"a header without an end in {HEAD_BYTES} bytes" if self._is_long() else "")
        header: dict[str, str] = {}
        name = ""
        for line in _as_text(bytes(window.data[: found.start()])).split("\n")[1:]:
            if line[:1] in (" ", "\t") and name:
                header[name] += f" {line.strip()}"
                continue
            name, colon, value = line.partition(":")
            name = name.strip().lower()
            if not colon:
                raise _NoHeader(f"a header with the line {line[:40]!a}")
            header.setdefault(name, value.strip())
        if "content-length" not in header:
            raise _NoHeader("a header without a Content-Length")
        return found.end(), header

    def _is_long(self) -> bool:
        return len(self.window.data) >= HEAD_BYTES

    def _arc_header(self) -> tuple[int, dict[str, str]]:
        """The same of an ARC record, its fields named as in WARC."""
        window = self.window
        window.fill(HEAD_BYTES)
        line_end = window.data.find(b"\n", 0, HEAD_BYTES)
        words = _as_text(bytes(window.data[: max(line_end, 0)])).strip().split(" ")
        # Version 1: URL, IP, date, type, length. Version 2 has five more before the length.
        date = next((k for k in (len(words) - 3, len(words) - 8) if k > 1 and _is_date(words[k])), None)
        if date is None:
            raise _NoHeader("not the header of an ARC record")
        url = " ".join(words[: date - 1])
        when = words[date]
        return line_end + 1, {
            "warc-type": "warcinfo" if url.startswith("filedesc:") else "response",
            "warc-target-uri": url,
            "warc-date": f"{when[:4]}-{when[4:6]}-{when[6:8]}T{when[8:10]}:{when[10:12]}:{when[12:14]}Z",
            "content-type": "application/http" if url.startswith(("http:", "https:")) else words[date + 1],
            "content-length": words[-1],
        }

    def _find_next(self, start: int) -> None:
        """Go to the next line, `start` bytes on or later, that reads like the header of a record; else to the end,
        or to what comes after a break."""
        window, at = self.window, start
        # A header's first line, and the line end before it, may lie on both sides of a chunk's end.
        keep = 5_000 if self.is_arc else 64
        while True:
            found = self._search(at)
            if found is not None:
                window.drop(found)
                return
            passed = max(len(window.data) - keep, 0)
            window.drop(passed)
            at = max(at - passed, 1)
            if not window.more():
                break
        if window.broken is not None:
            window.pass_break()
        else:
            window.drop(len(window.data))

    def _search(self, at: int) -> int | None:
        data = self.window.data
        if self.is_arc:
            starts = (match.start() for match in _ARC_WORD.finditer(data, at))
            return next((start for start in starts if _ARC_START.match(data, start)), None)
        while (at := data.find(b"WARC/", at)) >= 0:
            self.window.fill(at + 64)
            if data[at - 1] == 10 and _WARC_START.match(data, at):
                return at
            at += 5
        return None


def _as_text(header: bytes) -> str:
    try:
        return header.replace(b"\r\n", b"\n").decode()
    except UnicodeDecodeError:
        return header.replace(b"\r\n", b"\n").decode("latin-1")


def _is_date(word: str) -> bool:
    return len(word) == 14 and word.isascii() and word.isdigit()
