"""The servers that are compared, and how each is asked."""

from __future__ import annotations

import contextlib
import dataclasses
import json
import os
import subprocess
import sys
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

from load import TIMEOUT, Target
from peers.convert import convert
from record import PEERS
from servers import ServerProcess, free_port, running
from workers import peer_python

MODEL = "reviews"
# Label and probabilities of each text of a request.
Decoded = list[tuple[str, Sequence[float]]]


@dataclasses.dataclass(frozen=True)
class System:
    """A way to ask a server.

    Attributes:
        name: In the tables.
        target: Where requests go.
        encode: From texts to a request.
        decode: From an answer to what it says.
    """

    name: str
    target: Target
    encode: Callable[[list[str]], bytes]
    decode: Callable[[bytes], Decoded]


@dataclasses.dataclass(frozen=True)
class Served:
    """A server that runs.

    Attributes:
        name: In the tables.
        process: The server.
        systems: How it can be asked.
    """

    name: str
    process: ServerProcess
    systems: list[System]


@contextlib.contextmanager
def reviewlens_server(
    version: str, scratch: str, *, threads: int, clients: int, batching: str | None
) -> Iterator[Served]:
    """Runs `reviewlens serve`.

    Args:
        version: Directory of the model's version.
        scratch: Folder for files.
        threads: Of an operation, and operations at once.
        clients: How many may ask at the same time.
        batching: A file with BatchingParameters; None for the one of `export-serving`.

    Yields:
        The server, with REST and gRPC.
    """
    program = str(Path(sys.executable).with_name("reviewlens"))
    if batching is None:
        command = [program, "export-serving", "--model", version, "--output", f"{scratch}/deploy"]
        subprocess.run([*command, f"--cpus={threads}"], check=True, stdout=subprocess.DEVNULL)
        batching = f"{scratch}/deploy/batching_parameters.txt"
    rest, grpc = free_port(), free_port()
    path = f"/v1/models/{MODEL}"
    command = [
        *(program, "serve", f"--model_name={MODEL}", f"--model_base_path={Path(version).parent}"),
        *(f"--rest_api_port={rest}", f"--port={grpc}"),
        *("--enable_batching", f"--batching_parameters_file={batching}"),
        # A request that waits outside is in no batch.
        *(f"--rest_api_num_threads={clients}", f"--grpc_max_threads={clients}"),
        f"--tensorflow_intra_op_parallelism={threads}",
        f"--tensorflow_inter_op_parallelism={threads}",
        f"--rest_api_timeout_in_ms={1000 * TIMEOUT:.0f}",
    ]
    with running(command, f"http://127.0.0.1:{rest}{path}", dict(os.environ)) as process:
        http = Target(f"127.0.0.1:{rest}", f"{path}:predict")
        method = "/tensorflow.serving.PredictionService/Predict"
        rpc = Target(f"127.0.0.1:{grpc}", method, grpc=True)
        systems = [
            System("reviewlens, REST", http, _to_json, _from_json),
            System("reviewlens, gRPC", rpc, _to_proto, _from_proto),
        ]
        yield Served("reviewlens serve", process, systems)


@contextlib.contextmanager
def transformers_server(version: str, scratch: str, *, threads: int, name: str) -> Iterator[Served]:
    """Runs `peers/serve_transformers.py`.

    Args:
        version: Directory of the model's version.
        scratch: Folder for files.
        threads: Of PyTorch.
        name: In the tables.

    Yields:
        The server.
    """
    python = peer_python()
    convert(version, f"{scratch}/checkpoint")
    port = free_port()
    command = [
        *(python, str(PEERS / "serve_transformers.py"), f"{scratch}/checkpoint"),
        *(f"--port={port}", f"--threads={threads}"),
    ]
    environment = {**os.environ, "TRANSFORMERS_OFFLINE": "1", "HF_HUB_OFFLINE": "1"}
    with running(command, f"http://127.0.0.1:{port}/health", environment) as process:
        target = Target(f"127.0.0.1:{port}", "/predict")
        system = System(name, target, _to_json, _from_json)
        yield Served("transformers, FastAPI", process, [system])


def _to_json(texts: list[str]) -> bytes:
    return json.dumps({"instances": texts}).encode()


def _from_json(answer: bytes) -> Decoded:
    predictions = json.loads(answer)["predictions"]
    return [(prediction["label"], prediction["probabilities"]) for prediction in predictions]


def _to_proto(texts: list[str]) -> bytes:
    import tensorflow as tf
    from tensorflow_serving.apis import predict_pb2

    request = predict_pb2.PredictRequest()
    request.model_spec.name = MODEL
    request.inputs["text"].CopyFrom(tf.make_tensor_proto(texts, tf.string))
    return request.SerializeToString()


def _from_proto(answer: bytes) -> Decoded:
    import tensorflow as tf
    from tensorflow_serving.apis import predict_pb2

    outputs = predict_pb2.PredictResponse.FromString(answer).outputs
    labels = [label.decode() for label in tf.make_ndarray(outputs["label"])]
    return list(zip(labels, tf.make_ndarray(outputs["probabilities"]).tolist(), strict=True))
