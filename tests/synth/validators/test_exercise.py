import pytest

from synth.validators.exercise import unworkable

GOOD = (
    "How can somebody in a car cross the river while the bridge is closed?",
    "Only people on foot can use the bridge. The passage says that cars take the ferry.",
    "By taking the ferry.",
)


@pytest.mark.parametrize(
    "exercise",
    [
        GOOD,
        ("Calculate the speed of a train that covers 120 km in 1.5 hours.", "120 / 1.5 = 80.", "80 km/h"),
        ("Is the river longer than the Rhine or shorter?", "It is 900 km, the Rhine 1,230 km.", "Shorter."),
        ("Which of the following is a river?\nA) Rhine\nB) Rome", "Rome is a city.", "A"),
    ],
)
def test_an_exercise_that_can_be_worked_is_let_through(exercise: tuple[str, str, str]) -> None:
    assert unworkable(*exercise) is None


@pytest.mark.parametrize(
    ("place", "text", "fault"),
    [
        (0, "", "no_question"),
        (0, "Why?", "no_question"),
        (0, "The bridge is closed until spring.", "no_question"),
        (0, "Which of the following is true about the bridge?", "no_options"),
        (1, " ", "no_solution"),
        (1, "By taking the ferry", "no_solution"),
        (2, "", "no_answer"),
        (2, "...", "no_answer"),
        (2, "How can somebody in a car cross the river while the bridge is closed?", "answer_is_question"),
        (2, "Because the bridge is closed.", "answer_is_question"),
        (2, "The passage does not say.", "answer_evades"),
    ],
)
def test_a_fault_is_named(place: int, text: str, fault: str) -> None:
    exercise = list(GOOD)
    exercise[place] = text
    assert unworkable(*exercise) == fault
