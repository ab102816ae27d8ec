"""Entities, from a CoNLL file to a server's answers, on a tiny encoder."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
import yaml

pytestmark = pytest.mark.e2e

# What the models learn: whoever writes of these words writes of such a thing. All are pieces of
# the tiny vocabulary.
TYPES = {
    "brand": {"amazon", "apex", "canon", "creative", "nikon", "nokia", "nomad"},
    "part": {"battery", "button", "display", "flash", "interface", "lens", "memory", "screen"},
}


def tags_of(tokens: list[str]) -> list[str]:
    """BIO tags; neighbours of one type are one entity."""
    found, former = [], ""
    for token in tokens:
        kind = next((kind for kind, words in TYPES.items() if token.lower() in words), "")
        found.append(f"{'I' if kind == former else 'B'}-{kind}" if kind else "O")
        former = kind
    return found


@pytest.fixture(scope="module")
def workspace(tmp_path_factory, tiny_encoder, reviews) -> Path:
    """A folder with a file of 600 sentences, two of them of no use, and its configuration."""
    folder = tmp_path_factory.mktemp("workspace")
    sentences = [text.split() for text in dict.fromkeys(reviews)]
    named = [tokens for tokens in sentences if set(tags_of(tokens)) != {"O"}]
    chosen = [*named[:480], *sentences[:118]]
    blocks = [
        "".join(f"{token}\t{tag}\n" for token, tag in zip(tokens, tags_of(tokens), strict=True))
        for tokens in chosen
    ]
    blocks += ["Nokia\tB-maker\n", "no tag\tX-brand\n"]
    (folder / "reviews.conll").write_text("\n".join(blocks), encoding="utf-8")
    config = {
        "name": "parts",
        "output": "out",
        "task": "token-classification",
        "data": {
            "input": "reviews.conll",
            "text": "text",
            "entities": "entities",
            "classes": dict.fromkeys(TYPES),
        },
        "encoder": tiny_encoder,
        "model": {"max_tokens": 32, "stride": 10},
        "training": {"epochs": 4, "batch_size": 16, "learning_rate": 5e-3},
        # What is faster may differ from run to run, and the answers with it.
        "export": {"precision": "float32"},
        "evaluation": {"max_regression": 1.0},
    }
    (folder / "config.yaml").write_text(yaml.safe_dump(config, sort_keys=False))
    return folder


@pytest.fixture(scope="module")
def first_run(workspace, reviewlens) -> tuple[str, dict]:
    output = reviewlens("run", "config.yaml", cwd=workspace)
    return output, summary(workspace)


def summary(workspace: Path) -> dict:
    return json.loads((workspace / "out" / "summary.json").read_text())


@pytest.fixture(scope="module")
def tested(workspace, first_run, tested_in) -> list[dict]:
    """The examples of the test split, by name of a feature its text."""
    return tested_in(workspace)


def test_a_run_ends_with_a_pushed_model_and_says_what_it_can(workspace, first_run, tested):
    output, facts = first_run

    assert facts["task"] == "token-classification"
    assert facts["blessed"] is True and facts["serving_validated"] is True
    data = facts["data"]
    assert data["read"] == 600 == data["kept"] + data["duplicates"] + data["rejected"]
    assert data["rejected_because"] == {"malformed-row": 1, "unknown-entity": 1}
    test = facts["metrics"]["test"]
    assert {"f1", "precision", "recall", "macro_f1", "ece", "per_class", "slices"} <= set(test)
    assert test["f1"] > 0.6
    entities = sum(len(row["spans"].split()) for row in tested)
    assert sum(row["support"] for row in test["per_class"].values()) == entities
    assert facts["metrics"]["ngram_baseline"] is None
    # A healthy training, of which the rules have nothing to say.
    # But for how long steps take, which others at work on the machine decide.
    assert {finding["rule"] for finding in facts["training"]["findings"]} <= {"slow_steps"}
    counted = facts["training"]["counted"]
    assert counted["entities"] > 400 and counted["cut_entities"] == 0
    reading = facts["training"]["reading"]
    assert (reading["max_tokens"], reading["stride"]) == (32, 10)
    assert 0 < reading["reviews_in_windows"] < 1
    assert f"F1 {test['f1']:.3f}, precision {test['precision']:.3f}" in output
    assert all(kind in output for kind in TYPES)


def test_the_evaluation_agrees_with_seqeval_on_what_the_pushed_model_finds(first_run, tested):
    from seqeval.metrics import classification_report

    from reviewlens.serving import LocalModel

    _, facts = first_run
    texts = [row["text"] for row in tested]
    found = LocalModel(facts["pushed_to"]).predict(texts)

    def letters(text, spans):
        """A tag for each character, so that any bounds count."""
        tags = ["O"] * len(text)
        for start, end, kind in spans:
            tags[start:end] = [f"B-{kind}", *[f"I-{kind}"] * (end - start - 1)]
        return tags

    names = list(TYPES)
    truth, decided = [], []
    for row, prediction in zip(tested, found, strict=True):
        spans = [map(int, span.split(":")) for span in row["spans"].split()]
        truth.append(letters(row["text"], [(a, b, names[kind]) for a, b, kind in spans]))
        spans = [(each.start, each.end, each.label) for each in prediction.entities]
        decided.append(letters(row["text"], spans))
        assert all(each.text == row["text"][each.start : each.end] for each in prediction.entities)
    report = classification_report(truth, decided, output_dict=True)
    test = facts["metrics"]["test"]
    assert test["f1"] == pytest.approx(report["micro avg"]["f1-score"], abs=1e-6)
    assert test["macro_f1"] == pytest.approx(report["macro avg"]["f1-score"], abs=1e-6)
    for name in names:
        assert test["per_class"][name]["recall"] == pytest.approx(report[name]["recall"], abs=1e-6)


def test_a_server_answers_over_rest_and_grpc(first_run, tested, clients_of):
    from reviewlens.serving import LocalModel

    pushed = Path(first_run[1]["pushed_to"])
    texts = [row["text"] for row in tested[:40]] + ["", "the nikon 👍 has a lens"]
    expected = [prediction.entities for prediction in LocalModel(str(pushed)).predict(texts)]
    with clients_of(pushed) as clients:
        for answers in [client.entities(texts) for client in clients]:
            assert len(answers) == len(texts)
            for answer, entities in zip(answers, expected, strict=True):
                bounds = [(each.start, each.end, each.label, each.text) for each in answer]
                assert bounds == [(e.start, e.end, e.label, e.text) for e in entities]
                scores = [each.score for each in answer]
                assert scores == pytest.approx([e.score for e in entities], abs=1e-4)
    assert any(expected)


def test_predict_marks_what_is_found(workspace, first_run, reviewlens):
    model = first_run[1]["pushed_to"]

    assert "[nikon|brand" in reviewlens("predict", "--model", model, "my nikon", cwd=workspace)


def test_the_card_of_the_model_says_what_it_finds_and_how_well(first_run):
    _, facts = first_run
    card = Path(facts["pushed_to"], "model_card.md").read_text(encoding="utf-8")
    test = facts["metrics"]["test"]
    assert "finds the parts of a text that are of the types below" in card
    assert "It knows: brand, part." in card
    assert "It reads all of a text: of a longer one 32 pieces at a time." in card
    assert f"| precision | {test['precision']:.4f} |" in card
    for name in TYPES:
        assert f"| {name} | {test['per_class'][name]['precision']:.4f} |" in card


@pytest.mark.slow
def test_a_file_is_judged_as_the_run_has_judged_the_same_rows(
    workspace, first_run, tested, reviewlens, read_page
):
    names = list(TYPES)
    with open(workspace / "new.jsonl", "w", encoding="utf-8") as file:
        for row in tested:
            spans = [list(map(int, span.split(":"))) for span in row["spans"].split()]
            entities = [[start, end, names[kind]] for start, end, kind in spans]
            file.write(json.dumps({"text": row["text"], "entities": entities}) + "\n")
    asked = ("evaluate", "out", "new.jsonl", "--config", "config.yaml", "--output", "new.html")
    output = reviewlens(*asked, cwd=workspace)

    test = first_run[1]["metrics"]["test"]
    assert f"F1 {test['f1']:.3f}, precision {test['precision']:.3f}" in output
    assert "None of these texts is one that the model has learnt from." in output
    page = read_page(workspace / "new.html")
    assert {"evaluation", "data", "results"} <= set(page.sections)
    assert "could not be made" not in page.text
    values = dict(page.values)
    assert values["data.kept"] == len(tested)
    assert values["metrics.test.f1"] == pytest.approx(test["f1"], abs=1e-6)


def test_nothing_runs_again_without_a_reason(workspace, first_run, reviewlens):
    reviewlens("run", "config.yaml", cwd=workspace)

    last = summary(workspace)
    assert set(last["timings"]) - set(last["cached"]) <= {"latest-blessed"}
    assert last["metrics"] == first_run[1]["metrics"]


@pytest.mark.slow
def test_entities_go_through_the_compiled_tasks(
    workspace, reviewlens, object_store, run_compiled, fetch_pushed
):
    path = str(workspace / "reviews.conll")
    object_store.client.upload_file(path, "reviews", "data/reviews.conll")

    launcher = run_compiled(workspace, "data.input=minio://reviews/data/reviews.conll")

    pushed = launcher.artifacts["pusher", "pushed_model"]["metadata"]
    model = fetch_pushed(pushed["pushed_version"], workspace / "fetched")
    assert "[nikon|brand" in reviewlens("predict", "--model", model, "a nikon", cwd=workspace)
