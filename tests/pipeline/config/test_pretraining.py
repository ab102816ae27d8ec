"""The configuration of a pre-training: how it is told from the other one, and what it refuses."""

from __future__ import annotations

import pytest

from reviewlens.errors import UsageError
from reviewlens.pipeline import load_config
from reviewlens.pipeline.cli import main
from reviewlens.pipeline.config import Config, PretrainingConfig
from reviewlens.pipeline.graphs import PRETRAINING, graph_of

TEXTS = """\
name: texts
output: {folder}/out
task: masked-language-model
data:
  input: {folder}/texts.csv
  text: review
"""
SIZE = "encoder={layers: 2, hidden: 128}"


@pytest.fixture
def path(tmp_path):
    """A valid configuration, with a file of texts that it names, in all splits."""
    texts = [f"It fits well. I gave it to {n} of my friends." for n in range(400)]
    (tmp_path / "texts.csv").write_text("\n".join(["review", *texts]))
    file = tmp_path / "texts.yaml"
    file.write_text(TEXTS.format(folder=tmp_path), encoding="utf-8")
    return str(file)


def test_the_task_says_which_graph_a_file_is_for(path, config_file):
    config = load_config(path)

    assert isinstance(config, PretrainingConfig) and graph_of(config) is PRETRAINING
    assert config.data.splits == {"train": 98, "eval": 1, "test": 1}
    assert isinstance(load_config(config_file()), Config)


def test_an_encoder_is_one_that_there_is_or_a_size(path):
    named, sized = load_config(path, ["encoder=encoders/mine"]), load_config(path, [SIZE])

    assert named.encoder == "encoders/mine"
    assert (sized.encoder.layers, sized.encoder.hidden) == (2, 128)
    assert set(PRETRAINING.left_out(named)) == {"vocabulary-gen"}
    assert set(PRETRAINING.left_out(sized)) == {"encoder-fetcher"}


@pytest.mark.parametrize(
    ("overrides", "told"),
    [
        (["encoder=3"], "encoder: is 3; it is text: put it in quotes, or keys with values"),
        (["encoder={layers: 2}"], "encoder.hidden: is missing"),
        (["encoder={layers: 2, hidden: 128, head: 2}"], "encoder.head: unknown key; did you mean"),
        (["layers=2"], "layers: unknown key; did you mean encoder.layers?"),
        (["encoder=minilm-l7"], "encoder: "),
        (["vocabulary.size=999"], "vocabulary: is learnt for an encoder of a size"),
        ([SIZE, "training.keep=5"], "training.keep: is 5.0, but an encoder of a size has learnt"),
        (["training.keep=-1"], "training.keep: is -1.0; it is 0 or more"),
        (["training.keep=all"], "training.keep: is 'all'; it is a number or auto"),
        ([SIZE, "encoder.positions=64"], "model.max_tokens: is 128, but encoder.positions is 64"),
        (
            ["encoder={layers: 2, hidden: 128, family: roberta}", "model.objectives=[mlm, nsp]"],
            "model.objectives: has nsp, but an encoder of encoder.family roberta reads no pairs",
        ),
        (["data.rating=stars"], "data.rating: is not for task masked-language-model"),
        (["data.slices=[shop]"], "data.slices: is not for task masked-language-model"),
        (["model.objectives=[mlm, nps]"], "model.objectives: is [mlm, nps]; choose"),
        (["model.pooling=mean"], "model.pooling: unknown key"),
        (["training.label_smoothing=0.1"], "training.label_smoothing: unknown key"),
        (["export.precision=float32"], "export: unknown key"),
        (["kubeflow.nodes.trainer.cpu=2"], "kubeflow.nodes.trainer: unknown node; did you mean"),
        (["kubeflow.serving_dir=s3://a"], "kubeflow.serving_dir: unknown key"),
        (["task=masked-language-modl"], "did you mean masked-language-model?"),
        (["name=../up"], "name: is '../up'; it becomes a folder"),
        (["output="], "output: "),
    ],
)
def test_what_is_wrong_is_told_in_one_line_with_its_key(path, overrides, told):
    with pytest.raises(UsageError) as raised:
        load_config(path, overrides)

    (line,) = str(raised.value).splitlines()
    assert told in line


def test_each_command_refuses_the_file_of_the_other_and_names_it(path, config_file, capsys):
    other = config_file()
    assert main(["run", path]) == 2
    assert main(["pretrain", other]) == 2
    first, second = capsys.readouterr().err.splitlines()

    assert first == (
        f"error: {path}:3: task: masked-language-model pre-trains an encoder; run it with "
        f"`reviewlens pretrain {path}`"
    )
    assert second == (
        f"error: {other}: task: text-classification pre-trains no encoder; run it with "
        f"`reviewlens run {other}`, or choose masked-language-model"
    )
    assert main(["validate", path]) == 0
    assert "`reviewlens pretrain` writes to" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        (["--from", "trainer"], "--from trainer: unknown node; did you mean pretrainer?"),
        (
            ["--from", "vocabulary-gen"],
            "--from vocabulary-gen: this run has no such node, as encoder is minilm-l6, which has "
            "a vocabulary; it has text-example-gen, encoder-fetcher, transform, pretrainer, "
            "encoder-evaluator, encoder-pusher",
        ),
        (["data.input=nowhere.csv"], "data.input: "),
        (["task=masked"], "task: is 'masked', by which no encoder is pre-trained"),
    ],
)
def test_what_cannot_be_run_is_told_before_anything_is(path, capsys, arguments, told):
    assert main(["pretrain", path, *arguments]) in (1, 2)

    (line,) = capsys.readouterr().err.splitlines()
    assert told in line
