"""Presets: named sets of filters."""

import pytest

from schemas.config import ConfigError, parse_config
from schemas.presets import shipped_presets


def config(**more):
    return parse_config({"run": "r", "inputs": [{"path": "a.jsonl", "bucket": "web"}], **more})


def own_preset(tmp_path, text="filters: {short: n_words > 5, long: n_words < 100}"):
    path = tmp_path / "own.yaml"
    path.write_text(text)
    return str(path)


def test_a_file_of_filters_is_a_preset_and_is_stored_whole(tmp_path):
    path = own_preset(tmp_path)
    first = config(presets=[path])
    assert first.presets[0].filters == {"short": "n_words > 5", "long": "n_words < 100"}
    (tmp_path / "own.yaml").unlink()
    assert parse_config(first.model_dump(mode="json")) == first


def test_a_preset_drops_only_what_it_is_for(tmp_path):
    found = config(presets=[{"use": own_preset(tmp_path), "where": "kind = 'web'"}]).conditions()
    assert found["short"] == "(\nkind = 'web'\n) IS NOT TRUE OR (\nn_words > 5\n)"


def test_the_config_s_own_filter_overrides_that_of_a_preset(tmp_path):
    found = config(presets=[own_preset(tmp_path)], filters={"short": "n_words > 9"}).conditions()
    assert found["short"] == "n_words > 9"
    assert list(found) == ["short", "long"]


@pytest.mark.parametrize(
    "text", ["", "[1, 2]", "filters: {}", "filters: {a: 1}", "filters: [", "thresholds: {a: n_words > 1}"]
)
def test_a_file_without_filters_is_refused_by_name(tmp_path, text):
    with pytest.raises(ConfigError, match=r"own\.yaml"):
        config(presets=[own_preset(tmp_path, text)])


def test_an_unknown_preset_is_refused_with_the_names_there_are():
    with pytest.raises(ConfigError, match="nonesuch is neither a preset"):
        config(presets=["nonesuch"])


@pytest.mark.parametrize("name", shipped_presets())
def test_every_shipped_preset_binds(name):
    from pipelines.selection import check_selection

    check_selection(config(presets=[name]))
