"""Reading configurations: what is right is read as written, what is wrong is told in full."""

from __future__ import annotations

import dataclasses
import json
import pathlib
import re

import pytest
import yaml
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from reviewlens.errors import UsageError
from reviewlens.pipeline import load_config

ASPECTS = str(pathlib.Path(__file__).parents[3] / "configs" / "aspects.yaml")

same_folder = settings(
    max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)


def problems_of(path, *overrides):
    with pytest.raises(UsageError) as raised:
        load_config(path, overrides)
    return str(raised.value).splitlines()


def test_reads_values_defaults_and_nested_settings(config_file, tmp_path):
    config = load_config(config_file(("rating: Rating", "label: Class\n  derived: {}")))
    assert config.name == "demo"
    assert config.output == f"{tmp_path}/out"
    assert config.data.text == ("Title", "Review")
    assert config.data.label == "Class"
    assert config.data.classes == {"negative": (1, 2), "neutral": (3,), "positive": (4, 5)}
    assert list(config.data.classes) == ["negative", "neutral", "positive"]
    assert config.training.learning_rate == 5e-5
    assert config.model.max_tokens == "auto"
    assert load_config(config_file(), ["model.max_tokens=64"]).model.max_tokens == 64
    assert config.encoder == "minilm-l6"


def test_reads_a_derived_column(config_file):
    path = config_file(
        (
            "rating: Rating",
            "rating: Rating\n"
            "  derived:\n"
            "    product: {column: Title, values: {good: [1 .. 9, < 3], bad: 12}}",
        )
    )
    derived = load_config(path, ["data.derived.product.values={good: 1 .. 9, bad: 12}"])
    assert derived.data.derived["product"].values == {"good": ("1 .. 9",), "bad": (12,)}
    assert derived.data.derived["product"].pattern is None


def test_classes_are_a_mapping_a_list_of_names_or_with_labels_left_out(config_file):
    labelled = config_file(("rating: Rating", "label: Rating"))
    named = load_config(labelled, ["data.classes=[NEG, NEU, POS]"]).data.classes
    assert named == {"NEG": None, "NEU": None, "POS": None} and list(named) == ["NEG", "NEU", "POS"]
    assert load_config(labelled, ["data.classes={}"]).data.classes == {}
    wrong = {
        "[NEG, NEG]": "data.classes[1]: names 'NEG' twice",
        "[NEG, 1]": "data.classes[1]: is 1; it is text: put it in quotes",
        "[NEG]": "data.classes: has 1; a classifier needs at least 2",
    }
    for classes, problem in wrong.items():
        assert problems_of(labelled, f"data.classes={classes}") == [f"command line: {problem}"]
    told = problems_of(config_file(), "data.classes={}")
    assert told == [
        "command line: data.classes: is missing; say which ratings belong to each class"
    ]
    told = problems_of(config_file(), "data.classes=[a, b]")
    assert told[0] == "command line: data.classes.a: has no ratings; list those that belong to it"
    (told,) = problems_of(config_file(), "data.splits=[train, eval, test]")
    assert told == "command line: data.splits: is a list; it holds names with values"


def test_words_that_yaml_1_1_would_twist_stay_as_they_are(config_file):
    path = config_file(("rating: Rating", "label: Rating"))
    override = "data.classes={a: [yes, 1e3], b: [no, 1:30], c: 2024-01-01, d: [0o7, 1_000]}"
    classes = load_config(path, [override]).data.classes
    assert classes == {
        "a": ("yes", 1000.0),
        "b": ("no", "1:30"),
        "c": ("2024-01-01",),
        "d": ("0o7", "1_000"),
    }


@pytest.mark.parametrize(
    ("change", "line", "problem"),
    [
        (("rating:", "ratng:"), 7, "data.ratng: unknown key; did you mean data.rating?"),
        (
            ("epochs: 2", "dropout: 0.2"),
            10,
            "training.dropout: unknown key; did you mean model.dropout?",
        ),
        (
            ("epochs: 2", "epochs: two"),
            10,
            "training.epochs: is 'two'; it is a whole number",
        ),
        (("epochs: 2", "epochs: true"), 10, "training.epochs: is true; it is a whole number"),
        (("epochs: 2", "epochs: [1, 2]"), 10, "training.epochs: is a list; it is a whole number"),
        (("epochs: 2", "epochs:"), 10, "training.epochs: has no value; it is a whole number"),
        (("epochs: 2", "epochs: 0"), 10, "training.epochs: is 0; it is a whole number from 1"),
        (
            ("name: demo", "name: demo\ntask: text-clasification"),
            3,
            "task: is 'text-clasification', which is no task; did you mean text-classification?",
        ),
        (
            ("name: demo", "name: demo\nencoder: minilm-l7"),
            3,
            "encoder: is 'minilm-l7', which is no name of the catalog; did you mean minilm-l6?",
        ),
        (
            ("name: demo", "name: demo\nencoder: hf://bert"),
            3,
            "encoder: is 'hf://bert'; a model of Hugging Face is written hf://OWNER/NAME or hf://OW",
        ),
        (
            ("5e-5", "5e-5\nmodel: {algorithm: ngram}"),
            12,
            "model.algorithm: is 'ngram'; choose one of encoder, ngrams",
        ),
        (("5e-5", "5e-5\nmodel: {wide: yes}"), 12, "model.wide: is 'yes'; choose one of auto, on"),
        (
            ("5e-5", "5e-5\nmodel: {wide: on, algorithm: ngrams}"),
            12,
            "model.wide: is on, but there is no encoder beside which n-grams could answer",
        ),
        (
            ("5e-5", "5e-5\nmodel: {algorithm: ngrams}\nexport: {precision: bfloat16}"),
            13,
            "export.precision: is bfloat16, but the n-gram classifier computes in float32",
        ),
        (("5e-5", "5e-5\nngrams: {words: 0}"), 12, "ngrams.words: is 0; it is a whole number"),
        (("name: demo", "name: 12"), 2, "name: is 12; it is text: put it in quotes"),
        (("name: demo", "name: a/b"), 2, "name: is 'a/b'; it becomes a folder"),
        (("name: demo", f"name: {'a' * 256}"), 2, "name: has 256 characters; the name of a folder"),
        (("Title, Review", "Title, 4"), 6, "data.text[1]: is 4; it is text: put it in quotes"),
        (
            ("[4, 5]}", "[4, [5]]}"),
            8,
            "data.classes.positive[1]: is a list; it is a number or text",
        ),
        (
            ("5e-5", "5e-5\nmodel: {native: false}\nexport: {precision: bfloat16}"),
            13,
            "export.precision: is bfloat16, but an encoder that is fine-tuned as it was saved",
        ),
        (
            ("5e-5", "5e-5\nmodel: {algorithm: ngrams}\nevaluation: {min_gain: 0}"),
            13,
            "evaluation.min_gain: is a gain over n-grams, but these are the model",
        ),
        (
            ("5e-5", "5e-5\nevaluation: {min_gain: 2}"),
            12,
            "evaluation.min_gain: is 2.0; it is a number from -1 to 1",
        ),
        (
            ("5e-5", "5e-5\nevaluation: {ngram_baseline: false, min_gain: 0}"),
            12,
            "evaluation.min_gain: is a gain over n-grams, which evaluation.ngram_baseline=false",
        ),
        (("rating: Rating\n", "\n"), 4, "data.rating: give exactly one of `rating` and `label`"),
        (("  epochs: 2\n", "  epochs: 2\n  epochs: 3\n"), 11, "epochs: stands twice, first at"),
        (("negative: [1, 2]", "1: [1, 2]"), 8, "the key 1 is not a string; put it in quotes"),
        (("positive: [4, 5]", "positive: > 3"), 8, "not valid YAML"),
        (("  epochs: 2", "\tepochs: 2"), 10, "not valid YAML"),
        (("name: demo", "name: &a [*a]"), 2, "the value contains itself"),
        (("name: demo", "name: de\x01mo"), 2, "the character U+0001 is not allowed in YAML"),
    ],
)
def test_tells_a_problem_with_its_line(config_file, change, line, problem):
    path = config_file(change)
    (told,) = problems_of(path)
    assert told.startswith(f"{path}:{line}: ")
    assert problem in told


@pytest.mark.parametrize(
    ("setting", "said"),
    [
        ("model.algorithm=ngrams", "model.algorithm: is ngrams"),
        ("model.wide=on", "model.wide: is on"),
        ("evaluation.min_gain=0", "evaluation.min_gain: is a gain over n-grams"),
    ],
)
def test_what_the_n_gram_classifier_cannot_learn_is_refused(config_file, toy_task, setting, said):
    classes = "  classes: {negative: [1, 2], neutral: 3, positive: [4, 5]}\n"
    path = config_file(
        ("rating: Rating\n", "\n"), (classes, ""), ("name: demo", f"name: demo\ntask: {toy_task}")
    )
    assert load_config(path).task == toy_task
    (told,) = problems_of(path, setting)
    assert told == (
        f"command line: {said}, but the n-gram classifier cannot learn {toy_task}; leave it out"
    )


@pytest.mark.parametrize(
    ("override", "instead"),
    [
        ("evaluation.min_f1=0.4", "decide_for, min_macro_f1, min_accuracy"),
        ("model.label_pieces=all", "truncation, pooling"),
        ("model.stride=30", "truncation, pooling"),
        ("model.max_answer_tokens=40", "truncation, pooling"),
    ],
)
def test_a_key_of_another_task_is_refused(config_file, override, instead):
    (told,) = problems_of(config_file(), override)
    key = override.partition("=")[0]
    assert told == f"command line: {key}: is not for task text-classification; it has {instead}"


@pytest.mark.parametrize(
    ("task", "override", "instead"),
    [
        ("text-classification", "data.entities=x", "rating, label, classes, contradictory"),
        ("text-classification", "data.offsets=utf16", "rating, label, classes, contradictory"),
        ("token-classification", "data.label=x", "entities, offsets, classes"),
        ("token-classification", "data.contradictory=reject", "entities, offsets, classes"),
        ("question-answering", "data.entities=x", "question, answer, answer_start, offsets"),
        ("question-answering", "data.classes={a: }", "question, answer, answer_start, offsets"),
    ],
)
def test_a_column_of_another_task_is_refused(config_file, task, override, instead):
    told = problems_of(config_file(), f"task={task}", override)
    key = override.partition("=")[0]
    assert f"command line: {key}: is not for task {task}; it has {instead}" in told


def test_tells_a_wrong_key_of_debug(config_file):
    wrong = {
        "every=1": "is 1; it is a whole number from 2",
        "rules.overfitt.ratio=1": "there is no such rule; there are exploding_tensor, ",
        "rules.overfit.ration=1": "is no parameter of it; it has ratio, action",
        "rules.overfit.action=halt": "is 'halt'; choose one of warn, stop, fail, ignore",
        "rules.overfit.ratio=-1": "is -1; it is a number above 0",
        "rules.overtraining.patience=1.5": "is 1.5; it is a whole number",
        "save=[loss]": "has 'loss'; choose of losses, gradients, weights",
        "profile=[5, 2]": "is [5, 2]; it is [FIRST, LAST], two steps from 1 on",
    }
    for override, problem in wrong.items():
        (line,) = problems_of(config_file(), f"debug.{override}")
        assert line.startswith("command line: debug.") and problem in line
    right = load_config(config_file(), ["debug.rules.overfit={ratio: 1, action: stop}"])
    assert right.debug.rules == {"overfit": {"ratio": 1, "action": "stop"}}


def test_tells_all_problems_at_once_in_the_order_of_the_file(config_file):
    path = config_file(
        ("name: demo", "nam: demo"),
        ("rating: Rating", "raiting: Rating"),
        ("epochs: 2", "epochs: [two]"),
        ("5e-5", "[fast]\n  patience: 0"),
    )
    told = problems_of(path, "evaluation.min_macro=1")
    assert [re.match(r".*?:(\d+): ", line)[1] for line in told[1:]] == ["2", "2", "7", "10", "11"]
    assert told[0] == (
        "command line: evaluation.min_macro: unknown key; did you mean evaluation.min_macro_f1?"
    )
    assert told[1].endswith("nam: unknown key; did you mean name?")
    assert told[2].endswith("name: is missing")


def test_overrides_win_over_the_file(config_file):
    config = load_config(
        config_file(),
        ["training.learning_rate=3e-5", "data.slices=[Title]", "model.dropout=0", "encoder=a/b=c"],
    )
    assert config.training.learning_rate == 3e-5
    assert config.training.epochs == 2
    assert config.data.slices == ("Title",)
    assert config.model.dropout == 0.0
    assert config.encoder == "a/b=c"


@pytest.mark.parametrize(
    ("override", "problem"),
    [
        ("training.epochs", "an override is written key=value"),
        ("=3", "an override is written key=value"),
        ("training.epoch=3", "training.epoch: unknown key; did you mean training.epochs?"),
        ("traning.epochs=3", "traning: unknown key; did you mean training?"),
        ("training.epochs=[1", "not valid YAML"),
        ("model.max_tokens=513", "model.max_tokens: is 513; encoders read 8 to 512 tokens"),
        ("model.max_tokens=all", "model.max_tokens: is 'all'; it is a whole number or auto"),
        ("training.learning_rate=fast", "learning_rate: is 'fast'; it is a number or auto"),
        ("training.learning_rate=0", "learning_rate: is 0.0; it is a number above 0"),
        ("model.truncation=tail", "model.truncation: is 'tail'; choose one of head, head_tail"),
        ("training=3", "training: is 3; it holds keys with values, such as epochs"),
        ("name.first=x", "name: is a mapping; it is text"),
        ("encoder.layers=4", "encoder: is a mapping; it is the name or the place of an encoder"),
    ],
)
def test_tells_a_wrong_override(config_file, override, problem):
    (told,) = problems_of(config_file(), override)
    assert told.startswith("command line: ")
    assert problem in told


@pytest.mark.parametrize(
    ("override", "problem"),
    [
        ("model.label_pieces=last", "model.label_pieces: is 'last'; choose one of first, all"),
        ("model.stride=half", "model.stride: is 'half'; it is a whole number or auto"),
        ("model.stride=0", "model.stride: is 0; a window of 128 tokens has 126 between start and"),
        ("model.stride=127", "give a number from 1 to 126 or auto"),
    ],
)
def test_tells_a_wrong_key_of_token_classification(override, problem):
    (told,) = problems_of(ASPECTS, override)
    assert told.startswith("command line: ")
    assert problem in told


@pytest.mark.parametrize(
    ("override", "problem"),
    [
        ("model.max_question_tokens=3", "is 3; give a number from 4 to 256, half of what"),
        ("model.max_answer_tokens=0", "model.max_answer_tokens: is 0; give a number from 1 to"),
        ("data.question=", "data.question: is missing; name the column of the questions"),
        ("data.text=[a, b]", "data.text: names 2 columns; name the one in whose characters"),
    ],
)
def test_tells_a_wrong_key_of_question_answering(config_file, override, problem):
    told = problems_of(config_file(), "task=question-answering", override)
    assert [line for line in told if line.startswith("command line: ") and problem in line]


@pytest.mark.parametrize(
    ("content", "problem"),
    [
        (b"", "is empty; it needs name, output and data"),
        (b"# nothing\n", "is empty; it needs name, output and data"),
        (b"- a\n- b\n", "does not hold keys with values"),
        (b"name: a\nencoder: caf\xe9\n", ":2: byte 0xe9 is not UTF-8"),
    ],
)
def test_tells_a_file_that_is_no_configuration(tmp_path, content, problem):
    path = tmp_path / "bad.yaml"
    path.write_bytes(content)
    (told,) = problems_of(str(path))
    assert told.startswith(str(path))
    assert problem in told


def test_names_the_nearest_file(config_file, tmp_path):
    config_file()
    (told,) = problems_of(str(tmp_path / "dmo.yaml"))
    assert told == f"{tmp_path}/dmo.yaml: no such file; did you mean {tmp_path}/demo.yaml?"


VALUES = {
    "training.epochs": st.integers(1, 99),
    "training.learning_rate": st.floats(1e-9, 1, allow_subnormal=False),
    "training.class_weight": st.sampled_from(["none", "balanced"]),
    "model.native": st.booleans(),
    "data.input": st.text(min_size=1).filter(lambda text: text.isprintable()),
    "data.text": st.lists(
        st.text(st.characters(codec="utf-8"), min_size=1), min_size=1, unique=True
    )
    .map(lambda names: [name for name in names if name.isprintable()])
    .filter(bool),
}


@same_folder
@given(data=st.data())
def test_any_valid_value_comes_back_as_it_was_given(config_file, data):
    key = data.draw(st.sampled_from(sorted(VALUES)))
    value = data.draw(VALUES[key])
    found = load_config(config_file(), [f"{key}={json.dumps(value, ensure_ascii=False)}"])
    for name in key.split("."):
        found = getattr(found, name)
    assert found == (tuple(value) if isinstance(value, list) else value)


@same_folder
@given(text=st.text(st.characters(codec="utf-8"), max_size=200))
def test_any_text_is_read_or_refused_with_its_place(tmp_path, text):
    path = tmp_path / "any.yaml"
    path.write_text(text, encoding="utf-8", newline="")
    assert all(line.startswith(str(path)) for line in problems_of(str(path)))


@same_folder
@given(
    tree=st.recursive(
        st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5),
        lambda inner: (
            st.lists(inner, max_size=3)
            | st.dictionaries(
                st.sampled_from(["data", "text", "classes", "name", "model", "dropout", "x"]),
                inner,
                max_size=4,
            )
        ),
        max_leaves=12,
    )
)
def test_any_tree_is_refused_without_a_crash(tmp_path, tree):
    path = tmp_path / "tree.yaml"
    path.write_text(yaml.safe_dump({"data": tree}), encoding="utf-8")
    told = problems_of(str(path))
    assert any("name: is missing" in line for line in told)


@pytest.mark.parametrize("settings_name", ["data", "model", "training", "evaluation"])
def test_every_near_miss_of_a_key_is_recognised(config_file, settings_name):
    path = config_file()
    for field in dataclasses.fields(getattr(load_config(path), settings_name)):
        if len(field.name) > 3:
            (told,) = problems_of(path, f"{settings_name}.{field.name}_=1")
            assert f"did you mean {settings_name}.{field.name}?" in told
