"""Which models a server has, where it tells."""

from __future__ import annotations

from ..paths import MODELS_PATH
from .target import parse_target

_SECONDS = 5.0


def served_models(address: str) -> list[str] | None:
    """Asks a server which models it has.

    Args:
        address: `HOST:PORT` of the REST API, or a URL.

    Returns:
        Their names; None where nobody answers, or it is no `reviewlens serve`: TensorFlow Serving
        does not tell over REST.

    Raises:
        UsageError: `address` is none.
    """
    import httpx

    target = parse_target(address, tls=None, model="", version=None, label=None)
    scheme = "https" if target.tls else "http"
    try:
        answer = httpx.get(
            f"{scheme}://{target.authority}{target.path}{MODELS_PATH}", timeout=_SECONDS
        )
        names = answer.json()["models"]
    except (httpx.HTTPError, httpx.InvalidURL, ValueError, KeyError, TypeError):
        return None
    return names if isinstance(names, list) and all(isinstance(n, str) for n in names) else None
