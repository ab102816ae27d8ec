"""The client against a server of the exported model: what comes back is what the model says."""

from __future__ import annotations

import asyncio
import csv
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from reviewlens.pipeline.cli import main
from reviewlens.serving import LocalModel, Prediction
from reviewlens.serving.client import (
    Client,
    InvalidRequest,
    ModelNotFound,
)
from reviewlens.serving.client.listing import served_models
from reviewlens.serving.client.messages import PredictRequest, Tensor
from reviewlens.serving.client.tensors import string_tensor, tensor_values

TRANSPORTS = ["rest", "grpc"]


@pytest.fixture(scope="module")
def local(served) -> LocalModel:
    """The served model in this process."""
    return LocalModel(served.directory)


@pytest.fixture(scope="module")
def server(model_server, served, half_plus_two, tmp_path_factory):
    """Serves the model as `reviews` with the label `stable`, beside one that is not for texts."""
    config = tmp_path_factory.mktemp("config") / "models.config"
    base = Path(served.directory).parent
    config.write_text(
        f"""model_config_list {{
              config {{
                name: "reviews 99%" base_path: "{base}" model_platform: "tensorflow"
                version_labels {{ key: "a/b" value: 1 }}
              }}
              config {{
                name: "half_plus_two" base_path: "{half_plus_two}" model_platform: "tensorflow"
              }}
            }}"""
    )
    return model_server(model_config_file=config, allow_version_labels_for_unavailable_models=True)


@pytest.fixture(scope="module", params=TRANSPORTS)
def connect(request, server):
    """Makes clients of the server over one of the transports."""

    def open_client(model="reviews 99%", **options):
        address = getattr(server, request.param)
        return Client(address, model=model, transport=request.param, **options)

    return open_client


@pytest.fixture(scope="module")
def client(connect):
    with connect() as client:
        yield client


def assert_equal(predictions: list[Prediction], expected: list[Prediction]) -> None:
    assert [prediction.label for prediction in predictions] == [
        prediction.label for prediction in expected
    ]
    for prediction, other in zip(predictions, expected, strict=True):
        # Classes in the order of the model, too.
        assert list(prediction.probabilities) == list(other.probabilities)
        assert prediction.probabilities == pytest.approx(other.probabilities, abs=1e-5)


def test_long_lists_are_answered_as_by_the_model_itself(client, local, reviews):
    assert_equal(client.predict(reviews[:300]), local.predict(reviews[:300]))


def test_any_iterable_in_batches_of_any_size(connect, local, reviews):
    with connect(batch_size=7, concurrency=3) as client:
        assert_equal(client.predict(iter(reviews[:50])), local.predict(reviews[:50]))


def test_no_texts_no_predictions(client):
    assert client.predict([]) == []


@settings(max_examples=25, deadline=None)
@given(texts=st.lists(st.text(st.characters(codec=None)), min_size=1, max_size=5))
def test_any_text_is_answered_as_by_the_model_itself(client, local, texts):
    assert_equal(client.predict(texts), local.predict(texts))


def test_both_transports_give_the_same_floats(server, reviews):
    options = {"model": "reviews 99%", "batch_size": 16}
    with (
        Client(server.rest, **options) as rest,
        Client(server.grpc, transport="grpc", **options) as grpc,
    ):
        assert rest.predict(reviews[:16]) == grpc.predict(reviews[:16])


def test_tasks_and_threads_share_a_client(client, local, reviews):
    expected = local.predict(reviews[:20])

    async def ask_at_once():
        return await asyncio.gather(*(client.predict_async([text]) for text in reviews[:20]))

    with ThreadPoolExecutor(8) as threads:
        answers = list(threads.map(client.predict, ([text] for text in reviews[:20])))
    # Each run has an event loop of its own.
    for predictions in (answers, asyncio.run(ask_at_once()), asyncio.run(ask_at_once())):
        assert_equal([prediction for (prediction,) in predictions], expected)


def test_a_version_is_asked_by_number_and_by_label(connect, client, reviews):
    expected = client.predict(reviews[:2])
    for chosen in ({"version": 1}, {"label": "a/b"}):
        with connect(**chosen) as other:
            assert_equal(other.predict(reviews[:2]), expected)


@pytest.mark.parametrize(
    ("chosen", "error", "message"),
    [
        ({"model": "gone"}, ModelNotFound, "Servable not found for request: Latest(gone)"),
        (
            {"version": 9},
            ModelNotFound,
            "Servable not found for request: Specific(reviews 99%, 9)",
        ),
        ({"label": "no"}, InvalidRequest, "Unrecognized servable version label: no"),
    ],
)
def test_what_is_not_served_is_told_in_the_words_of_the_server(connect, chosen, error, message):
    with connect(**chosen) as client, pytest.raises(error) as caught:
        client.predict(["fine"])
    assert caught.value.message == message


def test_a_model_for_something_else_is_told(connect):
    with connect(model="half_plus_two") as client, pytest.raises(InvalidRequest):
        client.predict(["fine"])


@pytest.mark.parametrize("transport", TRANSPORTS)
def test_the_command_line_asks_the_server(server, local, reviews, transport, tmp_path):
    with open(tmp_path / "in.csv", "w", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(["row", "text"])
        writer.writerows(enumerate(reviews[:200]))
    command = [Path(sys.executable).with_name("reviewlens"), "predict", "--input", "in.csv"]
    command += ["--server", getattr(server, transport), "--model_name", "reviews 99%"]
    command += ["--grpc"] if transport == "grpc" else []
    outcome = subprocess.run(
        [*command, "--output", "out.csv"], cwd=tmp_path, capture_output=True, text=True
    )

    assert (outcome.returncode, outcome.stderr) == (0, "")
    assert outcome.stdout == "out.csv: 200 predictions\n"
    with open(tmp_path / "out.csv", newline="") as file:
        rows = list(csv.DictReader(file))
    assert [row["row"] for row in rows] == [str(number) for number in range(200)]
    for row, expected in zip(rows, local.predict(reviews[:200]), strict=True):
        assert row["predicted_label"] == expected.label
        for name, share in expected.probabilities.items():
            assert float(row[f"probability_{name}"]) == pytest.approx(share, abs=1e-5)


def test_a_server_of_several_models_tells_which(server, capsys):
    assert served_models(server.rest) == ["half_plus_two", "reviews 99%"]
    assert served_models(server.grpc) is None
    assert main(["predict", "--server", server.rest, "Great."]) == 2
    assert "serves half_plus_two, reviews 99%; name the one to" in capsys.readouterr().err


def test_serialized_tensor_content_is_read_as_well(model_server, served, local, reviews):
    server = model_server(
        model_base_path=Path(served.directory).parent, enable_serialization_as_tensor_content=True
    )
    with Client(server.grpc, transport="grpc") as client:
        assert_equal(client.predict(reviews[:40]), local.predict(reviews[:40]))


@settings(max_examples=50, deadline=None)
@given(values=st.lists(st.binary(max_size=300)))
def test_strings_have_the_wire_format_of_tensorflow(values):
    import tensorflow as tf
    from tensorflow_serving.apis import predict_pb2

    request = PredictRequest()
    request.model_spec.name = "m"
    request.model_spec.version.value = 3
    request.inputs.add(key="text", value=string_tensor(values))
    theirs = predict_pb2.PredictRequest.FromString(request.SerializeToString())

    assert (theirs.model_spec.name, theirs.model_spec.version.value) == ("m", 3)
    read = tf.make_ndarray(theirs.inputs["text"])
    assert (read.shape, read.tolist()) == ((len(values),), values)


@settings(max_examples=50, deadline=None)
@given(rows=st.lists(st.tuples(st.floats(width=32), st.floats(width=32)), min_size=1))
def test_floats_are_read_from_either_field(rows):
    import tensorflow as tf

    content = tf.make_tensor_proto(np.array(rows, np.float32))
    typed = tf.make_tensor_proto(0.0, shape=[len(rows), 2])
    typed.ClearField("float_val")
    typed.float_val.extend(value for row in rows for value in row)
    for proto in (content, typed):
        values = tensor_values(Tensor.FromString(proto.SerializeToString()))
        np.testing.assert_array_equal(values, np.array(rows, np.float32))


@pytest.mark.parametrize("values", [[[1, -(2**40)], [0, 7]], [[], []], [[]], [3, 5], []])
def test_integers_are_read_from_either_field(values):
    import tensorflow as tf

    array = np.array(values, np.int64)
    content = tf.make_tensor_proto(array)
    typed = tf.make_tensor_proto(0, tf.int64, shape=array.shape)
    typed.ClearField("int64_val")
    typed.int64_val.extend(array.ravel().tolist())
    for proto in (content, typed):
        assert tensor_values(Tensor.FromString(proto.SerializeToString())) == values
