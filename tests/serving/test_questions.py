"""A model that answers questions: as it is exported, served, asked and checked."""

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
from reviewlens.models import QuestionAnswering
from reviewlens.models.encoders.bert.tokenizer import WordpieceTokenizer
from reviewlens.models.encoders.inputs import EncoderInputs
from reviewlens.models.encoders.roberta.tokenizer import BytePairTokenizer
from reviewlens.models.encoders.truncation import UNCUT
from reviewlens.models.encoders.windows import Windows
from reviewlens.models.tasks.question_answering.decision import AnswerDecision
from reviewlens.pipeline.cli import main
from reviewlens.serving import Client, EncoderModel, LocalModel, export_model
from reviewlens.serving.deployment.compatibility import may_be_split, oldest_release, operations_of
from reviewlens.serving.tasks.question_answering.requests import problem
from reviewlens.serving.tasks.question_answering.signatures import make_signatures
from reviewlens.serving.validation import HOSTILE_TEXTS, validate_model

DECISION = AnswerDecision.unfitted()
# Logits of a word that is in the question, too: whether an answer begins, and ends, with it.
WORDS = {"battery": (8, -8), "life": (-8, 8), "nikon": (8, 8), "canon": (9, 9)}
NOTHING, ELSE = (4, 4), (-8, -8)
# (question, context, where the answer is)
EXAMPLES = [
    ("battery life?", "The battery life is great", (4, 16)),
    ("nikon or canon?", "Café 👍🏽: CANON, e\u0301 (Nikon's)", (9, 14)),
    ("battery life?", "life of the battery", None),
    ("nikon?", "The battery life is great", None),
    ("battery life?", "", None),
    ("battery life?", " \u200b\n", None),
    ("", "nikon", None),
    ("\u200b", "nikon nikon", None),
    ("nikon", "nikon", (0, 5)),
]
PAIRS = [pair for *pair, _ in EXAMPLES]


class Echo(keras.Model):
    """Finds words of the question in the context."""

    def __init__(self, words, size, inputs):
        super().__init__()
        self.encoder = types.SimpleNamespace(inputs=inputs)
        table = [words.get(index, ELSE) for index in range(size)]
        self.table = self.add_weight(shape=(size, 2), name="table")
        self.table.assign(np.array(table, np.float32))
        self.built = True

    def call(self, inputs, training=None):
        ids = inputs["input_word_ids"]
        again = tf.reduce_sum(tf.cast(ids[:, :, None] == ids[:, None, :], tf.int32), axis=2) > 1
        # Where an encoder tells them apart, those of the question do not count.
        again &= tf.cast(inputs.get("input_type_ids", tf.ones_like(ids)), tf.bool)
        logits = tf.where(again[..., None], tf.gather(tf.convert_to_tensor(self.table), ids), ELSE)
        is_first = tf.one_hot(0, tf.shape(ids)[1], dtype=tf.bool, on_value=True, off_value=False)
        return tf.where(is_first[None, :, None], tf.constant(NOTHING, tf.float32), logits)


class Dice(keras.Model):
    """Has logits for each token, whatever is around it."""

    def __init__(self, table, inputs):
        super().__init__()
        self.encoder = types.SimpleNamespace(inputs=inputs)
        self.table = self.add_weight(shape=table.shape, name="table")
        self.table.assign(table)
        self.built = True

    def call(self, inputs, training=None):
        return tf.gather(tf.convert_to_tensor(self.table), inputs["input_word_ids"])


def make_model(tokenizer, windows, pieces=WORDS, inputs=None):
    """A model that answers with words of `WORDS`, given how one is written as a piece."""
    ids = {tokenizer(tf.constant([word]))[0].numpy()[1]: logits for word, logits in pieces.items()}
    echo = Echo(ids, tokenizer.vocabulary_size, inputs or EncoderInputs())
    return EncoderModel(echo, tokenizer, True, windows)


def export(directory, model):
    export_model(directory, task=QuestionAnswering(), model=model, decision=DECISION)
    return directory


def in_a_graph(model, decision=DECISION):
    """What answers, without an export."""
    served = types.SimpleNamespace(read_pairs=model.read_pairs, decision=decision)
    return make_signatures(served)["answer"]


@pytest.fixture(scope="module")
def tokenizer(tiny_vocabulary):
    return WordpieceTokenizer(tiny_vocabulary, lower_case=True, max_tokens=UNCUT)


@pytest.fixture(scope="module")
def directory(tokenizer, tmp_path_factory):
    """A model that reads twelve tokens at once, at most six of them of the question."""
    model = make_model(tokenizer, Windows(12, 3, most_head=6))
    return export(str(tmp_path_factory.mktemp("questions") / "1"), model)


@pytest.fixture(scope="module")
def local(directory):
    return LocalModel(directory)


@pytest.fixture(scope="module")
def serve(directory):
    model = tf.saved_model.load(directory)

    def ask(questions, contexts, signature="answer"):
        inputs = {"question": questions, "context": contexts}
        inputs = {name: tf.constant(texts, tf.string) for name, texts in inputs.items()}
        outputs = model.signatures[signature](**inputs)
        outputs = {name: value.numpy() for name, value in outputs.items()}
        assert problem(signature, inputs, outputs, []) == ""
        return outputs

    ask.model = model
    return ask


def places(answers):
    return [(answer.start, answer.end) if answer.text else None for answer in answers]


def assert_same(found, expected):
    """The same answers; how many others are asked about changes the last digits of the scores."""
    assert places(found) == places(expected)
    scores = [[answer.score for answer in of] for of in (found, expected)]
    assert scores[0] == pytest.approx(scores[1], abs=1e-5)


def test_signatures_are_those_of_the_contract(serve):
    assert set(serve.model.signatures) == {"serving_default", "answer"}
    dtypes = {"answer": tf.string, "start": tf.int64, "end": tf.int64, "score": tf.float32}
    for signature in serve.model.signatures.values():
        names = ("question", "context")
        expected = {name: tf.TensorSpec([None], tf.string, name) for name in names}
        assert signature.structured_input_signature[1] == expected
        for name, dtype in dtypes.items():
            spec = signature.structured_outputs[name]
            assert (spec.dtype, spec.shape.as_list()) == (dtype, [None])
        assert set(signature.structured_outputs) == set(dtypes)


def test_answers_are_where_python_finds_them(local):
    found = local.answers(PAIRS)
    assert places(found) == [place for *_, place in EXAMPLES]
    for (_, context), answer in zip(PAIRS, found, strict=True):
        assert context[answer.start : answer.end] == answer.text
        assert 0.8 < answer.score <= 1
    assert [local.answers([pair])[0].text for pair in PAIRS] == [answer.text for answer in found]
    assert local.answers([]) == []


def test_answers_across_the_seams_are_those_of_an_encoder_that_reads_all(serve, tokenizer):
    wide = in_a_graph(make_model(tokenizer, Windows(500, 1, most_head=6)))
    contexts = [f"{'so ' * length}battery life{' so' * (97 - length)}" for length in range(97)]
    contexts += ["so " * 200]
    questions = ["battery life?"] * len(contexts)
    expected = wide(tf.constant(questions), tf.constant(contexts))
    found = serve(questions, contexts)
    assert found["answer"].tolist() == [b"battery life"] * 97 + [b""]
    np.testing.assert_array_equal(found["start"], expected["start"])


def test_of_a_long_question_the_beginning_is_read(local):
    pairs = [("nikon" + " is it" * length, "so a nikon") for length in (0, 100)]
    assert [answer.text for answer in local.answers(pairs)] == ["nikon", "nikon"]
    assert local.answers([("is it " * 100 + "nikon?", "so a nikon")])[0].text == ""


def test_byte_pairs_are_served_as_well(byte_pair_files):
    tokenizer = BytePairTokenizer(byte_pair_files, max_tokens=UNCUT)
    pieces = {f" {word}": logits for word, logits in WORDS.items() if word in ("battery", "life")}
    inputs = EncoderInputs(padding_id=tokenizer.padding_id, has_types=False)
    model = make_model(tokenizer, Windows(16, 3, most_head=8), pieces, inputs)
    contexts = [f"{'👍🏽 ' * length}has a battery life, so".encode() for length in (0, 1, 9)]
    hostile = [text[:50_000] for text in HOSTILE_TEXTS.values()]
    questions = tf.constant([b"Great battery life?"] * 3 + hostile)
    asked = {"question": questions, "context": tf.constant(contexts + hostile)}
    outputs = {name: value.numpy() for name, value in in_a_graph(model)(**asked).items()}
    assert outputs["answer"][:3].tolist() == [b"battery life"] * 3
    assert problem("answer", asked, outputs, []) == ""


def test_only_operations_that_stock_tf_serving_links(directory):
    custom = {name for name in operations_of(directory) if not hasattr(tf.raw_ops, name)}
    assert custom <= {"FastBertNormalize", "FastWordpieceTokenizeWithOffsets"}
    assert oldest_release(directory) == (2, 12)
    assert may_be_split(directory)


def test_the_card_tells_of_the_task(directory):
    card = json.loads(Path(directory, "assets.extra/model.json").read_text())
    assert (card["task"], card["max_answer_tokens"]) == ("question-answering", 30)
    assert (card["max_tokens"], card["stride"]) == (12, 3)


def test_a_server_would_take_it(directory):
    assert validate_model(directory) == []


def test_a_wrong_answer_is_no_reason_to_push(serve):
    questions, contexts = ["nikon?", "canon?"], ["a nikon", "none"]
    good = serve(questions, contexts)

    def told(asked=contexts, **changed):
        outputs = {name: value.copy() for name, value in good.items()}
        for name, (row, value) in changed.items():
            outputs[name][row] = value
        return problem("answer", {"context": tf.constant(asked)}, outputs, [])

    assert told() == ""
    assert "not what stands there in context 0" in told(end=(0, 6))
    assert "not what stands there in context 0" in told(answer=(0, b"a"))
    assert "no answer, from 0 to 2, in context 1" in told(end=(1, 2))
    assert "an answer from 7 to 7 in context 0" in told(start=(0, 7))
    assert "no probability, nan, in context 1" in told(score=(1, np.nan))
    assert "of shape (2,) for 1 contexts" in told(contexts[:1])


TEXTS = st.one_of(
    st.lists(st.sampled_from([*WORDS, " ", "é", "👍🏽", "\0", "\u202e"]), max_size=30).map(
        lambda words: "".join(words).encode()
    ),
    st.text(max_size=40).map(lambda text: text.encode("utf-8", "replace")),
    st.binary(max_size=30),
)


@pytest.fixture(scope="module", params=["word pieces", "byte pairs"])
def guess(request, tokenizer, byte_pair_files):
    """Answers with whatever the ids of the tokens say, and always."""
    if request.param == "byte pairs":
        tokenizer = BytePairTokenizer(byte_pair_files, max_tokens=UNCUT)
    inputs = EncoderInputs(padding_id=tokenizer.padding_id, has_types=False)
    table = np.random.default_rng(0).normal(size=(tokenizer.vocabulary_size, 2))
    model = EncoderModel(Dice(table, inputs), tokenizer, True, Windows(12, 3, most_head=6))
    return in_a_graph(model, AnswerDecision.unfitted(threshold=None))


@given(st.lists(st.tuples(TEXTS, TEXTS), max_size=6))
@settings(max_examples=60, deadline=None, derandomize=True)
def test_whatever_is_asked_the_answer_fits_the_context(guess, pairs):
    columns = zip(
        ("question", "context"), zip(*pairs, strict=True) if pairs else ((), ()), strict=True
    )
    inputs = {name: tf.constant(texts, tf.string) for name, texts in columns}
    outputs = {name: value.numpy() for name, value in guess(**inputs).items()}
    assert problem("answer", inputs, outputs, []) == ""
    found = (outputs[name].tolist() for name in ("answer", "start", "end"))
    for (_, context), answer, start, end in zip(pairs, *found, strict=True):
        # What is no UTF-8 counts a character for each byte that is none, and comes back as marks.
        marked = tf.strings.unicode_transcode(context, "UTF-8", "UTF-8").numpy().decode()
        assert marked[start:end] == answer.decode()


def test_an_answer_has_whole_characters(guess):
    """Byte pairs may part the bytes of one."""
    contexts = ["👍🏽👩‍👩‍👧‍👦", "é" * 50, "漢字かな" * 9]
    outputs = guess(tf.constant(["which?"] * 3), tf.constant(contexts))
    found = (outputs[name].numpy().tolist() for name in ("answer", "start", "end"))
    for context, answer, start, end in zip(contexts, *found, strict=True):
        assert answer.decode() == context[start:end] != ""


def test_hostile_texts_do_not_disturb_their_neighbours(serve):
    questions, contexts = map(list, zip(*PAIRS, strict=True))
    alone = serve(questions, contexts)
    hostile = list(HOSTILE_TEXTS.values())
    mixed = serve(questions + hostile + ["nikon?"] * 8, contexts + ["nikon"] * 8 + hostile)
    for name, values in alone.items():
        np.testing.assert_array_equal(mixed[name][: len(PAIRS)], values)


def test_time_and_memory_grow_with_the_texts(serve):
    """A pair of a million characters takes some ten times what one of a hundred thousand does."""
    unit = "the battery is so 👍🏽; canon?\n"
    short, long = unit * 3_300, unit * 33_000
    serve([short], [short])
    # Of the processor, as the machine may have other work as well.
    before = time.process_time(), resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    serve([short], [short])
    between = time.process_time()
    assert serve([long, "life?"], [f"{long} battery life", "a battery life"])["end"].tolist()
    after = time.process_time(), resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    assert after[0] - between < 60 * (between - before[0])
    # KiB; anything that holds the text for each of its pieces would take a hundred times as much.
    assert after[1] - before[1] < 1_500_000


@pytest.fixture(scope="module")
def server(beside_a_classifier, directory, batching):
    return beside_a_classifier("questions", directory, **batching)


@pytest.fixture(params=["rest", "grpc"])
def connect(request, server):
    def open_client(model="questions", **options):
        address = getattr(server, request.param)
        return Client(address, model=model, transport=request.param, **options)

    return open_client


def test_a_client_gets_what_the_model_itself_says(connect, local, reviews):
    pairs = [*map(tuple, PAIRS), *(("battery life?", text) for text in reviews[:60])]
    expected = local.answers(pairs)
    rows = [{"context": context, "question": question} for question, context in pairs]
    with connect(batch_size=5) as client:
        assert_same(client.answers(iter(pairs)), expected)
        assert_same(client.predict(rows), expected)
        assert_same(asyncio.run(client.answers_async(pairs)), expected)
        assert client.answers([]) == []
    with connect(batch_size=300) as client:
        assert_same(client.answers(pairs), expected)


def test_a_model_for_another_task_is_refused_by_name(connect, local, served):
    wanted = "for text-classification; one for question-answering is needed"
    texts = "for question-answering, which takes question and context; it was asked with text"
    pairs = "for text-classification, which takes text; it was asked with question and context"
    row = {"question": "a?", "context": "a"}
    with connect(model="reviews") as client:
        with pytest.raises(UsageError, match=f"the model reviews is {wanted}"):
            client.answers([("a?", "a")])
        with pytest.raises(UsageError, match=f"the model reviews is {wanted}"):
            asyncio.run(client.answers_async([("a?", "a")]))
        with pytest.raises(UsageError, match=f"the model reviews is {pairs}"):
            client.predict([row])
    with connect() as client:
        with pytest.raises(UsageError, match=f"the model questions is {texts}"):
            client.predict(["fine"])
        with pytest.raises(UsageError, match="one for token-classification is needed"):
            client.entities(["fine"])
    classifier = LocalModel(served.directory)
    with pytest.raises(UsageError, match=wanted):
        classifier.answers([("a?", "a")])
    with pytest.raises(UsageError, match=pairs):
        classifier.predict([row])
    with pytest.raises(UsageError, match=texts):
        local.predict(["fine"])


def test_rest_answers_by_rows_and_by_columns(server):
    url = f"http://{server.rest}/v1/models/questions:predict"
    rows = [{"question": "nikon?", "context": "a nikon"}, {"question": "a?", "context": "none"}]
    found = httpx.post(url, json={"instances": rows, "signature_name": "answer"}).json()
    first, second = found["predictions"]
    assert (first["answer"], first["start"], first["end"]) == ("nikon", 2, 7)
    assert (second["answer"], second["start"], second["end"]) == ("", 0, 0)
    columns = {name: [row[name] for row in rows] for name in rows[0]}
    outputs = httpx.post(url, json={"inputs": columns}).json()["outputs"]
    assert outputs == {name: [first[name], second[name]] for name in first}
    unlike = httpx.post(url, json={"inputs": columns | {"question": ["nikon?"]}})
    assert unlike.status_code == 400


def test_the_command_line_ranks_the_answers(directory, server, tmp_path, capfd):
    def predict(*arguments, where=("--server", server.rest, "--model_name", "questions")):
        code = main(["predict", *where, *arguments])
        out, err = capfd.readouterr()
        return code, [line.rstrip() for line in out.splitlines()], err

    texts = ["so a [nikon]", "none", "a canon"]
    asked = ["--question", "nikon or canon?"]
    ranked = ["review  score  text", "3       1.000  a [canon]", "1       1.000  so a [[nikon]]"]
    in_short = "2 of 3 reviews have an answer"
    local = ("--model", directory)
    assert predict(*asked, *texts, where=local) == (0, [*ranked, in_short], "")
    assert predict("--question", "life?", "none")[:2] == (0, ["0 of 1 reviews have an answer"])
    source, target = tmp_path / "in.csv", tmp_path / "out.csv"
    source.write_text("note,text\n" + "".join(f"x,{text}\n" for text in texts))
    files = [*asked, "--input", str(source)]
    assert predict(*files, "--top", "1") == (0, [*ranked[:2], in_short], "")
    out = [*ranked, in_short, f"{target}: 3 predictions"]
    assert predict(*files, "--output", str(target)) == (0, out, "")
    header, first, second, _ = target.read_text().splitlines()
    assert header == (
        "note,text,predicted_answer,predicted_answer_start,predicted_answer_end,"
        "predicted_answer_score"
    )
    assert first.startswith("x,so a [nikon],nikon,6,11,0.99") and ",none,,0,0," in second

    code, _, error = predict("fine")
    assert code == 2 and "it was asked with text; --question asks one" in error
    reviews = ("--server", server.grpc, "--grpc", "--model_name", "reviews")
    code, _, error = predict(*files, "--output", str(target), "--force", where=reviews)
    assert code == 2 and "the model reviews is for text-classification, which takes text" in error
    assert "it was asked with question and context; leave out --question" in error
    assert target.read_text().startswith(header)
