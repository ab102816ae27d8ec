"""Every task, and one that the product does not know, against what the product expects of one."""

from __future__ import annotations

import re
from pathlib import Path

import numpy as np
import pytest
import tensorflow as tf

from reviewlens.models import (
    Characters,
    ModelSettings,
    Windows,
    WordpieceTokenizer,
    answer_targets,
    join_offsets,
    piece_targets,
)
from reviewlens.models.encoders.truncation import UNCUT
from reviewlens.models.tasks.registry import make_task
from reviewlens.models.tasks.text_classification.task import TextClassification
from reviewlens.models.tasks.token_classification.tags import entities_of
from reviewlens.models.tasks.token_classification.units import unit_outputs
from reviewlens.models.training.tokenized import TokenizedTexts

LABELS = ("short", "middling", "long")
# One text of the first of four grades, two of the second and so on.
LEARNT = TokenizedTexts.from_rows([[1]] * 10, {"grade": np.repeat([0, 1, 2, 3], [1, 2, 3, 4])})


def test_a_classifier_knows_the_classes_of_the_texts_that_it_has_learnt_from():
    task = TextClassification(LABELS, (0, 1, 1, 2))
    assert task.shares(np.array([0, 2])) is None
    informed = task.informed_by(LEARNT)
    assert informed.class_counts == (1, 5, 4)
    # With those asked about, and one more of each.
    assert informed.shares(np.array([0, 2])) == pytest.approx(np.array([3, 6, 6]) / 15)
    # Of several grades the class with the greatest share counts.
    mixed = TokenizedTexts.from_rows([[1]], {"grade": np.array([[0.4, 0.3, 0.3, 0.0]])})
    assert task.informed_by(mixed).class_counts == (0, 1, 0)

    # So an eval split in which a class happens to be rare is no evidence that it is.
    random = np.random.default_rng(3)
    grades = np.repeat([0, 1, 2, 3], [40, 40, 40, 6])
    eval_texts = TokenizedTexts.from_rows([[1]] * 126, {"grade": grades})
    logits = np.eye(3, dtype=np.float32)[[0, 1, 1, 2]][grades] + random.normal(0, 1, (126, 3))
    many = TokenizedTexts.from_rows([[1]] * 400, {"grade": np.repeat([0, 1, 2, 3], 100)})
    likely = [
        one.fit_decision(logits, eval_texts).probabilities(logits)[:, 2].mean()
        for one in (task, task.informed_by(many))
    ]
    assert likely[1] > likely[0] + 0.03


def test_text_classification(run_task_test):
    def targets(rows):
        lengths = np.array(list(map(len, rows)))
        return {"grade": np.searchsorted(np.quantile(lengths, [0.25, 0.5, 0.75]), lengths)}

    run_task_test(
        TextClassification(LABELS, (0, 1, 1, 2)).informed_by(LEARNT),
        targets,
        named=lambda prediction: prediction.label,
        expected=lambda decided, data: [LABELS[index] for index in decided],
    )


@pytest.mark.parametrize("label_pieces", ["first", "all"])
def test_token_classification(run_task_test, tiny_vocabulary, reviews, label_pieces):
    texts = tf.constant(reviews[:64])
    tokenizer = WordpieceTokenizer(tiny_vocabulary, lower_case=True, max_tokens=UNCUT)
    offsets = tokenizer.tokenize_with_offsets(texts)
    patterns = (r"\b[Tt]he \w+", r"\b[Ii]t\b")
    spans = [
        sorted(
            [*match.span(), kind]
            for kind, pattern in enumerate(patterns)
            for match in re.finditer(pattern, text)
        )
        for text in reviews[:64]
    ]
    wanted = tf.ragged.constant(spans, tf.int64, ragged_rank=1, inner_shape=(3,))
    targets = piece_targets(texts, *offsets[1:], wanted)
    labels = ("thing", "pronoun")

    def expected(decided, data):
        """The units that were decided on, where they stand in their texts."""
        assert len(data) > len(spans), "no text has more than one window"
        characters = Characters(texts)
        units, starts, ends = unit_outputs(targets["tag"], offsets, characters, label_pieces)
        rows = units.value_rowids().numpy()
        starts, ends = (characters.positions(of).values.numpy() for of in (starts, ends))
        found = [[] for _ in spans]
        for first, last, kind in zip(*entities_of(decided, rows), strict=True):
            found[rows[first]].append((starts[first], ends[last], labels[kind]))
        return found

    def named(prediction):
        return [(entity.start, entity.end, entity.label) for entity in prediction.entities]

    run_task_test(
        make_task("token-classification", labels=labels, label_pieces=label_pieces),
        lambda rows: {name: targets[name].to_list() for name in ("tag", "word")},
        named=named,
        expected=expected,
    )


def test_question_answering(run_task_test, tiny_vocabulary, reviews):
    texts = tf.constant(reviews[:64])
    asked = [f"which of {index % 7}?" for index in range(64)]
    tokenizer = WordpieceTokenizer(tiny_vocabulary, lower_case=True, max_tokens=UNCUT)
    first = tokenizer(tf.constant(asked))
    _, *places = tokenizer.tokenize_with_offsets(texts)
    starts, ends = (join_offsets(tokenizer, first, of) for of in places)
    spans = [[list(re.search(r"\b[Tt]he \w+|\w+", text).span())] for text in reviews[:64]]
    wanted = tf.ragged.constant(spans, tf.int64, ragged_rank=1, inner_shape=(2,))
    targets = answer_targets(texts, starts, ends, wanted)
    task = make_task("question-answering", max_answer_tokens=9)

    def expected(decided, data):
        """The tokens that were decided on, where they stand in their texts."""
        assert len(data) > 64, "no text has more than one window"
        windows = Windows.of(ModelSettings(max_tokens=48), pairs=True)
        lengths = tf.cast(starts.row_lengths(), tf.int64).numpy()
        splits = np.concatenate([[0], np.cumsum(lengths)])
        parting = first.row_lengths().numpy()
        places = windows.cut(splits, parting).places
        answers = []
        for text, answer in zip(reviews, decided, strict=False):
            begin, size = divmod(max(answer, 0), 9)
            start, end = starts.values[places[begin]], ends.values[places[begin + size]]
            answers.append(text.encode()[start:end].decode() if answer >= 0 else "")
        assert len(set(answers)) > 5
        return answers

    run_task_test(
        task,
        lambda rows: {
            "answers": targets["answers"].to_list(),
            "answered": targets["answered"].numpy(),
        },
        named=lambda prediction: prediction.text,
        expected=expected,
        asked=asked,
    )


def test_a_task_of_tokens_that_the_product_does_not_know(run_task_test, toy_task):
    def words(decided, data):
        ends = data.row_splits[1:-1]
        return ["".join(map(str, tags)) for tags in np.split(decided.astype(int), ends)]

    run_task_test(
        make_task(toy_task),
        lambda rows: {"odd": [[token % 2 for token in row] for row in rows]},
        named=lambda prediction: prediction.tags,
        expected=words,
        # Its model is none of those that leave out what they do not read.
        unused=("encoder/pooler_kernel", "encoder/pooler_bias"),
    )


def test_an_unknown_task_is_named():
    with pytest.raises(ValueError, match="'tagging' is no task; the known ones: text-class"):
        make_task("tagging")


def test_the_guide_names_the_files_that_the_toy_task_consists_of(toy_task):
    root = Path(__file__).parents[3]
    section = (root / "docs/extending.md").read_text().split("## A task\n")[1].split("\n## ")[0]
    named = set(re.findall(r"^\| `(\S+)` \|", section, re.MULTILINE))
    toy = root / "tests/toy_task"
    new = {
        f"{floor.name}/tasks/token_parity/{file.name}"
        for floor in toy.iterdir()
        for file in (floor.glob("*.py") if floor.is_dir() else ())
        if file.name != "__init__.py"
    }
    edits = {"models/tasks/registry.py", "serving/tasks/registry.py", "components/task_registry.py"}
    assert named == new | edits | {"README.md"}
    assert all((root / edit).is_file() for edit in edits)
    # The folders of the task that there is have these files, too.
    known = (path.replace("token_parity", "text_classification") for path in new)
    assert all((root / path).is_file() for path in known)
