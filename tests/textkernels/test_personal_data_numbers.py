import pytest
from hypothesis import given
from hypothesis import strategies as st

from textkernels.personal_data_numbers import IBAN_LENGTHS

from .personal_data_finds import finds

LENGTHS = {
    chr(65 + row) + chr(65 + column): int(IBAN_LENGTHS[row, column])
    for row in range(26)
    for column in range(26)
    if IBAN_LENGTHS[row, column]
}


def passes_luhn(number: str) -> bool:
    digits = [int(digit) for digit in reversed(number)]
    return sum(digits[0::2] + [sum(divmod(2 * digit, 10)) for digit in digits[1::2]]) % 10 == 0


def passes_mod97(iban: str) -> bool:
    return int("".join(str(int(character, 36)) for character in iban[4:] + iban[:4])) % 97 == 1


@given(
    st.sampled_from(["4", "51", "2221", "34", "6011", "36", "3530", "62", "2720"]),
    st.text("0123456789", min_size=18),
)
def test_a_number_of_an_issuer_is_a_card_where_luhn_says_so(prefix, more):
    length = {"34": 15, "36": 14}.get(prefix, 16)
    number = (prefix + more)[:length]
    if len(set(number)) == 1:
        return
    expected = [("card", number)] if passes_luhn(number) else []
    assert [find for find in finds(f"the card {number} was") if find[0] == "card"] == expected


@given(
    st.sampled_from(sorted(LENGTHS)),
    st.text("0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ", min_size=30),
    st.booleans(),
)
def test_an_iban_is_one_with_the_check_digits_of_mod_97(country, account, grouped):
    account = account[: LENGTHS[country] - 4]
    number = int("".join(str(int(character, 36)) for character in f"{account}{country}00"))
    for digits in (98 - number % 97, 98 - number % 97 + 1):
        iban = f"{country}{digits:02}{account}"
        text = " ".join(iban[k : k + 4] for k in range(0, len(iban), 4)) if grouped else iban
        ibans = [find for find in finds(f"to {text}.") if find[0] == "iban"]
        assert ibans == ([("iban", text)] if len(iban) == LENGTHS[country] and passes_mod97(iban) else [])


@pytest.mark.parametrize(
    ("text", "number"),
    [
        ("4111 1111 1111 1111 12/26 123", "4111 1111 1111 1111"),
        ("5555-5555-5555-4444", "5555-5555-5555-4444"),
        ("378282246310005", "378282246310005"),
        ("3782 822463 10005", "3782 822463 10005"),
        ("3056 930902 5904", "3056 930902 5904"),
        ("credit card 4222222222222", "4222222222222"),
        ("?card=4111111111111111&x", "4111111111111111"),
    ],
)
def test_cards_are_written_as_on_a_card_or_in_one_piece(text, number):
    assert finds(text) == [("card", number)]


@pytest.mark.parametrize(
    "text",
    [
        "4111111111111112", "order 4111111111111111", "id=4111111111111111", "x4111111111111111", "0.4111111111111111",
        "4111111111111111.5", "41111111 11111111", "4111 1111 1111 1111 1111", "1234 4111 1111 1111 1111", "9111111111111110",
        "4111 11111111 1111", "4111-1111 1111-1111", "4222222222222", "4444444444444444", "4111-1111-1111-1111-aa",
        "facebook.com/help/379220725465972",
    ],
)  # fmt: skip
def test_numbers_that_are_no_cards(text):
    assert finds(text) == []


@pytest.mark.parametrize(
    "text",
    [
        "DE89370400440532013001", "DE8937040044053201300", "DE893704004405320130001", "xDE89370400440532013000",
        "DE89 37040044 0532013000", "XX89370400440532013000", "de89370400440532013000", "DE89  3704 0044 0532 0130 00",
    ],
)  # fmt: skip
def test_letters_and_digits_that_are_no_ibans(text):
    assert [find for find in finds(text) if find[0] == "iban"] == []


def test_an_iban_may_have_no_break_spaces():
    text = "DE89 3704 0044 0532 0130 00".replace(" ", "\u00a0")
    assert finds(f"({text})") == [("iban", text)]
