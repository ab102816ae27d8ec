"""What masked language modelling needs of the files: texts, and nothing said of them."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from ...review_example_gen.settings import SPLITS, DataSettings

FEATURES = ("sentences",)
PRETRAINS = True
SETTINGS: dict[str, tuple[str, ...]] = {}

# Keys that every other task has.
_MEANINGLESS = {
    "slices": "nothing is evaluated by them",
    "schema": "texts alone have no schema to follow",
    "allow_anomalies": "no examples are compared with a schema",
}


@dataclasses.dataclass(frozen=True)
class TextSettings(DataSettings):
    """The same settings, with splits of which nearly all is learnt from.

    Attributes:
        splits: Relative sizes of the splits train, eval and test. Those of `reviewlens run`
            leave out of `train` the very texts by which a model of theirs is judged later.
    """

    splits: Mapping[str, int] = dataclasses.field(
        default_factory=lambda: {"train": 98, "eval": 1, "test": 1}
    )


def problems(settings: DataSettings) -> Iterator[tuple[str, str]]:
    """Yields `(key, what is wrong and what would be right)` for every bad value.

    Args:
        settings: Of the data.
    """
    for key, why in _MEANINGLESS.items():
        if getattr(settings, key):
            yield key, f"is not for task masked-language-model: {why}; leave it out"


def kinds(settings: DataSettings) -> list[str]:
    """One, as nothing is said of the texts.

    Args:
        settings: Of the data.
    """
    return ["text"]


def lacking(settings: DataSettings, kinds: Mapping[str, Sequence[int]]) -> str:
    """What is not there to be learnt or to be held out, in words, or "".

    Args:
        settings: Of the data.
        kinds: Split -> its texts.
    """
    empty = [split for split in SPLITS if not kinds[split][0]]
    if not empty:
        return ""
    spread = ", ".join(f"{split} {kinds[split][0]:,}" for split in SPLITS)
    return (
        f"no text is left for {' and '.join(empty)} ({spread}); bring more texts, or give "
        f"{'it' if len(empty) == 1 else 'them'} more in data.splits"
    )


def task_config(data: DataSettings, model: Any) -> dict[str, Any]:
    """`objectives`, `masking` and `mask_rate`, see `models.tasks.masked_language_model`.

    Args:
        data: Not needed.
        model: The settings of the model, which have all three.
    """
    return {
        "objectives": list(model.objectives),
        "masking": model.masking,
        "mask_rate": model.mask_rate,
    }
