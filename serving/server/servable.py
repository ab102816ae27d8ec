"""One version of a model, loaded and ready to run."""

from __future__ import annotations

import re
import time
from collections.abc import Mapping, Sequence

# Registers the operations of TensorFlow Text, which stock TensorFlow Serving links.
import tensorflow_text  # noqa: F401  isort: skip
import numpy as np
import tensorflow as tf
from tensorflow.core.protobuf import meta_graph_pb2

from ..status import Code, ServingError
from .batching import BatchingSettings, BatchQueue, BatchScheduler
from .metrics import Metrics

DEFAULT_SIGNATURE = "serving_default"
# What Python's session puts before the runtime's own message.
_EXPLANATION = re.compile(
    r"\AGraph execution error:\n+(?:Detected at node.*\nNode: '[^\n]*'\n)?", re.DOTALL
)


class Servable:
    """Runs the signatures of a SavedModel in a session, as TensorFlow Serving does.

    A session, unlike `tf.saved_model.load`, runs models of TensorFlow 1 too, takes any subset
    of a signature's outputs and gives up after a time-out.

    Args:
        name: Name of the model.
        version: Its version.
        directory: The version's directory.
        metrics: Told what is run, and how long it takes.
        tags: Which of the SavedModel's graphs to load.
        session_config: Thread counts of the session.
        scheduler: Runs batches of concurrent requests, or None.
        batching: How they are made; None runs each request alone.

    Attributes:
        name: As given.
        version: As given.
        directory: As given.
        metrics: As given.
        signatures: Protos of the signatures by their names.

    Raises:
        ServingError: The SavedModel cannot be loaded.

    Example:
        >>> servable = Servable("reviews", 1, "served/1", Metrics())
        >>> inputs = {"text": np.array([b"Great!"], object)}
        >>> servable.run("serving_default", inputs, ["label"])
        {'label': array([b'positive'], dtype=object)}
    """

    def __init__(
        self,
        name: str,
        version: int,
        directory: str,
        metrics: Metrics,
        *,
        tags: Sequence[str] = ("serve",),
        session_config: tf.compat.v1.ConfigProto | None = None,
        scheduler: BatchScheduler | None = None,
        batching: BatchingSettings | None = None,
    ):
        self.name = name
        self.version = version
        self.directory = directory
        self.metrics = metrics
        self._scheduler = scheduler
        self._batching = batching
        self._programs: dict[tuple, _Program] = {}
        self._session = tf.compat.v1.Session(graph=tf.Graph(), config=session_config)
        try:
            with self._session.graph.as_default():
                graph = tf.compat.v1.saved_model.loader.load(self._session, list(tags), directory)
        except Exception as error:
            self._session.close()
            raise as_serving_error(error) from error
        self.signatures: dict[str, meta_graph_pb2.SignatureDef] = dict(graph.signature_def)

    def run(
        self,
        signature_name: str,
        inputs: Mapping[str, np.ndarray],
        outputs: Sequence[str],
        timeout: float | None = None,
    ) -> dict[str, np.ndarray]:
        """Runs a signature; may be called from any number of threads.

        Args:
            signature_name: A key of `signatures`.
            inputs: A value for each of its inputs; texts are object arrays of bytes.
            outputs: Which of its outputs to compute.
            timeout: Seconds after which to give up, or None.

        Returns:
            The outputs by name.

        Raises:
            ServingError: What TensorFlow says, or that there was no room or no time.
        """
        program = self._program(signature_name, tuple(sorted(inputs)), tuple(sorted(outputs)))
        values = [inputs[alias] for alias in program.inputs]
        # A batch without rows cannot be told apart again once it is part of a larger one.
        if program.queue is None or any(value.shape[:1] == (0,) for value in values):
            results = program.run(values, timeout)
        else:
            results = program.queue.run(values, timeout)
        return dict(zip(program.outputs, results, strict=True))

    def check_rows(self, rows: int) -> None:
        """Makes sure, before they are read, that a request may have so many rows.

        Args:
            rows: Of the request.

        Raises:
            ServingError: They do not fit into a batch (INVALID_ARGUMENT).
        """
        if self._scheduler is not None and self._batching is not None:
            self._batching.check_rows(rows)

    def close(self) -> None:
        """Gives back what the model holds; no run may be under way."""
        for program in self._programs.values():
            if program.queue is not None:
                program.queue.close()
        self._session.close()

    def _program(self, signature_name: str, inputs: tuple, outputs: tuple) -> _Program:
        key = (signature_name, inputs, outputs)
        program = self._programs.get(key)
        if program is None:
            program = _Program(
                self._session, self.signatures[signature_name], inputs, outputs, self._record
            )
            if self._scheduler is not None and self._batching is not None:
                program.queue = self._scheduler.new_queue(self.name, program.run, self._batching)
            kept = self._programs.setdefault(key, program)
            if kept is not program and program.queue is not None:
                program.queue.close()
            program = kept
        return program

    def _record(self, seconds: float) -> None:
        self.metrics.runtime(self.name, "Predict", seconds * 1e6)


class _Program:
    """A signature with a choice of outputs, ready to be called."""

    def __init__(self, session, signature, inputs, outputs, record):
        self.inputs = inputs
        self.outputs = outputs
        self.queue: BatchQueue | None = None
        self._record = record
        feeds = [signature.inputs[alias].name for alias in inputs]
        fetches = [signature.outputs[alias].name for alias in outputs]
        self._call = session.make_callable(fetches, feeds, accept_options=True)

    def run(self, values: Sequence[np.ndarray], timeout: float | None) -> list[np.ndarray]:
        options = None
        if timeout is not None:
            milliseconds = max(round(timeout * 1000), 1)
            options = tf.compat.v1.RunOptions(timeout_in_ms=milliseconds)
        started = time.perf_counter()
        try:
            return self._call(*values, options=options)
        except Exception as error:
            raise as_serving_error(error) from error
        finally:
            self._record(time.perf_counter() - started)


def as_serving_error(error: Exception) -> ServingError:
    """What TensorFlow raises, with its code where it has one.

    Args:
        error: Raised by a session, by the loader or by reading a file.

    Returns:
        The same as a `ServingError`.
    """
    if isinstance(error, ServingError):
        return error
    if isinstance(error, tf.errors.OpError):
        return ServingError(Code(error.error_code), _EXPLANATION.sub("", error.message))
    if isinstance(error, ValueError | TypeError):
        return ServingError(Code.INVALID_ARGUMENT, str(error))
    if isinstance(error, FileNotFoundError):
        return ServingError(Code.NOT_FOUND, str(error))
    # The loader says with these that it found no graph with the tags, or no SavedModel at all.
    if isinstance(error, RuntimeError | OSError):
        return ServingError(Code.NOT_FOUND, str(error))
    if isinstance(error, MemoryError):
        return ServingError(Code.RESOURCE_EXHAUSTED, "There is not enough memory for the request")
    return ServingError(Code.UNKNOWN, f"{type(error).__name__}: {error}")
