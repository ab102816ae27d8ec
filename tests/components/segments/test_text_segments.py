"""The node `transform` of a pre-training, run for real with Beam on texts that were taken in."""

from __future__ import annotations

import csv
import itertools
import json
import os
import re
import sys
from pathlib import Path

import pytest

from reviewlens.components import TextSegments
from reviewlens.components.review_example_gen import DataSettings
from reviewlens.components.segments import transforms
from reviewlens.components.tasks.masked_language_model.sentences import (
    sentence_ends,
    sentences_of,
)
from reviewlens.errors import RunError
from reviewlens.models.encoders.registry import load_tokenizer
from reviewlens.models.encoders.roberta.tokenizer import BytePairTokenizer
from reviewlens.models.encoders.truncation import UNCUT
from reviewlens.progress import notifying_to

SPLITS = {"train": 3, "eval": 1, "test": 1}
TOKENS = 48


@pytest.fixture
def take_in(tmp_path, ingest):
    """Gives texts to `review-example-gen`."""

    def run(texts):
        path = tmp_path / "texts.csv"
        with open(path, "w", newline="") as stream:
            csv.writer(stream).writerows([["text"], *([text] for text in texts)])
        data = DataSettings(str(path), ("text",), splits=SPLITS)
        return ingest(data, task="masked-language-model")

    return run


@pytest.fixture
def segment(make_artifact, tiny_encoder, beam_args, monkeypatch):
    """Runs the node on what was taken in; gives its artifact and the rows of each split."""
    from tfx.types import standard_artifacts

    from reviewlens.components.segments.executor import Executor

    monkeypatch.setattr(sys, "argv", sys.argv[:1])

    def run(found, objectives=("mlm",), seed=1):
        encoder = make_artifact(standard_artifacts.Model)
        os.symlink(tiny_encoder, os.path.join(encoder.uri, "Format-Serving"))
        segments = make_artifact(standard_artifacts.Examples)
        Executor(Executor.Context(beam_pipeline_args=beam_args)).Do(
            {"examples": [found.examples], "encoder": [encoder]},
            {"segments": [segments]},
            {"objectives": json.dumps(objectives), "max_tokens": TOKENS, "seed": seed},
        )
        return segments, {split: rows_of(segments, split) for split in SPLITS}

    return run


def rows_of(segments, split):
    """`(tokens, second, random_next)` of each segment, in the order of the files."""
    import tensorflow as tf

    files = sorted(map(str, Path(segments.uri, f"Split-{split}").iterdir()))
    rows = []
    for record in tf.data.TFRecordDataset(files, "GZIP"):
        features = tf.train.Example.FromString(record.numpy()).features.feature
        tokens, (second,), (random_next,) = (
            features[name].int64_list.value for name in ("tokens", "second", "random_next")
        )
        rows.append((list(tokens), second, random_next))
    return rows


def written(reviews):
    """Texts of some sentences, of which no two have one in common."""
    return [" ".join(some) for some in zip(*(reviews[n::3] for n in range(3)), strict=False)][:240]


def test_segments_hold_the_pieces_of_all_texts(take_in, segment, reviews, tiny_encoder):
    found = take_in(written(reviews))
    segments, rows = segment(found)
    tokenizer = load_tokenizer(tiny_encoder, max_tokens=UNCUT)
    start, end = tokenizer.start_id, tokenizer.end_id
    between = 0
    for split, texts in found.splits.items():
        assert all(
            row[0] == start and row[-1] == end and len(row) <= TOKENS for row, _, _ in rows[split]
        )
        assert {(second, random_next) for _, second, random_next in rows[split]} == {(0, -1)}
        pieces = list(itertools.chain(*(row[1:-1] for row, _, _ in rows[split])))
        between += pieces.count(end)
        pieces = [piece for piece in pieces if piece != end]
        given = tokenizer([text["text"] for text in texts]).to_list()
        assert len(pieces) == sum(len(row) - 2 for row in given)
        together = f" {' '.join(map(str, pieces))} "
        assert all(f" {' '.join(map(str, row[1:-1]))} " in together for row in given)
    facts = properties(segments)
    lengths = [len(row) for split in rows.values() for row, _, _ in split]
    assert between > 50 and facts["texts"] == found.counts["kept"] == 240
    assert facts["tokens"] == sum(lengths) == facts["pieces"] + between + 2 * len(lengths)
    assert facts["segments"] == len(lengths) == facts["train"] + facts["eval"] + facts["test"]
    assert (
        facts["fill"] == pytest.approx(sum(lengths) / len(lengths) / TOKENS) and facts["fill"] > 0.9
    )
    assert facts["pairs"] == facts["paired"] == facts["random"] == 0
    assert segments.split_names == '["train", "eval", "test"]'
    assert [path.name for path in Path(segments.uri, "Split-eval").iterdir()] == [
        "segments-00000-of-00001.gz"
    ]
    assert not Path(segments.uri, "parts").exists()


def test_pieces_of_sentences_are_those_of_their_text(reviews, tiny_encoder, byte_pair_files):
    """Also where white space is part of a piece, as in RoBERTa's."""
    texts = written(reviews)[:40]
    for tokenizer in (
        load_tokenizer(tiny_encoder, max_tokens=UNCUT),
        BytePairTokenizer(byte_pair_files, max_tokens=UNCUT),
    ):
        for text, row in zip(texts, tokenizer(texts).to_list(), strict=True):
            cut = [text[a:b] for a, b in itertools.pairwise([0, *sentence_ends(text)])]
            pieces = [row[1:-1] for row in tokenizer(cut).to_list()]
            assert len(cut) > 1 and list(itertools.chain(*pieces)) == row[1:-1]


def properties(artifact):
    return {
        name: value.int_value if value.HasField("int_value") else value.double_value
        for name, value in artifact.mlmd_artifact.custom_properties.items()
    }


def test_pairs_follow_in_a_text_or_are_from_two(take_in, segment, reviews, tiny_encoder):
    texts = written(reviews)
    found = take_in(texts)
    segments, rows = segment(found, ["mlm", "nsp"])
    tokenizer = load_tokenizer(tiny_encoder, max_tokens=UNCUT)
    end = tokenizer.end_id
    of_text = [
        " ".join(map(str, row[1:-1]))
        for row in tokenizer([row["text"] for row in found.rows]).to_list()
    ]
    follows = []
    for row, second, random_next in itertools.chain(*rows.values()):
        assert len(row) <= TOKENS and (second > 0) == (random_next >= 0)
        if not second:
            continue
        assert row[second - 1] == end and row[second] != end
        before, behind = row[1 : second - 1], row[second:-1]
        # The end of the first part and the beginning of the second one.
        before = before[len(before) - before[::-1].index(end) :] if end in before else before
        behind = behind[: behind.index(end)] if end in behind else behind
        joined = before[-8:] + behind[:8]
        found_in = any(" ".join(map(str, joined)) in text for text in of_text)
        # A piece or two stand before many others.
        follows.append(found_in == (random_next == 0) or min(len(before), len(behind)) < 4)
    facts = properties(segments)
    assert all(follows)
    assert facts["pairs"] == len(follows) and abs(2 * facts["random"] - facts["pairs"]) <= 3
    assert 0.5 < facts["paired"] < 1 and facts["fill"] > 0.9 and facts["single"] < 0.1

    # Whatever the order of the rows.
    _, again = segment(take_in(texts[::-1]), ["mlm", "nsp"])
    _, others = segment(found, ["mlm", "nsp"], seed=2)
    assert again["train"] == rows["train"] != others["train"]


def test_another_process_and_other_tasks_give_the_same(
    take_in, segment, reviews, beam_args, monkeypatch
):
    monkeypatch.setattr(transforms, "BUCKET_BYTES", 4096)
    monkeypatch.setattr(transforms, "_BATCH_BYTES", 3000)
    found = take_in(written(reviews))
    segments, rows = segment(found, ["mlm", "nsp"])
    assert len(list(Path(segments.uri, "Split-train").iterdir())) > 2
    monkeypatch.undo()
    monkeypatch.setattr(transforms, "BUCKET_BYTES", 4096)
    beam_args += ["--direct_running_mode=multi_processing", "--direct_num_workers=1"]
    apart, others = segment(found, ["mlm", "nsp"])
    assert others == rows and properties(apart) == properties(segments)


def test_what_cannot_be_learnt_is_told_in_one_line(take_in, segment):
    single = take_in(f"no. {n} is one sentence" for n in range(60))
    segment(single)
    with pytest.raises(
        RunError, match=r"has nsp, .* split train no .* 100% of them have one sentence only"
    ):
        segment(single, ["mlm", "nsp"])
    few = take_in(f"no. {n} is one{'. Is' if n < 15 else ''} sentence" for n in range(60))
    told = []
    with notifying_to(told.append):
        segment(few, ["nsp"])
    (line,) = told
    assert re.match(r"[678]\d% of the texts have one sentence only, .* \d\d% of the segments", line)
    nothing = take_in("\U000e0001" * (n + 1) for n in range(60))
    with pytest.raises(RunError, match="no word that the encoder's tokenizer knows"):
        segment(nothing)


def test_the_component_names_its_parameters():
    from tfx.types import channel, standard_artifacts

    node = TextSegments(
        examples=channel.Channel(type=standard_artifacts.Examples),
        encoder=channel.Channel(type=standard_artifacts.Model),
        objectives=["mlm", "nsp"],
    )
    assert node.exec_properties["objectives"] == '["mlm", "nsp"]'
    assert list(node.outputs) == ["segments"]
    assert list(sentences_of(b"a. b", [2, 4])) == [b"a.", b"b"]
