"""What is asked of a served model, and who reads its answers."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence

from ..status import Code
from ..tasks.predictions import FIRST_TASK, AnswerReader, Prediction
from ..tasks.registry import TASKS
from .backoff import backoff_delays
from .errors import ServerError, ServerUnavailable, server_error
from .target import Target
from .transport import Outputs, Transport


class ModelRequests:
    """Asks one model for predictions, again if the server is not available.

    No server tells which task a model is of: the names of its outputs do.

    Args:
        transport: The way to the model.
        target: The model.
        timeout: Seconds that one batch may take, with all that is done for it.
        retries: How often a request is sent again.
    """

    def __init__(self, transport: Transport, target: Target, *, timeout: float, retries: int):
        self._transport = transport
        self._target = target
        self._timeout = timeout
        self._retries = retries
        self._readers: dict[str, AnswerReader] = {}

    async def predict(self, texts: list[bytes]) -> Sequence[Prediction]:
        """Returns a prediction for each text of a batch.

        Raises:
            ServerError: There was no answer in time, or none that can be understood.
        """
        try:
            return await asyncio.wait_for(self._predict(texts), self._timeout)
        except asyncio.TimeoutError:
            message = f"no answer within {self._timeout:g} s"
            raise self._error(Code.DEADLINE_EXCEEDED, message) from None

    async def _predict(self, texts: list[bytes]) -> Sequence[Prediction]:
        outputs = await self._ask("serving_default", "text", texts)
        return await self._reader(outputs).read(texts, outputs)

    def _reader(self, outputs: Outputs) -> AnswerReader:
        """What reads answers with such outputs; none fits better than that of the first task."""
        fitting = (
            name
            for name in TASKS
            if set(TASKS.load(name, "answers").OUTPUTS) == set(outputs.tensors)
        )
        name = next(fitting, FIRST_TASK)
        if name not in self._readers:
            self._readers[name] = TASKS.load(name, "answers").make_reader(
                self._target.model, self._ask, lambda text: self._error(Code.UNKNOWN, text)
            )
        return self._readers[name]

    async def _ask(self, signature: str, alias: str, values: list[bytes]) -> Outputs:
        for delay in backoff_delays(self._retries):
            try:
                return await self._transport.predict(signature, alias, values)
            except ServerUnavailable:
                await asyncio.sleep(delay)
        return await self._transport.predict(signature, alias, values)

    def _error(self, code: Code, message: str) -> ServerError:
        return server_error(self._target.address, code, message)
