import pytest

from synth.validators.web_marks import web_marks


@pytest.mark.parametrize(
    "text",
    [
        "Read more about the bridge in the archive.",
        "The bridge is closed. Click here for pictures.",
        "The city has told the press. ADVERTISEMENT The work goes on.",
        "The plan is at https://example.org/plan and can be read by all.",
        "The bridge is closed. Don’t forget to subscribe to our letter!",
    ],
)
def test_what_only_a_page_says_is_found(text: str) -> None:
    assert web_marks(text) == "web_marks"


@pytest.mark.parametrize(
    "text",
    [
        "People who subscribe for a year pay less.",
        "She read for more than an hour.",
        "The share of this river in the traffic is small.",
    ],
)
def test_prose_is_let_through(text: str) -> None:
    assert web_marks(text) is None
