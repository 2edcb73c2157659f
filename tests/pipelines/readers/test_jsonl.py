"""JSON Lines: every line is a record or a bad record with its reason, however the file is cut or packed."""

import json
import random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipelines.readers.jsonl import DEEPEST
from tests.pipelines.readers.pieces import PACK, input_file, lines_file, ranges, read

LIMIT = 1000
BAD = {
    "blank line": (b"", "bad_json"),
    "only spaces": (b" \t\r", "bad_json"),
    "cut off": (b'{"text": "abc', "bad_json"),
    "two objects": (b'{"text": "a"} {"text": "b"}', "bad_json"),
    "half an object": (b'"text": "b"}', "bad_json"),
    "comma at the end": (b'{"text": "a",}', "bad_json"),
    "single quotes": (b"{'text': 'a'}", "bad_json"),
    "raw tab in a string": (b'{"text": "a\tb"}', "bad_json"),
    "not a number": (b'{"text": "a", "n": NaN}', "bad_json"),
    "infinite": (b'{"text": "a", "n": -Infinity}', "bad_json"),
    "leading zero": (b'{"text": "a", "n": 01}', "bad_json"),
    "half an escape": (b'{"text": "\\u12"}', "bad_json"),
    "endless digits": (b'{"text": "a", "n": ' + b"1" * 5000 + b"}", "bad_json"),
    "deep nesting": (b'{"text": "a", "n": ' + b"[" * DEEPEST + b"]" * DEEPEST + b"}", "bad_json"),
    "very deep nesting": (
        b'{"text": "a", "n": ' + b'{"n":' * 100_000 + b"1" + b"}" * 100_000 + b"}",
        "bad_json",
    ),
    "Latin-1": (b'{"text": "caf\xe9"}', "bad_utf8"),
    "a bad byte elsewhere": (b'{"text": "a", "n": "\xff"}', "bad_utf8"),
    "UTF-16": ('{"text": "a"}'.encode("utf-16")[:-1], "bad_utf8"),
    "an encoded surrogate": (b'{"text": "\xed\xa0\x80"}', "bad_utf8"),
    "a lone surrogate": (b'{"text": "a\\ud800b"}', "bad_utf8"),
    "a lone low surrogate": (b'{"text": "a", "url": "\\uDC00"}', "bad_utf8"),
    "a surrogate inside": (b'{"text": "a", "n": {"\\udfff": [1]}}', "bad_utf8"),
    "no text": (b'{"id": "1"}', "missing_text"),
    "null text": (b'{"text": null}', "missing_text"),
    "empty text": (b'{"text": ""}', "empty_text"),
    "blank text": (b'{"text": " \\n\\u2003\\u0085"}', "empty_text"),
    "number for text": (b'{"text": 5}', "wrong_type"),
    "list for text": (b'{"text": ["a"]}', "wrong_type"),
    "array": (b'["text"]', "wrong_type"),
    "string": (b'"text"', "wrong_type"),
    "number": (b"17", "wrong_type"),
    "null": (b"null", "wrong_type"),
    "long text": (b'{"text": "' + b"a" * (LIMIT + 1) + b'"}', "oversize"),
    "long in bytes": (b'{"text": "' + b"\\u00e4" * (LIMIT // 2 + 1) + b'"}', "oversize"),
    "long line": (b'{"text": "a", "n": "' + b"a" * 1_003_000 + b'"}', "oversize"),
}

json_values = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=3), inner, max_size=3),
    max_leaves=5,
)


@st.composite
def good_lines(draw):
    record = draw(st.dictionaries(st.text(max_size=4), json_values, max_size=3))
    record["text"] = draw(st.text(min_size=1, max_size=40).filter(lambda text: not text.isspace()))
    record.update(draw(st.fixed_dictionaries({}, optional=dict.fromkeys(("id", "url", "m"), json_values))))
    line = json.dumps(record, ensure_ascii=draw(st.booleans())) + draw(st.sampled_from(["", " ", "\r"]))
    return line.encode(), record


bad_lines = st.sampled_from(sorted(BAD)).map(lambda name: (BAD[name][0], None))


def text_of(value):
    if value is None or isinstance(value, str):
        return value
    return json.dumps(value, ensure_ascii=False, separators=(",", ":"))


def expected_of(record, place):
    return {
        "id": text_of(record.get("id")) or place,
        "text": record["text"],
        "source": None,
        "url": text_of(record.get("url")),
        "language": None,
        "kind": None,
        "created": None,
        "metadata": [] if record.get("m") is None else [("m", text_of(record["m"]))],
    }


@pytest.mark.parametrize("name", sorted(BAD))
@pytest.mark.parametrize("suffix", sorted(PACK))
def test_a_bad_line_goes_to_quarantine_alone(tmp_path, name, suffix):
    line, reason = BAD[name]
    before = b'{"text": "before", "id": "1"}'
    file = lines_file(tmp_path, before + b"\n" + line + b'\n{"text": "after"}', suffix)
    usable, bad = read(file, ranges([0, file.size]) if suffix == ".jsonl" else ranges([0, 0]))
    after = f"f{suffix}:{len(before) + len(line) + 2 if suffix == '.jsonl' else 3}"
    assert [(row, record["id"], record["text"]) for row, record in usable] == [
        (0, "1", "before"),
        (2, after, "after"),
    ]
    place = f"byte {len(before) + 1}" if suffix == ".jsonl" else "line 2"
    [(row, one)] = bad
    assert (row, one.place, one.reason, one.excerpt) == (1, place, reason, line[:200])
    assert one.detail


@given(
    st.lists(good_lines() | bad_lines, max_size=12),
    st.booleans(),
    st.lists(st.integers(0, 3000), max_size=4),
    st.sampled_from(sorted(PACK)),
)
def test_what_is_read_is_what_plain_python_reads(tmp_path_factory, lines, ends_with_newline, cuts, suffix):
    data = b"\n".join(line for line, _ in lines) + (b"\n" if ends_with_newline and lines else b"")
    file = lines_file(tmp_path_factory.mktemp("f"), data, suffix)
    edges = sorted({0, len(data), *(min(cut, len(data)) for cut in cuts)})
    usable, bad = read(file, ranges(edges) if suffix == ".jsonl" else ranges([0, 0]), metadata=("m",))
    good, offset = [], 0
    for number, (line, record) in enumerate(lines):
        if record is not None:
            place = f"f{suffix}:{offset if suffix == '.jsonl' else number + 1}"
            good.append((number, expected_of(record, place)))
        offset += len(line) + 1
    ends_in_nothing = bool(lines) and not lines[-1][0] and not ends_with_newline
    counted = len(lines) - ends_in_nothing
    assert usable == good
    assert len(usable) + len(bad) == counted


def test_numbers_are_kept_as_text(tmp_path):
    data = b'{"text": "a", "id": 123456789012345678901234567890}\n{"text": "a", "id": 1.50}\n{"text": "a", "id": 0}'
    usable, _ = read(lines_file(tmp_path, data), ranges([0, 1000]))
    assert [record["id"] for _, record in usable] == ["123456789012345678901234567890", "1.5", "0"]


def test_of_a_repeated_key_the_last_counts(tmp_path):
    usable, _ = read(lines_file(tmp_path, b'{"text": "a", "text": "b"}'), ranges([0, 1000]))
    assert usable[0][1]["text"] == "b"


def test_a_byte_order_mark_at_the_start_is_no_part_of_the_record(tmp_path):
    usable, bad = read(
        lines_file(tmp_path, b'\xef\xbb\xbf{"text": "a"}\n\xef\xbb\xbf{"text": "b"}'), ranges([0, 99])
    )
    assert ([record["text"] for _, record in usable], [one.reason for _, one in bad]) == (["a"], ["bad_json"])


def test_controls_and_noncharacters_are_text(tmp_path):
    usable, _ = read(lines_file(tmp_path, b'{"text": "a\\u0000b\\uffff\\ud83d\\ude00\x7f"}'), ranges([0, 99]))
    assert usable[0][1]["text"] == "a\0b\uffff\U0001f600\x7f"


def test_columns_by_their_names(tmp_path):
    record = {
        "body": "a",
        "key": 7,
        "from": "x",
        "link": "u",
        "lang": "de",
        "type": "web",
        "when": "2024-01-01",
        "n": [1],
    }
    usable, _ = read(
        lines_file(tmp_path, json.dumps(record).encode()),
        ranges([0, 1000]),
        text="body",
        id="key",
        source_column="from",
        url="link",
        language="lang",
        kind="type",
        created="when",
        metadata=("n", "absent"),
    )
    found = usable[0][1]
    assert found.pop("created").isoformat() == "2024-01-01T00:00:00+00:00"
    assert found == {
        "id": "7",
        "text": "a",
        "source": "x",
        "url": "u",
        "language": "de",
        "kind": "web",
        "metadata": [("n", "[1]")],
    }


@pytest.mark.parametrize("suffix", [".jsonl.gz", ".jsonl.zst"])
def test_a_truncated_file_keeps_the_lines_before_the_break(tmp_path, suffix):
    words = random.Random(0)
    lines = [json.dumps({"text": f"{words.random()}", "id": str(k)}).encode() for k in range(20_000)]
    whole = lines_file(tmp_path, b"\n".join(lines), suffix)
    cut = tmp_path / "cut" / f"f{suffix}"
    cut.parent.mkdir()
    with open(whole.path, "rb") as file:
        cut.write_bytes(file.read(whole.size // 2))
    usable, bad = read(input_file(cut), ranges([0, 0]))
    assert [record["id"] for _, record in usable] == [str(k) for k in range(len(usable))]
    assert len(usable) > 5_000
    [(_, one)] = bad
    assert (one.place, one.reason) == (f"line {len(usable) + 1}", "truncated")
    assert lines[len(usable)].startswith(one.excerpt)
