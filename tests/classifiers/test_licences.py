import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from classifiers.licences import licence_hint

MIT = "Permission is hereby granted, free of charge, to any person obtaining a copy of this software"
BSD = "Redistribution and use in source and binary forms, with or without modification, are permitted"


def hint(text: str | None, url: str | None = None) -> str | None:
    return licence_hint(pa.array([text], pa.string()), pa.array([url], pa.string())).to_pylist()[0]


@pytest.mark.parametrize(
    ("text", "licence"),
    [
        ("// SPDX-License-Identifier: Apache-2.0\n#include", "Apache-2.0"),
        ("# SPDX-License-Identifier: (GPL-2.0-only WITH Linux-syscall-note OR MIT)", "GPL-2.0-only WITH Linux-syscall-note OR MIT"),
        ("see https://creativecommons.org/licenses/by-sa/4.0/deed.de", "CC-BY-SA-4.0"),
        ("(http://www.creativecommons.org/licenses/by-nc-nd/2.5)", "CC-BY-NC-ND-2.5"),
        ("https://creativecommons.org/licenses/by/", "CC-BY"),
        ("https://creativecommons.org/publicdomain/zero/1.0/", "CC0-1.0"),
        ("https://creativecommons.org/publicdomain/mark/1.0/", "public-domain"),
        ("This article is CC BY-SA 4.0.", "CC-BY-SA-4.0"),
        ("Text: CC-BY", "CC-BY"),
        ("Lizenz: CC BY NC SA 3.0 DE", "CC-BY-NC-SA-3.0"),
        ("dedicated under CC0", "CC0-1.0"),
        ("Creative Commons Attribution-ShareAlike 3.0 Unported", "CC-BY-SA-3.0"),
        ("a Creative Commons\nAttribution-NonCommercial-NoDerivatives 4.0 International License", "CC-BY-NC-ND-4.0"),
        ("the Creative Commons Attribution License, version 2.0", "CC-BY-2.0"),
        ("Creative Commons Zero v1.0 Universal", "CC0-1.0"),
        (MIT, "MIT"),
        ("\n(The MIT License)\n\nCopyright 2009", "MIT"),
        (" * Permission is hereby granted,\n * free of charge, to any\n * person obtaining a copy", "MIT"),
        ("Permission to use, copy, modify, and/or distribute this software for any purpose", "ISC"),
        ("// Licensed under the Apache License, Version 2.0", "Apache-2.0"),
        ("                Apache License\n           Version 2.0, January 2004", "Apache-2.0"),
        (BSD + " provided that", "BSD-2-Clause"),
        ("All rights reserved. " + BSD + ". Neither the name of the company nor", "BSD-3-Clause"),
        ("the GNU General Public License as published by\n# the Free Software Foundation; either version 2 of the License, or\n# (at your option) any later version", "GPL-2.0-or-later"),
        ("GNU AFFERO GENERAL PUBLIC LICENSE\n     Version 3, 19 November 2007", "AGPL-3.0"),
        ("GNU Lesser General Public License version 2.1", "LGPL-2.1"),
        ("subject to the terms of the Mozilla Public\n * License, v. 2.0.", "MPL-2.0"),
        ("This is free and unencumbered software released into the public domain.", "Unlicense"),
        ("Distributed under the Boost Software License, Version 1.0.", "BSL-1.0"),
        ("licensed under the terms of the MIT license", "MIT"),
        ("# This software may be modified and distributed under the terms\n# of the BSD license.", "BSD"),
        ("It is released under the GPLv3.", "GPL-3.0"),
        ("available under a Creative Commons licence", "CC"),
        ("All content is available under the Open Government Licence v3.0", "OGL-UK-3.0"),
        ("This document has been placed in the public\ndomain.", "public-domain"),
        ("this work of art is in the public domain", "public-domain"),
        ("© 2015 The Paper. All Rights Reserved.", "all-rights-reserved"),
    ],
)  # fmt: skip
def test_licences_are_recognised(text, licence):
    assert hint(text) == licence
    assert hint("Words before it. \n" + text + "\nand words behind.") == licence


@pytest.mark.parametrize(
    "text",
    [
        "", "no word of it", "A driving licence is not enough.", "the public domain is rich", "he cc'd by mistake",
        "the history of the GNU General Public License", "Creative Commons is an organisation",
        "choose a license: MIT, BSD", "[mit-license]: https://en.wikipedia.org/wiki/MIT_License", "cc by the way",
        "permission is granted", "ACC BY 4", "creativecommons.org/licenses/unknown/1.0",
    ],
)  # fmt: skip
def test_what_grants_nothing_is_no_hint(text):
    assert hint(text) is None


@pytest.mark.parametrize(
    "text",
    [
        "Photo: Jane Doe, CC BY 2.0",
        "![A map (CC-BY: J. Doe)](../img/map.png)",
        "via Wikimedia Commons, https://creativecommons.org/licenses/by-sa/3.0/",
        "Foto von X, Creative Commons Attribution 2.0",
    ],
)
def test_a_credit_of_a_picture_is_not_the_licence_of_the_page(text):
    assert hint(text) is None
    assert hint(text + " " * 200 + "© 2020 All rights reserved") == "all-rights-reserved"


def test_what_says_most_counts_most():
    assert hint(f"All rights reserved.\n{MIT}") == "MIT"
    assert hint(f"{MIT}\nSPDX-License-Identifier: ISC") == "ISC"
    assert hint("licensed under MIT, but texts are CC BY 4.0") == "CC-BY-4.0"


def test_a_site_hints_where_the_text_does_not():
    assert hint("text", "https://en.wikipedia.org/wiki/X") == "CC-BY-SA-4.0"
    assert hint("© All rights reserved", "http://stackoverflow.com/q/1") == "CC-BY-SA"
    assert hint(MIT, "https://en.wikipedia.org/wiki/X") == "MIT"
    assert hint(None, "//www.gutenberg.org:80") == "public-domain"


@pytest.mark.parametrize(
    "url",
    ["https://notwikipedia.org/", "https://evil.net/wikipedia.org", "https://wikipedia.org.evil.net/", "wikipedia.org", "", None],
)  # fmt: skip
def test_another_site_hints_at_nothing(url):
    assert hint("text", url) is None


def test_rows_keep_their_place():
    texts = pa.chunked_array([["x", MIT, None], [], ["All rights reserved", "y", "CC0"]])
    expected = [None, "MIT", None, "all-rights-reserved", None, "CC0-1.0"]
    assert licence_hint(texts).to_pylist() == expected
    assert licence_hint(texts.combine_chunks().cast(pa.large_string())).to_pylist() == expected
    assert licence_hint(texts.combine_chunks()[3:]).to_pylist() == expected[3:]
    assert licence_hint(pa.array([], pa.string())).to_pylist() == []


def test_hostile_text_is_read_in_linear_time():
    texts = [
        "Creative Commons Attribution" + "-ShareAlike " * 200_000,
        "licensed under " * 200_000,
        "SPDX-License-Identifier: " + "A OR " * 200_000,
        "GNU" + " #" * 500_000 + "general public license",
    ]
    assert len(licence_hint(pa.array(texts))) == len(texts)


@given(st.lists(st.binary(max_size=60).map(lambda raw: b"licence CC BY " + raw), max_size=3))
def test_broken_text_is_read_all_the_same(texts):
    column = pa.array(texts, pa.binary())
    broken = pa.StringArray.from_buffers(len(column), *column.buffers()[1:])
    assert len(licence_hint(broken)) == len(texts)


def test_columns_that_do_not_fit_are_refused():
    with pytest.raises(TypeError, match="int64"):
        licence_hint(pa.array([1]))
    with pytest.raises(ValueError, match="1 texts, but 2 URLs"):
        licence_hint(pa.array(["a"]), pa.array(["b", "c"]))
