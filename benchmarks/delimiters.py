"""Judges how well the delimiter of a file is found, against csv.Sniffer and clevercsv.

    python benchmarks/delimiters.py womens_clothing_reviews.csv

writes rows of the Women's E-Commerce Clothing Reviews as spreadsheets do: with each of four
delimiters, with quotes where they are needed or around everything, with prices that have a decimal
point or a comma, with texts of several lines or of one, of one, two and four columns, 2 to 200
rows a file. All cells of a file come back; or it is asked; or rows have other numbers of cells than
the header, so that it is told; or it is read wrong without a word. Seconds are those of all files.
`reviewlens, columns known` is what a run does, whose configuration names the columns; `reviewlens`
is what `reviewlens init` does, which knows none.
clevercsv (van den Burg, Nazábal and Sutton, "Wrangling messy CSV files by detecting row and type
patterns", 2019) is taken from `runs/benchmarks/packages`, where `make bench-data` puts it. Appends
the figures to `results/delimiters.json`.
"""

from __future__ import annotations

import argparse
import csv
import io
import itertools
import random
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Callable
from pathlib import Path

from record import append_record
from tables import print_table

from reviewlens.errors import RunError
from reviewlens.files import list_files, settle_dialects

PACKAGES = Path(__file__).resolve().parents[1] / "runs" / "benchmarks" / "packages"
DELIMITERS = ",;\t|"
HOW = ("right", "asked", "malformed", "wrong")
HEADERS = (("text",), ("text", "stars"), ("id", "text", "price", "stars"))
# What each of them may read of a file.
HEAD = 1 << 18


def main() -> None:
    """Prints the table."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("csv", help="path of womens_clothing_reviews.csv")
    parser.add_argument("--rows", type=int, nargs="+", default=(2, 3, 10, 40, 200))
    parser.add_argument("--seeds", type=int, default=5)
    arguments = parser.parse_args()
    with open(arguments.csv, encoding="utf-8", newline="") as file:
        texts = [row["Review Text"] for row in csv.DictReader(file) if row["Review Text"]]
    finders: dict[str, Callable[[Path], str | None]] = {
        "reviewlens, columns known": lambda path: found(path, {"text": "data.text"}),
        "reviewlens": lambda path: found(path, {}),
        "csv.Sniffer": sniffed,
    }
    sys.path.append(str(PACKAGES))
    try:
        import clevercsv

        finders["clevercsv"] = lambda path: getattr(
            clevercsv.Detector().detect(head(path)), "delimiter", None
        )
    except ImportError:
        print("Without clevercsv, which `make bench-data` brings.")
    counts, seconds = judge(finders, texts, arguments.rows, arguments.seeds)
    files = counts[next(iter(finders))].total()
    print_table(
        ("of " + f"{files:,} files", *HOW, "seconds"),
        [
            (name, *(f"{counts[name][how]:,}" for how in HOW), f"{s:.1f}")
            for name, s in seconds.items()
        ],
    )
    rows, seeds = list(arguments.rows), arguments.seeds
    figures = {name: {**counts[name], "seconds": seconds[name]} for name in finders}
    append_record("delimiters", {"rows": rows, "seeds": seeds, "files": files, "found": figures})


def judge(finders, texts, sizes, seeds) -> tuple[dict[str, Counter], dict[str, float]]:
    """Counts what each of the finders makes of all files."""
    counts = {name: Counter() for name in finders}
    seconds = dict.fromkeys(finders, 0.0)
    quotings = (csv.QUOTE_MINIMAL, csv.QUOTE_ALL)
    ways = itertools.product(sizes, range(seeds), HEADERS, DELIMITERS, quotings, ".,")
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder, "reviews.csv")
        for size, seed, header, delimiter, quoting, point in ways:
            rows = [header, *drawn(texts, size, seed, header, point)]
            path.write_bytes(written(rows, delimiter, quoting).encode())
            for name, find in finders.items():
                begun = time.perf_counter()
                mark = find(path)
                seconds[name] += time.perf_counter() - begun
                counts[name]["asked" if mark is None else read(path, mark, rows)] += 1
    return counts, seconds


def drawn(texts, size: int, seed: int, header, point: str) -> list[tuple[str, ...]]:
    """Rows of a file."""
    draw = random.Random(seed)
    rows = []
    for number, text in enumerate(draw.sample(texts, size)):
        price = f"{draw.uniform(1, 90):.2f}".replace(".", point)
        lines = text.replace(". ", ".\n") if seed % 2 else text
        cells = {"id": str(number), "text": lines, "price": price, "stars": str(draw.randint(1, 5))}
        rows.append(tuple(cells[name] for name in header))
    return rows


def written(rows, delimiter: str, quoting: int) -> str:
    """A file as a spreadsheet writes it."""
    stream = io.StringIO(newline="")
    csv.writer(stream, delimiter=delimiter, quoting=quoting).writerows(rows)
    return stream.getvalue()


def read(path: Path, mark: str, rows) -> str:
    """Whether all cells come back with a delimiter; if not, whether their numbers show it."""
    with open(path, encoding="utf-8", newline="") as file:
        # Any that is no cell's reads them where none was found to be needed.
        found = list(map(tuple, csv.reader(file, delimiter=mark or "\0")))
    if found == rows:
        return "right"
    return "malformed" if len(set(map(len, found))) > 1 else "wrong"


def head(path: Path) -> str:
    """What the others are given."""
    return path.read_bytes().decode()[:HEAD]


def found(path: Path, columns: dict[str, str]) -> str | None:
    """What this package finds; None if it asks."""
    try:
        (file,) = settle_dialects(list_files(str(path)), columns).files
    except RunError as error:
        # It may be another question, such as what stands before fractions.
        if "set data.delimiter" in str(error) or not columns:
            return None
        return found(path, {})
    return file.dialect.separator


def sniffed(path: Path) -> str | None:
    """What the standard library finds; None if it cannot tell."""
    try:
        return csv.Sniffer().sniff(head(path), DELIMITERS).delimiter
    except csv.Error:
        return None


if __name__ == "__main__":
    main()
