"""The config: what it takes, what it refuses, and how it says so."""

from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from schemas.config import Config, ConfigError, fingerprint, load_config, parse_config

SMALLEST = {"run": "runs/demo", "inputs": [{"path": "data/*.parquet", "bucket": "web"}]}
MIXTURE = {"tokens": 1_000_000, "shares": {"web": 0.25, "code": 0.75}}


def parse(**keys: Any) -> Config:
    return parse_config({**SMALLEST, **keys})


def refusal(**keys: Any) -> str:
    with pytest.raises(ConfigError) as refused:
        parse(**keys)
    return str(refused.value)


def test_defaults_are_those_of_the_design() -> None:
    config = parse()
    assert (config.seed, config.tokenizer, config.sample, config.stages) == (0, "cl100k_base", 1.0, None)
    assert config.dedup is not None
    assert (config.dedup.threshold, config.dedup.ngram, config.dedup.bands, config.dedup.rows) == (
        0.8,
        5,
        20,
        7,
    )
    assert config.decontaminate is None
    assert config.mixture is None
    decontaminate = parse(decontaminate={"benchmarks": ["human-eval"]}).decontaminate
    assert decontaminate is not None
    assert (decontaminate.info_threshold, decontaminate.contaminated_threshold) == (0.2, 0.5)
    assert decontaminate.drop == ("contaminated", "partial")
    mixture = parse(mixture=MIXTURE).mixture
    assert mixture is not None
    assert (mixture.sequence_length, mixture.max_epochs, mixture.on_shortfall) == (4096, 16.0, "fail")


@pytest.mark.parametrize(
    ("keys", "message"),
    [
        ({"mixtur": MIXTURE}, "mixtur: unknown key; did you mean `mixture`?"),
        ({"mixture": {**MIXTURE, "sequence_lenght": 8}}, "did you mean `sequence_length`?"),
        ({"dedup": {"treshold": 0.9}}, "dedup.treshold: unknown key; did you mean `threshold`?"),
        ({"limits": {"document_byte": 4}}, "did you mean `document_bytes`?"),
        (
            {"inputs": [{"path": "p", "bucket": "web", "txt": "content"}]},
            "inputs.0.txt: unknown key; did you mean `text`?",
        ),
        (
            {"mixture": {"tokens": 10_000, "components": {"a": {"share": 1, "max_epoch": 2}}}},
            "mixture.components.a.max_epoch: unknown key; did you mean `max_epochs`?",
        ),
        ({"decontaminate": {"benchmarks": ["x"], "zzz": 1}}, "known keys: benchmarks, drop, info_threshold"),
    ],
)
def test_an_unknown_key_is_refused_with_the_nearest_known_one(keys: dict, message: str) -> None:
    assert message in refusal(**keys)


def test_every_problem_is_named_once_and_at_its_key() -> None:
    message = refusal(inputs=[{"path": "p", "bucket": "wbe"}], seed=-1)
    assert message.count("; ") == 1
    assert message.startswith("seed: ")
    assert (
        "inputs.0.bucket: Input should be 'web', 'web_rewrites', 'synthetic', 'code' or 'acquired'" in message
    )


@pytest.mark.parametrize("raw", [None, [], "run: x", 3])
def test_a_config_that_is_no_mapping_is_refused(raw: object) -> None:
    with pytest.raises(ConfigError, match="not a mapping"):
        parse_config(raw)


@pytest.mark.parametrize(
    "keys",
    [
        {"run": None},
        {"inputs": []},
        {"inputs": [{"path": "p"}]},
        {"seed": -1},
        {"sample": 0},
        {"sample": 1.5},
        {"stages": ["ingets"]},
        {"dedup": {"threshold": 0}},
        {"dedup": {"threshold": float("nan")}},
        {"decontaminate": {"benchmarks": []}},
        {"decontaminate": {"benchmarks": ["x"], "drop": ["clean"]}},
        {"filters": {"long": 3}},
        {"mixture": {**MIXTURE, "shares": {"webb": 1}}},
        {"mixture": {**MIXTURE, "max_epochs": 0}},
        {"mixture": {**MIXTURE, "on_shortfall": "ignore"}},
    ],
)
def test_a_value_out_of_range_is_refused_and_its_key_named(keys: dict) -> None:
    assert refusal(**keys).startswith(next(iter(keys)))


@pytest.mark.parametrize(
    "mixture",
    [
        {"tokens": 1_000_000},
        {**MIXTURE, "components": {"a": {"share": 1}}},
    ],
)
def test_a_mixture_has_either_shares_or_components(mixture: dict) -> None:
    assert "give either `shares` or `components`" in refusal(mixture=mixture)


@pytest.mark.parametrize("shares", [{"web": 0.5}, {"web": 0.7, "code": 0.4}, {}])
def test_shares_that_do_not_add_up_to_one_are_refused(shares: dict) -> None:
    assert "not to 1" in refusal(mixture={**MIXTURE, "shares": shares})


def test_shares_that_add_up_to_one_but_for_rounding_are_taken() -> None:
    tenths = {"web": 0.1, "code": 0.2, "acquired": 0.3, "synthetic": 0.1, "web_rewrites": 0.3}
    assert parse(mixture={**MIXTURE, "shares": tenths}).mixture is not None


def test_the_short_form_is_one_component_a_bucket_and_none_without_a_share() -> None:
    mixture = parse(mixture={**MIXTURE, "shares": {"web": 0.25, "code": 0.75, "acquired": 0}}).mixture
    assert mixture is not None
    resolved = mixture.resolved()
    assert {name: (c.where, c.share) for name, c in resolved.items()} == {
        "web": ("bucket = 'web'", 0.25),
        "code": ("bucket = 'code'", 0.75),
    }


def test_components_keep_their_order_since_the_first_match_wins() -> None:
    names = ["zebra", "apple", "middle"]
    components = {
        name: {"where": "true", "share": share} for name, share in zip(names, (0.5, 0.25, 0.25), strict=True)
    }
    mixture = parse(mixture={"tokens": 10_000, "components": components}).mixture
    assert mixture is not None
    assert list(mixture.resolved()) == names


def test_a_budget_under_one_sequence_is_refused() -> None:
    assert "under one sequence" in refusal(mixture={**MIXTURE, "tokens": 4095})


def test_thresholds_in_the_wrong_order_are_refused() -> None:
    decontaminate = {"benchmarks": ["human-eval"], "info_threshold": 0.6}
    assert "info_threshold is above contaminated_threshold" in refusal(decontaminate=decontaminate)


def test_bands_that_would_miss_pairs_at_the_threshold_are_refused() -> None:
    message = refusal(dedup={"threshold": 0.5})
    assert "20 bands of 7 rows" in message
    assert "probability 0.145" in message
    assert parse(dedup={"threshold": 0.5, "rows": 3, "bands": 40}).dedup is not None


def test_dedup_and_decontamination_can_be_left_out() -> None:
    config = parse(dedup=None, decontaminate=None)
    assert config.dedup is None
    assert config.decontaminate is None


def test_a_file_is_read_and_named_in_errors(tmp_path: Path) -> None:
    path = tmp_path / "config.yaml"
    path.write_text(
        "run: r\ninputs: [{path: p, bucket: web}]\nmixture: {tokens: 2_000_000, shares: {web: 1}}\n"
    )
    mixture = load_config(path).mixture
    assert mixture is not None
    assert mixture.tokens == 2_000_000
    path.write_text("run: r\ninput: []\n")
    with pytest.raises(ConfigError, match=r"config\.yaml: .*did you mean `inputs`"):
        load_config(path)


@pytest.mark.parametrize("content", [b"run: [", b"\xff\xfe\x00", b"run: !!python/object:os.system x"])
def test_a_file_that_is_not_yaml_is_refused_in_one_line(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "config.yaml"
    path.write_bytes(content)
    with pytest.raises(ConfigError, match=r"config\.yaml: not YAML") as refused:
        load_config(path)
    assert "\n" not in str(refused.value)


def test_a_missing_file_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match=r"absent\.yaml: No such file"):
        load_config(tmp_path / "absent.yaml")


def test_a_fingerprint_is_the_same_in_every_process_and_version() -> None:
    assert fingerprint("ingest-1", {"b": 2, "a": [1, None, "ü"]}) == "b7f7e2ef78dcf96c37f6f2909dda89f5"


def test_spelling_out_a_default_does_not_change_the_fingerprint() -> None:
    spelt = {"threshold": 0.8, "ngram": 5, "bands": 20, "rows": 7, "seed": 1, "priority": []}
    assert fingerprint(parse()) == fingerprint(parse(seed=0, sample=1, dedup=spelt))


def leaves(value: Any, path: tuple = ()) -> list[tuple]:
    if isinstance(value, dict):
        return [leaf for key, inner in value.items() for leaf in leaves(inner, (*path, key))]
    if isinstance(value, list) and value:
        return [leaf for k, inner in enumerate(value) for leaf in leaves(inner, (*path, k))]
    return [path]


def test_a_change_of_any_value_changes_the_fingerprint() -> None:
    config = parse(
        mixture=MIXTURE, decontaminate={"benchmarks": ["a.jsonl"]}, filters={"long": "n_tokens > 5"}
    )
    plain = config.model_dump(mode="json")
    seen = {fingerprint(plain)}
    assert seen == {fingerprint(config)}
    for path in leaves(plain):
        changed = config.model_dump(mode="json")
        inside = changed
        for step in path[:-1]:
            inside = inside[step]
        inside[path[-1]] = "something else"
        seen.add(fingerprint(changed))
    assert len(seen) == len(leaves(plain)) + 1


json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=8,
)


@given(st.lists(json_values, max_size=3), st.lists(json_values, max_size=3))
def test_fingerprints_are_equal_just_where_the_values_are(one: list, other: list) -> None:
    same = repr(_ordered(one)) == repr(_ordered(other))
    assert (fingerprint(*one) == fingerprint(*other)) == same


def _ordered(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: _ordered(value[key]) for key in sorted(value)}
    return [_ordered(inner) for inner in value] if isinstance(value, list) else value
