"""What REST and gRPC have in common."""

from __future__ import annotations

import dataclasses
from typing import Any, Protocol

from ..tasks.predictions import Inputs


@dataclasses.dataclass(frozen=True)
class Outputs:
    """The answer to one request.

    Attributes:
        tensors: Nested lists of str, of int and of float (with the precision of float32), by
            the names of the outputs.
        version: Which version of the model answered; None over REST, which does not tell.
    """

    tensors: dict[str, Any]
    version: int | None


class Transport(Protocol):
    """One way to ask a model; used on one event loop."""

    async def predict(self, signature: str, inputs: Inputs) -> Outputs:
        """Sends one Predict request.

        Args:
            signature: Name of the signature.
            inputs: The batch of strings, in UTF-8, that goes into each of its inputs.

        Raises:
            ServerError: There was no answer, or none that can be understood.
        """

    async def close(self) -> None:
        """Closes the connections."""
