"""The inner side of `workers.py`: does what it is asked, one line of JSON after the other."""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Callable


def answer(**tasks: Callable) -> None:
    """Calls tasks as they are asked for, until there are no more requests.

    Args:
        **tasks: Functions that take and return what JSON can hold.
    """
    answers = os.fdopen(os.dup(sys.stdout.fileno()), "w")
    # From here on what libraries print is not taken for an answer.
    os.dup2(sys.stderr.fileno(), sys.stdout.fileno())
    print("ready", file=answers, flush=True)
    for line in sys.stdin:
        request = json.loads(line)
        print(json.dumps(tasks[request.pop("task")](**request)), file=answers, flush=True)
