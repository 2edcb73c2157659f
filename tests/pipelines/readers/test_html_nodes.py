"""The nodes read from a parser's serialisation are those of its tree."""

import numpy as np
from hypothesis import given
from hypothesis import strategies as st
from resiliparse.parse.html import ElementNode, HTMLTree, TextNode

from pipelines.readers.html.names import TAGS
from pipelines.readers.html.nodes import ARIA_HIDDEN, HIDDEN, OTHER, TEXT, find_attribute, read_nodes

PIECES = [
    "<div>", "</div>", "<p>", "</p>", "<b>", "</b>", "<table>", "<tr>", "<td>", "</table>", "<ul>", "<li>", "text ",
    "&amp;", "&lt;b&gt;", "a<b", "<br>", "<img alt='>'>", "<x-y a=1 b='\"'>", "</x-y>", "<!-- <p>-- -->", "<!-->",
    "<script>if(a<b)'</p>'</script>", "<script><!--<script></script>--></script>", "<style>a>b</style>", "<svg><path d=1 /></svg>",
    "<math><mi>x</mi></math>", "<pre>\n a</pre>", "<textarea><p></textarea>", "<xmp><i></xmp>",
    "<noscript><p>n</noscript>", "é\u00a0中", "</x>", "<p =x y>", "<a href=?a&b>", "\n", "<?php ?>",
    "<select><option>1", "<iframe><b></iframe>", "<!doctype html>", "<title>t</title>", "<body class='nav'>",
]  # fmt: skip
RAW = {"script", "style", "xmp", "iframe", "noembed", "noframes"}


def nodes_of(html: str) -> tuple[bytes, list[tuple[int, int, str]]]:
    serialised = HTMLTree.parse(html).document.document_element.html.encode()
    nodes = read_nodes(np.frombuffer(serialised, np.uint8))
    listed = []
    for tag, parent, start, end in zip(nodes.tags, nodes.parents, nodes.starts, nodes.ends, strict=True):
        listed.append((int(tag), int(parent), serialised[start:end].decode() if tag == TEXT else ""))
    return serialised, listed


def walked(html: str) -> list[tuple[int, int, str]]:
    """The same from the tree, node by node."""
    found: list[tuple[int, int, str]] = []
    root = HTMLTree.parse(html).document.document_element
    stack = [(root, -1)]
    while stack:
        node, parent = stack.pop()
        if isinstance(node, TextNode):
            text = node.value or ""
            if found[parent][0] == OTHER or TAGS[found[parent][0] - 1] not in RAW:
                for character, entity in (("&", "&amp;"), ("\u00a0", "&nbsp;"), ("<", "&lt;"), (">", "&gt;")):
                    text = text.replace(character, entity)
            if text:
                found.append((TEXT, parent, text))
            continue
        if not isinstance(node, ElementNode):
            continue
        name = node.tag.lower()
        found.append((TAGS.index(name) + 1 if name in TAGS else OTHER, parent, ""))
        here, child, children = len(found) - 1, node.first_child, []
        while child is not None:
            children.append((child, here))
            child = child.next_sibling
        stack += reversed(children)
    return found


def merged(listed: list[tuple[int, int, str]]) -> list[tuple[int, int, str]]:
    """Neighbouring texts of one parent as one: a comment between them leaves no trace in either."""
    out: list[tuple[int, int, str]] = []
    renumbered = []
    for tag, parent, text in listed:
        above = renumbered[parent] if parent >= 0 else -1
        if tag == TEXT and out and out[-1][0] == TEXT and out[-1][1] == above:
            out[-1] = (TEXT, above, out[-1][2] + text)
        else:
            out.append((tag, above, text))
        renumbered.append(len(out) - 1)
    return out


@given(st.lists(st.sampled_from(PIECES), max_size=25))
def test_nodes_are_those_of_the_parsers_tree(pieces):
    html = "".join(pieces)
    _, listed = nodes_of(html)
    assert merged(listed) == merged(walked(html))


@given(st.text(max_size=60))
def test_any_text_gives_the_nodes_of_the_parsers_tree(text):
    html = "<p>" + text.replace("\0", "")
    assert merged(nodes_of(html)[1]) == merged(walked(html))


def test_a_node_knows_where_what_it_contains_ends():
    nodes = read_nodes(np.frombuffer(b"<html><p>a<b>b</b></p><p>c</p></html>", np.uint8))
    assert nodes.lasts.tolist() == [7, 5, 3, 5, 5, 7, 7]


def marks_of(attributes: str) -> int:
    return int(read_nodes(np.frombuffer(f"<p {attributes}></p>".encode(), np.uint8)).marks[0])


def test_hidden_elements_are_marked():
    for attributes in (
        'hidden=""',
        'style="display:none"',
        'style="color:red; DISPLAY : none !important"',
        'style="visibility:hidden"',
        'a="1" style="x:y;visibility: collapse"',
    ):
        assert marks_of(attributes) & HIDDEN, attributes
    assert marks_of('aria-hidden="true"') & ARIA_HIDDEN
    for attributes in (
        'style="display:block"',
        'title="hidden"',
        'aria-hidden="false"',
        'style="x-display:nonesuch"',
    ):
        assert not marks_of(attributes) & (HIDDEN | ARIA_HIDDEN), attributes


def test_words_of_class_and_id_are_found_however_they_are_joined():
    sidebar = marks_of('class="sidebar"')
    assert sidebar
    for attributes in ('class="side-bar"', 'class="x sideBar"', 'id="left_sidebar_2"', 'class="SIDEBAR"'):
        assert marks_of(attributes) == sidebar, attributes


def test_labels_of_the_subject_and_anchors_of_headings_say_nothing():
    for attributes in (
        'class="tag-cookies"',
        'class="has-sidebar"',
        'id="sharing-with-a-single-developer"',
        'class="navel"',
    ):
        assert marks_of(attributes) == 0, attributes


def test_an_attribute_is_found_by_its_whole_name():
    data = np.frombuffer(b' data-alt="no" ALTO="no" alt="yes &quot;" x="2"', np.uint8)
    start, end = find_attribute(data, 0, data.size, b"alt")
    assert data[start:end].tobytes() == b"yes &quot;"
    assert find_attribute(data, 0, data.size, b"title") == (-1, -1)
