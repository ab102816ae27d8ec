"""What is asked of a served model, and who reads its answers."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence

from ..status import Code
from ..tasks.predictions import (
    FIRST_TASK,
    AnswerReader,
    Inputs,
    Prediction,
    check_inputs,
    check_task,
)
from ..tasks.registry import TASKS, inputs_of
from .backoff import backoff_delays
from .errors import InvalidRequest, ServerError, ServerUnavailable, server_error
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

    async def predict(self, inputs: Inputs, task: str | None = None) -> Sequence[Prediction]:
        """Returns a prediction for each row of a batch.

        Args:
            inputs: Its texts.
            task: The one that the model has to be for; None for any that takes such inputs.

        Raises:
            UsageError: The model is for another task, or takes other inputs.
            ServerError: There was no answer in time, or none that can be understood.
        """
        try:
            return await asyncio.wait_for(self._predict(inputs, task), self._timeout)
        except asyncio.TimeoutError:
            message = f"no answer within {self._timeout:g} s"
            raise self._error(Code.DEADLINE_EXCEEDED, message) from None

    async def _predict(self, inputs: Inputs, task: str | None) -> Sequence[Prediction]:
        try:
            outputs = await self._ask("serving_default", inputs)
        except InvalidRequest:
            await self._check_inputs(inputs, task)
            raise
        return await self._reader(outputs, task).read(inputs, outputs)

    async def _check_inputs(self, inputs: Inputs, task: str | None) -> None:
        """Finds out, after a refusal, whether the model is for a task that takes other inputs."""
        others = {inputs_of(name) for name in TASKS} - {tuple(inputs)}
        for names in sorted(others):
            try:
                # Once: there is an answer already, if another one.
                empty = {name: [b""] for name in names}
                outputs = await self._transport.predict("serving_default", empty)
            except ServerError:
                continue
            name = _task_of(outputs)
            if name and inputs_of(name) == names:
                check_task(self._target.model, name, task or name)
                check_inputs(self._target.model, name, names, inputs)

    def _reader(self, outputs: Outputs, task: str | None) -> AnswerReader:
        """What reads such outputs; where none fits, that of the task, or of the first one."""
        name = _task_of(outputs) or task or FIRST_TASK
        check_task(self._target.model, name, task or name)
        if name not in self._readers:
            self._readers[name] = TASKS.load(name, "answers").make_reader(
                self._target.model, self._ask, lambda text: self._error(Code.UNKNOWN, text)
            )
        return self._readers[name]

    async def _ask(self, signature: str, inputs: Inputs) -> Outputs:
        for delay in backoff_delays(self._retries):
            try:
                return await self._transport.predict(signature, inputs)
            except ServerUnavailable:
                await asyncio.sleep(delay)
        return await self._transport.predict(signature, inputs)

    def _error(self, code: Code, message: str) -> ServerError:
        return server_error(self._target.address, code, message)


def _task_of(outputs: Outputs) -> str | None:
    """The task whose models have such outputs; None where there is none."""
    names = set(outputs.tensors)
    return next((name for name in TASKS if set(TASKS.load(name, "answers").OUTPUTS) == names), None)
