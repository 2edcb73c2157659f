"""Bytes become text exactly, or are told to be none: nothing is replaced in silence."""

import codecs

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipelines.readers.encoding import decoded, require_text
from pipelines.readers.records import Unusable

GERMAN = "Größe und Übung, ein schönes Haus für alle. " * 5
RUSSIAN = "Это русский текст, довольно длинный и простой. " * 5
JAPANESE = "これは日本語の文章です。かなり長いです。" * 5


@given(st.text())
def test_utf8_comes_back_whatever_was_declared(text):
    text = text.replace("\0", "").replace("\x1b", "").removeprefix("\ufeff")
    assert decoded(text.encode(), "koi8-r", is_html=True) == text


@given(st.text(min_size=1), st.sampled_from(["utf-8", "utf-16-le", "utf-16-be", "utf-32-le", "utf-32-be"]))
def test_a_byte_order_mark_is_believed_and_taken_off(text, name):
    mark = {
        "utf-8": codecs.BOM_UTF8,
        "utf-16-le": codecs.BOM_UTF16_LE,
        "utf-16-be": codecs.BOM_UTF16_BE,
        "utf-32-le": codecs.BOM_UTF32_LE,
        "utf-32-be": codecs.BOM_UTF32_BE,
    }[name]
    text = text.lstrip("\0") or "a"
    assert decoded(mark + text.encode(name), "latin-1") == text


@pytest.mark.parametrize(
    ("text", "name", "declared"),
    [
        (RUSSIAN, "koi8-r", "KOI8-R"),
        (RUSSIAN, "cp1251", '"windows-1251"'),
        (JAPANESE, "shift_jis", "x-sjis"),
        (JAPANESE, "euc_jp", "euc-jp"),
        (JAPANESE, "iso2022_jp", "iso-2022-jp"),
        ("中文网页的内容" * 9, "gb18030", "gb2312"),
        (GERMAN, "latin-1", "iso-8859-1"),
        (GERMAN, "utf-16-le", "utf-16le"),
    ],
)
def test_a_declared_charset_is_believed_where_the_bytes_are_not_utf8(text, name, declared):
    assert decoded(text.encode(name), declared) == text
    page = f'<html><head><meta http-equiv="Content-Type" content="text/html; charset={declared}"></head>'
    if name != "utf-16-le":
        assert decoded((page + text).encode(name), is_html=True) == page + text


@pytest.mark.parametrize(
    ("text", "name"),
    [
        (GERMAN, "cp1252"),
        (RUSSIAN, "cp1251"),
        (RUSSIAN, "koi8-r"),
        (JAPANESE, "shift_jis"),
        (JAPANESE, "euc_jp"),
    ],
)
def test_what_nothing_declares_is_detected(text, name):
    assert decoded(text.encode(name)) == text


def test_a_charset_that_does_not_read_the_bytes_is_not_followed():
    assert decoded(GERMAN.encode("cp1252"), "utf-8") == GERMAN
    assert decoded(GERMAN.encode("cp1252"), "no-such-charset") == GERMAN


@pytest.mark.parametrize("declared", [None, "utf-8", "iso-8859-1"])
def test_damaged_utf8_is_not_read_as_something_else(declared):
    damaged = GERMAN.encode()[:-30] + b"\xfc" + b" und mehr"
    with pytest.raises(Unusable) as caught:
        decoded(damaged, declared)
    assert caught.value.reason == "bad_encoding"


@pytest.mark.parametrize("data", [b"\xff\xfea\0b", bytes(range(256)) * 4, b"\x80\x81\x8d\x8f" * 50])
def test_what_is_no_text_is_told(data):
    with pytest.raises(Unusable) as caught:
        decoded(data)
    assert caught.value.reason == "bad_encoding"


def test_zero_bytes_are_binary_but_not_in_utf16():
    require_text(b"plain")
    require_text(codecs.BOM_UTF16_LE + "a".encode("utf-16-le"))
    with pytest.raises(Unusable, match="byte 3") as caught:
        require_text(b"abc\0")
    assert caught.value.reason == "binary"


@given(
    st.binary(max_size=400), st.sampled_from([None, "utf-8", "shift_jis", "big5", "utf-16le", "latin-1", "x"])
)
def test_any_bytes_are_text_without_a_replaced_character_or_told(data, declared):
    try:
        text = decoded(data, declared, is_html=True)
    except Unusable as unusable:
        assert unusable.reason == "bad_encoding"
        return
    assert "\ufffd" not in text or "\ufffd".encode() in data or b"\xfd\xff" in data or b"\xff\xfd" in data
    text.encode()
