"""What a judgement leaves to be read: `metrics.json`."""

from __future__ import annotations

import json
import os
from collections.abc import Mapping
from typing import Any

from tfx.dsl.io import fileio

METRICS_FILE = "metrics.json"


def write_metrics(evaluation: str, metrics: Mapping[str, Any]) -> None:
    """Writes what was found.

    Args:
        evaluation: Directory of the artifact; made when needed.
        metrics: Values that JSON can hold.
    """
    fileio.makedirs(evaluation)
    with fileio.open(os.path.join(evaluation, METRICS_FILE), "w") as file:
        file.write(json.dumps(metrics, indent=2))
