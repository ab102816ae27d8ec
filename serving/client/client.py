"""The client that users hold."""

from __future__ import annotations

import asyncio
import collections
import concurrent.futures
import contextlib
import threading
import weakref
from collections.abc import Generator, Iterable, Iterator, Sequence
from typing import cast

from ...errors import UsageError
from ..prediction import AnyPrediction, Row, input_batches
from ..tasks.predictions import Inputs, Prediction
from ..tasks.question_answering.answers import TASK as ANSWERS
from ..tasks.question_answering.answers import Answer, rows_of_pairs
from ..tasks.token_classification.answers import TASK as ENTITIES
from ..tasks.token_classification.answers import Entities, Entity
from .model_requests import ModelRequests
from .target import TLS, Target, parse_target
from .transport import Transport

_TRANSPORTS = ("rest", "grpc")

_Predicted = concurrent.futures.Future[Sequence[Prediction]]


class Client:
    """Asks a model that TensorFlow Serving or `reviewlens serve` serves, of any task.

    It may be used from several threads and event loops at once, keeps its connections, and is
    to be closed; a process that is forked off needs one of its own.

    Args:
        address: `HOST:PORT` of the REST or of the gRPC API, or a URL, which may have a path
            (REST only); `https://` encrypts.
        model: Name of the model, one that reviewlens exported.
        transport: `rest` or `grpc`.
        version: Version to ask; without it the server chooses, mostly the latest. REST does
            not tell which version answers: where one with the same classes in another order
            may follow, name the version or use gRPC.
        label: Label of the version to ask, instead of its number.
        timeout: Seconds that one batch may take, its retries included.
        retries: How often a request is sent again when the server is not available: nobody
            listens, the connection breaks, or the answer is 503 or UNAVAILABLE. The waits
            between grow from 0.1 to at most 5 seconds.
        batch_size: Rows in a request, mostly texts; at most what the server accepts.
        concurrency: Requests of one call that are under way together.
        tls: Certificates for an encrypted connection.

    Raises:
        UsageError: An argument is out of range, or a certificate cannot be read.

    Example:
        >>> with Client("localhost:8501", model="reviews") as client:
        ...     client.predict(["Great value.", "Broke after two days."])
        [Prediction(label='positive', probabilities={'negative': 0.06…, …}), …]
    """

    def __init__(
        self,
        address: str,
        *,
        model: str = "default",
        transport: str = "rest",
        version: int | None = None,
        label: str | None = None,
        timeout: float = 60.0,
        retries: int = 5,
        batch_size: int = 32,
        concurrency: int = 4,
        tls: TLS | None = None,
    ):
        target = parse_target(address, tls=tls, model=model, version=version, label=label)
        if transport not in _TRANSPORTS:
            raise UsageError(f"transport {transport!r}: choose one of {', '.join(_TRANSPORTS)}")
        if timeout <= 0 or retries < 0 or batch_size < 1 or concurrency < 1:
            raise UsageError(
                "timeout is more than 0, retries at least 0, batch_size and concurrency at least 1"
            )
        self._batch_size = batch_size
        self._concurrency = concurrency
        self._transport = _open_transport(transport, target, timeout)
        self._requests = ModelRequests(self._transport, target, timeout=timeout, retries=retries)
        # One loop serves callers with and without a loop of their own.
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(
            target=self._loop.run_forever, name="reviewlens client", daemon=True
        )
        self._thread.start()
        # For a client that nobody closed.
        self._stop = weakref.finalize(self, self._loop.call_soon_threadsafe, self._loop.stop)

    def predict(self, texts: Iterable[Row]) -> list[AnyPrediction]:
        """Asks a model of any task about reviews.

        Args:
            texts: Any number of reviews of any length; of a model that takes more than one text
                texts by the names of its inputs, such as
                `{"question": "How is the fit?", "context": "Fits perfectly."}`.

        Returns:
            One prediction for each, in their order: a `Prediction` of a classifier, the
            `Entities` of a model that finds such, the `Answer` of one that answers questions.

        Raises:
            UsageError: The model takes other inputs.
            ServerUnavailable: The server was not available, however often it was asked.
            ServerTimeout: A batch took longer than the time-out.
            ModelNotFound: The server has no such model or version.
            InvalidRequest: The server refused the request.
            ServerError: Anything else that the server answers.
        """
        return list(self.stream(texts))

    def stream(self, texts: Iterable[Row]) -> Iterator[AnyPrediction]:
        """Asks about reviews as they come, only a few batches ahead of what is taken.

        Args:
            texts: As many as there are, see `predict`; those of `concurrency` batches are in
                memory.

        Yields:
            One prediction for each, in their order.

        Raises:
            UsageError: The model takes other inputs.
            ServerError: See `predict`.
        """
        return self._streamed(texts)

    async def predict_async(self, texts: Iterable[Row]) -> list[AnyPrediction]:
        """Asks about reviews without blocking the caller's event loop.

        Args:
            texts: See `predict`.

        Returns:
            See `predict`.

        Raises:
            UsageError: The model takes other inputs.
            ServerError: See `predict`.

        Example:
            >>> asyncio.run(client.predict_async(["Great value."]))
            [Prediction(label='positive', probabilities={'negative': 0.06…, …})]
        """
        return await self._gathered(texts)

    def entities(self, texts: Iterable[str]) -> list[list[Entity]]:
        """Finds the entities of texts.

        Args:
            texts: Any number of any length.

        Returns:
            Those of each text, in their order.

        Raises:
            UsageError: The model is for another task.
            ServerError: See `predict`.

        Example:
            >>> with Client("localhost:8501", model="aspects") as client:
            ...     client.entities(["The pasta was great."])
            [[Entity(start=4, end=9, label='praised', score=0.97…, text='pasta')]]
        """
        return _entities(self._streamed(texts, ENTITIES))

    async def entities_async(self, texts: Iterable[str]) -> list[list[Entity]]:
        """Finds the entities of texts without blocking the caller's event loop.

        Args:
            texts: See `entities`.

        Returns:
            See `entities`.

        Raises:
            UsageError: The model is for another task.
            ServerError: See `predict`.
        """
        return _entities(await self._gathered(texts, ENTITIES))

    def answers(self, pairs: Iterable[tuple[str, str]]) -> list[Answer]:
        """Answers questions with a part of a text each.

        Args:
            pairs: Any number of questions, each with the context that shall have its answer.

        Returns:
            The answer to each, in their order; an empty one where the context has none.

        Raises:
            UsageError: The model is for another task.
            ServerError: See `predict`.

        Example:
            >>> with Client("localhost:8501", model="questions") as client:
            ...     client.answers([("How is the fit?", "Fits like a glove, but itches.")])
            [Answer(text='like a glove', start=5, end=17, score=0.91…)]
        """
        return cast(list[Answer], list(self._streamed(rows_of_pairs(pairs), ANSWERS)))

    async def answers_async(self, pairs: Iterable[tuple[str, str]]) -> list[Answer]:
        """Answers questions without blocking the caller's event loop.

        Args:
            pairs: See `answers`.

        Returns:
            See `answers`.

        Raises:
            UsageError: The model is for another task.
            ServerError: See `predict`.
        """
        return cast(list[Answer], await self._gathered(rows_of_pairs(pairs), ANSWERS))

    def close(self) -> None:
        """Ends what is under way and closes the connections; closed twice is closed."""
        if self._thread.is_alive():
            asyncio.run_coroutine_threadsafe(self._shut_down(), self._loop).result()
            self._stop()
            self._thread.join()
            self._loop.close()

    def __enter__(self) -> Client:
        return self

    def __exit__(self, *exception: object) -> None:
        self.close()

    def _streamed(self, rows: Iterable[Row], task: str | None = None) -> Iterator[Prediction]:
        with contextlib.closing(self._predicted(rows, task)) as batches:
            for batch in batches:
                yield from batch.result()

    async def _gathered(self, rows: Iterable[Row], task: str | None = None) -> list[Prediction]:
        predictions: list[Prediction] = []
        with contextlib.closing(self._predicted(rows, task)) as batches:
            for batch in batches:
                of_batch = await asyncio.wrap_future(batch)
                predictions += of_batch
        return predictions

    def _predicted(
        self, rows: Iterable[Row], task: str | None
    ) -> Generator[_Predicted, None, None]:
        """Yields the predictions of batches in their order, the next ones being under way."""
        batches = input_batches(rows, self._batch_size)
        under_way: collections.deque[_Predicted] = collections.deque()
        try:
            while True:
                while len(under_way) < self._concurrency and (batch := next(batches, None)):
                    under_way.append(self._submit(batch, task))
                if not under_way:
                    return
                yield under_way[0]
                under_way.popleft()
        finally:
            for predicted in under_way:
                predicted.cancel()

    def _submit(self, batch: Inputs, task: str | None) -> _Predicted:
        if not self._thread.is_alive():
            raise RuntimeError("this Client is closed, or belongs to the process that was forked")
        return asyncio.run_coroutine_threadsafe(self._requests.predict(batch, task), self._loop)

    async def _shut_down(self) -> None:
        tasks = asyncio.all_tasks() - {asyncio.current_task()}
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        await self._transport.close()


def _entities(predictions: Iterable[Prediction]) -> list[list[Entity]]:
    return [list(cast(Entities, prediction).entities) for prediction in predictions]


def _open_transport(name: str, target: Target, timeout: float) -> Transport:
    # Each brings a library that only its users need to load.
    if name == "grpc":
        from .grpc_transport import GrpcTransport

        return GrpcTransport(target, timeout)
    from .rest_transport import RestTransport

    return RestTransport(target)
