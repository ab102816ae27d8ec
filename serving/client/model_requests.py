"""What is asked of a served model, and how its answers are read."""

from __future__ import annotations

import asyncio
from typing import Any

from ..prediction import Prediction
from ..status import Code
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
        outputs = await self._ask_for_outputs(texts)
        if not self._are_of_known_classes(outputs):
            await self._ask_for_classes()
        if not self._are_of_known_classes(outputs):
            # The server went over to another version between the two answers.
            outputs = await self._ask_for_outputs(texts)
        labels, rows = outputs.tensors["label"], outputs.tensors["probabilities"]
        if not self._are_of_known_classes(outputs) or not len(texts) == len(labels) == len(rows):
            raise self._error(Code.UNKNOWN, "the answers do not fit the texts or the classes")
        return [
            Prediction(label, dict(zip(self._classes, row, strict=True)))
            for label, row in zip(labels, rows, strict=True)
        ]

    def _are_of_known_classes(self, outputs: Outputs) -> bool:
        """Whether answers belong to the classes known so far, as far as can be told."""
        return (
            outputs.version == self._version
            and set(outputs.tensors["label"]) <= set(self._classes)
            and all(len(row) == len(self._classes) for row in outputs.tensors["probabilities"])
        )

    async def _ask_for_outputs(self, texts: list[bytes]) -> Outputs:
        outputs = await self._ask("serving_default", "text", texts)
        labels, rows = (outputs.tensors.get(name, ()) for name in ("label", "probabilities"))
        if not (
            _is_list_of(str, labels)
            and _is_list_of(list, rows)
            and all(_is_list_of(float, row) for row in rows)
        ):
            raise self._error(
                Code.UNKNOWN,
                f"the model {self._target.model} answers with {', '.join(outputs.tensors)}; one of "
                "reviewlens has label, string [batch], and probabilities, float [batch, classes]",
            )
        return outputs

    async def _ask_for_classes(self) -> None:
        # One serialized tf.Example without features: an empty review.
        answer = await self._ask("classify", "inputs", [b""])
        rows = answer.tensors.get("classes", ())
        if not (_is_list_of(list, rows) and len(rows) == 1 and _is_list_of(str, rows[0])):
            raise self._error(Code.UNKNOWN, "the signature classify does not name the classes")
        self._classes, self._version = rows[0], answer.version

    async def _ask(self, signature: str, alias: str, values: list[bytes]) -> Outputs:
        for delay in backoff_delays(self._retries):
            try:
                return await self._transport.predict(signature, alias, values)
            except ServerUnavailable:
                await asyncio.sleep(delay)
        return await self._transport.predict(signature, alias, values)

    def _error(self, code: Code, message: str) -> ServerError:
        return server_error(self._target.address, code, message)


def _is_list_of(kind: type, value: Any) -> bool:
    return isinstance(value, list) and all(isinstance(item, kind) for item in value)
