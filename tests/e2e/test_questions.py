"""Questions, from a SQuAD file to a server's answers, on a tiny encoder."""

from __future__ import annotations

import json
import shlex
from pathlib import Path

import pytest
import yaml

pytestmark = pytest.mark.e2e

# What the models learn: which word is asked for. All are pieces of the tiny vocabulary.
WORDS = {
    "brand": {"amazon", "apex", "canon", "creative", "nikon", "nokia", "nomad"},
    "part": {"battery", "button", "display", "flash", "interface", "lens", "memory", "screen"},
}
QUESTIONS = 600


def questions_of(text: str) -> list[dict]:
    """A question for each kind of words: its answer is the one that is there, if one is."""
    tokens = text.split(" ")
    found = []
    for kind, words in WORDS.items():
        places = [place for place, token in enumerate(tokens) if token.lower() in words]
        if len(places) > 1:
            continue
        answers = [
            {"text": tokens[place], "answer_start": len(" ".join([*tokens[:place], ""]))}
            for place in places
        ]
        question = {"question": f"what {kind} ?", "answers": answers, "is_impossible": not answers}
        found.append(question)
    return found


@pytest.fixture(scope="module")
def workspace(tmp_path_factory, tiny_encoder, reviews) -> Path:
    """A folder with a file of questions, one of them of no use, and its configuration."""
    folder = tmp_path_factory.mktemp("workspace")
    asked = [(text, questions_of(text)) for text in dict.fromkeys(reviews)]
    # Most have an answer, and some texts answer one question of two.
    asked = [(text, of) for text, of in asked if any(each["answers"] for each in of)]
    paragraphs, count = [], 0
    for text, of in asked:
        qas = [{**each, "id": f"q{count + place}"} for place, each in enumerate(of)]
        count += len(qas)
        paragraphs.append({"context": text, "qas": qas})
        if count >= QUESTIONS:
            break
    wrong = {"id": "wrong", "question": "what ?", "answers": [{"text": "x", "answer_start": 0}]}
    paragraphs.append({"context": "Nothing is here.", "qas": [wrong]})
    squad = {"version": "v2.0", "data": [{"title": "reviews", "paragraphs": paragraphs}]}
    (folder / "questions.json").write_text(json.dumps(squad), encoding="utf-8")
    config = {
        "name": "asked",
        "output": "out",
        "task": "question-answering",
        "data": {
            "input": "questions.json",
            "text": "context",
            "question": "question",
            "answer": "answers",
            "id": "id",
        },
        "encoder": tiny_encoder,
        "model": {"max_tokens": 48, "stride": 20},
        "training": {"epochs": 6, "batch_size": 8, "learning_rate": 5e-3},
        # What is faster may differ from run to run, and the answers with it.
        "export": {"precision": "float32"},
        "evaluation": {"max_regression": 1.0},
    }
    (folder / "config.yaml").write_text(yaml.safe_dump(config, sort_keys=False))
    return folder


@pytest.fixture(scope="module")
def first_run(workspace, reviewlens) -> tuple[str, dict]:
    output = reviewlens("run", "config.yaml", cwd=workspace)
    return output, json.loads((workspace / "out" / "summary.json").read_text())


@pytest.fixture(scope="module")
def tested(workspace, first_run, tested_in) -> list[dict]:
    """The examples of the test split, by name of a feature its text."""
    return tested_in(workspace)


def test_a_run_ends_with_a_pushed_model_and_says_what_it_can(first_run, tested):
    output, facts = first_run

    assert facts["task"] == "question-answering"
    assert facts["blessed"] is True and facts["serving_validated"] is True
    data = facts["data"]
    assert data["read"] == data["kept"] + data["duplicates"] + data["rejected"]
    assert data["rejected"] == 1
    test = facts["metrics"]["test"]
    assert test["f1"] > 0.6 and test["exact"] > 0.5
    assert test["examples"] == len(tested) == data["splits"]["test"]
    without = sum(row["answers"] == "[]" for row in tested)
    assert test["no_answer"]["examples"] == without
    assert test["has_answer"]["examples"] == len(tested) - without
    assert facts["metrics"]["ngram_baseline"] is None
    # A healthy training, of which the rules have nothing to say.
    # But for how long steps take, which others at work on the machine decide.
    assert {finding["rule"] for finding in facts["training"]["findings"]} <= {"slow_steps"}
    counted = facts["training"]["counted"]
    assert counted["answered"] > 100 and counted["cut_answers"] == 0
    reading = facts["training"]["reading"]
    assert (reading["max_tokens"], reading["stride"]) == (48, 20)
    assert (reading["question_tokens"], reading["questions_cut"]) == (24, 0)
    assert 0 < reading["reviews_in_windows"] < 1
    assert f"F1 {test['f1']:.3f}, exact match {test['exact']:.3f}" in output


def test_the_evaluation_agrees_with_what_the_pushed_model_answers(first_run, tested):
    from reviewlens.models.tasks.question_answering.metrics import exact_match, f1_score
    from reviewlens.serving import LocalModel

    _, facts = first_run
    pairs = [(row["question"], row["text"]) for row in tested]
    answers = LocalModel(facts["pushed_to"]).answers(pairs)

    assert all(a.text == text[a.start : a.end] for a, (_, text) in zip(answers, pairs, strict=True))
    for name, measure in (("f1", f1_score), ("exact", exact_match)):
        found = [
            measure(answer.text, json.loads(row["answers"]))
            for answer, row in zip(answers, tested, strict=True)
        ]
        mean = sum(found) / len(found)
        assert facts["metrics"]["test"][name] == pytest.approx(mean, abs=1e-6)


def test_a_server_answers_over_rest_and_grpc(first_run, tested, clients_of):
    from reviewlens.serving import LocalModel

    pushed = Path(first_run[1]["pushed_to"])
    pairs = [(row["question"], row["text"]) for row in tested[:40]]
    pairs += [("", "a nikon"), ("what brand ?", ""), ("what brand ?", "the 👍 nikon has a lens")]
    expected = LocalModel(str(pushed)).answers(pairs)
    with clients_of(pushed) as clients:
        for answers in [client.answers(pairs) for client in clients]:
            places = [(each.text, each.start, each.end) for each in answers]
            assert places == [(each.text, each.start, each.end) for each in expected]
            scores = [each.score for each in answers]
            assert scores == pytest.approx([each.score for each in expected], abs=1e-4)
    assert any(answer.text for answer in expected)


def test_the_card_of_the_model_says_what_it_answers_and_how_well(first_run):
    _, facts = first_run
    card = Path(facts["pushed_to"], "model_card.md").read_text(encoding="utf-8")
    test = facts["metrics"]["test"]
    assert "finds the answer to a question in a text" in card and "It knows" not in card
    assert "It reads all of a text: of a longer one 48 pieces at a time." in card
    assert f"| exact | {test['exact']:.4f} |" in card
    for name, kind in (("has answer", "has_answer"), ("no answer", "no_answer")):
        assert f"| {name} | {test[kind]['examples']} | {test[kind]['f1']:.4f} |" in card


@pytest.mark.slow
def test_a_file_is_judged_as_the_run_has_judged_the_same_rows(
    workspace, first_run, tested, reviewlens, read_page
):
    with open(workspace / "new.jsonl", "w", encoding="utf-8") as file:
        for row in tested:
            text, spans = row["text"], [span.split(":") for span in row["spans"].split()]
            answers = [
                {"text": text[int(start) : int(end)], "answer_start": int(start)}
                for start, end in spans
            ]
            asked = {"id": "new", "context": text, "question": row["question"], "answers": answers}
            file.write(json.dumps(asked) + "\n")
    asked = ("evaluate", "out", "new.jsonl", "--config", "config.yaml", "--output", "new.html")
    output = reviewlens(*asked, cwd=workspace)

    test = first_run[1]["metrics"]["test"]
    assert f"F1 {test['f1']:.3f}, exact match {test['exact']:.3f}" in output
    page = read_page(workspace / "new.html")
    assert {"evaluation", "data", "results"} <= set(page.sections)
    assert "could not be made" not in page.text
    values = dict(page.values)
    assert values["data.kept"] == len(tested)
    assert values["metrics.test.f1"] == pytest.approx(test["f1"], abs=1e-6)


def test_the_command_that_the_report_ends_with_answers(workspace, first_run, reviewlens):
    command, *arguments = shlex.split(first_run[0].splitlines()[-1])

    assert command == "reviewlens"
    assert "of 1 reviews" in reviewlens(*arguments, cwd=workspace)
