"""The reference page of the configuration."""

from pathlib import Path

from pipelines.config_page import config_page
from schemas.config import Config

PAGE = Path(__file__).parents[2] / "docs" / "config.md"


def test_the_page_in_docs_is_that_of_the_schema():
    assert PAGE.read_text(encoding="utf-8") == config_page(), "syllabus schema --page > docs/config.md"


def test_every_key_of_every_section_stands_on_the_page_and_says_what_it_is():
    page = config_page()
    schema = Config.model_json_schema()
    for section in [schema, *schema["$defs"].values()]:
        for key, value in section["properties"].items():
            row = next(line for line in page.splitlines() if line.startswith(f"| `{key}` |"))
            assert "description" in value or "$ref" in value, f"{section['title']}.{key} has no description"
            assert not row.endswith("|  |")
