import pytest
import yaml
from pydantic import ValidationError

from schemas.privacy import STAND_INS, Privacy


def read(text):
    return Privacy.model_validate(yaml.safe_load(text) or {})


def test_by_default_all_kinds_but_telephone_numbers_are_masked_by_their_stand_ins():
    expected = {kind: ("mask", own) for kind, own in STAND_INS.items() if kind != "phone"}
    assert read("").treated() == expected


def test_an_action_alone_is_short_for_a_treatment():
    assert read("phone: mask\nemail: cut\nkey: {action: cut}").treated() == {
        **read("").treated(),
        "phone": ("mask", STAND_INS["phone"]),
        "email": ("cut", ()),
        "key": ("cut", ()),
    }


@pytest.mark.parametrize("off", ["off", "'off'", "{action: off}", "false"])
def test_off_is_read_as_yaml_reads_it(off):
    assert "email" not in read(f"email: {off}").treated()


def test_replacements_of_the_user_are_taken():
    assert read("email: {replacements: [a, b]}").treated()["email"] == ("mask", ("a", "b"))


@pytest.mark.parametrize(
    ("text", "where"),
    [
        ("email: hide", ("email", "action")),
        ("email: {replacements: []}", ("email", "replacements")),
        ("email: {replacement: x}", ("email", "replacement")),
        ("passport: mask", ("passport",)),
        ("email: true", ("email",)),
    ],
)
def test_what_can_not_be_meant_is_refused_by_its_place(text, where):
    with pytest.raises(ValidationError) as error:
        read(text)
    assert [problem["loc"] for problem in error.value.errors()] == [where]


def test_a_section_reads_its_own_dump():
    privacy = read("phone: mask\nemail: cut\nkey: off")
    assert Privacy.model_validate(privacy.model_dump(mode="json")) == privacy
