"""Which rows `tasks.py` takes, and how they get into the split they are from."""

from __future__ import annotations

import importlib
import json

import pytest

from reviewlens.components.review_example_gen.splitting import Splitter


@pytest.fixture
def task_rows(scripts):
    return importlib.import_module("task_rows")


def test_each_row_gets_into_the_split_that_it_is_from(task_rows, tmp_path):
    rows = {split: [{"text": f"{split} {n}"} for n in range(5)] for split in task_rows.SIZES}
    task_rows.write_rows(str(tmp_path / "rows.jsonl"), rows)

    splitter = Splitter(task_rows.SIZES)
    with open(tmp_path / "rows.jsonl", encoding="utf-8") as file:
        lines = [json.loads(line) for line in file]
    assert len(lines) == 15
    for line in lines:
        assert line["text"] == line["id"]
        assert splitter.split_of(line["group"]) == line["text"].split()[0]


def test_rows_are_drawn_once_for_all(task_rows):
    rows = {"train": list(range(100)), "test": [1, 2]}

    drawn = task_rows.draw(rows, 10)

    assert len(drawn["train"]) == 10 and drawn["train"] == sorted(drawn["train"])
    assert drawn["test"] == [1, 2]
    assert task_rows.draw(rows, 10) == drawn and task_rows.draw(rows, None) == rows
