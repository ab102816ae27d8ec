"""What is known of a fetched encoder beside its files.

The facts lie beside the encoder in `encoder.json`, because a node on another machine sees the
files of an artifact but not the catalog it came from. They are read here and not where they are
written: a node that reads them does not depend on how encoders are fetched.
"""

from __future__ import annotations

import json
import os
from typing import Any

from tfx.dsl.io import fileio

FACTS_FILE = "encoder.json"
# True among the facts of an encoder that was made here and has learnt nothing yet.
RANDOM_WEIGHTS = "random_weights"


def encoder_facts(uri: str) -> dict[str, Any]:
    """Reads what the fetcher wrote down about an encoder.

    Args:
        uri: Directory of the artifact of `EncoderFetcher`.

    Returns:
        The fields of `models.encoders.sources.fetching.EncoderRecord`, by name; and
        `random_weights` where nothing was fetched.
    """
    with fileio.open(os.path.join(uri, FACTS_FILE)) as file:
        return json.load(file)
