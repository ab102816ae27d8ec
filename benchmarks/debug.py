"""Measures what it costs to be watched while one trains.

    python benchmarks/debug.py womens_clothing_reviews.csv

trains MiniLM-L6 on reviews of one width, again and again and in turn: with nobody looking on, with
the rules of `debug:` at their defaults, and with the profiler beside them, as every run has it. The
first steps, which compile, do not count. It prints the processor's time of a step, the least of
all rounds, and appends the figures to `results/debug.json`.
"""

from __future__ import annotations

import argparse
import time

import keras
import tensorflow as tf
from record import append_record
from reviews import CONFIG, RECIPE
from splits import WORK, prepare_splits
from tables import print_table

from reviewlens.models.settings import TrainingSettings
from reviewlens.models.tasks.building import build_model
from reviewlens.models.training.debugging.debugger import Debugger
from reviewlens.models.training.loop import train
from reviewlens.models.training.profiling.profiler import Profiler
from reviewlens.models.training.watching import StepSeen, Watcher

WATCHERS = {
    "nobody": lambda: [],
    "rules": lambda: [Debugger()],
    "rules and profiler": lambda: [Debugger(), Profiler()],
}
# Tokens of the reviews, of one padded width, the most frequent of the file.
LENGTHS = range(97, 105)
# Steps that do not count.
WARM_UP = 10


def main() -> None:
    """Measures, prints and records."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("csv", help="path of womens_clothing_reviews.csv")
    parser.add_argument("--steps", type=int, default=60)
    parser.add_argument("--batch-size", type=int, default=32)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--work", default=str(WORK / "womens-clothing"))
    arguments = parser.parse_args()
    tf.config.threading.set_intra_op_parallelism_threads(arguments.threads)
    tf.config.threading.set_inter_op_parallelism_threads(arguments.threads)

    splits = prepare_splits(arguments.csv, arguments.work, CONFIG)
    lengths = splits.graded.lengths
    chosen = [place for place, length in enumerate(lengths) if length in LENGTHS]
    rows = arguments.steps * arguments.batch_size
    # The same ones again where a trial brings too few.
    training = splits.graded.take([chosen[place % len(chosen)] for place in range(rows)])
    evaluation = splits.graded_evaluation.take(range(32))
    settings = TrainingSettings(epochs=1, batch_size=arguments.batch_size)
    least = dict.fromkeys(WATCHERS, float("inf"))
    for _ in range(arguments.rounds):
        for name, make in WATCHERS.items():
            keras.utils.set_random_seed(settings.seed)
            model = build_model(splits.task, splits.encoder, RECIPE.model, "bfloat16")
            clock = Clock(arguments.steps)
            watchers = [clock, *make()]
            train(model, training, evaluation, settings, task=splits.task, watchers=watchers)
            least[name] = min(least[name], clock.seconds / (arguments.steps - WARM_UP))
    base = least["nobody"]
    print_table(
        ("who looks on", "ms of the processor a step", "more, %"),
        [
            (name, f"{1000 * took:.1f}", f"{100 * (took / base - 1):+.1f}")
            for name, took in least.items()
        ],
    )
    append_record(
        "debug",
        {"steps": arguments.steps, "batch_size": arguments.batch_size, "seconds": least},
    )


class Clock(Watcher):
    """The processor's time of the steps after the first ones."""

    name = "clock"

    def __init__(self, steps: int):
        self.seconds, self._steps = 0.0, steps

    def step(self, seen: StepSeen) -> None:
        """Reads the clock, before those who come after it look on."""
        if seen.number in (WARM_UP, self._steps):
            self.seconds = time.process_time() - self.seconds


if __name__ == "__main__":
    main()
