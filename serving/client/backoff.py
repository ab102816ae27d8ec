"""How long to wait before a server that was not available is asked again."""

from __future__ import annotations

import random
from collections.abc import Iterator

_FIRST_SECONDS = 0.1
_LONGEST_SECONDS = 5.0


def backoff_delays(retries: int) -> Iterator[float]:
    """Yields seconds: each step twice the one before, of which a random part up to half is cut.

    Without the chance in it, the clients that a restart turned away would all come back at once.
    """
    for attempt in range(retries):
        longest = min(_LONGEST_SECONDS, _FIRST_SECONDS * 2**attempt)
        yield random.uniform(longest / 2, longest)
