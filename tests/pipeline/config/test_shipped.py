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
from reviewlens.pipeline.config import Config
from reviewlens.pipeline.graphs import REVIEWS
from reviewlens.pipeline.nodes import node_ids

REPOSITORY = pathlib.Path(__file__).parents[3]
SHIPPED = sorted((REPOSITORY / "configs").glob("*.yaml"))
BLOCK = re.compile(r"^```yaml.*?\n(.*?)^```$", re.MULTILINE | re.DOTALL)


def blocks() -> list:
    """The YAML of the pages that is a configuration or a part of one."""
    keys = {field.name for field in dataclasses.fields(Config)}
    found = []
    for page in [REPOSITORY / "README.md", *sorted((REPOSITORY / "docs").glob("*.md"))]:
        for number, text in enumerate(BLOCK.findall(page.read_text(encoding="utf-8"))):
            block = yaml.safe_load(text)
            if isinstance(block, dict) and set(block) <= keys:
                found.append(pytest.param(block, id=f"{page.name}-{number}"))
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
    pipeline = build_pipeline(config)
    nodes = {node.id for node in pipeline.components}
    assert {"review-example-gen", "trainer", "pusher"} <= nodes <= set(node_ids(REVIEWS.nodes))
    assert f"reviewlens run configs/{path.name}" in path.read_text(encoding="utf-8")


@pytest.mark.parametrize("block", blocks())
def test_a_configuration_on_a_page_is_read_without_a_problem(block, tmp_path):
    whole = {**yaml.safe_load(SHIPPED[0].read_text(encoding="utf-8")), **block}
    path = tmp_path / "config.yaml"
    path.write_text(yaml.safe_dump(whole, sort_keys=False), encoding="utf-8")

    check_beam_options(load_config(str(path)).beam)
