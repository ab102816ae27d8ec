"""What is asked of a served model, and how its answers are read."""

from __future__ import annotations

import asyncio

from ..prediction import Prediction
from ..server.status import Code
from .backoff import backoff_delays
from .errors import ServerError, ServerUnavailable, server_error
from .target import Target
from .transport import Outputs, Transport


class ModelRequests:
    """Asks one model for predictions, again if the server is not available.

    `serving_default` answers with probabilities in the order of the classes; their names come
    from `classify`, which is asked first and then whenever an answer shows a new version.

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
        self._classes: list[str] = []
        self._version: int | None = None

    async def predict(self, texts: list[bytes]) -> list[Prediction]:
        """Returns a prediction for each text of a batch.

        Raises:
            ServerError: There was no answer in time, or none that can be understood.
        """
        try:
            return await asyncio.wait_for(self._predict(texts), self._timeout)
        except asyncio.TimeoutError:
            message = f"no answer within {self._timeout:g} s"
            raise self._error(Code.DEADLINE_EXCEEDED, message) from None

    async def _predict(self, texts: list[bytes]) -> list[Prediction]:
        outputs = await self._ask("serving_default", "text", texts)
        labels, rows = outputs.tensors.get("label"), outputs.tensors.get("probabilities")
        if not (isinstance(labels, list) and isinstance(rows, list)):
            raise self._error(
                Code.UNKNOWN,
                f"the model {self._target.model} answers with {', '.join(outputs.tensors)}; "
                "one of reviewlens has label and probabilities",
            )
        if outputs.version != self._version or not self._fit(labels, rows):
            await self._ask_for_classes()
        if not len(texts) == len(labels) == len(rows) or not self._fit(labels, rows):
            raise self._error(Code.INTERNAL, "the answers fit neither the texts nor the classes")
        return [
            Prediction(label, dict(zip(self._classes, row, strict=True)))
            for label, row in zip(labels, rows, strict=True)
        ]

    def _fit(self, labels: list[str], rows: list[list[float]]) -> bool:
        """Whether answers can be those of the classes known so far."""
        return set(labels) <= set(self._classes) and all(
            len(row) == len(self._classes) for row in rows
        )

    async def _ask_for_classes(self) -> None:
        # One serialized tf.Example without features: an empty review.
        answer = await self._ask("classify", "inputs", [b""])
        names = answer.tensors.get("classes")
        if not isinstance(names, list) or len(names) != 1:
            raise self._error(Code.INTERNAL, "the signature classify does not name the classes")
        self._classes, self._version = names[0], answer.version

    async def _ask(self, signature: str, alias: str, values: list[bytes]) -> Outputs:
        for delay in backoff_delays(self._retries):
            try:
                return await self._transport.predict(signature, alias, values)
            except ServerUnavailable:
                await asyncio.sleep(delay)
        return await self._transport.predict(signature, alias, values)

    def _error(self, code: Code, message: str) -> ServerError:
        return server_error(self._target.address, code, message)
