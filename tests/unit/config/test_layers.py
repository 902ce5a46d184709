"""What stands over the file: secret files, environment, flags."""

from __future__ import annotations

import os

import pytest

from shadowmon.config.layers import Layers, from_environment, from_flags, from_secrets
from shadowmon.errors import ConfigError


def laid(tree, *layers):
    """Return the layers laid over a tree."""
    result = Layers(tree)
    for layer in layers:
        result.lay(layer)
    return result


def test_environment_is_nested_by_two_underscores():
    """Two underscores part the keys; one belongs to a name."""
    layers = laid({}, from_environment({"SHADOWMON_MIRROR__IN_FLIGHT_MAX": "5"}))

    assert layers.tree == {"mirror": {"in_flight_max": 5}}


def test_foreign_variables_are_left_alone():
    """Variables that a container platform sets for a service of our name are no configuration."""
    foreign = {
        "SHADOWMON_SERVICE_HOST": "10.0.0.1",
        "SHADOWMON_PORT": "tcp://10.0.0.1:9180",
        "SHADOWMON_TOKEN": "abc",
        "PATH": "/bin",
    }

    assert list(from_environment(foreign)) == []


def test_whole_section_as_json():
    """A section may be given whole, and is joined with what the file says."""
    variables = {"SHADOWMON_MIRROR": '{"queue_max": 7}'}

    layers = laid({"mirror": {"queue_max": 5, "in_flight_max": 6}}, from_environment(variables))

    assert layers.tree["mirror"] == {"queue_max": 7, "in_flight_max": 6}


def test_list_as_json():
    """A list is written as JSON and replaces the one below."""
    variables = {"SHADOWMON_MIRROR__DROP_HEADERS": '["x-a"]'}

    layers = laid({"mirror": {"drop_headers": ["x-b", "x-c"]}}, from_environment(variables))

    assert layers.tree == {"mirror": {"drop_headers": ["x-a"]}}


def test_list_that_is_no_json():
    """A list that is not JSON is refused, and its text is not shown."""
    layers = laid({}, from_environment({"SHADOWMON_MIRROR__DROP_HEADERS": "hunter2,x-b"}))

    (complaint,) = layers.complaints
    assert complaint.key == "mirror.drop_headers"
    assert complaint.problem.startswith("must be JSON")
    assert complaint.hint == "environment variable SHADOWMON_MIRROR__DROP_HEADERS"
    assert "hunter2" not in str(complaint)


@pytest.mark.parametrize("text", ["12345", "true", "null-and-void", '{"a": 1}', "NaN"])
def test_text_stays_text(text):
    """Where a text is wanted, what looks like another kind of value stays the text it is."""
    variables = {"SHADOWMON_TRIALS__INT8__VERSION": text}

    assert laid({}, from_environment(variables)).tree["trials"]["int8"]["version"] == text


def test_null_takes_a_value_away():
    """`null` stands for no value where a key may have none."""
    layers = laid({"proxy": {"listen": "x"}}, from_environment({"SHADOWMON_PROXY__LISTEN": "null"}))

    assert layers.tree["proxy"]["listen"] is None


@pytest.mark.parametrize("text", ["NaN", "Infinity", "1e999", "[" * 100_000, "9" * 5000])
def test_number_that_is_none_stays_text(text):
    """What JSON has no number for is handed on as text, for the type check to refuse."""
    variables = {"SHADOWMON_DAEMON__TICK_SECONDS": text}

    assert laid({}, from_environment(variables)).tree["daemon"]["tick_seconds"] == text


def test_name_is_found_whatever_its_case():
    """A variable's part means the key that is there, though it knows no lower case, dash or dot."""
    tree = {"models": {"int8-g128.v2": {"url": "http://x"}}}
    variables = {"SHADOWMON_MODELS__INT8_G128_V2__URL": "http://y"}

    assert laid(tree, from_environment(variables)).tree == {
        "models": {"int8-g128.v2": {"url": "http://y"}}
    }


def test_name_that_may_mean_two():
    """A part that may mean either of two keys is refused."""
    variables = {"SHADOWMON_MODELS__A_B__URL": "http://y"}

    layers = laid({"models": {"a-b": {}, "a_b": {}}}, from_environment(variables))

    assert str(layers.complaints[0]).startswith("models.A_B: may mean any of: a-b, a_b")


def test_key_inside_of_a_value():
    """A key cannot be set in what is no mapping."""
    variables = {"SHADOWMON_ROLLOUT__STAGES__0__PERCENT": "5"}

    layers = laid({"rollout": {"stages": []}}, from_environment(variables))

    assert "rollout.stages: cannot be given a key" in str(layers.complaints[0])


def test_variable_that_is_not_utf8():
    """A variable whose bytes are no text is refused."""
    value = os.fsdecode(b"\xff")

    layers = laid({}, from_environment({"SHADOWMON_STORE__PATH": value}))

    assert "store.path: is not UTF-8" in str(layers.complaints[0])


def test_name_that_is_not_utf8():
    """So is one whose own name is none."""
    name = os.fsdecode(b"SHADOWMON_MODELS__\xff__URL")

    layers = laid({}, from_environment({name: "http://y"}))

    assert str(layers.complaints[0]).startswith("MODELS.\\udcff.URL: is a key that is not UTF-8")
    assert layers.tree == {}


def test_empty_section_can_be_filled():
    """A section that the file leaves empty can be filled from outside."""
    assert laid({"mirror": None}, from_flags({"mirror.queue_max": "5"})).tree == {
        "mirror": {"queue_max": 5}
    }


def test_flag_with_a_value():
    """A flag's value that is no text is taken as it is."""
    layers = laid({}, from_flags({"models": {"int4.g128": {"url": "http://x"}}, "a.b": 1}))

    assert layers.tree == {"models": {"int4.g128": {"url": "http://x"}}, "a": {"b": 1}}
    assert layers.source(("models", "int4.g128", "url")) == "flag for models"
    assert layers.source(("daemon",)) == ""


def test_secret_files(tmp_path):
    """A secret file is named by its key; one line end at its end is none of the secret."""
    (tmp_path / "console__operator_token").write_text("abc\n")
    (tmp_path / "models__int8__bearer_token").write_text("12345\r\n")
    (tmp_path / "..data").mkdir()
    (tmp_path / ".hidden").write_text("x")
    (tmp_path / "folder").mkdir()

    layers = laid({"models": {"int8": {}}}, from_secrets(tmp_path))

    assert layers.tree == {
        "console": {"operator_token": "abc"},
        "models": {"int8": {"bearer_token": "12345"}},
    }
    assert layers.source(("console", "operator_token")) == "secret file console__operator_token"


def test_secrets_that_are_not_there(tmp_path):
    """A folder of secrets that is not there is refused: to go on without would be worse."""
    with pytest.raises(ConfigError, match=r"secrets: .*none cannot be read: No such file"):
        list(from_secrets(tmp_path / "none"))


@pytest.mark.parametrize(
    ("content", "problem"), [(b"\xff", "is not UTF-8"), (b"x" * 70_000, "is longer than 65,536")]
)
def test_secret_that_is_no_text(tmp_path, content, problem):
    """A secret file that is no text, or endless, is refused by its name."""
    (tmp_path / "console__operator_token").write_bytes(content)

    with pytest.raises(ConfigError, match=f"secret file console__operator_token: {problem}"):
        list(from_secrets(tmp_path))
