import pytest

from synth.validators.grounding import ungrounded

SOURCE = (
    "A team led by Dr Maria Lund found 31 silver coins near Aarhus under the floor of a farm that burned down around "
    "950. The museum paid 4,200 kroner for them."
)


@pytest.mark.parametrize(
    "text",
    [
        "Near Aarhus, a team of Maria Lund found silver coins, 31 of them, under a farm that had burned down.",
        "The museum paid 4200 kroner for the coins, which the team found near Aarhus.",
        "Lund’s team found coins under the floor. The farm burned down around 950.",
    ],
)
def test_a_text_that_keeps_to_its_source_is_let_through(text: str) -> None:
    assert ungrounded(text, SOURCE) is None


@pytest.mark.parametrize(
    ("text", "fault"),
    [
        ("The team found 32 silver coins near Aarhus under the floor of a farm.", "new_numbers"),
        ("The team of Maria Lund found silver coins near Aarhus in 2015.", "new_numbers"),
        ("The team found silver coins near Aarhus, said Peter Jensen from the museum.", "new_names"),
        ("Gardeners should water their roses every morning and cut them before winter.", "drift"),
    ],
)
def test_what_the_source_does_not_say_is_found(text: str, fault: str) -> None:
    assert ungrounded(text, SOURCE) == fault
