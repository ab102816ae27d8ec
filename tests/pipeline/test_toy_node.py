"""A node from this folder goes through a run: in the graph and the table, nothing else is told."""

from __future__ import annotations

import csv
import dataclasses
import pathlib

import pytest

from reviewlens.pipeline import build_pipeline, load_config, run_pipeline
from reviewlens.pipeline.graphs import REVIEWS
from reviewlens.pipeline.nodes import Node
from reviewlens.pipeline.report.table import render_report

HERE = pathlib.Path(__file__).parent
TABLE = (
    *REVIEWS.nodes,
    Node(
        "review-counter",
        "counts the reviews",
        summary="toy_node:summarize",
        report="toy_node:report",
    ),
)


@pytest.fixture
def run(config_file, tmp_path, monkeypatch):
    """Runs the real graph with the toy node in it, as far as that."""
    # TFX imports the executor by its name.
    monkeypatch.syspath_prepend(HERE)
    config = load_config(config_file())
    with open(tmp_path / "reviews.csv", "w", newline="", encoding="utf-8") as file:
        csv.writer(file).writerows(
            [["Title", "Review", "Rating"], *([f"{i}", "Good.", i % 5 + 1] for i in range(200))]
        )

    def build():
        from toy_node import CountReviews

        pipeline = build_pipeline(config)
        (example_gen,) = [n for n in pipeline.components if n.id == "review-example-gen"]
        toy = CountReviews(examples=example_gen.outputs["examples"]).with_id("review-counter")
        pipeline.components = [*pipeline.components, toy]
        return pipeline

    return lambda: run_pipeline(build, config.output, to_node="review-counter", nodes=TABLE)


def test_it_is_shown_cached_summed_up_and_reported(run, capfd):
    result = run()

    assert result.states["review-counter"] == "done"
    assert result.states["encoder-fetcher"] == "left out"
    lines = [" ".join(line.split()[1:]) for line in capfd.readouterr().out.splitlines()]
    assert "review-counter running counts the reviews" in lines
    assert sum(result.summary["counted"].values()) == 200
    assert result.summary["data"]["kept"] == 200
    assert list(result.summary["timings"]) == ["review-example-gen", "review-counter"]
    graph = dataclasses.replace(REVIEWS, nodes=TABLE)
    assert "counted  200" in render_report(result.summary, result.output, graph).splitlines()

    again = run()
    assert again.states["review-counter"] == "cached"
    assert again.summary["counted"] == result.summary["counted"]
