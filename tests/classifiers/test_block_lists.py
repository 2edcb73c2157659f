import gzip

import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from classifiers.block_lists import BlockListError, BlockLists


@pytest.fixture
def lists(tmp_path):
    def load(*entries: str) -> BlockLists:
        (tmp_path / "list.txt").write_text("\n".join(entries), encoding="utf-8")
        return BlockLists.load([str(tmp_path / "list.txt")])

    return load


def met(lists: BlockLists, *urls: str | None) -> list[str | None]:
    return lists.blocked(pa.array(urls, pa.string())).to_pylist()


@pytest.mark.parametrize(
    "url",
    [
        "https://example.com/a/b?c#d",
        "http://example.com",
        "//example.com/",
        "example.com",
        "example.com:8080/x",
        "HTTPS://EXAMPLE.COM/",
        "https://user:p@ss@example.com:443/",
        "https://www.example.com/",
        "https://a.b.example.com/",
        "https://example.com./",
        "https://ex%61mple.com/",
        "  https://example.com",
        "https:\\\\example.com\\x",
        "ftp://example.com?x",
    ],
)
def test_a_domain_meets_its_host_and_subdomains_however_spelt(lists, url):
    assert met(lists("example.com"), url) == ["example.com"]


@pytest.mark.parametrize(
    "url",
    [
        "https://notexample.com/",
        "https://example.com.evil.net/",
        "https://evil.net/example.com",
        "https://example.com@evil.net/",
        "https://evil.net/?u=https://example.com",
        "https://com/",
        "example",
        "",
        "://",
        None,
    ],
)
def test_a_domain_meets_nothing_else(lists, url):
    assert met(lists("example.com"), url) == [None]


def test_leading_dots_and_stars_are_the_domain(lists):
    found = lists(".one.net", "*.two.net")
    assert met(found, "one.net", "a.two.net") == [".one.net", "*.two.net"]


def test_domains_are_taken_as_they_stand_without_public_suffixes(lists):
    found = lists("co.uk", "zip")
    assert met(found, "https://bbc.co.uk/", "https://a.uk", "https://x.zip/") == ["co.uk", None, "zip"]


def test_www_meets_the_bare_host_but_not_its_other_subdomains(lists):
    found = lists("www.gov.example")
    assert met(found, "gov.example", "www.gov.example", "a.www.gov.example") == ["www.gov.example"] * 3
    assert met(found, "tax.gov.example", "www.tax.gov.example") == [None, None]


def test_international_names_meet_their_ascii_form(lists):
    found = lists("Bücher.example", "xn--80ak6aa92e.example")
    urls = ["http://xn--bcher-kva.example/", "http://BÜCHER.example", "http://аррӏе.example/x"]
    assert met(found, *urls) == ["Bücher.example", "Bücher.example", "xn--80ak6aa92e.example"]


def test_a_prefix_meets_paths_that_go_on_with_a_boundary(lists):
    found = lists("https://example.com/~bob", "shop.example/item?id=5", "dir.example/a/")
    assert (
        met(
            found,
            "example.com/~bob",
            "http://www.example.com/~bob/x",
            "example.com/~bob?x",
            "example.com/~bob#a",
        )
        == ["https://example.com/~bob"] * 4
    )
    assert (
        met(found, "example.com/~bobby", "example.com/~Bob", "a.example.com/~bob", "example.com/")
        == [None] * 4
    )
    assert met(found, "shop.example/item?id=5&b=1", "shop.example/item?id=55") == [
        "shop.example/item?id=5",
        None,
    ]
    assert met(found, "dir.example/a/b", "dir.example/a") == ["dir.example/a/", None]


def test_a_slash_alone_is_the_domain(lists):
    assert met(lists("https://example.com/"), "a.example.com/x") == ["https://example.com/"]


def test_addresses_meet_only_themselves(lists):
    found = lists("10.0.0.1", "0.1", "[::1]")
    assert met(found, "http://10.0.0.1:80/", "http://10.10.0.0.1/", "http://2.0.1/", "http://[::1]:8000/x") == [
        "10.0.0.1", None, None, "[::1]",
    ]  # fmt: skip


def test_of_several_entries_the_shortest_domain_is_named(lists):
    found = lists("a.example.com/x", "a.example.com", "example.com")
    assert met(found, "https://a.example.com/x", "https://a.example.org") == ["example.com", None]


def test_comments_and_empty_lines_are_skipped(lists):
    found = lists("# all of it", "", "  example.com   # a note", "example.org/#top")
    assert found.entries.to_pylist() == ["example.com", "example.org/#top"]


def test_spellings_that_come_to_the_same_are_one_entry(lists):
    assert len(lists("Example.com", "http://example.com/", "example.com").entries) == 1


def test_compressed_and_several_lists_are_read(tmp_path):
    (tmp_path / "a.txt.gz").write_bytes(gzip.compress("\ufeffone.example\r\n".encode()))
    (tmp_path / "b.txt").write_text("two.example")
    found = BlockLists.load([str(tmp_path / "a.txt.gz"), str(tmp_path / "b.txt")])
    assert met(found, "one.example", "two.example") == ["one.example", "two.example"]


def test_lines_that_are_no_entry_are_named_and_the_others_kept(lists):
    found = lists("0.0.0.0 example.com", "ok.example", "||ads.example^", "http://", "a..b")
    assert found.entries.to_pylist() == ["ok.example"]
    assert [line.rsplit("list.txt:", 1)[1] for line in found.unusable] == [
        "1: '0.0.0.0 example.com' is neither a domain nor the beginning of a URL",
        "3: '||ads.example^' is neither a domain nor the beginning of a URL",
        "4: 'http://' is neither a domain nor the beginning of a URL",
        "5: 'a..b' is neither a domain nor the beginning of a URL",
    ]


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("absent.txt", None),
        ("broken.gz", b"no gzip"),
        ("latin.txt", b"\xff\xfe"),
        ("empty.txt", b"# nothing\n"),
    ],
)
def test_a_list_that_cannot_be_used_is_named(tmp_path, name, content):
    if content is not None:
        (tmp_path / name).write_bytes(content)
    with pytest.raises(BlockListError, match=name):
        BlockLists.load([str(tmp_path / name)])


LABEL = st.sampled_from(["a", "b", "www", "com", "7"])
HOST = st.lists(LABEL, min_size=1, max_size=4).map(".".join)
PATH = st.text("/ab?=#", max_size=6).map(lambda path: "/" + path if path else "")


def oracle(entry: str, url: str) -> bool:
    def parts(text):
        at = min((text.find(c) for c in "/?#" if c in text), default=len(text))
        return text[:at], text[at:]

    (domain, prefix), (host, path) = parts(entry), parts(url)
    if prefix in ("", "/"):
        if host.split(".")[-1].isdigit():
            return host == domain
        return host == domain or host.endswith("." + domain) or "www." + host == domain
    if host.removeprefix("www.") != domain.removeprefix("www.") or not path.startswith(prefix):
        return False
    return path == prefix or prefix[-1] in "/?#&;=" or path[len(prefix)] in "/?#&;="


@given(
    st.lists(st.tuples(HOST, PATH).map("".join), min_size=1, max_size=6),
    st.lists(st.tuples(HOST, PATH).map("".join)),
)
def test_what_is_met_is_what_the_definition_says(tmp_path_factory, entries, urls):
    path = tmp_path_factory.mktemp("lists") / "list.txt"
    path.write_text("\n".join(entries))
    found = BlockLists.load([str(path)])
    for url, entry in zip(urls, met(found, *urls), strict=True):
        assert (entry is not None) == any(oracle(e, url) for e in entries), (url, entry)
        assert entry is None or oracle(entry, url)


@given(st.lists(st.text() | st.none()))
def test_no_text_is_too_odd_to_be_an_url(tmp_path_factory, urls):
    path = tmp_path_factory.mktemp("lists") / "list.txt"
    path.write_text("example.com\nexample.org/path")
    assert len(met(BlockLists.load([str(path)]), *urls)) == len(urls)


def test_columns_that_are_not_of_text_are_refused(lists):
    with pytest.raises(TypeError, match="int64"):
        lists("example.com").blocked(pa.array([1]))


def test_no_urls_and_columns_of_nulls_meet_nothing(lists):
    found = lists("example.com")
    assert met(found) == []
    assert found.blocked(pa.chunked_array([["example.com"], [None]])).to_pylist() == ["example.com", None]
