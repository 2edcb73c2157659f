"""The reference page of the configuration, made of the schema: docs/config.md."""

from collections.abc import Iterator
from typing import Any

from schemas.config import Config

_INTRODUCTION = """# The configuration

One YAML file describes one run. Every threshold that drops data is in it. An unknown key ends the command before
anything is read, with the nearest known key named; `syllabus run CONFIG --plan` checks a file and writes nothing.

This page is made of the schema: `syllabus schema --page`. `syllabus schema` prints the JSON Schema, for editors.
"""
_LIMITS = {
    "minimum": "at least",
    "maximum": "at most",
    "exclusiveMinimum": "more than",
    "exclusiveMaximum": "less than",
    "minItems": "at least this many:",
    "minProperties": "at least this many:",
}


def config_page() -> str:
    """Markdown: a section for every section of the config, a row for every key."""
    schema = Config.model_json_schema()
    definitions = schema["$defs"]
    sections = [_section("Keys of the file", schema, definitions)]
    for name, paths in _paths(schema).items():
        own = definitions[name]
        about = " ".join(own.get("description", "").split("\n\n")[0].split())
        title = ", ".join(f"`{path}`" for path in paths)
        sections.append(_section(f"{title}\n\n{about}", own, definitions))
    return _INTRODUCTION + "".join(sections)


def _paths(schema: dict[str, Any]) -> dict[str, list[str]]:
    """Names of all sections, in reading order, each with the paths at which it stands."""
    found: dict[str, list[str]] = {}
    waiting: list[tuple[str, dict[str, Any]]] = [("", schema)]
    while waiting:
        path, section = waiting.pop(0)
        inner = []
        for key, value in section["properties"].items():
            for name, suffix in _references(value):
                own = f"{path}.{key}{suffix}".lstrip(".")
                if name not in found:
                    inner.append((own, schema["$defs"][name]))
                found.setdefault(name, []).append(own)
        waiting = inner + waiting
    return found


def _section(title: str, section: dict[str, Any], definitions: dict[str, Any]) -> str:
    rows = [
        f"| `{key}` | {_kind(value)} | {_default(key, value, section, definitions)} "
        f"| {_cell(_about(value, definitions))} |"
        for key, value in section["properties"].items()
    ]
    table = "\n".join(["| key | value | default | |", "|---|---|---|---|", *rows])
    return f"\n## {title}\n\n{table}\n"


def _about(value: dict[str, Any], definitions: dict[str, Any]) -> str:
    """The key's description; pydantic leaves out one that is its section's own."""
    if "description" in value or "$ref" not in value:
        return value.get("description", "")
    return definitions[value["$ref"].rsplit("/", 1)[-1]].get("description", "")


def _references(value: dict[str, Any]) -> Iterator[tuple[str, str]]:
    """Names of the sections under a key, each with what its path has behind the key's: nothing, a number or a name."""
    if "$ref" in value:
        yield value["$ref"].rsplit("/", 1)[-1], ""
    for choice in value.get("anyOf", []):
        yield from _references(choice)
    if isinstance(value.get("items"), dict):
        yield from ((name, f".N{suffix}") for name, suffix in _references(value["items"]))
    if isinstance(value.get("additionalProperties"), dict):
        yield from ((name, f".NAME{suffix}") for name, suffix in _references(value["additionalProperties"]))


def _kind(value: dict[str, Any]) -> str:
    if "$ref" in value:
        return "section"
    if "anyOf" in value:
        return " or ".join(
            dict.fromkeys(_kind(choice) for choice in value["anyOf"] if choice != {"type": "null"})
        )
    if "const" in value:
        return f"`{value['const']}`"
    if "enum" in value:
        return ", ".join(f"`{choice}`" for choice in value["enum"])
    if value.get("type") == "array":
        return f"list of {_kind(value['items'])}"
    if value.get("type") == "object":
        return f"mapping of names to {_kind(value['additionalProperties'])}"
    kind = {"string": "text", "integer": "whole number", "number": "number", "boolean": "true or false"}
    limits = [f"{word} {value[name]:,}" for name, word in _LIMITS.items() if name in value]
    return ", ".join([kind.get(value.get("type", ""), "any"), *limits])


def _default(key: str, value: dict[str, Any], section: dict[str, Any], definitions: dict[str, Any]) -> str:
    if key in section.get("required", []):
        return "required"
    default = value.get("default")
    if isinstance(default, dict):
        return _other_keys(value, default, definitions) or "its keys' defaults"
    if default is None or default == []:
        return "none"
    if isinstance(default, list):
        return ", ".join(f"`{one}`" for one in default)
    return f"`{str(default).lower() if isinstance(default, bool) else default}`"


def _other_keys(value: dict[str, Any], default: dict[str, Any], definitions: dict[str, Any]) -> str:
    """What a section's default has other than its keys' own defaults."""
    (name, _), *_ = _references(value)
    own = definitions[name]["properties"]
    others = {key: one for key, one in default.items() if one != own[key].get("default")}
    return ", ".join(f"`{key}: {one}`" for key, one in others.items())


def _cell(text: str) -> str:
    return " ".join(text.split()).replace("|", "\\|")
