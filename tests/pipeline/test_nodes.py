"""What the table of nodes and partial runs know of the graph is what the graph is."""

from __future__ import annotations

import pathlib

import pytest

from reviewlens.errors import UsageError
from reviewlens.pipeline import build_pipeline, load_config
from reviewlens.pipeline.graphs import REVIEWS
from reviewlens.pipeline.kubeflow import KubeflowTarget
from reviewlens.pipeline.nodes import check_nodes, load, node_ids
from reviewlens.progress import notifying_to

NODES = node_ids(REVIEWS.nodes)

CONFIG = pathlib.Path(__file__).parents[2] / "configs" / "amazon-snippets.yaml"


@pytest.fixture(scope="module")
def build(tmp_path_factory):
    output = tmp_path_factory.mktemp("output")
    return lambda *overrides: build_pipeline(
        load_config(str(CONFIG), [f"output={output}", *overrides])
    )


@pytest.fixture(scope="module")
def pipeline(build):
    return build()


def test_the_table_holds_the_nodes_of_the_graph(build):
    components = build("export.precision=bfloat16").components
    assert sorted(node.id for node in components) == sorted(NODES)


@pytest.mark.parametrize(
    ("overrides", "missing"),
    [
        (["model.algorithm=ngrams"], {"encoder-fetcher", "encoder-validator", "trainer"}),
        (
            ["model.wide=off", "evaluation.ngram_baseline=false"],
            {"encoder-validator", "ngram-trainer"},
        ),
        (["model.wide=off"], {"encoder-validator"}),
        (["evaluation.ngram_baseline=false"], {"encoder-validator"}),
    ],
)
def test_a_graph_has_the_nodes_that_its_configuration_needs(build, overrides, missing):
    nodes = {node.id: node for node in build(*overrides).components}
    config = load_config(str(CONFIG), overrides)

    assert set(NODES) - set(nodes) == REVIEWS.left_out(config).keys() == missing
    for node in set(nodes) & {"evaluator", "exporter"}:
        before = {upstream.id for upstream in nodes[node].upstream_nodes}
        wanted = "model.wide=off" if node == "exporter" else "evaluation.ngram_baseline=false"
        of_ngrams = node == "exporter" if "trainer" in missing else wanted not in overrides
        assert ("ngram-trainer" in before) == of_ngrams


def test_classes_that_are_left_out_are_those_of_the_labels(build, tmp_path):
    (tmp_path / "reviews.csv").write_text("text,label\nFits.,POS\nFell apart.,NEG\nFits.,POS\n")
    columns = ["text=text", "label=label", "rating=null", "classes={}", "id=null", "group=null"]
    columns += [f"input={tmp_path}/reviews.csv", "format=auto", "slices=[]", "derived={}"]
    of_labels = [f"data.{column}" for column in columns]
    told = []
    with notifying_to(told.append):
        left_out, named = build(*of_labels), build(*of_labels, "data.classes=[NEG, POS]")

    assert told == ["classes, from the column 'label': NEG, POS"]
    for one, other in zip(left_out.components, named.components, strict=True):
        # So that naming them later makes nothing anew.
        assert one.exec_properties == other.exec_properties
    compiled = KubeflowTarget("kfp", "image", "minio://reviews")
    with pytest.raises(UsageError, match="data.classes: is left out, .* of the column 'label'"):
        build_pipeline(load_config(str(CONFIG), of_labels), target=compiled)


def test_a_partial_run_with_a_node_that_the_graph_lacks_says_why():
    missing = REVIEWS.left_out(load_config(str(CONFIG), ["model.algorithm=ngrams"]))
    with pytest.raises(UsageError) as raised:
        check_nodes("trainer", None, NODES, missing)

    assert str(raised.value) == (
        "--from trainer: this run has no such node, as model.algorithm is ngrams; it has "
        "review-example-gen, statistics-gen, schema-gen, example-validator, transform, "
        "ngram-trainer, exporter, latest-blessed, evaluator, serving-validator, pusher"
    )


def test_what_cannot_be_exported_as_asked_stops_the_run_before_the_training(build, pipeline):
    nodes = {node.id: node for node in build("export.precision=bfloat16").components}
    before = {node.id for node in nodes["transform"].upstream_nodes}
    assert {"example-validator", "encoder-validator"} <= before
    # And costs nothing where nothing of the kind is asked.
    assert "encoder-validator" not in {node.id for node in pipeline.components}


def test_what_follows_the_training_is_no_part_of_it(build, pipeline):
    """The trainer's settings are the same for whatever model is made of the weights."""
    changed = build("export.precision=bfloat16", "evaluation.decide_for=accuracy")
    trainers = [{n.id: n for n in p.components}["trainer"] for p in (pipeline, changed)]
    first, second = (trainer.exec_properties for trainer in trainers)
    assert first == second
    assert {node.id for node in trainers[1].upstream_nodes} == {"encoder-fetcher", "transform"}


def test_n_grams_are_no_part_of_the_training(build, pipeline):
    """Nor of what it is given: another setting of theirs must not train the encoder anew."""
    changed = build(
        *("model.wide=off", "evaluation.ngram_baseline=false", "evaluation.min_accuracy=0.6"),
        *("ngrams.words=3", "ngrams.epochs=2"),
    )
    for node in ("transform", "trainer"):
        first, second = (
            {n.id: n for n in p.components}[node].exec_properties for p in (pipeline, changed)
        )
        assert first == second


def test_what_a_node_contributes_is_there():
    named = [name for node in REVIEWS.nodes for name in (node.summary, node.report) if name]
    assert all(callable(load(name)) for name in named)


@pytest.mark.parametrize(
    ("from_node", "resolvers"),
    [
        ("transform", ["latest-blessed"]),
        ("evaluator", ["latest-blessed"]),
        # The evaluator, which it feeds, is left out.
        ("pusher", []),
    ],
)
def test_a_partial_run_asks_anew_for_the_baseline_where_it_is_used(pipeline, from_node, resolvers):
    from reviewlens.pipeline.local.dag_runner import resolvers_feeding

    assert resolvers_feeding(pipeline, from_node) == resolvers
