"""A configuration as a summary keeps it."""

from __future__ import annotations

import json

from reviewlens.pipeline.config import load_config
from reviewlens.pipeline.config.plain import plain_config


def test_every_setting_is_there_with_its_default(config_file):
    plain = plain_config(load_config(config_file(), ["data.slices=[Age]"]))
    assert plain == json.loads(json.dumps(plain))
    assert plain["name"] == "demo" and plain["training"]["epochs"] == 2
    assert plain["data"]["slices"] == ["Age"] and plain["data"]["classes"]["negative"]
    assert plain["model"]["algorithm"] == "encoder" and plain["kubeflow"]["nodes"] == {}


def test_what_grants_access_is_left_out(config_file):
    options = "beam.options={variables: {API_KEY: s3cret, A: b}, direct_token: s3cret}"
    changes = [options, "data.input=https://me:s3cret@host/a.csv", "model.max_tokens=99"]
    plain = plain_config(load_config(config_file(), changes))
    assert "s3cret" not in json.dumps(plain)
    assert plain["data"]["input"] == "https://(left out)@host/a.csv"
    assert plain["beam"]["options"]["variables"] == {"API_KEY": "(left out)", "A": "b"}
    assert plain["model"]["max_tokens"] == 99
