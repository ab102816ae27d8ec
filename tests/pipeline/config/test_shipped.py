"""Every configuration that is shipped, and every piece of one that a page shows, is a right one."""

from __future__ import annotations

import csv
import dataclasses
import pathlib
import re

import pytest
import yaml

from reviewlens.pipeline import build_pipeline, load_config
from reviewlens.pipeline.beam_options import check_beam_options
from reviewlens.pipeline.config import Config, PretrainingConfig
from reviewlens.pipeline.graphs import graph_of
from reviewlens.pipeline.nodes import node_ids

REPOSITORY = pathlib.Path(__file__).parents[3]
SHIPPED = sorted((REPOSITORY / "configs").glob("*.yaml"))
# What docs/pretraining.md shows parts of.
OF_PRETRAINING = {
    **{"name": "texts", "output": "runs/texts", "task": PretrainingConfig.task},
    "data": {"input": "texts.csv", "text": "text"},
}
BLOCK = re.compile(r"^```yaml.*?\n(.*?)^```$", re.MULTILINE | re.DOTALL)


def blocks() -> list:
    """The YAML of the pages that is a configuration or a part of one."""
    kinds = (Config, PretrainingConfig)
    keys = {field.name for kind in kinds for field in dataclasses.fields(kind)}
    found = []
    for page in [REPOSITORY / "README.md", *sorted((REPOSITORY / "docs").glob("*.md"))]:
        for number, text in enumerate(BLOCK.findall(page.read_text(encoding="utf-8"))):
            block = yaml.safe_load(text)
            if isinstance(block, dict) and set(block) <= keys:
                whole = yaml.safe_load(SHIPPED[0].read_text(encoding="utf-8"))
                whole = OF_PRETRAINING if page.name == "pretraining.md" else whole
                found.append(pytest.param({**whole, **block}, id=f"{page.name}-{number}"))
    return found


def with_reviews(config: pathlib.Path, folder: pathlib.Path) -> list[str]:
    """What to override so that a configuration finds the file that its reader is to bring."""
    data = yaml.safe_load(config.read_text(encoding="utf-8"))["data"]
    if data["input"].startswith("package:"):
        return [f"output={folder}/run"]
    path = folder / "reviews.csv"
    columns = [*data["text"], data["rating"], *data.get("slices", ())]
    with open(path, "w", newline="", encoding="utf-8") as file:
        csv.writer(file).writerows([columns, ["1"] * len(columns)])
    return [f"output={folder}/run", f"data.input={path}"]


def test_the_package_ships_configurations():
    assert {path.name for path in SHIPPED} >= {"amazon-snippets.yaml", "womens-clothing.yaml"}


@pytest.mark.parametrize("path", SHIPPED, ids=lambda path: path.name)
def test_a_shipped_configuration_makes_a_pipeline(path, tmp_path):
    config = load_config(str(path), with_reviews(path, tmp_path))

    assert config.name == path.stem
    graph = graph_of(config)
    nodes = {node.id for node in build_pipeline(config).components}
    assert nodes == set(node_ids(graph.nodes)) - set(graph.left_out(config))
    command = f"reviewlens {config.COMMAND} configs/{path.name}"
    assert command in path.read_text(encoding="utf-8")


@pytest.mark.parametrize("whole", blocks())
def test_a_configuration_on_a_page_is_read_without_a_problem(whole, tmp_path):
    path = tmp_path / "config.yaml"
    path.write_text(yaml.safe_dump(whole, sort_keys=False), encoding="utf-8")

    check_beam_options(load_config(str(path)).beam)
