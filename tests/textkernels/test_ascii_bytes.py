import string

import numpy as np
import pytest

from textkernels import ascii_bytes


@pytest.mark.parametrize(
    ("is_member", "members"),
    [
        (ascii_bytes.is_digit, string.digits),
        (ascii_bytes.is_lower, string.ascii_lowercase),
        (ascii_bytes.is_upper, string.ascii_uppercase),
        (ascii_bytes.is_letter, string.ascii_letters),
        (ascii_bytes.is_alnum, string.ascii_letters + string.digits),
        (ascii_bytes.is_hex, string.hexdigits),
    ],
)
def test_each_class_has_its_members_alone(is_member, members):
    assert {byte for byte in range(256) if is_member(byte)} == set(members.encode())


def test_lower_changes_upper_case_letters_alone():
    for byte in range(256):
        assert ascii_bytes.lower(byte) == bytes([byte]).lower()[0]


def test_a_literal_stands_where_its_bytes_are_and_not_over_the_end():
    data = np.frombuffer(b"abcab", np.uint8)
    literal = np.frombuffer(b"abc", np.uint8)
    assert [ascii_bytes.stands_at(data, at, 5, literal) for at in range(-1, 5)] == [False, True] + [False] * 4
    assert not ascii_bytes.stands_at(data, 0, 2, literal)
