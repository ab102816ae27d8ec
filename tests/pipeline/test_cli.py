"""The command line as a person meets it: a process, its output and its exit code."""

from __future__ import annotations

import socket
import subprocess
import sys

import pytest

MAIN = "import sys; from reviewlens.pipeline.cli import main; sys.exit(main())"
# Ends with another code if anything heavy was imported on the way to the answer.
LIGHT = """
import sys
from reviewlens.pipeline.cli import main
try:
    code = main()
except SystemExit as exit:
    code = exit.code
heavy = {"tensorflow", "keras", "tfx", "apache_beam", "numpy", "pyarrow"} & set(sys.modules)
sys.exit(f"imported {heavy}" if heavy else code)
"""


def cli(*arguments, program=LIGHT, **options):
    return subprocess.run(
        [sys.executable, "-c", program, *arguments], capture_output=True, text=True, **options
    )


@pytest.mark.parametrize(
    "command",
    [
        "init",
        "run",
        "validate",
        "schema",
        "predict",
        "evaluate",
        "serve",
        "export-serving",
        "compile",
        "submit",
        "encoders",
        "report",
        "runs",
    ],
)
def test_help_of_a_command_has_examples(command):
    answer = cli(command, "--help")
    assert answer.returncode == 0
    assert answer.stderr == ""
    assert answer.stdout.startswith(f"usage: reviewlens {command}")
    assert f"examples:\n  reviewlens {command}" in answer.stdout
    assert max(map(len, answer.stdout.splitlines())) <= 100


def test_help_lists_the_commands():
    answer = cli("--help")
    assert answer.returncode == 0
    assert [line.split()[0] for line in answer.stdout.splitlines() if line[:3].strip()]
    for command in (
        "init",
        "run",
        "validate",
        "schema",
        "predict",
        "serve",
        "export-serving",
        "compile",
        "submit",
        "encoders",
        "report",
        "runs",
    ):
        assert f"\n  {command} " in answer.stdout


def test_version():
    assert cli("--version").stdout.startswith("reviewlens 0.")


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ([], ""),
        (["rn"], "rn: unknown command; did you mean run?"),
        (["run"], "the following arguments are required: CONFIG.yaml"),
        (["run", "a.yaml", "--cache"], "unrecognized arguments: --cache"),
        (["run", "a.yaml", "--from", "trainr"], "--from trainr: unknown node; did you mean traine"),
        (["run", "a.yaml", "--from", "pusher", "--to", "trainer"], "--to trainer runs before"),
        (["run", "a.yaml"], "a.yaml: no such file"),
        (
            ["report", "nowhere", "--run", "r1"],
            "nowhere: has no run r1; nowhere/runs/r1/summary.js",
        ),
        (["report", "nowhere"], "nowhere: is no output of a run; nowhere/summary.json is missing"),
        (["validate", "a.yaml"], "a.yaml: no such file"),
        (["serve"], "give --model_base_path or --model_config_file"),
        (["serve", "--model_base_path=m", "--prot=1"], "unrecognized arguments: --prot=1"),
        (["predict", "text"], "one of the arguments --model --server is required"),
        (["predict", "--model", "m", "--server", "s:1", "text"], "not allowed with argument"),
        (["predict", "--model", "m", "--grpc", "text"], "--grpc go with --server"),
        (["predict", "--server", "nowhere", "text"], "write HOST:PORT, such as localhost:8501"),
        (["predict", "--model", "m"], "give either TEXT or --input FILE"),
        (["predict", "--model", "m", "text", "--input", "f"], "give either TEXT or --input FILE"),
        (["predict", "--model", "m", "--input", "f"], "--input and --output belong together"),
        (["predict", "--model", "m", "t", "--output", "o"], "--output goes with --input, not with"),
        (["predict", "--model", "m", "t", "--top", "0"], "print at least 1"),
        (["predict", "--model", "m", "t", "--min-confidence", "70"], "is from 0 to 1"),
        (["predict", "--model", "m", "t", "--question", " "], "--question is empty"),
        (["predict", "--model", "m", "t", "--question", "q", "--top", "0"], "print at least 1"),
        (
            ["predict", "--model=m", "--question=q", "--input=f", "--output=o.fasttext"],
            "--output o.fasttext: is for classes; use .csv or .jsonl",
        ),
        (["runs", "compare", "a"], "runs compare: takes two runs, not 1"),
        (["runs", "a", "b"], "runs: takes one folder, or compare and two runs"),
        (["runs", "nowhere"], "nowhere: no such folder"),
        (["runs", "compare", "a", "b"], "a: no such run in .; `reviewlens runs .` lists them"),
        (["encoders", "sho"], "invalid choice: 'sho'"),
        (["encoders", "show"], "needs the NAME of an encoder"),
        (["encoders", "show", "minilm"], "minilm: unknown encoder; did you mean minilm-l6?"),
        (["encoders", "show", "minilm-l6", "labse"], "needs the NAME of an encoder, such as mini"),
        (["encoders", "list", "chinees"], "no encoder has 'chinees' in its name, description or "),
        (["encoders", "list", "chinees"], "did you mean chinese?"),
        (["encoders", "list", "chinese", "mit"], "no encoder has all of chinese mit; leave out a"),
    ],
)
def test_wrong_usage_ends_with_code_2_and_says_what_is_right(arguments, message, tmp_path):
    answer = cli(*arguments, cwd=tmp_path)
    assert answer.returncode == 2, answer.stderr
    assert message in answer.stderr
    assert list(tmp_path.iterdir()) == []


def test_validate_tells_every_problem(config_file):
    path = config_file(("epochs: 2", "epochs: 0"), ("rating:", "ratng:"))
    answer = cli("validate", path, "model.dropout=2")
    assert answer.returncode == 2
    first, second, third = answer.stderr.splitlines()
    assert (
        first
        == "error: command line: model.dropout: is 2.0; it is a share from 0 up to, not "
        + ("including, 1")
    )
    assert second.startswith(f"{path}:7: data.ratng: unknown key")
    assert third.startswith(f"{path}:10: training.epochs: is 0")


@pytest.mark.parametrize("command", ["run", "validate"])
def test_missing_data_is_told_before_anything_is_loaded(config_file, tmp_path, command):
    path = config_file()
    answer = cli(command, path, f"data.input={tmp_path}/review.csv")
    assert answer.returncode == 1
    where = path if command == "run" else "command line"
    assert answer.stderr.startswith(f"error: {where}: data.input: {tmp_path}/review.csv: no such")
    assert f"did you mean {tmp_path}/reviews.csv?" in answer.stderr
    assert not (tmp_path / "out").exists()


@pytest.mark.parametrize("command", ["run", "validate"])
def test_an_output_that_cannot_be_one_is_told_before_anything_is_loaded(config_file, command):
    path = config_file()
    answer = cli(command, path, f"output={'o' * 200}/{'p' * 200}/{'q' * 200}")
    assert answer.returncode == 1
    where = path if command == "run" else "command line"
    assert f"{where}: output: ooo" in answer.stderr
    assert "SQLite opens the metadata.sqlite of a run only in folders of up to 488" in answer.stderr


def test_the_exit_codes_are_listed():
    assert "\n  3    the run went through, but the model was refused" in cli("run", "--help").stdout


def test_overrides_may_stand_before_and_after_flags(config_file):
    path = config_file()
    answer = cli("run", path, "a=1", "--no-cache", "b=2")
    assert "a: unknown key" in answer.stderr
    assert "b: unknown key" in answer.stderr


def test_encoders_lists_a_line_each():
    answer = cli("encoders")
    assert answer.returncode == 0
    lines = answer.stdout.splitlines()
    assert len(lines) > 30
    titles = ["name", "architecture", "parameters", "languages", "licence", "offline"]
    assert lines[0].split() == titles
    assert any(line.split()[0] == "minilm-l6" and line.split()[-1] == "yes" for line in lines)
    assert max(len(line.rstrip()) for line in lines) <= 80


def test_encoders_lists_what_all_words_fit():
    answer = cli("encoders", "list", "RoBERTa", "mit")
    assert answer.returncode == 0
    lines = [line.split() for line in answer.stdout.splitlines()[1:]]
    assert lines == [
        ["roberta-base", "RoBERTa", "124.6", "M", "English", "MIT"],
        ["roberta-large", "RoBERTa", "355.4", "M", "English", "MIT"],
    ]


def test_encoders_show_tells_all_that_is_known():
    facts = dict(
        line.split("  ", 1) for line in cli("encoders", "show", "minilm-l6").stdout.splitlines()
    )
    facts = {key: value.strip() for key, value in facts.items()}
    assert facts["hidden size"] == "384"
    assert facts["licence"] == "Apache-2.0"


def test_fetch_does_not_write_over_anything(tmp_path):
    (tmp_path / "minilm-l6").mkdir()
    (tmp_path / "minilm-l6" / "mine").touch()
    answer = cli("encoders", "fetch", "minilm-l6", cwd=tmp_path)
    assert answer.returncode == 1
    assert answer.stderr == "error: minilm-l6: is there already; choose another --output\n"


def test_a_reader_who_has_had_enough_is_no_error():
    command = f'"{sys.executable}" -c "{MAIN}" encoders | head -n 1'
    answer = subprocess.run(command, shell=True, capture_output=True, text=True)
    assert answer.stdout.startswith("name")
    assert answer.stderr == ""


def test_predict_without_a_model(tmp_path):
    answer = cli("predict", "--model", str(tmp_path / "none"), "text")
    assert answer.returncode == 1
    assert answer.stderr.startswith(f"error: --model {tmp_path}/none: no such directory")


@pytest.mark.parametrize("transport", [[], ["--grpc"]])
def test_predict_where_nobody_listens(transport):
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        port = taken.getsockname()[1]
        answer = cli("predict", "--server", f"127.0.0.1:{port}", *transport, "text")
    assert answer.returncode == 1
    assert answer.stdout == ""
    assert answer.stderr.count("\n") == 1
    assert answer.stderr.startswith(f"error: 127.0.0.1:{port}: UNAVAILABLE: ")
