"""In which language texts are."""

from __future__ import annotations

import collections
from collections.abc import Sequence

# So many tell it, and take a second.
_TEXTS = 200
_NAMES = {
    **{"en": "English", "de": "German", "fr": "French", "es": "Spanish", "it": "Italian"},
    **{"pt": "Portuguese", "nl": "Dutch", "pl": "Polish", "ru": "Russian", "uk": "Ukrainian"},
    **{"sv": "Swedish", "da": "Danish", "nb": "Norwegian", "no": "Norwegian", "fi": "Finnish"},
    **{"cs": "Czech", "tr": "Turkish", "ar": "Arabic", "he": "Hebrew", "hi": "Hindi"},
    **{"ja": "Japanese", "zh": "Chinese", "ko": "Korean", "el": "Greek", "hu": "Hungarian"},
    **{"ro": "Romanian", "vi": "Vietnamese", "th": "Thai", "id": "Indonesian", "fa": "Persian"},
}


def language_of(texts: Sequence[str]) -> tuple[str, float]:
    """Tells the language of most of some texts.

    Args:
        texts: One or more; of very many, some that are spread over all are read.

    Returns:
        Its name in English, or its code of ISO 639-1 where that is not known here, and the share
        of the texts that are in it.

    Example:
        >>> language_of(["The dress fits very well and looks great on me."])
        ('English', 1.0)
    """
    import py3langid

    some = texts[:: max(1, len(texts) // _TEXTS)][:_TEXTS]
    counts = collections.Counter(py3langid.classify(text)[0] for text in some)
    ((code, count),) = counts.most_common(1)
    return _NAMES.get(code, code), count / len(some)
