"""A model that finds entities: as it is exported, served, asked and checked before it is pushed."""

from __future__ import annotations

import asyncio
import json
import resource
import time
import types
from pathlib import Path

import httpx
import keras
import numpy as np
import pytest
import tensorflow as tf
import tensorflow_text  # noqa: F401
from hypothesis import given, settings
from hypothesis import strategies as st

from reviewlens.errors import UsageError
from reviewlens.models import TokenClassification
from reviewlens.models.encoders.bert.tokenizer import WordpieceTokenizer
from reviewlens.models.encoders.inputs import EncoderInputs
from reviewlens.models.encoders.roberta.tokenizer import BytePairTokenizer
from reviewlens.models.encoders.truncation import UNCUT
from reviewlens.models.encoders.windows import Windows
from reviewlens.models.tasks.calibration import Calibration
from reviewlens.models.tasks.token_classification.decision import EntityDecision
from reviewlens.pipeline.cli import main
from reviewlens.serving import Client, EncoderModel, LocalModel, export_model
from reviewlens.serving.deployment.compatibility import may_be_split, oldest_release, operations_of
from reviewlens.serving.tasks.token_classification.answers import read_arrays
from reviewlens.serving.tasks.token_classification.requests import problem
from reviewlens.serving.validation import HOSTILE_TEXTS, validate_model

LABELS = ("part", "brand")
# The tag of a word; all others are of no entity.
TAGS = {"battery": 1, "life": 2, "customer": 1, "service": 2, "nikon": 3, "canon": 3}
DECISION = EntityDecision(
    Calibration(1.0, (0.0,) * 5), Calibration(1.0, (0.0, 0.0)), label_pieces="first"
)
# (text, what is found in it)
EXAMPLES = [
    ("The battery life is great", [(4, 16, "part")]),
    ("Café 👍🏽: CANON, e\u0301 (Nikon's)", [(9, 14, "brand"), (20, 25, "brand")]),
    ("life is good", []),
    ("battery battery\tlife\r\ncustomer", [(0, 7, "part"), (8, 20, "part"), (22, 30, "part")]),
    ("", []),
    (" \u200b\n", []),
    ("nikon", [(0, 5, "brand")]),
]


class Gazetteer(keras.Model):
    """Knows the tags of tokens by heart."""

    def __init__(self, tags, size):
        super().__init__()
        logits = np.full((size, 5), -4, np.float32)
        # What comes next if a tag is impossible.
        logits[:, 0] = 0
        logits[np.arange(size), [tags.get(index, 0) for index in range(size)]] = 4
        self.encoder = types.SimpleNamespace(inputs=EncoderInputs(has_types=False))
        self.table = self.add_weight(shape=logits.shape, name="table")
        self.table.assign(logits)
        self.built = True

    def call(self, inputs, training=None):
        return tf.gather(tf.convert_to_tensor(self.table), inputs["input_word_ids"])


def export(directory, tokenizer, pieces, windows, decision=DECISION):
    """Exports a model that finds what `TAGS` says, given how a word is written as a piece."""
    ids = {tokenizer(tf.constant([word]))[0].numpy()[1]: tag for word, tag in pieces.items()}
    model = EncoderModel(Gazetteer(ids, tokenizer.vocabulary_size), tokenizer, True, windows)
    task = TokenClassification(LABELS, decision.label_pieces)
    export_model(directory, task=task, model=model, decision=decision)
    return directory


@pytest.fixture(scope="module")
def tokenizer(tiny_vocabulary):
    return WordpieceTokenizer(tiny_vocabulary, lower_case=True, max_tokens=UNCUT)


@pytest.fixture(scope="module")
def directory(tokenizer, tmp_path_factory):
    """A model whose encoder reads six tokens at once."""
    return export(
        str(tmp_path_factory.mktemp("aspects") / "1"), tokenizer, TAGS, Windows(8, stride=3)
    )


@pytest.fixture(scope="module")
def local(directory):
    return LocalModel(directory)


@pytest.fixture(scope="module")
def serve(directory):
    model = tf.saved_model.load(directory)

    def ask(texts, signature="entities"):
        outputs = model.signatures[signature](text=tf.constant(texts, tf.string))
        return {name: value.numpy() for name, value in outputs.items()}

    ask.model = model
    return ask


def assert_same(found, expected):
    """The same entities; how many others are asked about changes the last digits of the scores."""
    assert plain(found) == plain(expected)
    scores = [[entity.score for each in of for entity in each] for of in (found, expected)]
    assert scores[0] == pytest.approx(scores[1], abs=1e-5)


def plain(found):
    return [[(entity.start, entity.end, entity.label) for entity in each] for each in found]


def test_signatures_are_those_of_the_contract(serve):
    assert set(serve.model.signatures) == {"serving_default", "entities"}
    dtypes = {"start": tf.int64, "end": tf.int64, "label": tf.string, "score": tf.float32}
    dtypes["entity"] = tf.string
    for signature in serve.model.signatures.values():
        expected = {"text": tf.TensorSpec([None], tf.string, "text")}
        assert signature.structured_input_signature[1] == expected
        shapes = {name: spec.shape.as_list() for name, spec in signature.structured_outputs.items()}
        assert shapes == {**dict.fromkeys(dtypes, [None, None]), "count": [None]}
        for name, dtype in {**dtypes, "count": tf.int64}.items():
            assert signature.structured_outputs[name].dtype == dtype


def test_entities_are_where_python_finds_them(local):
    texts, expected = zip(*EXAMPLES, strict=True)
    found = local.entities(texts)
    assert plain(found) == list(expected)
    for text, entities in zip(texts, found, strict=True):
        for entity in entities:
            assert text[entity.start : entity.end] == entity.text
            assert 0.9 < entity.score <= 1
    assert plain(local.entities([texts[1]])) == [expected[1]]
    assert local.entities([]) == []


def test_what_a_text_has_beyond_its_own_entities_is_nothing(serve):
    outputs = serve(["nikon", "none", "battery life, canon"])
    assert outputs["count"].tolist() == [1, 0, 2]
    assert outputs["start"].tolist() == [[0, 0], [0, 0], [0, 14]]
    assert outputs["end"].tolist() == [[5, 0], [0, 0], [12, 19]]
    assert outputs["label"].tolist() == [[b"brand", b""], [b"", b""], [b"part", b"brand"]]
    assert outputs["entity"].tolist() == [[b"nikon", b""], [b"", b""], [b"battery life", b"canon"]]
    assert ((outputs["score"] > 0) == (outputs["end"] > 0)).all()
    for nothing in (serve([]), serve(["none", ""])):
        assert nothing["start"].shape == (len(nothing["count"]), 0)
        assert not nothing["count"].any()


def test_entities_across_the_seams_are_those_of_an_encoder_that_reads_all(
    local, tokenizer, tmp_path
):
    wide = LocalModel(export(str(tmp_path / "1"), tokenizer, TAGS, Windows(10_000, 1)))
    names = ["battery life", "nikon", "customer service", "great", "battery battery life"]
    texts = [
        " ".join(f"{'so ' * (n % 5)}{names[n % 3 + n % 2]}" for n in range(length))
        for length in (1, 3, 7, 60, 400)
    ]
    expected = wide.entities(texts)
    assert_same(local.entities(texts), expected)
    assert len(expected[-1]) > 300
    # Every place in a window has been the seam of an entity of two words.
    assert {entity.start % 13 for entity in expected[-1] if " " in entity.text} == set(range(13))


def test_every_piece_may_be_named_instead_of_words(tokenizer, tmp_path):
    decision = EntityDecision(DECISION.calibration, DECISION.scores, label_pieces="all")
    local = LocalModel(export(str(tmp_path / "1"), tokenizer, TAGS, Windows(8, stride=3), decision))
    # Of "canons" the vocabulary has "canon" and "##s".
    assert plain(local.entities(["canons", "battery life"])) == [
        [(0, 5, "brand")],
        [(0, 12, "part")],
    ]


def test_the_first_piece_speaks_for_its_word(local):
    assert plain(local.entities(["canons, scanon"])) == [[(0, 6, "brand")]]


def test_byte_pairs_are_served_as_well(byte_pair_files, tmp_path):
    tokenizer = BytePairTokenizer(byte_pair_files, max_tokens=UNCUT)
    pieces = {f" {word}": tag for word, tag in TAGS.items() if word != "nikon"}
    directory = export(str(tmp_path / "1"), tokenizer, pieces, Windows(8, stride=3))
    serve = tf.saved_model.load(directory).signatures["entities"]
    texts = ["Great battery life 👍🏽, customer service", "\u00a0 \n"]
    outputs = {name: value.numpy() for name, value in serve(text=tf.constant(texts)).items()}
    assert plain(each.entities for each in read_arrays(outputs, LABELS)) == [
        [(6, 18, "part"), (23, 39, "part")],
        [],
    ]
    hostile = tf.constant([text[:50_000] for text in HOSTILE_TEXTS.values()])
    outputs = {name: value.numpy() for name, value in serve(text=hostile).items()}
    assert problem("entities", {"text": hostile}, outputs, []) == ""
    assert oldest_release(directory) == (2, 12)


def test_only_operations_that_stock_tf_serving_links(directory):
    custom = {name for name in operations_of(directory) if not hasattr(tf.raw_ops, name)}
    assert custom <= {
        "ConstrainedSequence",
        "FastBertNormalize",
        "FastWordpieceTokenizeWithOffsets",
    }
    assert oldest_release(directory) == (2, 12)
    assert not may_be_split(directory)


def test_the_card_tells_of_windows(directory):
    card = json.loads(Path(directory, "assets.extra/model.json").read_text())
    assert (card["task"], card["labels"]) == ("token-classification", list(LABELS))
    assert (card["max_tokens"], card["stride"], card["label_pieces"]) == (8, 3, "first")
    assert "truncation" not in card


def test_a_server_would_take_it(directory):
    assert validate_model(directory) == []


def test_a_wrong_answer_is_no_reason_to_push(serve):
    texts = ["nikon", "battery life, canon"]
    inputs = {"text": tf.constant(texts)}
    good = serve(texts)
    labels = [label.encode() for label in LABELS]
    assert problem("entities", inputs, good, labels) == ""

    def told(**changed):
        outputs = {name: value.copy() for name, value in good.items()}
        for name, (row, column, value) in changed.items():
            outputs[name][row, column] = value
        return problem("entities", inputs, outputs, labels)

    assert "empty or overlap" in told(end=(0, 0, 0))
    assert "empty or overlap" in told(start=(1, 1, 3))
    assert "not what stands there in text 1" in told(end=(1, 1, 18))
    assert "not what stands there in text 1" in told(entity=(1, 0, b"battery"))
    assert "unknown labels [b'food'] in text 0" in told(label=(0, 0, b"food"))
    assert "no probabilities" in told(score=(0, 0, np.nan))
    assert "start of more entities than there are" in told(start=(0, 1, 3))
    assert "1 texts" in problem("entities", {"text": tf.constant(texts[:1])}, good, labels)
    wide = good | {"count": good["count"] - 1}
    assert "which is to be (2, 1)" in problem("entities", inputs, wide, labels)


@given(
    st.lists(
        st.one_of(
            st.lists(st.sampled_from([*TAGS, " ", "é", "👍🏽", "\0", "\u202e"]), max_size=30).map(
                lambda words: "".join(words).encode()
            ),
            st.text(max_size=40).map(lambda text: text.encode("utf-8", "replace")),
            st.binary(max_size=30),
        ),
        max_size=6,
    )
)
@settings(max_examples=60, deadline=None, derandomize=True)
def test_whatever_is_asked_the_answer_fits_it(serve, texts):
    labels = [label.encode() for label in LABELS]
    outputs = serve(texts)
    assert problem("entities", {"text": tf.constant(texts, tf.string)}, outputs, labels) == ""
    # What is no UTF-8 counts a character for each byte that is none, and comes back as such marks.
    for text, *found in zip(texts, *(outputs[n] for n in ("count", "entity")), strict=True):
        assert all(part.decode() for part in found[1][: found[0]]), text


def test_hostile_texts_do_not_disturb_their_neighbours(serve, reviews):
    texts = [text.encode() for text in reviews[:8]] + [b"battery life"]
    alone = serve(texts)
    mixed = serve(texts + list(HOSTILE_TEXTS.values()))
    width = alone["start"].shape[1]
    for name, values in alone.items():
        found = mixed[name][:9] if name == "count" else mixed[name][:9, :width]
        np.testing.assert_array_equal(found, values)
    assert alone["count"][8] == 1 and mixed["count"][8] == 1


def test_time_and_memory_grow_with_the_text(serve):
    """A text of a million characters takes some ten times what one of a hundred thousand does."""
    unit = "the battery life 👍🏽 is so-so; canon?\n"
    short, long = unit * 3_000, unit * 30_000
    serve([short])
    # Of the processor, as the machine may have other work as well.
    before = time.process_time(), resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    assert serve([short])["count"].tolist() == [6_000]
    between = time.process_time()
    assert serve([long, "nikon"])["count"].tolist() == [60_000, 1]
    after = time.process_time(), resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    assert after[0] - between < 60 * (between - before[0])
    # KiB; anything that holds the text for each of its pieces would take a hundred times as much.
    assert after[1] - before[1] < 1_500_000


def test_many_texts_beside_one_full_of_entities_do_not_fill_the_memory(serve, local):
    texts = ["canon " * 30_000] + [""] * 150
    with pytest.raises(tf.errors.InvalidArgumentError, match="ask about fewer texts at once"):
        serve(texts)
    assert [len(found) for found in local.entities(texts)] == [30_000] + [0] * 150
    assert serve(texts[:100])["count"][0] == 30_000


@pytest.fixture(scope="module")
def server(beside_a_classifier, directory, flags):
    return beside_a_classifier("aspects", directory, **flags)


@pytest.fixture(params=["rest", "grpc"])
def connect(request, server):
    def open_client(model="aspects", **options):
        address = getattr(server, request.param)
        return Client(address, model=model, transport=request.param, **options)

    return open_client


def test_a_client_gets_what_the_model_itself_says(connect, local, reviews):
    """Texts of one request, and requests of one batch, with and without entities."""
    texts = [text for text, _ in EXAMPLES] + reviews[:200] + ["canon " * 30]
    expected = local.entities(texts)
    assert sum(map(len, expected)) > 50
    with connect(batch_size=5) as client:
        assert_same(client.entities(iter(texts)), expected)
        assert_same([list(each.entities) for each in client.predict(texts)], expected)
        assert_same(asyncio.run(client.entities_async(texts)), expected)
        assert client.entities(["", "none"]) == [[], []]
        assert client.entities([]) == []
    with connect(batch_size=300) as client:
        assert_same(client.entities(texts), expected)


def test_a_model_for_another_task_is_refused_by_name(connect, served):
    message = "the model reviews is for text-classification; one for token-classification is need"
    with connect(model="reviews") as client:
        with pytest.raises(UsageError, match=message):
            client.entities(["fine"])
        with pytest.raises(UsageError, match=message):
            asyncio.run(client.entities_async(["fine"]))
    with pytest.raises(UsageError, match="is for text-classification; one for token-"):
        LocalModel(served.directory).entities(["fine"])


def test_rest_answers_by_rows_and_by_columns(server):
    url = f"http://{server.rest}/v1/models/aspects:predict"
    texts = ["nikon", "battery life, canon", "none"]
    rows = httpx.post(url, json={"instances": texts, "signature_name": "entities"}).json()
    columns = httpx.post(url, json={"inputs": {"text": texts}}).json()["outputs"]
    first, second, third = rows["predictions"]
    assert first["entity"] == ["nikon", ""] and first["count"] == 1
    assert second["start"] == [0, 14] and second["end"] == [12, 19]
    assert third["label"] == ["", ""] and third["score"] == [0.0, 0.0] and third["count"] == 0
    assert columns == {name: [row[name] for row in rows["predictions"]] for name in first}
    nothing = httpx.post(url, json={"instances": ["none"]}).json()["predictions"]
    assert nothing == [
        {**dict.fromkeys(["start", "end", "label", "score", "entity"], []), "count": 0}
    ]


def test_the_command_line_marks_the_entities(directory, tmp_path, capfd):
    texts = ["The [battery life] is great", "none"]
    assert main(["predict", "--model", directory, *texts]) == 0
    assert [line.rstrip() for line in capfd.readouterr().out.splitlines()] == [
        "entities  text",
        "1         The [[battery life|part 0.98]] is great",
        "0         none",
    ]
    source, target = tmp_path / "in.txt", tmp_path / "out.jsonl"
    source.write_text("".join(f"{text}\n" for text in texts))
    files = ["--input", str(source), "--output", str(target)]
    assert main(["predict", "--model", directory, *files]) == 0
    first, second = map(json.loads, target.read_text().splitlines())
    assert first["predicted_entities"][0]["text"] == "battery life"
    assert second == {"text": "none", "predicted_entities": []}
