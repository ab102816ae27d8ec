"""Measures how the cost of taking texts in and packing them grows with the text.

    python benchmarks/segments.py womens_clothing_reviews.csv

repeats the texts of the Women's E-Commerce Clothing Reviews with perturbations to 1, 10, 100 and
1,000 MB, runs `text-example-gen` and `transform` of a pre-training with pairs on each file, each
node in a process of its own, and prints a table. Seconds are those of the node, without the
imports, by the clock and of the processor; memory is the peak of the process, and what of it came
on top of the imports. Appends the figures to `results/segments.json`.
"""

from __future__ import annotations

import argparse
import csv
import itertools
import json
import os
import random
import resource
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator

from record import append_record
from tables import print_table

from reviewlens.components.review_example_gen.settings import to_json
from reviewlens.components.tasks.masked_language_model.data import TextSettings
from reviewlens.models.encoders.sources.fetching import fetch_encoder

MEGABYTES = (1, 10, 100, 1000)
TASK = "masked-language-model"
BEAM_ARGS = ("--runner=FnApiRunner", "--sdk_container_image=unused")
COLUMNS = ("node", "text, MB", "seconds", "CPU s/MB", "MB/s", "peak RSS, MB", "above imports, MB")


def main() -> None:
    """Prints the table."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("csv", help="path of womens_clothing_reviews.csv")
    parser.add_argument("--megabytes", type=int, nargs="+", default=MEGABYTES)
    parser.add_argument("--measure", choices=["take_in", "pack"], help=argparse.SUPPRESS)
    arguments = parser.parse_args()
    if arguments.measure:
        print(json.dumps({"take_in": take_in, "pack": pack}[arguments.measure](arguments.csv)))
        return
    sizes: list[dict] = []
    print_table(COLUMNS, map(cells, measured_at(arguments.csv, arguments.megabytes, sizes)))
    append_record("segments", {"sizes": sizes})


def measured_at(source: str, megabytes: list[int], sizes: list[dict]) -> Iterator[dict]:
    """What was measured at each size, of each node; it is kept in `sizes`, too."""
    for size in megabytes:
        with tempfile.TemporaryDirectory() as folder:
            text = repeat(source, os.path.join(folder, "texts.csv"), size)
            for node, step in (("text-example-gen", "take_in"), ("transform", "pack")):
                command = [sys.executable, __file__, folder, "--measure", step]
                child = subprocess.run(command, check=True, stdout=subprocess.PIPE, text=True)
                found = json.loads(child.stdout.splitlines()[-1])
                sizes.append({"node": node, "text_mb": text, **found})
                yield sizes[-1]


def cells(size: dict) -> Iterator[str]:
    """A row of the table."""
    yield size["node"]
    yield f"{size['text_mb']:,.0f}"
    yield f"{size['seconds']:,.1f}"
    yield f"{size['cpu'] / size['text_mb']:.3f}"
    yield f"{size['text_mb'] / size['seconds']:.1f}"
    yield f"{size['peak']:,.0f}"
    yield f"{size['peak'] - size['imports']:,.0f}"


def repeat(source: str, target: str, megabytes: int) -> float:
    """Writes the texts again and again, some words of each changed places; gives their MB."""
    with open(source, newline="") as file:
        originals = [row["Review Text"] for row in csv.DictReader(file) if row["Review Text"]]
    draw = random.Random(1)
    written = 0
    with open(target, "w", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(["text"])
        for number, text in enumerate(itertools.cycle(originals)):
            if number >= len(originals):
                words = text.split(" ")
                for _ in range(3):
                    one, other = draw.randrange(len(words)), draw.randrange(len(words))
                    words[one], words[other] = words[other], words[one]
                text = f"{' '.join(words)} bought it {number // len(originals)} times."
            writer.writerow([text])
            written += len(text.encode())
            if written >= megabytes * 1e6:
                return written / 1e6
    raise AssertionError("no end of texts")


def take_in(folder: str) -> dict[str, float]:
    """Runs `text-example-gen` on the texts of a folder."""
    from tfx.types import standard_artifacts

    from reviewlens.components.review_example_gen.artifacts import RejectedRows
    from reviewlens.components.review_example_gen.executor import Executor

    examples, rejected = standard_artifacts.Examples(), RejectedRows()
    examples.uri, rejected.uri = f"{folder}/examples", f"{folder}/rejected"
    settings = TextSettings(f"{folder}/texts.csv", ("text",))
    executor = Executor(Executor.Context(beam_pipeline_args=list(BEAM_ARGS)))
    parameters = {"task": TASK, "input": settings.input, "settings": to_json(settings)}
    outputs = {"examples": [examples], "rejected": [rejected]}
    found = measured(lambda: executor.Do({}, outputs, parameters))
    return {**found, "documents": examples.get_int_custom_property("kept")}


def pack(folder: str) -> dict[str, float]:
    """Runs `transform` on what `take_in` left in a folder."""
    from tfx.types import standard_artifacts

    from reviewlens.components.segments.executor import Executor

    examples, encoder = standard_artifacts.Examples(), standard_artifacts.Model()
    examples.uri, encoder.uri = f"{folder}/examples", f"{folder}/encoder"
    examples.split_names = '["train", "eval", "test"]'
    fetch_encoder("minilm-l6", f"{folder}/encoder/Format-Serving")
    segments = standard_artifacts.Examples()
    segments.uri = f"{folder}/segments"
    executor = Executor(Executor.Context(beam_pipeline_args=list(BEAM_ARGS)))
    parameters = {"objectives": '["mlm", "nsp"]', "max_tokens": 128, "seed": 1}
    inputs = {"examples": [examples], "encoder": [encoder]}
    found = measured(lambda: executor.Do(inputs, {"segments": [segments]}, parameters))
    facts = {name: segments.get_int_custom_property(name) for name in ("segments", "pieces")}
    return {**found, **facts, "fill": segments.get_float_custom_property("fill")}


def measured(work) -> dict[str, float]:
    """Seconds of some work, and megabytes before it and at the peak."""
    sys.argv = sys.argv[:1]
    imports = peak_megabytes()
    started, cpu = time.perf_counter(), time.process_time()
    work()
    seconds, cpu = time.perf_counter() - started, time.process_time() - cpu
    return {"seconds": seconds, "cpu": cpu, "imports": imports, "peak": peak_megabytes()}


def peak_megabytes() -> float:
    """Of this process."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


if __name__ == "__main__":
    main()
