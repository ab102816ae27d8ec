"""In which language texts are."""

from __future__ import annotations

from collections.abc import Sequence

# So many tell it, and take a second.
_TEXTS = 200
HARD_TO_TELL = "hard to tell"
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
        Its name in English, or its code of ISO 639-1 where that is not known here, `hard to tell`
        if no text is long enough, and the share of the texts that are in it.

    Example:
        >>> language_of(["The dress fits very well and looks great on me."])
        ('English', 1.0)
    """
    from ..report.analysis.texts import NOT_SURE, languages_of

    some = texts[:: max(1, len(texts) // _TEXTS)][:_TEXTS]
    code, count = languages_of(some)[0]
    name = HARD_TO_TELL if code == NOT_SURE else _NAMES.get(code, code)
    return name, count / len(some)
