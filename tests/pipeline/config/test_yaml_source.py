"""YAML that would take a reader down: each is one line with its place, and nothing worse."""

from __future__ import annotations

import os
import re

import pytest
import yaml
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from reviewlens.errors import UsageError
from reviewlens.pipeline import load_config
from reviewlens.pipeline.config.yaml_source import BoundedLoader, parse
from reviewlens.pipeline.kubeflow.compiled import CompiledPipeline, Parameter, load_compiled

bounded = settings(
    derandomize=True,
    max_examples=150,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)

LEVELS = 12
ALIASES = "a0: &a0 [x, x, x, x, x, x, x, x]\n" + "".join(
    f"a{n}: &a{n} [{', '.join([f'*a{n - 1}'] * 8)}]\n" for n in range(1, LEVELS)
)
MERGES = "a0: &a0 {x: 1}\n" + "".join(
    f"a{n}: &a{n} {{<<: [{', '.join([f'*a{n - 1}'] * 8)}]}}\n" for n in range(1, LEVELS)
)
HOSTILE = {
    "an integer": ("name: " + "1" * 5000, 1, "a number of 5,000 digits, 308 at most"),
    "an integer as a key": ("a: 1\n" + "1" * 5000 + ": 2", 2, "a number of 5,000 digits"),
    "an explicit integer": ("a: !!int twelve", 1, "twelve is no int"),
    "an explicit float": ("a: !!float 1:30", 1, "1:30 is no float"),
    "an explicit truth": ("a: !!bool maybe", 1, "maybe is no bool"),
    "flow sequences": ("a: 1\nb: " + "[" * 100_000, 2, "nested more than 100 deep"),
    "flow mappings": ("{a: " * 5000 + "}" * 5000, 1, "nested more than 100 deep"),
    "block sequences": ("- " * 5000 + "a", 1, "nested more than 100 deep"),
    "block mappings": (
        "".join(" " * n + "a:\n" for n in range(1500)),
        100,
        "nested more than 100 deep",
    ),
    "aliases": (ALIASES, 6, "more than 50,000 values, aliases spelt out"),
    "merges": (MERGES, 6, "more than 50,000 values, aliases spelt out"),
    "a value in itself": ("a: &a [*a]", 1, "the value contains itself"),
    "an alias of nothing": ("a: 1\nb: *c", 2, "found undefined alias"),
    "values": ("- a\n" * 50_001, None, "more than 50,000 values"),
    "values of a line": ("[" + "a," * 101_000 + "]", 1, "more than 50,000 values"),
    "Python": ("a: !!python/object/apply:os.system [id]", 1, "python/object/apply:os.system has"),
    "a set": ("a: !!set {b, c}", 1, "tag:yaml.org,2002:set has no use here"),
    "bytes": ("a: !!binary '%%%'", 1, "tag:yaml.org,2002:binary has no use here"),
    "a tag of one's own": ("a:\n  b: !mine c", 2, "the tag !mine has no use here; leave it out"),
    "a key of several values": ("{[1]: 2}", 1, "the key made of several values is not a string"),
    "a date as a key": ("? !!timestamp 2001-99-99\n: 1", 1, "timestamp has no use here"),
    "an escape": ('a: "\\UFFFFFFFF"', 1, "a number is too large"),
    "half a character": ('a: "\\ud800"', 1, "\\ud800 has half a character in it"),
    "a version of YAML": ("%YAML 1." + "1" * 5000 + "\n---\na: b", 1, "a number is too large"),
    "a control character": ("a: b\nc: \x07", 2, "the character U+0007 is not allowed"),
    "NUL": ("a: b\n\nc: \0", 3, "the character U+0000 is not allowed"),
}


def error_of(function, *arguments) -> str:
    with pytest.raises(UsageError) as raised:
        function(*arguments)
    return str(raised.value)


@pytest.mark.parametrize(("text", "line", "problem"), HOSTILE.values(), ids=HOSTILE)
def test_a_file_is_refused_in_a_line_with_its_place(tmp_path, text, line, problem):
    path = tmp_path / "bad.yaml"
    path.write_text(text, newline="")
    told = error_of(load_config, str(path)).splitlines()
    place = re.escape(str(path)) + (f":{line}: " if line else r":\d+: ")
    assert any(re.match(place, said) and problem in said for said in told), told
    assert len(told) <= 2
    assert all(len(said) < len(str(path)) + 250 for said in told)


@pytest.mark.parametrize(
    "name",
    sorted(
        HOSTILE.keys()
        - {"values", "values of a line", "block mappings", "a control character", "NUL"}
    ),
)
def test_an_override_is_refused_in_a_line(config_file, name):
    text, _, problem = HOSTILE[name]
    told = error_of(load_config, config_file(), [f"data.classes={text}"]).splitlines()
    assert len(told) == 1
    assert told[0].startswith("command line: ") and problem in told[0]
    assert len(told[0]) < 300


@pytest.mark.parametrize("name", ["an integer", "flow sequences", "aliases", "half a character"])
def test_a_parameter_is_refused_in_a_line(name):
    pipeline = CompiledPipeline("a.yaml", "a", {"x": Parameter("STRUCT", None, True)}, {})
    told = error_of(pipeline.values, ["x=" + HOSTILE[name][0]])
    assert "\n" not in told and len(told) < 300
    assert told.startswith("command line: ") and HOSTILE[name][2] in told


@pytest.mark.parametrize(
    "text",
    [
        *(text for text, _, _ in HOSTILE.values()),
        "a: " + "1" * 5000,
        "a: 2001-99-99",
        "a: !!timestamp x",
        "a: !!int ''",
        "a: !!float ''",
        "a: 1" + ":0" * 400 + ".5",
        "a: !!binary \u00e9",
        "a: &a {b: *a}",
        "? {a: b}\n: c",
        "\N{BYTE ORDER MARK}a: \ud800",
    ],
)
def test_a_compiled_pipeline_is_refused_in_a_line(tmp_path, text):
    path = tmp_path / "bad.yaml"
    path.write_bytes(text.encode("utf-8", "surrogatepass"))
    told = error_of(load_compiled, str(path))
    assert "\n" not in told and told.startswith(str(path))
    assert len(told) < len(str(path)) + 300


@pytest.mark.parametrize("load", [load_config, load_compiled])
def test_what_is_no_file_of_settings_is_refused(tmp_path, load):
    large = tmp_path / "large.yaml"
    with open(large, "wb") as file:
        file.truncate(400_000_000)
    assert error_of(load, str(large)) == f"{large}: is larger than 10 MB; give a file of settings"
    # Has no end.
    assert "larger than 10 MB" in error_of(load, "/dev/zero")
    assert error_of(load, str(tmp_path)) == f"{tmp_path}: cannot be read: Is a directory"
    assert "cannot be read: " in error_of(load, str(tmp_path / ("a" * 300)))
    (tmp_path / "bytes.yaml").write_bytes(b"a: b\nc: \xff")
    told = error_of(load, str(tmp_path / "bytes.yaml"))
    assert told.endswith("bytes.yaml:2: byte 0xff is not UTF-8; save the file as UTF-8")


@pytest.mark.parametrize(
    ("override", "problem"),
    [
        ("training.learning_rate=1e999", "training.learning_rate: is inf; it is a number that has"),
        ("training.weight_decay=.nan", "training.weight_decay: is nan; it is a number that has"),
        ("training.learning_rate=" + "1" * 309, "a number of 309 digits"),
        ("training.learning_rate=[1" + "0" * 400 + "]", "a number of 401 digits"),
        ("training.epochs=1e999", "training.epochs: is inf; it is a whole number"),
        ("training.epochs=1" + "0" * 300, "0…; it is a number below 2^63"),
        ("training.seed=-1", "training.seed: is -1; it is a whole number from 0, below 2^32"),
        ("training.seed=4294967296", "it is a whole number from 0, below 2^32"),
        ('output="a\\0b"', "output: is 'a\\x00b'; it is text without the character U+0000"),
        ("training." + "a" * 1000 + "=1", "unknown key"),
        ('training={"a\\nb": 1}', "training.a\\nb: unknown key"),
        ("a" + ".a" * 20_000 + "=1", "a: unknown key"),
    ],
)
def test_a_value_out_of_bounds_is_told(config_file, override, problem):
    (told,) = error_of(load_config, config_file(), [override]).splitlines()
    assert told.startswith("command line: ") and problem in told
    assert len(told) < 500


def test_what_is_within_the_bounds_is_read():
    depth = 98
    text = "[" * depth + "1" * 308 + "]" * depth + "\n"
    value = parse(text, "a.yaml")
    for _ in range(depth):
        (value,) = value.value
    assert value.value == int("1" * 308)
    many = parse("".join(f"k{n}: v\n" for n in range(20_000)), "a.yaml")
    assert len(many.value) == 20_000
    shared = parse("a: &a {x: 1}\nb: *a\nc: [*a, *a]", "a.yaml").value
    assert shared["c"].value[1].value["x"].value == shared["b"].value["x"].value == 1


def test_json_means_what_it_means_to_json():
    assert parse('{"a": "\\ud83d\\ude00"}', "a.json").value["a"].value == "\N{GRINNING FACE}"


PIECES = st.sampled_from(
    ["name", "data", "training", "epochs", ": ", ":", "- ", "[", "]", "{", "}", ", ", "\n", "\n  "]
    + ["&a ", "*a", "<<", "!!int ", "!!python/name:os.system ", "!", "|", ">", "? ", "'", '"', "#"]
    + ["1" * 400, "1e999", ".nan", "2001-99-99", "\t", "---\n", "...", "%YAML 1.1\n", "\\u0", "~"]
)
YAMLISH = st.lists(PIECES | st.text(max_size=3), max_size=30).map("".join)


@bounded
@given(content=st.binary(max_size=100) | YAMLISH.map(lambda text: text.encode("utf-8", "replace")))
@example(content=b"")
@example(content=b"\xff\xfe")
def test_any_file_is_refused_with_its_place(tmp_path, content):
    path = tmp_path / "any.yaml"
    path.write_bytes(content)
    for load in (load_config, load_compiled):
        assert all(line.startswith(str(path)) for line in error_of(load, str(path)).splitlines())


@bounded
@given(key=YAMLISH, value=YAMLISH)
def test_any_override_is_taken_or_refused(config_file, key, value):
    path = config_file()
    # What a system gives for bytes that are no text in its encoding.
    override = os.fsdecode(f"{key}={value}".encode("utf-8", "replace") + b"\xff")
    for given_override in (f"{key}={value}", f"data.{key}={value}", f"name={value}", override):
        try:
            load_config(path, [given_override])
        except UsageError as error:
            assert all(str(line) for line in str(error).split("\n"))


def test_a_bounded_loader_reads_what_pyyaml_reads():
    text = "a: &a [1, 2001-01-01, yes]\nb: {<<: {c: 1}, d: *a}\n---\n- 1:30\n"
    assert list(yaml.load_all(text, Loader=BoundedLoader)) == list(yaml.safe_load_all(text))
