"""Hostile pages cost no more than their length; ordinary ones are left as they are."""

import pytest
from hypothesis import given
from hypothesis import strategies as st
from resiliparse.parse.html import HTMLTree

from pipelines.readers.html.extract import extract
from pipelines.readers.html.guard import MOST_ATTRIBUTES, MOST_DEPTH, defuse

N = 20_000


def depth(html: bytes) -> int:
    node, deepest, level = HTMLTree.parse_from_bytes(html).document.document_element, 0, 1
    while True:
        deepest = max(deepest, level)
        if node.first_child is not None:
            node, level = node.first_child, level + 1
            continue
        while node.next_sibling is None:
            node, level = node.parent, level - 1
            if level < 1:
                return deepest
        node = node.next_sibling


@pytest.mark.parametrize(
    "html",
    [
        b"",
        b"<p>text",
        b"<table>" + b"<tr><td>a<td>b" * 3000,
        b"<ul>" + b"<li><p>x<span>y" * 3000,
        b"<dl>" + b"<dt>a<dd>b" * 3000,
        b"<p>x<br><img src=a>" * 3000,
        b"<svg>" + b"<path d=1 />" * 3000 + b"</svg>",
        b"<b>x</b><i>y</i>" * 20_000,
        b"<script>" + b"'<div><b>'" * 3000 + b"</script><p>x",
        b"<!--" + b"<div>" * 3000 + b"--><p>x",
    ],
)
def test_pages_within_the_limits_are_returned_as_they_are(html):
    assert defuse(html) is html


def test_nesting_ends_at_the_limit_and_the_text_stays():
    html = b"<div>" * 100_000 + b"<p>the text</p>"
    assert depth(html) > 100_000
    assert depth(defuse(html)) <= MOST_DEPTH + 5
    assert "the text" in extract(html.decode()).text


def test_unclosed_formatting_is_not_remade_in_every_paragraph():
    html = "<p>" + "".join(f"<font size={n}>" for n in range(3000)) + "<p>x" * 3000
    assert len(HTMLTree.parse_from_bytes(defuse(html.encode())).document.html) < 3 * len(html)
    assert extract(html).text.count("x") == 3000


def test_attributes_beyond_the_limit_are_left_out():
    html = b"<p " + b" ".join(b"a%d='>'" % n for n in range(MOST_ATTRIBUTES * 3)) + b">"
    tree = HTMLTree.parse_from_bytes(defuse(html))
    assert len(tree.document.query_selector("p").attrs) == MOST_ATTRIBUTES


@pytest.mark.parametrize(
    "html",
    [
        "<span>" * N + "</x>" * N + "word",
        "<span>" * N + "</div>" * N + "word",
        "<form><div></form>" * N + "word",
        "<p>word</p>" + "<a><div>" * N,
        "<select>" + "<option>" * N + "</select>word",
        "<table><tr><td>" * N + "word",
        "<math><mfrac>" * N + "word",
        "<code>" * N + "word",
        "<blockquote><ul><li>" * N + "word",
        "<b><p>" * N + "word",
        "word<div " * N,
        "word" + "<![CDATA[x]]>" * N,
        "word<pre>" + "`" * N,
        "word" + "&lt;" * N + "\0" * N,
        "word <a title='" + "<b>" * N,
        "word" + "</p>" * N,
        "<table>" + "<tr>" * N + "word",
        "<ruby>word" + "<rt>x" * N,
        "word<!--" + "<p>" * N,
        "word<script>" + "<!--<script>" * N,
    ],
)
def test_the_text_of_hostile_pages_is_found(html):
    assert "word" in extract(html).text


@given(st.binary(max_size=200))
def test_any_bytes_pass_unchanged_while_within_the_limits(html):
    assert defuse(html) is html


@given(
    st.lists(
        st.sampled_from(["<div>", "</div>", "<b a=1>", "</b>", "<p>", "</p>", "x", "<table>", "<td>"]),
        max_size=400,
    )
)
def test_what_is_left_out_are_tags_and_never_text(pieces):
    html = ("<div>" * (MOST_DEPTH + 10) + "".join(pieces)).encode()
    assert defuse(html).count(b"x") == html.count(b"x")
