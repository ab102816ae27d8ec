"""The files that `quality.py` reads, and what it makes of them for a run."""

from __future__ import annotations

import csv
import importlib
import lzma
import struct
import zlib
from pathlib import Path

import pytest

from reviewlens.components.review_example_gen.settings import DataSettings


@pytest.fixture
def review_files(scripts):
    return importlib.import_module("review_files")


def test_installed_packages_and_the_csv_are_read(review_files, clothing_csv, tmp_path):
    amazon, clothing, tweets = (review_files.FILES[n] for n in ("amazon", "clothing", "tweets"))

    rows = amazon.rows(amazon.find(clothing_csv, tmp_path))
    reviews = clothing.rows(clothing.find(clothing_csv, tmp_path))

    assert len(rows) == 3708
    assert rows[0].group == "1" and rows[0].says == "-0.9"
    assert {review.says for review in reviews} <= set("12345")
    assert tweets.find(clothing_csv, tmp_path) is None


@pytest.mark.parametrize("name", ["clothing", "critics"])
def test_what_a_configuration_says_of_a_file_is_right(review_files, name):
    data = review_files.FILES[name].data

    assert not list(DataSettings(input="reviews.csv", **data).problems())


def test_rows_are_drawn_and_split_anew_with_each_seed(review_files, tmp_path):
    reviews = [review_files.Review(f"review {n}", "5", str(n // 2)) for n in range(1000)]
    drawn = []
    for seed in (7, 8):
        path = tmp_path / f"{seed}.csv"
        splits = review_files.write_reviews(str(path), reviews, rows=300, seed=seed)
        assert splits["train"] == 8 * splits["eval"]
        # Of the 600 rows half are for the test.
        assert splits["test"] == sum(splits.values()) // 2
        with open(path, newline="", encoding="utf-8") as file:
            drawn.append(list(csv.DictReader(file)))

    first, second = drawn
    assert len(first) == len(second) == 600
    assert {row["id"] for row in first} != {row["id"] for row in second}
    assert not {row["group"] for row in first} & {row["group"] for row in second}
    pairs = [row["group"] for row in first if row["id"] in ("0", "1")]
    assert len(set(pairs)) == min(1, len(pairs))


@pytest.mark.parametrize("rows, learnt", [(None, 900), (950, 900), (800, 800)])
def test_a_tenth_of_a_small_file_is_for_the_test(review_files, tmp_path, rows, learnt):
    reviews = [review_files.Review(f"review {n}", "5") for n in range(1000)]

    splits = review_files.write_reviews(str(tmp_path / "a.csv"), reviews, rows=rows, seed=7)

    assert splits["train"] + splits["eval"] == 9 * learnt
    assert sum(splits.values()) == 9 * 1000


class Writer:
    """Writes R's binary format, as far as the test needs it."""

    def __init__(self):
        self.content = b"X\n" + struct.pack(">iii", 2, 0x40300, 0x20300)

    def integers(self, *values: int) -> None:
        self.content += struct.pack(f">{len(values)}i", *values)

    def strings(self, values: list[str], flags: int = 0) -> None:
        self.integers(16 | flags, len(values))
        for value in values:
            self.integers(9, len(value.encode()))
            self.content += value.encode()

    def pair(self, tag: str) -> None:
        """The beginning of a pair list's next cell; its value comes after it."""
        self.integers(0x402, 1, 9, len(tag))
        self.content += tag.encode()


@pytest.mark.parametrize("kind", ["zlib", "xz"])
def test_a_data_set_of_r_is_read(scripts, tmp_path, kind):
    r_data = importlib.import_module("r_data")
    frame = Writer()
    frame.integers(0x200 | 19, 2)
    frame.strings(["Good.", "Très mauvais."])
    frame.integers(0x200 | 13, 2, 2, 1)
    frame.pair("levels")
    frame.strings(["bad", "good"])
    frame.integers(254)
    frame.pair("names")
    frame.strings(["review", "score"])
    frame.integers(254)
    if kind == "xz":
        filters = [{"id": lzma.FILTER_LZMA2, "preset": 6}]
        packed = b"Z" + lzma.compress(frame.content, lzma.FORMAT_RAW, filters=filters)
    else:
        packed = zlib.compress(frame.content)
    packed = struct.pack(">i", len(frame.content)) + packed
    index = Writer()
    index.integers(0x200 | 19, 1)
    index.integers(0x200 | 19, 1)
    index.integers(13, 2, 3, len(packed))
    index.pair("names")
    index.strings(["reviews"])
    index.integers(254)
    index.pair("names")
    index.strings(["variables"])
    index.integers(254)
    Path(tmp_path, "Rdata.rdb").write_bytes(b"..." + packed)
    Path(tmp_path, "Rdata.rdx").write_bytes(zlib.compress(index.content))

    found = r_data.read_data_set(tmp_path, "reviews")

    assert found == {"review": ["Good.", "Très mauvais."], "score": ["good", "bad"]}
