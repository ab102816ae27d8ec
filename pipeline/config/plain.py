"""A configuration as plain values, to be kept beside what came of it."""

from __future__ import annotations

import dataclasses
import re
from collections.abc import Mapping
from typing import Any

HIDDEN = "(left out)"

_SECRET = re.compile(r"(?i)(^|[_.-])(password|passwd|secrets?|token|credentials?|api[_-]?key)$")
# User and password of an address.
_USER_INFO = re.compile(r"(?<=://)[^/@\s]+(?=@)")


def plain_config(settings: Any) -> Any:
    """Returns what settings hold, as `summary.json` keeps it.

    What grants access is not for a file that is passed on: values whose key is that of a password,
    secret, token, credential or API key are replaced, and so is `USER:PASSWORD` of an address.

    Args:
        settings: A configuration, or anything that is in one.

    Returns:
        JSON values: a dataclass and a mapping are an object, a tuple is a list.

    Example:
        >>> plain_config({"epochs": (1, 2), "job_password": "x", "uri": "https://me:x@host/a"})
        {'epochs': [1, 2], 'job_password': '(left out)', 'uri': 'https://(left out)@host/a'}
    """
    if dataclasses.is_dataclass(settings):
        names = [field.name for field in dataclasses.fields(settings)]
        settings = {name: getattr(settings, name) for name in names}
    if isinstance(settings, Mapping):
        return {
            str(name): HIDDEN if _SECRET.search(str(name)) and value else plain_config(value)
            for name, value in settings.items()
        }
    if isinstance(settings, list | tuple):
        return [plain_config(value) for value in settings]
    return _USER_INFO.sub(HIDDEN, settings) if isinstance(settings, str) else settings
