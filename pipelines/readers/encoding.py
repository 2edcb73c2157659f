"""Bytes of unknown encoding as text, exactly or not at all: no character is ever replaced or guessed at in part."""

import codecs
import re

from resiliparse.parse.encoding import detect_encoding, map_encoding_to_html5

from pipelines.readers.records import Unusable

_BOMS = (
    (codecs.BOM_UTF8, "utf-8"),
    (codecs.BOM_UTF32_LE, "utf-32-le"),
    (codecs.BOM_UTF32_BE, "utf-32-be"),
    (codecs.BOM_UTF16_LE, "utf-16-le"),
    (codecs.BOM_UTF16_BE, "utf-16-be"),
)
# Browsers read the left ones as the right ones, which hold all of their characters.
_SUPERSETS = {
    "shift_jis": "cp932",
    "shift-jis": "cp932",
    "euc-kr": "cp949",
    "euc_kr": "cp949",
    "gb2312": "gb18030",
    "gbk": "gb18030",
    "big5": "big5hkscs",
    "iso8859-1": "cp1252",
    "iso8859-9": "cp1254",
    "ascii": "cp1252",
}
_META = re.compile(rb"<meta[^>]{0,500}?charset\s*=\s*[\"']?\s*([A-Za-z0-9_:.\-]{1,40})", re.IGNORECASE)
_META_LOOKED_AT = 8_192
# Characters that no text has: control characters other than tab, line ends, form feed and escape.
_CONTROL = re.compile("[\x00-\x08\x0b\x0e-\x1a\x1c-\x1f\x7f-\x84\x86-\x9f]")
_CHARACTERS_A_CONTROL = 1000
"""One control character in this many others is still text: old files have them as marks."""
_IN_ASCII = ("utf-16-le", "utf-16-be", "iso2022_jp", "iso-2022-jp")


def decoded(data: bytes, declared: str | None = None, is_html: bool = False) -> str:
    """The text of `data`, without a byte order mark.

    Tried in turn, each strictly: the byte order mark's encoding, which alone counts where there is one; UTF-8;
    the `declared` one (an HTTP charset); the one that HTML's `<meta>` names in its first 8 KB; the one that
    resiliparse detects. UTF-8 comes before what was declared: bytes that are not ASCII and pass for UTF-8 are
    UTF-8, whatever a server says. Only the encodings that write other scripts in ASCII bytes come before it.

    Raises Unusable `bad_encoding` where none of them reads every byte, where most of the bytes beyond ASCII are
    UTF-8 and some are not, or where what was read has control characters as misread text has.
    """
    for mark, name in _BOMS:
        if data.startswith(mark):
            text = _strictly(data[len(mark) :], name)
            if text is None:
                raise Unusable("bad_encoding", f"the byte order mark says {name}, the bytes are not")
            return text
    is_plain = b"\0" not in data and b"\x1b" not in data
    text = _strictly(data, "utf-8")
    if text is not None and is_plain:
        return text
    if text is None and _is_mostly_utf8(data):
        raise Unusable("bad_encoding", "UTF-8 with bytes in it that are not")
    names = _candidates(data, declared, is_html)
    names = [name for name in names if name in _IN_ASCII] + ["utf-8"] + names
    for name in dict.fromkeys(names):
        text = _strictly(data, name)
        if text is not None and len(_CONTROL.findall(text)) * _CHARACTERS_A_CONTROL <= len(text):
            return text
    raise Unusable("bad_encoding", f"not text in any of {', '.join(dict.fromkeys(names))}")


def require_text(data: bytes) -> None:
    """Raises Unusable `binary` where there is a NUL, and no mark of UTF-16 or UTF-32 stands before."""
    if b"\0" in data and not data.startswith(tuple(mark for mark, _ in _BOMS)):
        raise Unusable("binary", f"a NUL at byte {data.index(0)}")


def _candidates(data: bytes, declared: str | None, is_html: bool) -> list[str]:
    names = [declared] if declared else []
    if is_html:
        found = _META.search(data, 0, _META_LOOKED_AT)
        names += [found[1].decode()] if found else []
    known = [map_encoding_to_html5(name.strip(" \"'"), fallback_utf8=False) for name in names]
    return [_SUPERSETS.get(name, name) for name in [*known, detect_encoding(data)] if name]


def _is_mostly_utf8(data: bytes) -> bool:
    """Whether more of the characters beyond ASCII are UTF-8 than are not."""
    wrong = data.decode("utf-8", "replace").count("\ufffd")
    beyond = len(re.findall(rb"[\xc2-\xf4][\x80-\xbf]+", data))
    return beyond > wrong


def _strictly(data: bytes, name: str) -> str | None:
    try:
        return data.decode(name)
    except (UnicodeDecodeError, LookupError):
        return None
