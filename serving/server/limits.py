"""What one client may take from the others: memory, and connections."""

from __future__ import annotations

from .status import Code, ServingError


class TooLarge(ServingError):
    """A request that is, or would become, larger than the server allows (RESOURCE_EXHAUSTED)."""

    def __init__(self, message: str):
        super().__init__(Code.RESOURCE_EXHAUSTED, message)


def check_growth(size: int, most_bytes: float) -> None:
    """Makes sure that a request does not grow too large where it says once what holds often.

    Args:
        size: Bytes that its inputs would have if they were written out.
        most_bytes: How many they may have.

    Raises:
        TooLarge: They would have more.
    """
    if size > most_bytes:
        raise TooLarge(
            f"The request stands for {size} bytes of inputs, more than {most_bytes} "
            "(--max_request_bytes)"
        )
