"""How a model that finds entities is judged: seqeval's figures, on the whole split and slices."""

from __future__ import annotations

import functools
import json
from pathlib import Path

import numpy as np
import pyarrow.parquet as pq
import pytest
import seqeval.metrics
import tensorflow as tf

from reviewlens.components.evaluator.settings import EvaluationSettings
from reviewlens.serving.model_card import write_model_card

TASK = "token-classification"
TYPES = ["food", "place", "staff", "never"]
MODELS = ("candidate", "baseline")
SHOPS = ("north", "south")
WORDS = 7


@pytest.fixture(scope="module")
def sentences():
    """Of 150 sentences the entities that are there and two answers, as tags and with scores.

    The first answer is right about most of them, the second about few.
    """
    random = np.random.default_rng(5)

    def tags():
        chosen, inside = [], None
        for _ in range(random.integers(0, WORDS)):
            if inside and random.random() < 0.4:
                chosen.append(f"I-{inside}")
                continue
            # The last type is in no sentence.
            inside = str(random.choice(TYPES[:3])) if random.random() < 0.4 else None
            chosen.append(f"B-{inside}" if inside else "O")
        return chosen

    def again(truth, share):
        others = tags() + ["O"] * len(truth)
        return truth if random.random() < share else others[: len(truth)]

    truth = [tags() for _ in range(150)]
    answers = [[again(row, share) for row in truth] for share in (0.8, 0.2)]
    return truth, *(([_well_formed(row) for row in rows]) for rows in answers)


def _well_formed(tags):
    """An I that follows nothing of its type begins an entity, in whatever a model decides."""
    found = []
    for tag, former in zip(tags, ["O", *tags], strict=False):
        broken = tag[0] == "I" and former[2:] != tag[2:]
        found.append(f"B-{tag[2:]}" if broken else tag)
    return found


def spans(tags):
    """Characters of the entities, where each word is five letters and a space."""
    return [
        (6 * first, 6 * last + 5, TYPES.index(kind))
        for kind, first, last in seqeval.metrics.sequence_labeling.get_entities(tags)
    ]


def line(entities):
    return " ".join(":".join(map(str, entity)) for entity in entities)


class _Parrot(tf.Module):
    """Answers what the text says, `answers|words`; an answer is `start:end:type:score`."""

    def __init__(self, place, labels):
        super().__init__()
        self._place = place
        path = tf.io.gfile.join(labels, "labels.txt")
        Path(path).write_text("".join(f"{name}\n" for name in TYPES))
        self.labels = tf.saved_model.Asset(path)
        self._types = tf.constant(TYPES)

    @tf.function(input_signature=[tf.TensorSpec([None], tf.string, "text")])
    def serve(self, text):
        said = tf.strings.split(text, "|")[:, self._place : self._place + 1]
        said = tf.strings.split(said.to_tensor(shape=[None, 1])[:, 0])
        fields = tf.strings.split(said.values, ":").to_tensor("0", shape=[None, 4])

        def padded(values):
            return said.with_values(values).to_tensor()

        start, end, kind = (tf.strings.to_number(fields[:, i], tf.int64) for i in range(3))
        return {
            "start": padded(start),
            "end": padded(end),
            "label": padded(tf.gather(self._types, kind)),
            "score": padded(tf.strings.to_number(fields[:, 3])),
            "entity": padded(fields[:, 0]),
            "count": said.row_lengths(),
        }


@pytest.fixture(scope="module")
def parrots(tmp_path_factory):
    """Directories of two models, which find in a sentence what it says."""
    directories = []
    for place in range(2):
        directory = str(tmp_path_factory.mktemp("parrot") / "1")
        model = _Parrot(place, str(tmp_path_factory.mktemp("labels")))
        tf.saved_model.save(model, directory, signatures={"serving_default": model.serve})
        write_model_card(directory, {"task": TASK})
        directories.append(directory)
    return directories


@pytest.fixture(scope="module")
def evaluate(evaluator_on, sentences):
    """Runs the evaluator on the sentences; returns the folder of its results and its blessing."""
    random = np.random.default_rng(6)
    rows = []
    for place, (truth, *answers) in enumerate(zip(*sentences, strict=True)):
        said = [
            " ".join(f"{line([span])}:{random.uniform(0.3, 1):.3f}" for span in spans(tags))
            for tags in answers
        ]
        text = "|".join([*said, "words"])
        rows.append({"text": text, "spans": line(spans(truth)), "shop": SHOPS[place % 5 == 0]})
    config = {"labels": TYPES, "label_pieces": "first"}
    return functools.cache(evaluator_on(rows, TASK, config, ["shop"]))


def metrics_in(folder):
    return json.loads((folder / "metrics.json").read_text())


def figures_of(truth, decided):
    """What seqeval says, by the names of the summary."""
    report = seqeval.metrics.classification_report(truth, decided, output_dict=True)
    micro = report["micro avg"]
    return {
        "precision": micro["precision"],
        "recall": micro["recall"],
        "f1": micro["f1-score"],
        "macro_f1": report["macro avg"]["f1-score"],
        "per_class": {
            name: {
                "precision": report[name]["precision"],
                "recall": report[name]["recall"],
                "f1": report[name]["f1-score"],
                "support": report[name]["support"],
            }
            for name in TYPES[:3]
        },
    }


def assert_same(found, expected):
    for name in ("precision", "recall", "f1", "macro_f1"):
        assert found[name] == pytest.approx(expected[name], abs=1e-9), name
    assert found["per_class"].pop("never") == {"precision": 0, "recall": 0, "f1": 0, "support": 0}
    assert set(found["per_class"]) == set(expected["per_class"])
    for name, figures in expected["per_class"].items():
        assert found["per_class"][name] == pytest.approx(figures, abs=1e-9), name


def test_the_figures_are_those_of_seqeval(evaluate, parrots, sentences):
    truth, decided, worse = sentences

    folder, blessing = evaluate(EvaluationSettings(), parrots[0], parrots[1])

    metrics = metrics_in(folder)
    assert 0.5 < metrics["test"]["f1"] < 0.95
    assert metrics["test"]["examples"] == len(truth)
    assert_same(metrics["test"], figures_of(truth, decided))
    assert_same(metrics["baseline"], figures_of(truth, worse))
    for place, shop in enumerate(SHOPS):
        rows = [row for row in range(len(truth)) if (row % 5 == 0) == place]
        expected = figures_of([truth[row] for row in rows], [decided[row] for row in rows])
        assert_same(metrics["test"]["slices"][f"shop={shop}"], expected)
    gain = metrics["baseline"]["gain"]["f1"]
    difference = metrics["test"]["f1"] - metrics["baseline"]["f1"]
    assert gain["value"] == pytest.approx(difference, abs=1e-9)
    assert 0 < gain["low"] < gain["value"] < gain["high"]
    assert metrics["baseline"]["sentence"].startswith("Against the last blessed model: F1 +0.")
    assert blessing.get_int_custom_property("blessed") == 1


def test_what_each_model_finds_in_each_text_is_written_down(evaluate, parrots, sentences):
    folder, _ = evaluate(EvaluationSettings(), parrots[0], parrots[1])

    table = pq.read_table(folder / "predictions.parquet")
    assert json.loads(table.schema.metadata[b"labels"]) == TYPES
    answered = [f"{model}_{name}" for model in MODELS for name in ("spans", "scores")]
    assert table.column_names == ["id", "split", "text", "spans", "slice_shop", *answered]
    truth, *answers = sentences
    right, scores = [], []
    for row in table.to_pylist():
        place = int(row["id"])
        assert row["spans"] == line(spans(truth[place]))
        for name, tags in zip(MODELS, answers, strict=True):
            assert row[f"{name}_spans"] == line(spans(tags[place]))
            assert len(row[f"{name}_scores"]) == len(spans(tags[place]))
        right += [span in row["spans"].split() for span in row["candidate_spans"].split()]
        scores += row["candidate_scores"]
    bins = np.ceil(np.array(scores) * 15)
    gaps = [abs(np.sum((np.array(scores) - right)[bins == place])) for place in range(1, 16)]
    assert metrics_in(folder)["test"]["ece"] == pytest.approx(sum(gaps) / len(scores), abs=1e-6)


def test_a_model_that_finds_too_little_or_less_than_before_is_not_blessed(evaluate, parrots):
    folder, blessing = evaluate(EvaluationSettings(min_f1=0.9), parrots[1], parrots[0])

    assert blessing.get_int_custom_property("blessed") == 0
    few, worse = blessing.get_string_custom_property("reason").split("; ")
    assert few.startswith("f1 is 0.") and few.endswith("below evaluation.min_f1=0.9")
    assert worse.startswith("f1 changed by -0.")
    assert "more than evaluation.max_regression=0.01 allows" in worse


def test_of_a_baseline_of_other_types_nothing_is_compared(evaluate, parrots, tmp_path):
    import shutil

    other = shutil.copytree(parrots[1], tmp_path / "1")
    (other / "assets" / "labels.txt").write_text("food\nplace\n")

    folder, blessing = evaluate(EvaluationSettings(), parrots[0], str(other))

    assert metrics_in(folder)["baseline"] is None
    assert blessing.get_int_custom_property("blessed") == 1
