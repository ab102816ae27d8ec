"""The JSON Schema takes what the reader takes, and refuses the keys that it refuses."""

from __future__ import annotations

import json
import pathlib
import re

import jsonschema
import pytest
import yaml

from reviewlens.errors import UsageError
from reviewlens.pipeline import load_config
from reviewlens.pipeline.cli import main
from reviewlens.pipeline.config import Config, PretrainingConfig
from reviewlens.pipeline.config.reader import fields_of
from reviewlens.pipeline.config.schema import config_schema

CONFIGS = pathlib.Path(__file__).parents[3] / "configs"
TEXTS = {
    **{"name": "texts", "output": "out", "task": "masked-language-model"},
    "data": {"input": "a.csv", "text": "text"},
}
REVIEWS = {"name": "a", "output": "out", "data": {"input": "a.csv", "text": "t", "label": "l"}}


@pytest.fixture(scope="module")
def validator():
    schema = config_schema()
    jsonschema.Draft202012Validator.check_schema(schema)
    return jsonschema.Draft202012Validator(schema)


class CoreSchema(yaml.SafeLoader):
    """Numbers and words as YAML 1.2 has them; `5e-5` is text to PyYAML."""


CoreSchema.yaml_implicit_resolvers = {}
for tag, pattern in {
    "null": r"^(~|null|)$",
    "bool": r"^(true|false)$",
    "int": r"^[-+]?[0-9]+$",
    "float": r"^[-+]?(\.[0-9]+|[0-9]+(\.[0-9]*)?)([eE][-+]?[0-9]+)?$",
}.items():
    CoreSchema.add_implicit_resolver(f"tag:yaml.org,2002:{tag}", re.compile(pattern), None)


@pytest.mark.parametrize("path", sorted(CONFIGS.glob("*.yaml")), ids=lambda path: path.name)
def test_what_is_shipped_is_valid(validator, path):
    validator.validate(yaml.load(path.read_text(encoding="utf-8"), CoreSchema))


@pytest.mark.parametrize(
    "values",
    [
        {"nam": "a"},
        {"data.ratng": "stars"},
        {"data.label": 1},
        {"data.text": None},
        {"data.classes": [["a"]]},
        {"data.classes": {"a": {"b": 1}}},
        {"data.classes": ["a", 1]},
        {"data.splits": ["train"]},
        {"data.derived": {"x": {"colum": "y"}}},
        {"training.batch_size": "two"},
        {"training.epochs": True},
        {"training": None},
        {"training.dropout": 0.1},
        {"training.class_weight": "equal"},
        {"model.wide": "maybe"},
        {"export.precision": "int8"},
        {"evaluation.decide_for": "f1"},
        {"encoder": {"layers": 2}},
        {"kubeflow.nodes": {"trainer": {"cpus": 2}}},
        {"debug.rules": {"overfit": 1}},
        {"task": "masked-language-model", "export.precision": "auto"},
        {"task": "masked-language-model", "data.splits": {"train": "many"}},
    ],
    ids=str,
)
def test_what_the_reader_refuses_is_not_valid(validator, tmp_path, values):
    assert_told_alike(validator, tmp_path, values, right=False)


@pytest.mark.parametrize(
    "values",
    [
        {"data.label": None, "data.rating": "stars", "data.classes": {"a": 1, "b": ["< 1", 5]}},
        {"data.classes": ["NEG", "POS"]},
        {"data.classes": {"a": None, "b": None}, "data.text": ["t", "u"]},
        {"data.derived": {"x": {"column": "y", "values": {"a": "1 .. 3"}}}},
        {"training.learning_rate": 1, "model.max_tokens": 64, "ngrams.characters": [3, 5]},
        {"model.max_tokens": "auto", "debug.rules": {"overfit": {"ratio": 0.2, "action": "stop"}}},
        {"kubeflow.nodes": {"trainer": {"cpu": 2, "memory": 7.5, "cache": False}}},
        {
            "task": "masked-language-model",
            "data.label": None,
            "data.splits": {"train": 8, "eval": 1, "test": 1},
        },
        {
            "task": "masked-language-model",
            "data.label": None,
            "encoder": {"layers": 4, "hidden": 256},
        },
    ],
    ids=str,
)
def test_what_the_reader_takes_is_valid(validator, tmp_path, values):
    assert_told_alike(validator, tmp_path, values, right=True)


def assert_told_alike(validator, folder, values, right):
    config = json.loads(json.dumps(REVIEWS))
    for key, value in values.items():
        *parents, leaf = key.split(".")
        section = config
        for parent in parents:
            section = section.setdefault(parent, {})
        section[leaf] = value
    path = folder / "config.yaml"
    path.write_text(yaml.safe_dump(config), encoding="utf-8")
    try:
        load_config(str(path))
        taken = True
    except UsageError:
        taken = False
    assert (taken, validator.is_valid(config)) == (right, right)


def test_every_key_is_explained():
    definitions = config_schema()["$defs"]
    assert set(definitions["Config"]["properties"]) == set(fields_of(Config))
    assert set(definitions["PretrainingConfig"]["properties"]) == set(fields_of(PretrainingConfig))
    silent = [
        f"{name}.{key}"
        for name, definition in definitions.items()
        for key, schema in definition["properties"].items()
        if not schema.get("description")
    ]
    assert silent == []
    # Said once, of the class that both have it from.
    texts, reviews = (definitions[name]["properties"] for name in ("TextSettings", "DataSettings"))
    assert texts["input"] == reviews["input"]
    assert texts["splits"]["default"] == {"train": 98, "eval": 1, "test": 1}
    assert definitions["TrainingSettings"]["properties"]["epochs"]["default"] == "auto"


def test_it_is_printed_or_written(capsys, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    assert main(["schema"]) == 0
    printed = capsys.readouterr().out
    assert main(["schema", "--output", "a.json"]) == 0
    assert (tmp_path / "a.json").read_text(encoding="utf-8") == printed
    assert json.loads(printed) == config_schema()
