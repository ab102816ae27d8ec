"""What the sources beyond this machine share: whether it is there, what to say if not."""

from __future__ import annotations

import urllib.error
import urllib.parse
import urllib.request
from pathlib import Path

from ....errors import RunError
from ..catalog import ENCODERS

# Long enough for a slow network; what cannot be reached is given up after it.
SECONDS_TO_ANSWER = 10


def is_reachable(address: str) -> bool:
    """Whether a server answers at all: most libraries would try for minutes.

    Args:
        address: `http://…`, `https://…` or `gs://…`; of others it is not known, so True.
    """
    parts = urllib.parse.urlsplit(address)
    if parts.scheme == "gs":
        parts = urllib.parse.urlsplit("https://storage.googleapis.com")
    if parts.scheme not in ("http", "https"):
        return True
    request = urllib.request.Request(f"{parts.scheme}://{parts.netloc}/", method="HEAD")
    try:
        urllib.request.urlopen(request, timeout=SECONDS_TO_ANSWER).close()
    except urllib.error.HTTPError:
        return True
    except (OSError, ValueError):
        return False
    return True


def unreachable(address: str) -> RunError:
    """The error for a server that does not answer."""
    return RunError(f"cannot reach {address}; {_advice()}")


def unfetched(address: str, error: Exception) -> RunError:
    """The error for what a server or a library says of an address."""
    reason = str(error).strip().partition("\n")[0].rstrip(". ") or type(error).__name__
    return RunError(f"cannot fetch {address} ({reason}); {_advice()}")


def full_cache(address: str, folder: str | Path, variable: str) -> RunError:
    """The error for a full disk where a library keeps what it fetches.

    Args:
        address: Of what was fetched.
        folder: Where it is kept.
        variable: Of the environment, that names another folder.
    """
    return RunError(
        f"the disk is full: {address} cannot be kept in {folder}; free some space, or have "
        f"{variable} name another folder"
    )


def _advice() -> str:
    offline = ", ".join(name for name, preset in ENCODERS.items() if preset.offline)
    return f"without a network, these encoders work: {offline}"
