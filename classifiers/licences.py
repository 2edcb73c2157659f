"""Hints of the licence that a document is under, from what it says of itself.

A hint, not a verdict: a page may quote a licence, link to one for a picture, or explain licensing. Taken are,
in this order,

1. ``SPDX-License-Identifier: EXPRESSION``;
2. links to creativecommons.org/licenses/... and /publicdomain/...;
3. a Creative Commons licence by its short or long name, ``CC BY-SA 4.0`` or ``Creative Commons
   Attribution-ShareAlike 4.0``;
4. a software licence by its header or title: MIT, Apache, BSD, GNU, MPL, ISC, Unlicense, Boost, PSF;
5. a statement: ``licensed under the MIT License``, ``released under CC0``, ``in the public domain``;
6. ``all rights reserved``, which is nearly always said beside one of the others where both are said.

Of several of one kind the first in the text counts, and of Creative Commons not where a picture is spoken of close by,
for pages credit their pictures more often than themselves. Hints are SPDX identifiers (spdx.org/licenses) where there is
one: without a version where the text gives none (``CC-BY-SA``, ``GPL``), else ``public-domain`` and
``all-rights-reserved``.
"""

import re
from collections.abc import Callable

import pyarrow as pa
import pyarrow.compute as pc

from textkernels.columns import text_buffers

_GAP = r"[\s*#/;>%|\-]+"  # between words of a header, with the marks of comments at the ends of lines


def _words(text: str) -> str:
    return text.replace(" ", _GAP)


_TRIGGER = (
    r"(?i)licen[cs]e|creative ?commons|public\s+domain|rights\s+reserved|permission\s+(?:is|to)|redistribution\s+and"
    r"|\bcc0\b|\bcc[ -]by\b|gpl"
)
_SPDX = r"SPDX-License-Identifier:[ \t]*\(?(?P<id>[A-Za-z0-9.+\-]+(?: (?:OR|AND|WITH) [A-Za-z0-9.+\-]+){0,4})"
_LINK = (
    r"(?i)creativecommons\.org/(?:licenses/(?P<kind>by(?:-nc)?(?:-sa|-nd)?)|publicdomain/(?P<public>zero|mark))"
    r"(?:/(?P<version>[0-9]\.[0-9]))?"
)
_SHORT_NAME = r"(?:^|[^\w\-/.])CC(?:0\b|[ -]?(?P<kind>BY(?:[ -]NC)?(?:[ -](?:SA|ND))?)\b)(?:[ -]?v?(?P<version>[1-4]\.[05])\b)?"
_LONG_NAME = (
    r"(?i)creative\s+commons[\s,:\-]+(?:(?P<zero>zero|cc0)\b|attribution(?P<terms>(?:[\s\-–]+(?:non-?commercial"
    r"|share[\s-]?alike|no-?deriv(?:ative)?s?))*))(?:[\s,(]+(?:international[\s,]+)?(?:licen[cs]e[\s,]+)?"
    r"(?:v|version\s+)?(?P<version>[1-4]\.[05])\b)?"
)
_HEADER = "(?i)" + "|".join(
    [
        _words(r"(?P<mit>permission is hereby granted, free of charge, to any person)"),
        r"(?m:^)[\s*#/;(]*(?:the\s+)?(?P<mit2>MIT\s+License)\b",
        _words(r"(?P<isc>permission to use, copy, modify, (?:and|and/or) distribute this software)"),
        _words(r"(?P<apache>apache license,? \(?version 2\.0)"),
        _words(r"(?P<bsd>redistribution and use in source and binary forms)"),
        _words(
            r"GNU (?P<gnu>affero |lesser |library )?general public license"
            r"(?:,?| as published by the free software foundation[;,:]) (?:either )?\(?version (?P<gpl>[1-3](?:\.[01])?)"
            r"(?: of the license, or \(?(?P<later>at your option))?"
        ),
        _words(r"(?P<mpl>mozilla public license,? (?:v\.? ?|version )(?P<mpl_version>[12]\.[01]))"),
        _words(r"(?P<unlicense>this is free and unencumbered software released into the public domain)"),
        _words(r"(?P<boost>boost software license)"),
        _words(r"(?P<psf>PSF license agreement|python software foundation license)"),
    ]
)
_STATEMENT = (
    "(?i)(?:"
    + _words(
        r"(?:licen[cs]ed|released|distributed|published|available|shared)(?: \w+){0,2}? under (?:the |an? )?"
        r"(?:terms of (?:the )?)?"
    )
    + r"(?:(?P<mit>MIT)\b|(?P<apache>apache)\b|(?P<isc>ISC)\b"
    r"|(?:GNU\s+)?(?P<gnu>[AL]?GPL)[\s-]?(?:v|version\s+)?(?P<gpl>[23])?|(?P<bsd>(?:[23]-clause\s+)?BSD)\b"
    r"|(?P<mpl>MPL)\b|(?P<ogl>open\s+government\s+licen[cs]e)|(?P<cc>creative\s+commons)\b))|(?P<public>"
    + _words(
        r"(?:(?:placed|released|dedicated|put|published) (?:in|into|to)|\bthis (?:\w+ ){1,3}is in)"
        r" the public domain)"
    )
)
_RESERVED = r"(?i)\ball\s+rights\s+reserved\b"
_SITES = {
    "wikipedia.org": "CC-BY-SA-4.0",
    "wiktionary.org": "CC-BY-SA-4.0",
    "wikibooks.org": "CC-BY-SA-4.0",
    "wikiversity.org": "CC-BY-SA-4.0",
    "wikivoyage.org": "CC-BY-SA-4.0",
    "wikisource.org": "CC-BY-SA-4.0",
    "wikiquote.org": "CC-BY-SA-4.0",
    "wikidata.org": "CC0-1.0",
    "stackexchange.com": "CC-BY-SA",
    "stackoverflow.com": "CC-BY-SA",
    "serverfault.com": "CC-BY-SA",
    "superuser.com": "CC-BY-SA",
    "askubuntu.com": "CC-BY-SA",
    "mathoverflow.net": "CC-BY-SA",
    "gutenberg.org": "public-domain",
}
_SITE = r"(?i)^\s*(?:https?:)?//(?:[^/?#]*[@.])?(?P<site>{})\.?(?::[0-9]*)?(?:[/?#]|$)".format(
    "|".join(map(re.escape, _SITES))
)
_RESERVED_ID = "all-rights-reserved"

_CREDIT = re.compile(
    r"(?i)\b(?:images?|photos?|fotos?|bild(?:er|quelle)?|pictures?|illustrations?|fig(?:ure)?|icons?|flickr|wiki[mp]edia"
    r"|noun project|credits?|img|jpe?g|png)\b"
)
_CREDIT_REACH = 120  # bytes on either side

Groups = dict[str, str]


def licence_hint(
    text: pa.Array | pa.ChunkedArray, url: pa.Array | pa.ChunkedArray | None = None
) -> pa.StringArray:
    """Hint at the licence of each of n documents.

    Args:
        text: string or large_string.
        url: where each comes from, if known: of some sites, such as Wikipedia, all text is under one licence, which
            is the hint where the text has none or reserves all rights.

    Returns:
        SPDX identifiers and expressions, `public-domain`, `all-rights-reserved`, or null.

    Raises:
        TypeError: a column is not of text.
        ValueError: the columns are not of one length.
    """
    text = _one_chunk(text)
    hints: list[str | None] = [None] * len(text)
    rows = pc.indices_nonzero(pc.match_substring_regex(text, _TRIGGER).fill_null(False))
    for pattern, name in _KINDS:
        if not len(rows):
            break
        candidates = text.take(rows)
        found = pc.extract_regex(candidates, pattern)
        left = []
        for row, candidate, groups in zip(rows.to_pylist(), candidates, found.to_pylist(), strict=True):
            if groups is None or (
                pattern in _OF_PICTURES_TOO and _is_credit(candidate.as_buffer(), groups["all"])
            ):
                left.append(row)
            else:
                hints[row] = name(groups)
        rows = pa.array(left, pa.uint64())
    _tell_bsd_apart(text, hints)
    if url is not None:
        url = _one_chunk(url)
        if len(url) != len(text):
            raise ValueError(f"{len(text)} texts, but {len(url)} URLs")
        found = pc.extract_regex(url, _SITE)
        rows = pc.indices_nonzero(found.is_valid())
        for row, site in zip(rows.to_pylist(), found.field("site").take(rows).to_pylist(), strict=True):
            if hints[row] in (None, _RESERVED_ID):
                hints[row] = _SITES[site.lower()]
    return pa.array(hints, pa.string())


def _one_chunk(column: pa.Array | pa.ChunkedArray) -> pa.Array:
    if isinstance(column, pa.ChunkedArray):
        column = column.combine_chunks()
    text_buffers(column)  # refuses other types
    return column


def _of_spdx(groups: Groups) -> str:
    return groups["id"]


def _of_link(groups: Groups) -> str:
    if groups["public"]:
        return "CC0-1.0" if groups["public"].lower() == "zero" else "public-domain"
    return _creative_commons(groups["kind"], groups["version"])


def _of_short_name(groups: Groups) -> str:
    return _creative_commons(groups["kind"], groups["version"]) if groups["kind"] else "CC0-1.0"


def _of_long_name(groups: Groups) -> str:
    if groups["zero"]:
        return "CC0-1.0"
    terms = groups["terms"].lower()
    kind = "by" + "".join(
        short for short, word in (("-nc", "commercial"), ("-sa", "alike"), ("-nd", "deriv")) if word in terms
    )
    return _creative_commons(kind, groups["version"])


def _creative_commons(kind: str, version: str) -> str:
    name = "CC-" + re.sub(r"[ -]+", "-", kind.upper())
    return f"{name}-{version}" if version else name


def _of_header(groups: Groups) -> str:
    if groups["gpl"]:
        prefix = {"affero": "AGPL", "lesser": "LGPL", "library": "LGPL"}.get(
            _first_word(groups["gnu"]), "GPL"
        )
        number = groups["gpl"] if "." in groups["gpl"] else groups["gpl"] + ".0"
        return f"{prefix}-{number}" + ("-or-later" if groups["later"] else "")
    if groups["mpl"]:
        return f"MPL-{groups['mpl_version']}"
    names = {
        "mit": "MIT", "mit2": "MIT", "isc": "ISC", "apache": "Apache-2.0", "bsd": _BSD, "unlicense": "Unlicense",
        "boost": "BSL-1.0", "psf": "PSF-2.0",
    }  # fmt: skip
    return next(name for group, name in names.items() if groups[group])


def _of_statement(groups: Groups) -> str:
    if groups["gnu"]:
        return groups["gnu"].upper() + (f"-{groups['gpl']}.0" if groups["gpl"] else "")
    names = {
        "mit": "MIT", "apache": "Apache-2.0", "isc": "ISC", "bsd": "BSD", "mpl": "MPL-2.0", "ogl": "OGL-UK-3.0",
        "cc": "CC", "public": "public-domain",
    }  # fmt: skip
    return next(name for group, name in names.items() if groups[group])


def _of_reserved(groups: Groups) -> str:
    return _RESERVED_ID


def _first_word(text: str) -> str:
    return re.split(r"\W", text.lower(), maxsplit=1)[0]


def _captured(pattern: str) -> str:
    flags = "(?i)" if pattern.startswith("(?i)") else ""
    return f"{flags}(?P<all>{pattern.removeprefix(flags)})"


def _is_credit(text: pa.Buffer, match: str) -> bool:
    """Whether what stands around a match speaks of a picture."""
    raw = text.to_pybytes()  # which need not be UTF-8
    at, size = raw.find(match.encode()), len(match.encode())
    around = raw[max(0, at - _CREDIT_REACH) : at + size + _CREDIT_REACH]
    return _CREDIT.search(around.decode(errors="replace")) is not None


_BSD = "BSD"
_KINDS: tuple[tuple[str, Callable[[Groups], str]], ...] = (
    (_SPDX, _of_spdx),
    (_captured(_LINK), _of_link),
    (_captured(_SHORT_NAME), _of_short_name),
    (_captured(_LONG_NAME), _of_long_name),
    (_HEADER, _of_header),
    (_STATEMENT, _of_statement),
    (_RESERVED + "(?P<all>)", _of_reserved),
)


_OF_PICTURES_TOO = tuple(pattern for pattern, _ in _KINDS[1:4])


def _tell_bsd_apart(text: pa.Array, hints: list[str | None]) -> None:
    rows = [row for row, hint in enumerate(hints) if hint == _BSD]
    texts = text.take(pa.array(rows, pa.int64()))
    has_terms = pc.match_substring_regex(texts, "(?i)" + _words("source and binary forms")).to_pylist()
    names = pc.match_substring_regex(texts, "(?i)" + _words("neither the names? of")).to_pylist()
    for row, is_whole, third in zip(rows, has_terms, names, strict=True):
        if is_whole:
            hints[row] = "BSD-3-Clause" if third else "BSD-2-Clause"
