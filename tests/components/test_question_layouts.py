"""The page on questions: every file that it shows says what it promises, by the way of a run."""

from __future__ import annotations

import dataclasses
import re
from pathlib import Path

import pytest

import reviewlens
from reviewlens.components.review_example_gen.reviews import ReviewMaker
from reviewlens.components.task_registry import TASKS
from reviewlens.components.tasks.question_answering import examples
from reviewlens.files import list_files, read_records
from reviewlens.pipeline.config import load_config

PAGE = Path(reviewlens.__file__).parent.joinpath("docs", "questions.md").read_text("utf-8")
FILES = re.findall(r"^```text (\S+) (.*?)\n(.*?)^```$", PAGE, re.MULTILINE | re.DOTALL)
(CONFIG,) = re.findall(r"^```yaml\n(.*?)^```$", PAGE, re.MULTILINE | re.DOTALL)


@pytest.mark.parametrize(("name", "said", "text"), FILES)
def test_every_file_of_the_page_is_read(tmp_path, name, said, text):
    (tmp_path / "batteries.yaml").write_text(CONFIG)
    (tmp_path / name).write_text(text, encoding="utf-8")
    config = load_config(str(tmp_path / "batteries.yaml"))
    data = TASKS.load(config.task, "data")
    answer, *others = said.split()
    settings = dataclasses.replace(
        config.data,
        input=str(tmp_path / name),
        answer=answer,
        answer_start="answer_start" if "answer_start" in others else None,
        offsets="utf16" if "utf16" in others else "characters",
    )
    assert list(data.problems(settings)) == []

    maker = ReviewMaker(settings, examples.make_maker(settings), data.TEXT_AS_GIVEN)
    (file,) = list_files(settings.input, settings.format)
    found = []
    for record in read_records(file, settings.source_columns(), others=False):
        review = maker.make(file, record)
        features = review.targets.features
        spans = [tuple(map(int, span.split(":"))) for span in features["spans"].split()]
        found.append((features["question"], [review.text[start:end] for start, end in spans]))

    assert found == [
        ("How long did the battery last?", ["two years"]),
        ("What did the battery cost?", []),
    ]


def test_the_page_shows_every_layout():
    assert len(FILES) == 11
    assert {Path(name).suffix for name, *_ in FILES} == {".jsonl", ".csv", ".json"}


def test_the_page_names_every_reason():
    table = PAGE.partition("## What is rejected")[2]
    own = {value for name, value in vars(examples).items() if name.isupper() and "-" in str(value)}
    assert len(own) == 5
    assert {reason for reason in own if f"`{reason}`" not in table} == set()
