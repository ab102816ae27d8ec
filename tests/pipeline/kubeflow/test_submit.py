from __future__ import annotations

import re
import subprocess
import sys

import pytest

from reviewlens.errors import RunError, UsageError
from reviewlens.pipeline.commands import submit

# What a bare install does not have, and what would make the command slow.
LIGHT = """
import sys
from reviewlens.pipeline.commands import submit
print(submit.execute(submit.make_parser().parse_intermixed_args(sys.argv[1:])))
heavy = {"tensorflow", "keras", "tfx", "apache_beam", "numpy", "pyarrow", "kfp"} & set(sys.modules)
sys.exit(f"imported {heavy}" if heavy else 0)
"""


def run(*words: str) -> int:
    return submit.execute(submit.make_parser().parse_intermixed_args(words))


@pytest.fixture
def words(compiled_file, pipelines_server) -> list[str]:
    """The least that a submission needs."""
    return [compiled_file(), "input=gs://b/r.csv", "--endpoint", pipelines_server.endpoint]


def test_the_name_and_the_link_are_printed(words, pipelines_server, capsys):
    assert run(*words, "--name", "Monday's run", "epochs=3") == 0
    link = f"{pipelines_server.endpoint}/#/runs/details/run-1"
    assert capsys.readouterr() == (f"Monday's run\n{link}\n", "")
    (created,) = pipelines_server.runs.values()
    assert created["display_name"] == "Monday's run"
    assert created["runtime_config"]["parameters"] == {"input": "gs://b/r.csv", "epochs": 3}


def test_a_run_is_named_after_the_pipeline_and_the_time(words, pipelines_server, capsys):
    run(*words)
    name = capsys.readouterr().out.splitlines()[0]
    assert re.fullmatch(r"reviews \d{4}-\d\d-\d\d \d\d:\d\d:\d\d", name)
    assert pipelines_server.runs["run-1"]["display_name"] == name


def test_experiment_and_namespace_reach_the_server(words, pipelines_server):
    pipelines_server.multi_user = True
    run(*words, "--experiment", "reviews", "--namespace", "team")
    key = pipelines_server.runs["run-1"]["experiment_id"]
    assert pipelines_server.experiments[key] == ("reviews", "team")


def test_without_cache_every_task_is_made_anew(words, pipelines_server):
    run(*words)
    run(*words, "--no-cache")
    cached = [
        created["pipeline_spec"]["root"]["dag"]["tasks"]["trainer"]["cachingOptions"]
        for created in pipelines_server.runs.values()
    ]
    assert cached == [{"enableCache": True}, {"enableCache": False}]


def test_the_token_comes_from_the_environment(words, pipelines_server, monkeypatch):
    pipelines_server.token = "right"
    with pytest.raises(RunError, match="set KFP_TOKEN to a bearer token"):
        run(*words)
    monkeypatch.setenv("KFP_TOKEN", "right")
    assert run(*words) == 0


@pytest.mark.parametrize(
    ("more", "message"),
    [
        (["epoch=3"], "epoch: unknown parameter of .*; did you mean epochs?"),
        (["epochs=two"], "epochs is a whole number"),
        (["--endpoint", "localhost:8080"], "'localhost:8080' is no URL of Kubeflow Pipelines"),
    ],
)
def test_wrong_arguments_are_told_before_anything_is_sent(words, pipelines_server, more, message):
    with pytest.raises(UsageError, match=message):
        run(*words, *more)
    assert pipelines_server.requests == []


def test_a_parameter_without_a_default_is_asked_for(words, pipelines_server):
    words.remove("input=gs://b/r.csv")
    with pytest.raises(UsageError, match="these parameters have no default: input; give each as"):
        run(*words)
    assert pipelines_server.requests == []


def test_the_endpoint_is_required(compiled_file, capsys):
    with pytest.raises(SystemExit) as exit:
        run(compiled_file())
    assert exit.value.code == 2
    assert "the following arguments are required: --endpoint" in capsys.readouterr().err


def test_help_names_the_environment_and_has_examples():
    text = submit.make_parser().format_help()
    assert "  KFP_TOKEN " in text
    assert "  SSL_CERT_FILE " in text
    assert "examples:\n  reviewlens submit" in text
    assert max(map(len, text.splitlines())) <= 100


def test_nothing_heavy_is_imported(words):
    answer = subprocess.run(
        [sys.executable, "-c", LIGHT, *words], capture_output=True, text=True, timeout=60
    )
    assert (answer.returncode, answer.stderr) == (0, "")
    assert answer.stdout.endswith("\n0\n")
