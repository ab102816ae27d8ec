"""The encoders that reviewlens knows by name, collected from the families: one line a family."""

from __future__ import annotations

import re
from collections.abc import Iterable

from .bert.presets import PRESETS as _BERT
from .preset import EncoderPreset
from .roberta.presets import PRESETS as _ROBERTA
from .saved_model.presets import PRESETS as _SAVED_MODELS

ENCODERS: dict[str, EncoderPreset] = {
    preset.name: preset for preset in (*_BERT, *_ROBERTA, *_SAVED_MODELS)
}


def search_encoders(words: Iterable[str]) -> list[EncoderPreset]:
    """Finds encoders by what is known of them.

    Args:
        words: Each must begin a word of the name, the description, the architecture, the
            languages, the vocabulary or the licence; `offline` finds those that need no
            network. Case does not count.

    Returns:
        Those that fit all words, in the order of the catalog; all of it where there are none.

    Example:
        >>> [preset.name for preset in search_encoders(["roberta", "MIT"])]
        ['roberta-base', 'roberta-large']
    """
    patterns = [re.compile(rf"(?<!\w){re.escape(word)}", re.IGNORECASE) for word in words]
    return [
        preset
        for preset in ENCODERS.values()
        if all(pattern.search(_facts(preset)) for pattern in patterns)
    ]


def known_words() -> list[str]:
    """The words that `search_encoders` finds something by, in lower case."""
    facts = "\n".join(map(_facts, ENCODERS.values())).lower()
    return sorted(set(re.findall(r"[\w.-]+", facts)))


def _facts(preset: EncoderPreset) -> str:
    return "\n".join(
        (
            preset.name,
            preset.description,
            preset.architecture,
            preset.languages,
            preset.vocabulary,
            preset.licence,
            "offline" if preset.offline else "",
        )
    )
