"""The page on entities: every file that it shows says what it promises, by the way of a run."""

from __future__ import annotations

import dataclasses
import re
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

import reviewlens
from reviewlens.components.review_example_gen.reviews import ReviewMaker
from reviewlens.components.task_registry import TASKS
from reviewlens.components.tasks.token_classification import examples
from reviewlens.files import list_files, read_records
from reviewlens.pipeline.config import load_config

PAGE = Path(reviewlens.__file__).parent.joinpath("docs", "entities.md").read_text("utf-8")
FILES = re.findall(r"^```text (\S+) (\S+) ?(\S*)\n(.*?)^```$", PAGE, re.MULTILINE | re.DOTALL)
(CONFIG,) = re.findall(r"^```yaml\n(.*?)^```$", PAGE, re.MULTILINE | re.DOTALL)


@pytest.fixture
def said(tmp_path):
    """What a file says: words and type of the entities of each text, by the page's settings."""
    (tmp_path / "dishes.yaml").write_text(CONFIG)
    config = load_config(str(tmp_path / "dishes.yaml"))
    data = TASKS.load(config.task, "data")

    def read(path: Path, column: str, offsets: str = "") -> list[list[tuple[str, str]]]:
        settings = dataclasses.replace(
            config.data, input=str(path), entities=column, offsets=offsets or "characters"
        )
        assert list(data.problems(settings)) == []
        maker = ReviewMaker(settings, examples.make_maker(settings), data.TEXT_AS_GIVEN)
        (file,) = list_files(settings.input, settings.format)
        names = data.kinds(settings)
        found = []
        for record in read_records(file, settings.source_columns(), others=False):
            review = maker.make(file, record)
            spans = [map(int, one.split(":")) for one in review.targets.features["spans"].split()]
            found.append([(review.text[start:end], names[kind]) for start, end, kind in spans])
        return found

    return read


@pytest.mark.parametrize(("name", "column", "offsets", "text"), FILES)
def test_every_file_of_the_page_is_read(tmp_path, said, name, column, offsets, text):
    (tmp_path / name).write_text(text, encoding="utf-8")
    assert said(tmp_path / name, column, offsets) == [[("soup", "blamed"), ("wine", "praised")], []]


def test_the_page_shows_every_layout():
    assert len(FILES) == 11
    assert {Path(name).suffix for name, *_ in FILES} == {".jsonl", ".csv", ".conll", ".xml"}


def test_structs_of_parquet_are_read(tmp_path, said):
    entities = [[{"start": 4, "end": 8, "label": "negative"}], []]
    table = pa.table({"text": ["The soup was cold.", "We left."], "entities": entities})
    pq.write_table(table, tmp_path / "t.parquet")
    assert said(tmp_path / "t.parquet", "entities") == [[("soup", "blamed")], []]


def test_the_page_names_every_reason():
    table = PAGE.partition("## What is rejected")[2]
    own = {value for name, value in vars(examples).items() if name.isupper() and "-" in value}
    assert len(own) == 6
    assert {reason for reason in own if f"`{reason}`" not in table} == set()
