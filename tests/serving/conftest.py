"""A trivial model, and servers in this process that answer on real ports."""

from __future__ import annotations

import contextlib
import shutil
import socket
import time
import types
from collections.abc import Callable
from pathlib import Path

import pytest

BATCHING = """
max_batch_size { value: 8192 }
max_execution_batch_size { value: 64 }
enable_large_batch_splitting { value: true }
max_enqueued_batches { value: 200 }
batch_timeout_micros { value: 1000 }
allowed_batch_sizes: 4
allowed_batch_sizes: 64
"""


@pytest.fixture(scope="session")
def wait_until() -> Callable[[Callable[[], bool]], None]:
    """Waits for a condition, a minute at most."""

    def wait(condition: Callable[[], bool]) -> None:
        deadline = time.monotonic() + 60
        while not condition():
            assert time.monotonic() < deadline
            time.sleep(0.05)

    return wait


@pytest.fixture(scope="session")
def half_plus_two(tmp_path_factory) -> Path:
    """Base path of TensorFlow Serving's own example: version 123 answers x / 2 + 2.

    A SavedModel of TensorFlow 1, with the signatures `serving_default` (`x` to `y`, float
    [batch]), `classify_x_to_y` (`inputs` to `scores`), `regress_x_to_y` and `regress_x_to_y2`
    (`inputs` to `outputs`; feature `x`, the second answers x / 2 + 3), and `scalar` (`x` to `y`,
    of any shape).
    """
    base = tmp_path_factory.mktemp("models") / "half_plus_two"
    write_half_plus_two(str(base / "00000123"))
    return base


def write_half_plus_two(directory: str, offset: float = 2.0) -> None:
    """Writes a version whose `serving_default` answers x / 2 + offset."""
    import tensorflow as tf

    tf1 = tf.compat.v1
    methods = tf1.saved_model.signature_constants
    builder = tf1.saved_model.Builder(directory)
    with tf1.Session(graph=tf.Graph()) as session:
        a = tf1.get_variable("a", initializer=0.5, use_resource=True)
        b = tf1.get_variable("b", initializer=offset, use_resource=True)
        c = tf1.get_variable("c", initializer=offset + 1, use_resource=True)
        serialized = tf1.placeholder(tf.string, [None], "tf_example")
        features = {"x": tf.io.FixedLenFeature([1], tf.float32)}
        parsed = tf.io.parse_example(serialized, features)["x"]
        x = tf1.placeholder(tf.float32, [None], "x")
        free = tf1.placeholder(tf.float32, None, "free")

        def signature(inputs, outputs, method):
            info = tf1.saved_model.build_tensor_info
            return tf1.saved_model.build_signature_def(
                {name: info(tensor) for name, tensor in inputs.items()},
                {name: info(tensor) for name, tensor in outputs.items()},
                method,
            )

        predict, regress = methods.PREDICT_METHOD_NAME, methods.REGRESS_METHOD_NAME
        classify = methods.CLASSIFY_METHOD_NAME
        y, y2 = a * parsed + b, a * parsed + c
        session.run(tf1.global_variables_initializer())
        builder.add_meta_graph_and_variables(
            session,
            ["serve"],
            {
                "serving_default": signature({"x": x}, {"y": a * x + b}, predict),
                "scalar": signature({"x": free}, {"y": a * free + b}, predict),
                "classify_x_to_y": signature({"inputs": serialized}, {"scores": y}, classify),
                "regress_x_to_y": signature({"inputs": serialized}, {"outputs": y}, regress),
                "regress_x_to_y2": signature({"inputs": serialized}, {"outputs": y2}, regress),
            },
        )
        builder.save()


@pytest.fixture(scope="session")
def new_version() -> Callable[[Path, int, float], Path]:
    """Puts version `number` of half_plus_two, with another offset, under a base path at once."""

    def add(base: Path, number: int, offset: float) -> Path:
        unfinished = base.parent / f".{base.name}-{number}"
        write_half_plus_two(str(unfinished), offset)
        base.mkdir(exist_ok=True)
        return Path(shutil.move(unfinished, base / str(number)))

    return add


@pytest.fixture(scope="session")
def batching(tmp_path_factory) -> dict:
    """Flags of a server that makes batches of requests."""
    file = tmp_path_factory.mktemp("batching") / "batching_parameters.txt"
    file.write_text(BATCHING)
    return {"enable_batching": True, "batching_parameters_file": file}


@pytest.fixture(scope="module", params=["alone", "batched"])
def flags(request, batching) -> dict:
    """Flags of a server that runs requests alone, and of one that makes batches of them."""
    return {} if request.param == "alone" else batching


@pytest.fixture(scope="module")
def model_server():
    """Starts servers: `model_server(model_name=…, model_base_path=…, **flags)`.

    Takes the fields of `ServerSettings`; the ports are chosen here. Gives an object with `rest`
    and `grpc` (both HOST:PORT), `core` and `stop()`; it ends with the module of the test.
    """
    from reviewlens.serving.server.server import Server
    from reviewlens.serving.server.settings import ServerSettings

    with contextlib.ExitStack() as stack:

        def start(**flags):
            grpc_port, rest_port = free_ports(2)
            flags = {"port": grpc_port, "rest_api_port": rest_port, **flags}
            flags = {k: str(v) if isinstance(v, Path) else v for k, v in flags.items()}
            # What fails shall fail now.
            flags.setdefault("max_num_load_retries", 0)
            running = contextlib.ExitStack()
            server = running.enter_context(Server(ServerSettings(**flags)))
            stack.callback(running.close)
            return types.SimpleNamespace(
                rest=f"127.0.0.1:{flags['rest_api_port']}",
                grpc=f"127.0.0.1:{flags['port']}",
                core=server.core,
                stop=running.close,
            )

        yield start


@pytest.fixture(scope="module")
def beside_a_classifier(model_server, served, tmp_path_factory):
    """Starts a server of a model, by its name and its version directory, and of `reviews`."""

    def start(name: str, directory: str, **flags):
        config = tmp_path_factory.mktemp("config") / "models.config"
        bases = {name: Path(directory).parent, "reviews": Path(served.directory).parent}
        entries = [
            f'config {{ name: "{name}" base_path: "{base}" model_platform: "tensorflow" }}'
            for name, base in bases.items()
        ]
        config.write_text(f"model_config_list {{ {' '.join(entries)} }}")
        return model_server(model_config_file=config, **flags)

    return start


def free_ports(count: int) -> list[int]:
    """Ports that nobody listens on at the moment."""
    with contextlib.ExitStack() as stack:
        sockets = [
            stack.enter_context(socket.create_server(("127.0.0.1", 0))) for _ in range(count)
        ]
        return [opened.getsockname()[1] for opened in sockets]


@pytest.fixture(scope="session")
def ports() -> Callable[[int], list[int]]:
    """Gives ports that nobody listens on at the moment."""
    return free_ports
