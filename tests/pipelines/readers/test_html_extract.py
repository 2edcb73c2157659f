"""What a page's text is: its main content, with code, tables and formulae as they were."""

import html as escaping
import re
from pathlib import Path

import pytest
from fastwarc.warc import ArchiveIterator, WarcRecordType
from hypothesis import given
from hypothesis import strategies as st
from resiliparse.parse.html import HTMLTree

from pipelines.readers.html.extract import Page, extract

SHARED = Path(__file__).parents[4] / "shared" / "warc"
PROSE = "A sentence of prose that is long enough to count as such, with a comma, and an end. " * 4
END_OF_BLOCK = re.compile(
    "(?is)<(script|style|textarea|noscript|svg|select)\\b.*?</\\1|<!--.*?-->|</p>|</div>"
)
EVERYWHERE = (
    "<script>{}</script>", "<style>{}</style>", "<noscript>{}</noscript>", "<template>{}</template>",
    "<p hidden>{}</p>", "<p style='display: none'>{}</p>", "<span style='visibility:hidden'>{}</span>",
    "<div aria-hidden=true><p>{}</p></div>", "<!-- {} -->", "<iframe>{}</iframe>", "<svg><text>{}</text></svg>",
    "<textarea>{}</textarea>", "<select><option>{}</option></select>", "<button>{}</button>", "<object>{}</object>",
    "<nav><ul><li>{}</li></ul></nav>", "<aside>{}</aside>", "<footer>{}</footer>", "<dialog>{}</dialog>",
    "<div class='cookie-banner'>{}</div>", "<div id=cookieConsent>{}</div>", "<div role=navigation>{}</div>",
    "<div class='share-buttons'>{}</div>", "<span class='sr-only'>{}</span>", "<img alt='{}' src=x>",
    "<a title='{}' href='{}'>x</a>", "<script>'<p>{}</p><!--<script>' </script>{}--></script>", "<canvas>{}</canvas>",
    "<div style='color:red;display:none!important'><b>{}</b></div>", "<video>{}</video>", "<math><annotation>{}</annotation></math>",
)  # fmt: skip


def text_of(html: str) -> str:
    return extract(html).text


def test_title_and_language_come_with_the_text():
    page = extract("<html lang=' de-AT '><title> A\n title </title><p>Text")
    assert page == Page("Text", "A title", "de-AT")


@pytest.mark.parametrize(
    "html", ["", "\0", "<!-- x -->", "<title></title>", "<nav><a>x</a></nav>", "\ud800<hr>"]
)
def test_pages_without_content_give_an_empty_text_or_what_little_there_is(html):
    page = extract(html)
    assert page.text in ("", "?") and page.title is None and page.language is None


def test_paragraphs_headings_and_lines_keep_apart():
    html = "<h1>One <i>big</i>\n title</h1><p>First<br>line.</p><div>Second &amp;\n <b>third</b>&nbsp;.</div><h3>Sub</h3>x"
    assert text_of(html) == "# One big title\n\nFirst\nline.\n\nSecond & third .\n\n### Sub\n\nx"


def test_lists_nest_and_keep_their_numbers():
    html = "<ul><li>a<li><p>b</p><ol start=3><li>c<li>d</ol><li>e</ul><ol><li>f</ol>after"
    assert text_of(html) == "- a\n- b\n  3. c\n  4. d\n- e\n\n1. f\n\nafter"


def test_quotations_are_marked():
    assert text_of("<blockquote><p>a<p>b</blockquote><p>c") == "> a\n\n> b\n\nc"


def test_posts_of_a_thread_stay_apart():
    posts = "".join(
        f"<div class=comment><div class=author>u{n}</div><div>{PROSE}</div></div>" for n in range(3)
    )
    text = text_of(f"<div id=comments>{posts}</div>")
    assert text.split("\n\n") == [part for n in range(3) for part in (f"u{n}", PROSE.strip())]


def test_comments_below_an_article_are_left_out():
    html = f"<article>{f'<p>{PROSE}</p>' * 6}</article><div id=comments><p>REMARK {PROSE}</p></div>"
    assert "REMARK" not in text_of(html) and text_of(html).count(PROSE.strip()) == 6


def test_code_is_fenced_with_its_language_and_every_space():
    html = "<pre class='x language-c++'>\n\tif (a &lt; b)\n\n   <b>return</b>  1;  </pre>"
    assert text_of(html) == "```c++\n\tif (a < b)\n\n   return  1;  \n```"
    assert text_of("<pre><code class=lang-js>x</code></pre>") == "```js\nx\n```"
    assert text_of("<div class='highlight-python3'><div><pre>x</pre></div></div>") == "```python3\nx\n```"


def test_a_fence_is_longer_than_the_ticks_within():
    assert text_of("<pre>````\na</pre>") == "`````\n````\na\n`````"


@given(st.text(st.characters(exclude_characters="\0\r", exclude_categories=("Cs",)), min_size=1, max_size=80))
def test_any_code_survives_exactly(code):
    text = text_of(f"<ul><li><pre>\n{escaping.escape(code)}</pre></ul><p>end")
    assert (code in text) or not code.strip(" \t\n\x0b\x0c\r").strip("".join(map(chr, range(33))))


def test_inline_code_stands_between_ticks():
    assert text_of("<p>use <code>f( x )</code>, <code></code>not <code>a`b</code>") == "use `f( x )`, not a`b"


def test_tables_of_data_become_pipe_rows():
    html = "<table><caption>C</caption><tr><th>a<th>b|c<tr><td>1<br>x<td><ul><li>2<li>3</ul><tr><td>4<td></table>"
    assert text_of(html) == "C\n\n| a | b\\|c |\n| --- | --- |\n| 1 x | 2 3 |\n| 4 |  |"


def test_tables_of_layout_become_paragraphs():
    for table in (
        f"<table><tr><td>x<td>y<tr><td>{PROSE * 3}<td>z</table>",
        "<table role=presentation><tr><td>x<td>y<tr><td>1<td>z</table>",
        "<table><tr><td>x<td>y</table>",
        "<table><tr><td>x<td>y<tr><td><pre>1</pre><td>z</table>",
    ):
        assert "|" not in text_of(table)
    outer = "<table><tr><td>x<td><table><tr><th>a<th>b<tr><td>1<td>2</table><tr><td>y<td>z</table>"
    assert text_of(outer) == "x\n\n| a | b |\n| --- | --- |\n| 1 | 2 |\n\ny\n\nz"


def test_tex_stays_as_it_was_written():
    assert text_of(r"<p>so \(a &lt; b\) and $x_1$ or \[y\]") == r"so \(a < b\) and $x_1$ or \[y\]"


@pytest.mark.parametrize(
    ("html", "text"),
    [
        ("<math><semantics><mi>x</mi><annotation encoding='application/x-tex'>x &lt; \\pi</annotation></semantics></math>",
         "$x < \\pi$"),
        ("<math display=block alttext='\\sum_i'><mi>x</mi></math>", "$$\\sum_i$$"),
        ("<script type='math/tex'>a<b</script>", "$a<b$"),
        ("<script type='math/tex; mode=display'>a</script>", "$$a$$"),
        ("<span class=MathJax_Preview>no</span><span class=MathJax>no</span><script type='math/tex'>a</script>", "$a$"),
        ("<img class=latex alt='x^2'>", "$x^2$"),
        ("<span class=katex><span class=katex-mathml><math><semantics><mi>x</mi><annotation encoding='application/x-tex'>"
         "x</annotation></semantics></math></span><span class=katex-html aria-hidden=true>no</span></span>", "$x$"),
        ("<span class=mwe-math-element><span class=mwe-math-mathml-inline style='display: none'>no<math alttext='{y}'>"
         "<mi>y</mi></math></span><img class=mwe-math-fallback-image-inline aria-hidden=true alt='{y}'></span>", "${y}$"),
        ("<math alttext='{y}'></math><img class='mwe-math-fallback-image-inline tex' alt='{y}'>", "${y}$"),
        ("<math><mfrac><mi>a</mi><mrow><mi>b</mi><mo>+</mo><mn>1</mn></mrow></mfrac></math>", "a/(b+1)"),
        ("<math><msqrt><msup><mi>x</mi><mn>2</mn></msup></msqrt></math>", "sqrt(x^2)"),
        ("<math><munderover><mo>∑</mo><mi>i</mi><mi>n</mi></munderover></math>", "∑_i^n"),
        ("10<sup>6</sup> and 1<sup>st</sup>", "10^6 and 1st"),
    ],
)  # fmt: skip
def test_formulae(html, text):
    assert text_of(f"<p>is {html} here") == f"is {text} here"


def test_mathjax_shows_its_mathml_and_not_its_glyphs():
    shown = "<mjx-container class='MathJax CtxtMenu_Attached_0'><mjx-math class=MJX-TEX aria-hidden=true>no</mjx-math>"
    html = f"<p>is {shown}<mjx-assistive-mml><math><mi>a</mi><mo>≠</mo><mn>0</mn></math></mjx-assistive-mml></mjx-container> here"
    assert text_of(html) == "is a≠0 here"


def test_formulae_in_a_table_stay_on_their_row():
    html = "<table><tr><th>a<th>b<tr><td><script type='math/tex'>x\n+y</script><td>2</table>"
    assert text_of(html) == "| a | b |\n| --- | --- |\n| $x +y$ | 2 |"


def test_blocks_of_links_are_left_out():
    links = "".join(f"<li><a href=x>Another page {n}</a>" for n in range(9))
    text = text_of(f"<div><p>{PROSE}</p><ul>{links}</ul><p>{PROSE}</p></div>")
    assert text == f"{PROSE.strip()}\n\n{PROSE.strip()}"


def test_a_class_of_the_whole_page_does_not_take_its_content_away():
    for attributes in (
        "class='has-sidebar nav-open cookie'",
        "id=widgets class=menu",
        "aria-label=x class=related",
    ):
        assert PROSE.strip() in text_of(f"<body><div {attributes}><p>{PROSE}</p></div></body>")


@pytest.mark.parametrize("place", EVERYWHERE)
def test_what_is_not_shown_does_not_get_through(place):
    html = f"<body><div><p>{PROSE}</p>{place.replace('{}', 'PLANTED')}<p>{PROSE}</p></div>"
    text = text_of(html)
    assert "PLANTED" not in text and text.count(PROSE.strip()) == 2


@given(st.text(max_size=200))
def test_any_string_is_a_page(html):
    page = extract(html)
    assert page == extract(html)
    page.text.encode()


@given(
    st.lists(
        st.sampled_from(
            ["<", ">", "&", "'", '"', "=", "/", "!", "-", "p", "table", "td", "pre", "math", "li", " ", "é"]
        ),
        max_size=60,
    )
)
def test_any_broken_markup_is_a_page(pieces):
    extract("".join(pieces))


def shared_pages() -> list[str]:
    with (SHARED / "pages-000.warc.gz").open("rb") as stream:
        records = ArchiveIterator(stream, record_types=WarcRecordType.response)
        pages = [record.reader.read().decode("utf-8", "replace") for record in records]
    return pages + [path.read_text("utf-8", "replace") for path in sorted(SHARED.glob("*.html"))]


@pytest.mark.corpus
@pytest.mark.skipif(not SHARED.is_dir(), reason="the shared pages are not there")
def test_nothing_planted_in_real_pages_gets_through():
    planted = "".join(place.replace("{}", "PLANTED") for place in EVERYWHERE)
    for number, page in enumerate(shared_pages()[::3]):
        html = END_OF_BLOCK.sub(lambda end: end[0] + (planted if end[0] in ("</p>", "</div>") else ""), page)
        assert "PLANTED" not in extract(html).text, number


@pytest.mark.corpus
@pytest.mark.skipif(not SHARED.is_dir(), reason="the shared pages are not there")
def test_formulae_of_real_pages_survive():
    found = 0
    for page in shared_pages():
        if "application/x-tex" not in page:
            continue
        text = " ".join(extract(page).text.split())
        for node in HTMLTree.parse(page).document.query_selector_all("annotation").values():
            assert " ".join(node.text.split()) in text
            found += 1
    assert found > 20
