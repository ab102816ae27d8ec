"""The gRPC services, asked over a socket with the official stubs."""

from __future__ import annotations

import contextlib
import shutil
import time
from pathlib import Path

import grpc
import numpy as np
import pytest
import tensorflow as tf
from tensorflow_serving.apis import (
    classification_pb2,
    get_model_metadata_pb2,
    get_model_status_pb2,
    inference_pb2,
    model_management_pb2,
    model_service_pb2_grpc,
    predict_pb2,
    prediction_service_pb2_grpc,
    regression_pb2,
)

INVALID = grpc.StatusCode.INVALID_ARGUMENT
NOT_FOUND = grpc.StatusCode.NOT_FOUND
FAILED_PRECONDITION = grpc.StatusCode.FAILED_PRECONDITION


class Stubs:
    def __init__(self, address: str, options=()):
        channel = grpc.insecure_channel(address, options)
        predictions = prediction_service_pb2_grpc.PredictionServiceStub(channel)
        models = model_service_pb2_grpc.ModelServiceStub(channel)
        self.predict = predictions.Predict
        self.classify = predictions.Classify
        self.regress = predictions.Regress
        self.multi = predictions.MultiInference
        self.metadata = predictions.GetModelMetadata
        self.status = models.GetModelStatus
        self.reload = models.HandleReloadConfigRequest


@pytest.fixture(scope="module")
def half(model_server, half_plus_two, flags) -> Stubs:
    server = model_server(
        model_name="half",
        model_base_path=half_plus_two,
        enable_grpc_healthcheck_service=True,
        **flags,
    )
    stubs = Stubs(server.grpc)
    stubs.address = server.grpc
    return stubs


def predict(signature="", name="half", version=None, label=None, **inputs):
    request = predict_pb2.PredictRequest()
    request.model_spec.name = name
    request.model_spec.signature_name = signature
    if version is not None:
        request.model_spec.version.value = version
    if label is not None:
        request.model_spec.version_label = label
    for alias, value in inputs.items():
        request.inputs[alias].CopyFrom(tf.make_tensor_proto(value))
    return request


def example(**features: float) -> tf.train.Example:
    made = tf.train.Example()
    for name, value in features.items():
        kind = "int64_list" if isinstance(value, int) else "float_list"
        getattr(made.features.feature[name], kind).value.append(value)
    return made


def of_examples(kind, signature, *examples, name="half"):
    request = kind()
    request.model_spec.name = name
    request.model_spec.signature_name = signature
    request.input.example_list.examples.extend(examples)
    return request


def tasks(*pairs, name="half"):
    request = inference_pb2.MultiInferenceRequest()
    for signature, method in pairs:
        task = request.tasks.add(method_name=f"tensorflow/serving/{method}")
        task.model_spec.name = name
        task.model_spec.signature_name = signature
    request.input.example_list.examples.extend([example(x=3.0)])
    return request


def error_of(call, request) -> tuple[grpc.StatusCode, str]:
    with pytest.raises(grpc.RpcError) as caught:
        call(request, timeout=60)
    return caught.value.code(), caught.value.details()


def test_predict_answers_in_the_field_of_the_type(half):
    response = half.predict(predict(x=np.array([1, 2, 5], np.float32)))

    assert list(response.outputs["y"].float_val) == [2.5, 3.0, 4.5]
    assert not response.outputs["y"].tensor_content
    assert tf.make_ndarray(response.outputs["y"]).shape == (3,)
    assert response.model_spec.name == "half"
    assert response.model_spec.version.value == 123
    assert response.model_spec.signature_name == "serving_default"


def test_predict_of_no_rows_answers_no_rows(half):
    response = half.predict(predict(x=np.zeros([0], np.float32)))
    assert tf.make_ndarray(response.outputs["y"]).shape == (0,)


def test_an_output_filter_chooses_outputs(half):
    request = predict(x=np.array([1], np.float32))
    request.output_filter.append("y")
    assert list(half.predict(request).outputs) == ["y"]
    request.output_filter.append("y")
    assert error_of(half.predict, request) == (INVALID, "duplicate output tensor alias: y")
    request.output_filter[1] = "z"
    assert error_of(half.predict, request) == (
        INVALID,
        "output tensor alias not found in signature: z Outputs expected to be in the set {y}.",
    )


ONE = np.array([1], np.float32)
MISSING = (
    "input size does not match signature: 0!=1 len({}) != len({x}). "
    "Sent extra: {}. Missing but required: {x}."
)
BOGUS = (
    "Signature input alias: x(feed name: x:0) not found in request and no default value "
    "provided. Inputs expected to be in the request {bogus}, or default input alias set: "
)


@pytest.mark.parametrize(
    ("request_", "code", "message"),
    [
        (predict_pb2.PredictRequest(), INVALID, "Missing ModelSpec"),
        (predict(name="", signature="s"), INVALID, "ModelSpec has no name specified."),
        (predict(name="no"), NOT_FOUND, "Servable not found for request: Latest(no)"),
        (predict(version=9), NOT_FOUND, "Servable not found for request: Specific(half, 9)"),
        (predict(label="L"), INVALID, "Unrecognized servable version label: L"),
        (predict("S"), FAILED_PRECONDITION, 'Serving signature key "S" not found.'),
        (predict(), INVALID, MISSING),
        (predict(bogus=ONE), INVALID, BOGUS),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_predict_refuses(half, request_, code, message):
    assert error_of(half.predict, request_) == (code, message)


def test_predict_refuses_a_tensor_that_cannot_be_read(half):
    request = predict(x=ONE)
    request.inputs["x"].tensor_content = b"abc"
    assert error_of(half.predict, request) == (INVALID, "tensor parsing error: x")


def test_predict_passes_on_what_the_runtime_says(half):
    code, message = error_of(half.predict, predict(x=np.array(["one"])))
    assert code == INVALID
    assert "string" in message and "float" in message
    assert "Detected at node" not in message


def raw(shape, dtype=tf.float32, **fields):
    """A request whose tensor is what the arguments say, whether or not they agree."""
    request = predict()
    tensor = request.inputs["x"]
    tensor.dtype = dtype if isinstance(dtype, int) else dtype.as_datatype_enum
    for size in shape:
        tensor.tensor_shape.dim.add(size=size)
    for field, value in fields.items():
        if field == "tensor_content":
            tensor.tensor_content = value
        else:
            getattr(tensor, field).extend(value)
    return request


@pytest.mark.parametrize(
    "request_",
    [
        raw([-1], float_val=[1]),
        raw([2, -3], float_val=[1]),
        raw([2**62, 4], float_val=[1]),
        raw([0, 2**62, 4]),
        raw([1] * 300, float_val=[1]),
        raw([1], dtype=0, float_val=[1]),
        raw([1], dtype=20),
        raw([1], dtype=21),
        raw([1], dtype=101, float_val=[1]),
        raw([1], dtype=999, float_val=[1]),
        raw([2], tensor_content=b"abcd"),
        raw([2], dtype=tf.string, tensor_content=b"abcd"),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_predict_refuses_what_is_no_tensor(half, request_):
    assert error_of(half.predict, request_) == (INVALID, "tensor parsing error: x")


@pytest.mark.parametrize(
    ("request_", "name"),
    [
        (raw([1], tf.string, string_val=[b"1"]), "string"),
        (raw([1], tf.string, float_val=[1]), "string"),
        (raw([1], tf.int32, int_val=[1]), "int32"),
        (raw([1], tf.float64, double_val=[1]), "double"),
        (raw([1], tf.quint8, int_val=[1]), "quint8"),
        (raw([1], tf.complex64, scomplex_val=[1]), "complex64"),
        (raw([1], tf.bfloat16, half_val=[1]), "bfloat16"),
        (raw([0], tf.half), "half"),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_predict_refuses_another_type(half, request_, name):
    message = f"Expects arg[0] to be float but {name} is provided"
    assert error_of(half.predict, request_) == (INVALID, message)


@pytest.mark.parametrize(
    ("request_", "expected"),
    [
        (raw([3], float_val=[2, 4]), [3, 4, 4]),
        (raw([3]), [2, 2, 2]),
        (raw([1], float_val=[2, 4]), [3]),
        (raw([1], int_val=[2]), [2]),
        (raw([0], tensor_content=b"anything"), []),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_a_tensor_is_filled_up_with_its_last_element(half, request_, expected):
    assert list(half.predict(request_).outputs["y"].float_val) == expected


def test_a_short_message_for_a_large_tensor_is_refused(half, flags):
    code, message = error_of(half.predict, raw([150_000_000], float_val=[1]))
    if flags:
        assert code == INVALID
        assert message == "Task size 150000000 is larger than maximum input batch size 8192"
    else:
        assert code == grpc.StatusCode.RESOURCE_EXHAUSTED
        limit = 100 * 2**20
        assert message == (
            f"The request stands for 600000000 bytes of inputs, more than {limit} "
            "(--max_request_bytes)"
        )
    request = raw([2, 150_000_000], float_val=[1])
    request.model_spec.signature_name = "scalar"
    assert error_of(half.predict, request)[0] == grpc.StatusCode.RESOURCE_EXHAUSTED


def test_a_context_for_many_examples_is_refused(half, flags):
    request = regression_pb2.RegressionRequest()
    request.model_spec.name = "half"
    request.model_spec.signature_name = "regress_x_to_y"
    shared = request.input.example_list_with_context
    shared.context.features.feature["text"].bytes_list.value.append(b"a" * 1_000_000)
    # A gigabyte or, for batches, no more rows than they have.
    shared.examples.extend([tf.train.Example()] * (8192 if flags else 1000))
    code, message = error_of(half.regress, request)
    assert code == grpc.StatusCode.RESOURCE_EXHAUSTED
    assert message.startswith("The request stands for ")
    if flags:
        shared.examples.add()
        message = "Task size 8193 is larger than maximum input batch size 8192"
        assert error_of(half.regress, request) == (INVALID, message)


@pytest.mark.parametrize("call", ["classify", "regress"])
def test_classify_and_regress_refuse(half, call):
    kind = {
        "classify": classification_pb2.ClassificationRequest,
        "regress": regression_pb2.RegressionRequest,
    }[call]
    ask = getattr(half, call)
    signature = f"{call}_x_to_y"
    assert error_of(ask, kind()) == (INVALID, "Missing ModelSpec")
    assert error_of(ask, of_examples(kind, signature)) == (INVALID, "Input is empty.")
    assert error_of(ask, of_examples(kind, "S", example(x=1.0))) == (
        INVALID,
        "No signature was found with the name: S",
    )
    code, message = error_of(ask, of_examples(kind, "serving_default", example(x=1.0)))
    assert code == INVALID
    kind_of = {"classify": "classification", "regress": "regression"}[call]
    assert message.startswith(f"No {kind_of} inputs found in SignatureDef")


def test_classify(half):
    request = of_examples(
        classification_pb2.ClassificationRequest, "classify_x_to_y", example(x=3.0), example(x=1.0)
    )
    response = half.classify(request)
    answers = response.result.classifications
    assert [[c.score for c in answer.classes] for answer in answers] == [[3.5], [2.5]]
    assert response.model_spec.signature_name == "classify_x_to_y"
    assert response.model_spec.version.value == 123


def test_regress_with_a_context_that_the_examples_share(half):
    request = regression_pb2.RegressionRequest()
    request.model_spec.name = "half"
    request.model_spec.signature_name = "regress_x_to_y"
    shared = request.input.example_list_with_context
    shared.context.CopyFrom(example(x=3.0))
    shared.examples.extend([tf.train.Example(), example(x=1.0)])
    values = [regression.value for regression in half.regress(request).result.regressions]
    assert values == [3.5, 2.5]


def test_multi_inference(half):
    both = tasks(("regress_x_to_y", "regress"), ("classify_x_to_y", "classify"))
    first, second = half.multi(both).results
    assert first.regression_result.regressions[0].value == 3.5
    assert second.classification_result.classifications[0].classes[0].score == 3.5
    assert first.model_spec.signature_name == "regress_x_to_y"


def test_multi_inference_refuses(half):
    regress = ("regress_x_to_y", "regress")
    mixed = tasks(regress, ("regress_x_to_y2", "regress"))
    mixed.tasks[1].model_spec.name = "other"
    for request, code, message in [
        (
            mixed,
            INVALID,
            "All ModelSpecs in a MultiInferenceRequest must access the same model name.",
        ),
        (tasks(regress, name=""), INVALID, "Found ModelSpec with an empty model name."),
        (tasks(regress, regress), INVALID, "Duplicate evaluation of signature: regress_x_to_y"),
        (
            tasks(("S", "regress")),
            INVALID,
            "Requested signature not found in model graph: S",
        ),
        (
            tasks(("regress_x_to_y", "predict")),
            grpc.StatusCode.UNIMPLEMENTED,
            "Unsupported signature method_name: tensorflow/serving/predict",
        ),
    ]:
        assert error_of(half.multi, request) == (code, message)


def test_metadata(half):
    request = get_model_metadata_pb2.GetModelMetadataRequest()
    assert error_of(half.metadata, request) == (INVALID, "Missing ModelSpec")
    request.model_spec.name = "half"
    assert error_of(half.metadata, request) == (
        INVALID,
        "GetModelMetadataRequest must specify at least one metadata_field",
    )
    request.metadata_field.append("signature_def")
    response = half.metadata(request)
    signatures = get_model_metadata_pb2.SignatureDefMap()
    assert response.metadata["signature_def"].Unpack(signatures)
    assert signatures.signature_def["serving_default"].inputs["x"].dtype == tf.float32
    assert response.model_spec.version.value == 123
    request.metadata_field.append("F")
    assert error_of(half.metadata, request) == (INVALID, "Metadata field F is not supported")


def status_request(name, version=None):
    request = get_model_status_pb2.GetModelStatusRequest()
    request.model_spec.name = name
    if version is not None:
        request.model_spec.version.value = version
    return request


def test_status(half):
    (status,) = half.status(status_request("half")).model_version_status
    assert (status.version, status.state) == (123, status.AVAILABLE)
    missing = get_model_status_pb2.GetModelStatusRequest()
    assert error_of(half.status, missing) == (INVALID, "Missing ModelSpec")
    assert error_of(half.status, status_request("m")) == (
        NOT_FOUND,
        "Could not find any versions of model m",
    )
    assert error_of(half.status, status_request("half", 9)) == (
        NOT_FOUND,
        "Could not find version 9 of model half",
    )


def test_reflection_and_health(half):
    from grpc_health.v1 import health_pb2, health_pb2_grpc
    from grpc_reflection.v1alpha import reflection_pb2, reflection_pb2_grpc

    channel = grpc.insecure_channel(half.address)
    reflection = reflection_pb2_grpc.ServerReflectionStub(channel)
    request = reflection_pb2.ServerReflectionRequest(list_services="")
    (answer,) = reflection.ServerReflectionInfo(iter([request]))
    services = {service.name for service in answer.list_services_response.service}
    assert {"tensorflow.serving.PredictionService", "tensorflow.serving.ModelService"} <= services
    health = health_pb2_grpc.HealthStub(channel)
    checked = health.Check(health_pb2.HealthCheckRequest(service="PredictionService"))
    assert checked.status == health_pb2.HealthCheckResponse.SERVING


def test_long_messages_are_cut(half):
    code, message = error_of(half.predict, predict(label="L" * 2000))
    assert code == INVALID
    assert message.endswith("...TRUNCATED") and len(message) == 1024 + len("...TRUNCATED")


def test_the_reviews_model_answers_as_in_process(model_server, served, flags, reviews):
    from reviewlens.serving import LocalModel

    server = model_server(
        model_name="reviews", model_base_path=Path(served.directory).parent, **flags
    )
    texts = [*reviews[:40], "", "👍" * 30]
    request = predict(name="reviews", text=np.array([text.encode() for text in texts]))
    outputs = Stubs(server.grpc).predict(request).outputs
    expected = LocalModel(served.directory).predict(texts)
    assert [label.decode() for label in outputs["label"].string_val] == [e.label for e in expected]
    np.testing.assert_allclose(
        tf.make_ndarray(outputs["probabilities"]),
        [list(e.probabilities.values()) for e in expected],
        atol=1e-5,
    )
    classified = Stubs(server.grpc).classify(
        of_examples(
            classification_pb2.ClassificationRequest,
            "classify",
            *(text_example(text) for text in texts),
            name="reviews",
        )
    )
    first = classified.result.classifications[0].classes
    assert [c.label for c in first] == served.labels
    assert [c.score for c in first] == pytest.approx(
        list(expected[0].probabilities.values()), abs=1e-5
    )


def text_example(text: str) -> tf.train.Example:
    made = tf.train.Example()
    made.features.feature["text"].bytes_list.value.append(text.encode())
    return made


def model_config(**base_paths: Path):
    request = model_management_pb2.ReloadConfigRequest()
    for name, path in base_paths.items():
        request.config.model_config_list.config.add(
            name=name, base_path=str(path), model_platform="tensorflow"
        )
    return request


@pytest.fixture
def reloading(model_server, half_plus_two, new_version, tmp_path):
    """A server of its own, and the base path of a second model with the versions 1 and 2."""
    other = tmp_path / "other"
    new_version(other, 1, 10.0)
    new_version(other, 2, 20.0)
    server = model_server(model_name="half", model_base_path=half_plus_two)
    yield Stubs(server.grpc), other
    server.stop()


def test_a_new_configuration_adds_and_drops_models(reloading, half_plus_two):
    stubs, other = reloading
    assert not stubs.reload(model_config(half=half_plus_two, other=other)).status.error_code
    response = stubs.predict(predict(name="other", x=ONE))
    assert (response.model_spec.version.value, response.outputs["y"].float_val[0]) == (2, 20.5)

    stubs.reload(model_config(other=other))
    assert error_of(stubs.predict, predict(x=ONE))[0] == NOT_FOUND
    assert stubs.predict(predict(name="other", x=ONE)).outputs["y"].float_val[0] == 20.5


def test_labels_name_versions_that_are_available(reloading, half_plus_two):
    stubs, other = reloading
    request = model_config(half=half_plus_two, other=other)
    config = request.config.model_config_list.config[1]
    config.model_version_policy.all.SetInParent()
    config.version_labels["stable"] = 1
    expected = (
        FAILED_PRECONDITION,
        "Request to assign label to version 1 of model other, "
        "which is not currently available for inference",
    )
    assert error_of(stubs.reload, request) == expected
    del config.version_labels["stable"]
    stubs.reload(request)
    config.version_labels["stable"] = 1
    stubs.reload(request)
    response = stubs.predict(predict(name="other", label="stable", x=ONE))
    assert response.model_spec.version.value == 1


def test_reloading_refuses(reloading, half_plus_two, tmp_path):
    stubs, other = reloading
    not_a_list = model_management_pb2.ReloadConfigRequest()
    assert error_of(stubs.reload, not_a_list) == (
        INVALID,
        "ServerModelConfig type not supported by HandleReloadConfigRequest. "
        "Only ModelConfigList is currently supported",
    )
    twice = model_config(m=half_plus_two)
    twice.config.model_config_list.config.add(name="m", base_path=str(other))
    assert error_of(stubs.reload, twice) == (
        INVALID,
        "Illegal to list model m multiple times in config list",
    )
    assert error_of(stubs.reload, model_config(m="relative"))[0] == INVALID
    # None of this changed what is served.
    assert stubs.predict(predict(x=ONE)).outputs["y"].float_val[0] == 2.5


def test_connections_are_limited_and_those_that_idle_make_room(
    model_server, half_plus_two, wait_until
):
    server = model_server(
        model_name="half",
        model_base_path=half_plus_two,
        grpc_max_connections=1,
        grpc_channel_arguments="grpc.max_connection_idle_ms=500",
    )

    def stubs() -> Stubs:
        # Channels to the same address would share a connection.
        options = [("grpc.use_local_subchannel_pool", 1)]
        return Stubs(server.grpc, options)

    first, second = stubs(), stubs()
    assert first.predict(predict(x=ONE), timeout=60).outputs["y"].float_val[0] == 2.5
    assert error_of(second.predict, predict(x=ONE))[0] == grpc.StatusCode.UNAVAILABLE

    def answered() -> bool:
        with contextlib.suppress(grpc.RpcError):
            return second.predict(predict(x=ONE), timeout=60).outputs["y"].float_val[0] == 2.5
        return False

    wait_until(answered)


def test_tensor_content_on_demand(model_server, half_plus_two):
    server = model_server(
        model_name="half",
        model_base_path=half_plus_two,
        enable_serialization_as_tensor_content=True,
    )
    y = Stubs(server.grpc).predict(predict(x=np.array([1, 2], np.float32))).outputs["y"]
    assert y.tensor_content and tf.make_ndarray(y).tolist() == [2.5, 3.0]


def test_a_version_directory_is_read_when_it_is_complete(
    model_server, new_version, tmp_path, wait_until
):
    base = tmp_path / "model"
    new_version(base, 1, 1.0)
    complete = new_version(tmp_path / "elsewhere", 2, 2.0)
    server = model_server(model_name="m", model_base_path=base, file_system_poll_wait_seconds=1)
    stubs = Stubs(server.grpc)
    half_copied = base / "2"
    (half_copied / "variables").mkdir(parents=True)
    for part in ("saved_model.pb", "variables/variables.index"):
        shutil.copy(complete / part, half_copied / part)
    # Time for three looks at the folder.
    time.sleep(3)
    states = stubs.status(status_request("m")).model_version_status
    assert [status.version for status in states] == [1]

    shutil.copy(complete / "variables/variables.data-00000-of-00001", half_copied / "variables")
    wait_until(lambda: stubs.predict(predict(name="m", x=ONE)).model_spec.version.value == 2)
