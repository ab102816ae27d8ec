from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tensorflow_serving.config.model_server_config_pb2 import ModelServerConfig

from reviewlens.serving.config_protos import BatchingParameters, MonitoringConfig, SSLConfig
from reviewlens.serving.server.text_files import parse_text_file
from reviewlens.serving.status import Code, ServingError

# As TensorFlow Serving's documentation writes them.
BATCHING = """
max_batch_size { value: 32 }  # rows
batch_timeout_micros { value: 5000 }
max_enqueued_batches { value: 100 }
num_batch_threads { value: 4 }
thread_pool_name { value: "batch_threads" }
allowed_batch_sizes: 1
allowed_batch_sizes: [8, 32]
pad_variable_length_inputs: true
enable_large_batch_splitting { value: true }
max_execution_batch_size { value: 16 }
"""


@pytest.fixture
def parse(tmp_path):
    def parse(text: str | bytes, message_class):
        path = tmp_path / "file.txt"
        path.write_bytes(text if isinstance(text, bytes) else text.encode())
        return parse_text_file(str(path), message_class)

    return parse


def test_every_batching_parameter_is_read(parse):
    parameters = parse(BATCHING, BatchingParameters)
    assert parameters.max_batch_size.value == 32
    assert parameters.batch_timeout_micros.value == 5000
    assert parameters.max_enqueued_batches.value == 100
    assert parameters.num_batch_threads.value == 4
    assert parameters.thread_pool_name.value == "batch_threads"
    assert list(parameters.allowed_batch_sizes) == [1, 8, 32]
    assert parameters.pad_variable_length_inputs is True
    assert parameters.enable_large_batch_splitting.value is True
    assert parameters.max_execution_batch_size.value == 16


def test_the_numbers_of_the_fields_are_those_of_tensorflow_serving(parse):
    wire = parse(BATCHING, BatchingParameters).SerializeToString()
    assert (
        wire
        == bytes.fromhex(
            "0a020820"  # 1: max_batch_size
            "1203088827"  # 2: batch_timeout_micros
            "1a020864"  # 3: max_enqueued_batches
            "22020804"  # 4: num_batch_threads
            "2a0f0a0d"
            + b"batch_threads".hex()  # 5: thread_pool_name
            + "3203010820"  # 6: allowed_batch_sizes, packed
            "3801"  # 7: pad_variable_length_inputs
            "42020801"  # 8: enable_large_batch_splitting
            "4a020810"  # 9: max_execution_batch_size
        )
    )
    ssl = parse('server_key: "k" server_cert: "c" custom_ca: "a" client_verify: true', SSLConfig)
    assert ssl.SerializeToString() == b"\x0a\x01k\x12\x01c\x1a\x01a\x20\x01"
    monitoring = parse('prometheus_config { enable: true path: "/m" }', MonitoringConfig)
    assert monitoring.SerializeToString() == b"\x0a\x06\x08\x01\x12\x02/m"


def test_what_is_not_given_can_be_told_from_zero(parse):
    parameters = parse("batch_timeout_micros { value: 0 }", BatchingParameters)
    assert parameters.HasField("batch_timeout_micros")
    assert not parameters.HasField("max_batch_size")


def test_an_empty_file_is_an_empty_message(parse):
    assert parse("", ModelServerConfig) == ModelServerConfig()


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("max_batch_size: 3", "1:17"),
        ("\nmax_batch { value: 3 }", 'has no field named "max_batch"'),
        ("max_batch_size { value: 3", 'Expected "}"'),
        ("max_batch_size { value: 'a' }", "1:25"),
        (b"# caf\xe9", "byte 0xe9 is not UTF-8"),
    ],
)
def test_a_bad_file_is_named_with_the_reason_in_one_line(parse, tmp_path, text, reason):
    with pytest.raises(ServingError) as caught:
        parse(text, BatchingParameters)
    assert caught.value.code == Code.INVALID_ARGUMENT
    assert caught.value.message.startswith(f"Invalid protobuf file: '{tmp_path}/file.txt': ")
    assert reason in caught.value.message
    assert "\n" not in caught.value.message


@given(text=st.text())
def test_any_other_text_is_refused_and_never_brings_the_parser_down(tmp_path_factory, text):
    path = tmp_path_factory.getbasetemp() / "any.txt"
    path.write_text(text, encoding="utf-8")
    try:
        parse_text_file(str(path), BatchingParameters)
    except ServingError as error:
        assert error.code == Code.INVALID_ARGUMENT


def test_a_missing_file_is_not_found(tmp_path):
    with pytest.raises(ServingError) as caught:
        parse_text_file(str(tmp_path / "none.txt"), BatchingParameters)
    assert caught.value.code == Code.NOT_FOUND
    assert caught.value.message == f"{tmp_path}/none.txt; No such file or directory"


def test_a_directory_is_no_file(tmp_path):
    with pytest.raises(ServingError, match="Invalid protobuf file: .*: Is a directory"):
        parse_text_file(str(tmp_path), BatchingParameters)
