"""JSON of requests and answers: each row of TensorFlow Serving's tables, and round trips."""

from __future__ import annotations

import base64
import json
import math

import hypothesis
import numpy as np
import pytest
from hypothesis import strategies as st
from tensorflow.core.example import example_pb2
from tensorflow.core.framework import types_pb2

from reviewlens.serving.server import json_rendering as rendering
from reviewlens.serving.server.inference import Classification
from reviewlens.serving.server.json_document import parse, read_signature_name
from reviewlens.serving.server.json_examples import read_examples
from reviewlens.serving.server.json_tensors import read_inputs
from reviewlens.serving.status import Code, ServingError

FLOAT, INT32, STRING = types_pb2.DT_FLOAT, types_pb2.DT_INT32, types_pb2.DT_STRING
X = {"x": FLOAT}
TEXT = {"text": STRING}
TWO = {"b": FLOAT, "a": FLOAT}


def predict(body: str | bytes, inputs: dict[str, int]):
    """What a `:predict` request with this body feeds, and whether it is in row format."""
    document = parse(body.encode() if isinstance(body, str) else body)
    return read_inputs(document, inputs, read_signature_name(document))


def predict_error(body: str | bytes, inputs: dict[str, int]) -> tuple[str, str]:
    with pytest.raises(ServingError) as caught:
        predict(body, inputs)
    return caught.value.code.name, caught.value.message


def examples(body: str) -> list[example_pb2.Example]:
    document = parse(body.encode())
    read_signature_name(document)
    return [example_pb2.Example.FromString(example) for example in read_examples(document)]


PARSE_ERRORS = {
    "": "The document is empty",
    "  ": "The document is empty. at offset: 2",
    '{"instances": [1}': "Missing a comma or ] after an array element. at offset: 16",
    '{"a": 1 "b": 2}': "Missing a comma or } after an object member. at offset: 8",
    '{"a" 1}': "Missing a colon after a name of object member. at offset: 5",
    "{a: 1}": "Missing a name for object member. at offset: 1",
    "{'a': 1}": "Missing a name for object member. at offset: 1",
    '{"a": 1,}': "Missing a name for object member. at offset: 8",
    '{"a": what}': "Invalid value. at offset: 6",
    '{"a":': "Invalid value. at offset: 5",
    '{"a": "x': "Missing a closing quotation mark in string. at offset: 8",
    '{"a": "\x01"}': "Invalid encoding in string. at offset: 7",
    b'{"a": "caf\xe9"}': "Invalid encoding in string. at offset: 10",
    '{"a": "\\q"}': "Invalid escape character in string. at offset: 7",
    '{"a": "\\ud800"}': "The surrogate pair in string is invalid. at offset: 7",
    '{"a": 1e999}': "Number too big to be stored in double. at offset: 6",
    '{"a": ' + "[" * 10_000: "The document is nested too deeply.",
}


@pytest.mark.parametrize("body", PARSE_ERRORS, ids=lambda body: repr(body[:20]))
def test_what_is_no_json_is_told_in_rapidjsons_words(body):
    code, message = predict_error(body, X)
    assert code == "INVALID_ARGUMENT"
    assert message == f"JSON Parse error: {PARSE_ERRORS[body]}"


PREDICT_ERRORS = [
    # The document.
    ("[1]", X, "JSON Value: [1] Is not object"),
    ('"a\\n"', X, 'JSON Value: "a\\n" Is not object'),
    ("null", X, "JSON Value: null Is not object"),
    (
        '{"signature_name": 5, "instances": [1]}',
        X,
        'JSON Value: {\n    "signature_name": 5,\n    "instances": [1]\n} not formatted correctly. '
        "'signature_name' key must be a string value.",
    ),
    ("{}", X, "Missing 'inputs' or 'instances' key"),
    (
        '{"instances": [1], "inputs": [1]}',
        X,
        'JSON Value: {\n    "instances": [1],\n    "inputs": [1]\n} Not formatted correctly '
        "expecting only one of 'inputs' or 'instances' keys to exist ",
    ),
    (
        '{"instances": {}}',
        X,
        "JSON Value: {\n    \"instances\": {}\n} Expecting 'instances' to be an list/array",
    ),
    (
        '{"instances": []}',
        X,
        "JSON Value: {\n    \"instances\": []\n} No values in 'instances' array",
    ),
    ('{"instances": [1]}', {}, "Failed to get input map for signature: DEFAULT"),
    ('{"signature_name": "s", "inputs": 1}', {}, "Failed to get input map for signature: s"),
    # Several inputs.
    (
        '{"instances": [1]}',
        TWO,
        "instances is a plain list, but expecting list of objects as multiple input tensors "
        "required as per tensorinfo_map",
    ),
    (
        '{"inputs": [1]}',
        TWO,
        "inputs is a plain value/list, but expecting an object as multiple input tensors required "
        "as per tensorinfo_map",
    ),
    (
        '{"instances": [{"a": 1, "b": 1}, 1]}',
        TWO,
        "Expecting object but got list at item 1 of input list",
    ),
    (
        '{"instances": [1, {"x": 1}]}',
        X,
        "Expecting value/list but got object at item 1 of input list",
    ),
    (
        '{"instances": [{"a": 1, "c": 1}]}',
        TWO,
        "Failed to process element: 0 key: c of 'instances' list. Error: INVALID_ARGUMENT: JSON "
        "object: does not have named input: c",
    ),
    (
        '{"instances": [{"a": 1, "b": 2}, {"a": 1}]}',
        TWO,
        "Failed to process element: 1 of 'instances' list. JSON object: {\n    \"a\": 1\n} keys "
        "must be equal to: a,b",
    ),
    ('{"inputs": {"b": 1}}', TWO, "Missing named input: a in 'inputs' object."),
    # Types.
    (
        '{"instances": [1, "a"]}',
        X,
        "Failed to process element: 1 of 'instances' list. Error: INVALID_ARGUMENT: "
        'JSON Value: "a" Type: String is not of expected type: float',
    ),
    (
        '{"instances": [{"x": null}]}',
        X,
        "Failed to process element: 0 key: x of 'instances' list. Error: INVALID_ARGUMENT: "
        "JSON Value: null Type: Null is not of expected type: float",
    ),
    ('{"inputs": [true]}', X, "JSON Value: true Type: True is not of expected type: float"),
    ('{"inputs": [false]}', X, "JSON Value: false Type: False is not of expected type: float"),
    (
        '{"inputs": [[{"a": 1}]]}',
        X,
        'JSON Value: {\n    "a": 1\n} Type: Object is not of expected type: float',
    ),
    (
        '{"inputs": [1.0]}',
        {"x": INT32},
        "JSON Value: 1.0 Type: Number is not of expected type: int32",
    ),
    (
        '{"inputs": 2147483648}',
        {"x": INT32},
        "JSON Value: 2147483648 Type: Number is not of expected type: int32",
    ),
    (
        '{"inputs": 9223372036854775808}',
        {"x": types_pb2.DT_INT64},
        "JSON Value: 9223372036854775808 Type: Number is not of expected type: int64",
    ),
    (
        '{"inputs": -1}',
        {"x": types_pb2.DT_UINT64},
        "JSON Value: -1 Type: Number is not of expected type: uint64",
    ),
    (
        '{"inputs": 4294967296}',
        {"x": types_pb2.DT_UINT32},
        "JSON Value: 4294967296 Type: Number is not of expected type: uint32",
    ),
    (
        '{"inputs": 1}',
        {"x": types_pb2.DT_BOOL},
        "JSON Value: 1 Type: Number is not of expected type: bool",
    ),
    (
        '{"inputs": "1"}',
        {"x": types_pb2.DT_DOUBLE},
        'JSON Value: "1" Type: String is not of expected type: double',
    ),
    ('{"inputs": 1}', TEXT, "JSON Value: 1 Type: Number is not of expected type: string"),
    # Base64.
    (
        '{"inputs": [{"b64": 1}]}',
        TEXT,
        'JSON Value: {\n    "b64": 1\n} not formatted correctly for base64 data',
    ),
    (
        '{"inputs": [{"b64": "YQ==", "c": 1}]}',
        TEXT,
        'JSON Value: {\n    "b64": "YQ==",\n    "c": 1\n} not formatted correctly for base64 data',
    ),
    ('{"inputs": [{"b64": "*"}]}', TEXT, "Unable to base64 decode"),
    ('{"inputs": {"b64": "YQ="}}', TEXT, "Unable to base64 decode"),
    (
        '{"instances": ["a", {"b64": "YQé="}]}',
        TEXT,
        "Failed to process element: 1 of 'instances' list. Error: INVALID_ARGUMENT: "
        "Unable to base64 decode",
    ),
    # Shapes.
    (
        '{"instances": [[1, 2], [1]]}',
        X,
        "Failed to process element: 1 of 'instances' list. Error: INVALID_ARGUMENT: "
        "Expecting tensor size: 2 but got: 1",
    ),
    (
        '{"instances": [{"x": [1, 2]}, {"x": [[1, 2]]}]}',
        X,
        "Failed to process element: 1 key: x of 'instances' list. Error: INVALID_ARGUMENT: "
        "Expecting shape [2] but got: [1,2]",
    ),
    (
        '{"instances": [1, [1]]}',
        X,
        "Failed to process element: 1 of 'instances' list. Error: INVALID_ARGUMENT: "
        "Expecting shape [] but got: [1]",
    ),
    (
        '{"inputs": [[1, 2], [3]]}',
        X,
        "Encountered list at unexpected size: 1 at level: 1 expected size: 2",
    ),
    ('{"inputs": [1, [2]]}', X, "Encountered list at unexpected level: 1 expected < 1"),
    (
        '{"inputs": [[1], 2]}',
        X,
        "JSON Value: 2 found at incorrect level: 2 in the JSON DOM. Expected at level: 2",
    ),
    # A type that JSON does not have.
    (
        '{"instances": [1]}',
        {"x": types_pb2.DT_HALF},
        "Failed to process element: 0 of 'instances' list. Error: UNIMPLEMENTED: "
        "Conversion of JSON Value: 1 to type: half",
    ),
]


@pytest.mark.parametrize("body, inputs, message", PREDICT_ERRORS)
def test_requests_that_do_not_fit_are_refused(body, inputs, message):
    assert predict_error(body, inputs) == ("INVALID_ARGUMENT", message)


def test_a_type_that_json_does_not_have_is_not_implemented():
    assert predict_error('{"inputs": [1]}', {"x": types_pb2.DT_COMPLEX64}) == (
        "UNIMPLEMENTED",
        "Conversion of JSON Value: 1 to type: complex64",
    )


def test_lists_in_lists_have_a_limit():
    deep = "[" * 40 + "1" + "]" * 40
    for key in ("instances", "inputs"):
        code, message = predict_error(f'{{"{key}": {deep}}}', X)
        assert code == "INVALID_ARGUMENT"
        assert "has more than 31 dimensions" in message


def test_a_long_value_is_broken_off_in_errors():
    numbers = ", ".join(["12345678"] * 1000)
    message = predict_error(f'{{"instances": 1, "long": [{numbers}]}}', X)[1]
    assert message.startswith('JSON Value: {\n    "instances": 1,\n    "long": [12345678, 123')
    assert message.endswith("12345678 Expecting 'instances' to be an list/array")
    assert 256 < len(message) < 330


def test_row_format():
    values, row = predict('{"signature_name": "s", "other": 1, "instances": ["a", "é"]}', TEXT)
    assert row
    assert values["text"].dtype == object
    assert values["text"].tolist() == [b"a", "é".encode()]
    values, _ = predict('{"instances": [{"text": "a"}, {"text": {"b64": "/w=="}}]}', TEXT)
    assert values["text"].tolist() == [b"a", b"\xff"]
    values, _ = predict('{"instances": [{"b64": "YQ"}, "b", {"b64": " Y W\\nI="}]}', TEXT)
    assert values["text"].tolist() == [b"a", b"b", b"ab"]
    values, _ = predict('{"instances": [{"b": 1, "a": [2]}, {"a": [3.5], "b": 4}]}', TWO)
    assert values["a"].dtype == np.float32
    assert values["a"].tolist() == [[2], [3.5]]
    assert values["b"].tolist() == [1, 4]
    values, _ = predict('{"instances": [[[1, 2]], [[3, 4]], [[5, 6]]]}', X)
    assert values["x"].shape == (3, 1, 2)
    values, _ = predict('{"instances": [[], []]}', X)
    assert values["x"].shape == (2, 0)


def test_columnar_format():
    for body, shape in {"1": (), "[]": (0,), "[1, 2]": (2,), "[[1], [2]]": (2, 1)}.items():
        for inputs in (body, f'{{"x": {body}, "extra": "ignored"}}'):
            values, row = predict(f'{{"inputs": {inputs}}}', X)
            assert not row
            assert values["x"].shape == shape
    values, _ = predict('{"inputs": {"b64": "YQ=="}}', TEXT)
    assert values["text"].shape == ()
    assert values["text"].item() == b"a"
    values, _ = predict('{"inputs": {"a": 1, "b": [2, 3]}}', TWO)
    assert values["a"].shape == ()
    assert values["b"].tolist() == [2, 3]


def test_every_number_that_rapidjson_reads():
    values, _ = predict(
        '{"inputs": [NaN, Inf, -Infinity, -0.0, 1e300, 3, 18446744073709551616]}', X
    )
    assert math.isnan(values["x"][0])
    assert values["x"][1:].tolist() == [math.inf, -math.inf, 0, math.inf, 3, 2**64]
    assert math.copysign(1, values["x"][3]) == -1


@pytest.mark.parametrize(
    "dtype, body, wanted",
    [
        ("DT_INT8", "[-128, 300]", [-128, 44]),
        ("DT_INT16", "[32767]", [32767]),
        ("DT_INT32", "[-2147483648, 2147483647]", [-(2**31), 2**31 - 1]),
        ("DT_INT64", "[-9223372036854775808]", [-(2**63)]),
        ("DT_UINT8", "[255]", [255]),
        ("DT_UINT32", "[4294967295]", [2**32 - 1]),
        ("DT_UINT64", "[18446744073709551615, 0]", [2**64 - 1, 0]),
        ("DT_BOOL", "[true, false]", [True, False]),
        ("DT_DOUBLE", "[0.1, 1]", [0.1, 1.0]),
    ],
)
def test_each_type_of_numbers(dtype, body, wanted):
    values, _ = predict(f'{{"inputs": {body}}}', {"x": types_pb2.DataType.Value(dtype)})
    assert values["x"].tolist() == wanted
    name = {"DT_DOUBLE": "float64"}.get(dtype, dtype.removeprefix("DT_").lower())
    assert values["x"].dtype == np.dtype(name)


def test_what_follows_the_document_is_ignored():
    assert predict('{"inputs": 1} {"inputs": ', X)[0]["x"] == 1
    assert predict(b'\xef\xbb\xbf{"inputs": 2}', X)[0]["x"] == 2


EXAMPLES_ERRORS = [
    (
        '{"instances": [1]}',
        "JSON Value: {\n    \"instances\": [1]\n} When method is classify, key 'examples' is "
        "expected and was not found",
    ),
    (
        '{"examples": {}}',
        "JSON Value: {\n    \"examples\": {}\n} Expecting 'examples' value to be an list/array",
    ),
    (
        '{"examples": []}',
        "JSON Value: {\n    \"examples\": []\n} 'examples' value is an empty array",
    ),
    (
        '{"signature_name": null, "examples": []}',
        'JSON Value: {\n    "signature_name": null,\n    "examples": []\n} not formatted '
        "correctly. 'signature_name' key must be a string value.",
    ),
    ('{"examples": [1]}', "Example must be JSON object but got JSON Number"),
    (
        '{"context": [], "examples": [1]}',
        "Example must be JSON object but got JSON Array",
    ),
    ('{"examples": [{"f": null}]}', "Feature: f has element with unexpected JSON type: Null"),
    ('{"examples": [{"f": [[1]]}]}', "Feature: f has element with unexpected JSON type: Array"),
    ('{"examples": [{"f": {}}]}', "Feature: f has element with unexpected JSON type: Object"),
    (
        '{"examples": [{"f": ["a", 1]}]}',
        "Unexpected element type in feature: f expecting type: bytes",
    ),
    (
        '{"examples": [{"f": [1.0, 1]}]}',
        "Unexpected element type in feature: f expecting type: float",
    ),
    (
        '{"examples": [{"f": [1, 1.0]}]}',
        "Unexpected element type in feature: f expecting type: int64",
    ),
    (
        '{"examples": [{"f": 9223372036854775808}]}',
        "Feature: f has uint64_t element. Only int64_t is supported.",
    ),
    ('{"examples": [{"f": {"b64": "*"}}]}', "Unable to base64 decode"),
]


@pytest.mark.parametrize("body, message", EXAMPLES_ERRORS)
def test_examples_that_cannot_be_read_are_refused(body, message):
    with pytest.raises(ServingError) as caught:
        examples(body)
    assert (caught.value.code, caught.value.message) == (Code.INVALID_ARGUMENT, message)


def test_features_have_the_types_of_their_values():
    (example,) = examples(
        '{"examples": [{"text": ["é", {"b64": "/w=="}], "float": [1.5, NaN, 1e0], "empty": [],'
        '"int": [1, true, false], "one": -3}]}'
    )
    features = example.features.feature
    assert features["text"].bytes_list.value == ["é".encode(), b"\xff"]
    assert features["float"].float_list.value[0] == 1.5
    assert math.isnan(features["float"].float_list.value[1])
    assert features["int"].int64_list.value == [1, 1, 0]
    assert features["one"].int64_list.value == [-3]
    assert "empty" in features
    assert features["empty"].WhichOneof("kind") is None


def test_examples_share_the_context_and_may_override_it():
    first, second = examples(
        '{"context": {"c": "all", "d": 1}, "examples": [{"x": 1}, {"c": "own"}]}'
    )
    assert first.features.feature["c"].bytes_list.value == [b"all"]
    assert first.features.feature["d"].int64_list.value == [1]
    assert first.features.feature["x"].int64_list.value == [1]
    assert second.features.feature["c"].bytes_list.value == [b"own"]


def test_predictions_of_one_output():
    answer = rendering.render_predictions({"y": np.array([2.5, 3, 4.5], np.float32)})
    assert answer == b'{\n    "predictions": [2.5, 3.0, 4.5\n    ]\n}'
    answer = rendering.render_predictions({"y": np.array([[1, 2], [3, 4]])})
    assert answer == b'{\n    "predictions": [[1, 2], [3, 4]\n    ]\n}'
    answer = rendering.render_predictions({"y": np.zeros([0, 2])})
    assert answer == b'{\n    "predictions": []\n}'


def test_predictions_of_several_outputs():
    answer = rendering.render_predictions(
        {"label": np.array([b"good", b"bad"], object), "at": np.array([[True], [False]])}
    )
    assert answer.decode() == (
        "{\n"
        '    "predictions": [\n'
        "        {\n"
        '            "at": [true],\n'
        '            "label": "good"\n'
        "        },\n"
        "        {\n"
        '            "at": [false],\n'
        '            "label": "bad"\n'
        "        }\n"
        "    ]\n"
        "}"
    )


def test_outputs_of_the_columnar_format():
    answer = rendering.render_outputs({"y": np.array([[1.5], [2]], np.float32)})
    assert answer.decode() == (
        "{\n"
        '    "outputs": [\n'
        "        [\n"
        "            1.5\n"
        "        ],\n"
        "        [\n"
        "            2.0\n"
        "        ]\n"
        "    ]\n"
        "}"
    )
    # TensorFlow gives scalars as such, and a scalar text as bytes.
    answer = rendering.render_outputs({"b": np.float32(0.1), "a": b"text\0"})
    assert answer == b'{\n    "outputs": {\n        "a": "text\\u0000",\n        "b": 0.1\n    }\n}'


def test_bytes_are_written_as_base64():
    values = np.array([b"\xff", b""], object)
    answer = rendering.render_predictions({"y_bytes": values})
    assert json.loads(answer) == {"predictions": [{"b64": "/w=="}, {"b64": ""}]}
    assert answer.startswith(b'{\n    "predictions": [{\n            "b64": "/w=="\n        }, {')
    answer = rendering.render_outputs({"y_bytes": values.reshape(2, 1), "n_bytes": np.array(3)})
    assert json.loads(answer) == {
        "outputs": {"y_bytes": [[{"b64": "/w=="}], [{"b64": ""}]], "n_bytes": 3}
    }


def test_texts_are_written_as_they_are():
    answer = rendering.render_outputs({"y": 'é"\\/\b\f\n\r\t\x0b\x7f'.encode() + b"\xff"})
    assert answer == (
        b'{\n    "outputs": "' + 'é\\"\\\\/\\b\\f\\n\\r\\t\\u000B\x7f'.encode() + b'\xff"\n}'
    )


@pytest.mark.parametrize(
    "value, text",
    [
        (np.float32(0.1), "0.1"),
        (np.float32(1 / 3), "0.333333343"),
        (np.float32(1e6), "1e+06"),
        (np.float32(123456), "123456.0"),
        (np.float32(1234567), "1234567.0"),
        (np.float32(16777216), "16777216.0"),
        (np.float32(3e-5), "3e-05"),
        (np.float32(-0.0), "-0.0"),
        (np.float32(3.4028235e38), "3.40282347e+38"),
        (np.float32(1e-45), "1.4013e-45"),
        (np.float32("nan"), "NaN"),
        (np.float32("inf"), "Infinity"),
        (np.float32("-inf"), "-Infinity"),
        (np.float64(0.1), "0.1"),
        (np.float64(1 / 3), "0.33333333333333331"),
        (np.int64(-(2**63)), "-9223372036854775808"),
        (np.uint64(2**64 - 1), "18446744073709551615"),
        (np.int8(-1), "-1"),
        (np.bool_(True), "true"),
    ],
)
def test_numbers_are_written_as_in_cpp(value, text):
    assert rendering.render_outputs({"y": value}).decode() == f'{{\n    "outputs": {text}\n}}'


@pytest.mark.parametrize(
    "render, outputs, message",
    [
        (
            rendering.render_predictions,
            {"y": np.array(1.0)},
            "Tensor name: y has no shape information ",
        ),
        (
            rendering.render_predictions,
            {"y": np.zeros(2), "z": np.zeros(3)},
            "Tensor name: z has inconsistent batch size: 3 expecting: 2",
        ),
        (
            rendering.render_predictions,
            {"y": np.zeros(2, np.complex64)},
            "Failed to write JSON value for tensor type: complex64",
        ),
        (
            rendering.render_outputs,
            {"y": np.zeros(2, np.float16)},
            "Failed to write JSON value for tensor type: half",
        ),
        (rendering.render_outputs, {}, "Cannot convert empty tensor map to JSON"),
    ],
)
def test_outputs_that_json_cannot_have(render, outputs, message):
    with pytest.raises(ServingError) as caught:
        render(outputs)
    assert (caught.value.code, caught.value.message) == (Code.INVALID_ARGUMENT, message)


def test_classifications_and_regressions():
    classes = np.array([[b"good", b"bad"], [b"a", b"b"]], object)
    scores = np.array([[0.75, 0.25], [1, 0]], np.float32)
    answer = rendering.render_classification(Classification(classes, scores))
    assert answer == (
        b'{\n    "results": [[["good", 0.75], ["bad", 0.25]], [["a", 1.0], ["b", 0.0]]\n    ]\n}'
    )
    answer = json.loads(rendering.render_classification(Classification(None, scores)))
    assert answer["results"][0] == [["", 0.75], ["", 0.25]]
    answer = json.loads(rendering.render_classification(Classification(classes, None)))
    assert answer["results"][1] == [["a", 0.0], ["b", 0.0]]
    answer = rendering.render_regression(np.array([0.5, 2], np.float32))
    assert answer == b'{\n    "results": [0.5, 2.0]\n}'


def test_errors():
    assert rendering.render_error('Bad "x"\n') == b'{\n    "error": "Bad \\"x\\"\\n"\n}'


floats = st.floats(width=32)
shapes = st.lists(st.integers(0, 3), max_size=3)


@st.composite
def tensors(draw, elements, dtype):
    shape = draw(shapes)
    size = math.prod(shape)
    flat = draw(st.lists(elements, min_size=size, max_size=size))
    value = np.empty(size, dtype)
    value[:] = flat
    return value.reshape(shape)


@hypothesis.given(tensors(floats, np.float32), tensors(st.text().map(str.encode), object))
def test_what_is_written_is_read_again(numbers, texts):
    answer = rendering.render_outputs({"x": numbers, "text": texts})
    inputs = {"x": FLOAT, "text": STRING}
    values, _ = predict(answer.replace(b'"outputs"', b'"inputs"', 1), inputs)
    if numbers.size:
        np.testing.assert_array_equal(values["x"], numbers)
    assert values["text"].tolist() == texts.tolist()


@hypothesis.given(st.lists(floats, min_size=1), st.lists(st.binary(), min_size=1))
def test_rows_are_read_again(numbers, texts):
    count = min(len(numbers), len(texts))
    numbers, texts = np.array(numbers[:count], np.float32), np.array(texts[:count], object)
    answer = rendering.render_predictions({"x": numbers, "text_bytes": texts})
    inputs = {"x": FLOAT, "text_bytes": STRING}
    values, _ = predict(answer.replace(b'"predictions"', b'"instances"', 1), inputs)
    np.testing.assert_array_equal(values["x"], numbers)
    assert values["text_bytes"].tolist() == texts.tolist()


@hypothesis.given(st.binary())
def test_base64_in_any_form(data):
    encoded = base64.b64encode(data).decode()
    for text in (encoded, encoded.rstrip("="), " ".join(encoded), encoded.replace("=", ".")):
        values, _ = predict(json.dumps({"inputs": {"b64": text}}), TEXT)
        assert values["text"].item() == data


json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda inner: st.lists(inner) | st.dictionaries(st.text() | st.just("b64"), inner),
    max_leaves=20,
)


@hypothesis.given(
    json_values,
    st.sampled_from(["instances", "inputs", "examples"]),
    st.sampled_from([X, TEXT, TWO, {"x": types_pb2.DT_INT64}]),
)
def test_any_value_is_read_or_refused(value, key, inputs):
    document = parse(json.dumps({key: value}).encode())
    try:
        if key == "examples":
            read_examples(document)
        else:
            arrays, _ = read_inputs(document, inputs, "")
            assert arrays.keys() == inputs.keys()
    except ServingError as error:
        assert error.code in (Code.INVALID_ARGUMENT, Code.UNIMPLEMENTED)


@hypothesis.given(st.binary())
def test_any_bytes_are_parsed_or_refused(body):
    try:
        assert isinstance(parse(body), dict)
    except ServingError as error:
        assert error.message.startswith("JSON ")
