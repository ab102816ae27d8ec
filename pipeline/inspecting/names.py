"""What the name of a column says of what is in it, in English and German."""

from __future__ import annotations

import re


def _set(words: str) -> frozenset[str]:
    return frozenset(words.split())


TEXT = _set(
    "text review reviews comment comments body content description feedback opinion message"
    " sentence snippet pros cons bewertungstext rezension kommentar meinung beschreibung"
)
TITLE = frozenset(
    ["title", "headline", "summary", "subject", "heading", "titel", "ueberschrift", "betreff"]
)
RATING = _set(
    "rating ratings stars star score overall rate points grade bewertung sterne punkte punktzahl"
)
LABEL = _set("label labels sentiment class polarity target category stimmung klasse kategorie")
IDENTIFIER = _set("id ids key uuid guid nr no number nummer rowid")
GROUP = _set(
    "product item asin sku isbn article hotel restaurant business shop store user customer"
    " reviewer author movie film book app clothing listing produkt artikel kunde filiale"
)
# Of classes, whatever the column is called.
SENTIMENTS = _set(
    "pos neg neu positive negative neutral good bad mixed positiv negativ gut schlecht"
)


def words_of(name: str) -> list[str]:
    """Takes the name of a column apart.

    Args:
        name: Such as `reviewText` or `product_id`.

    Example:
        >>> words_of("reviewText"), words_of("Überschrift_1")
        (['review', 'text'], ['ueberschrift'])
    """
    apart = re.sub(r"([a-z])([A-Z])", r"\1 \2", name).lower()
    for umlaut, spelt in (("ä", "ae"), ("ö", "oe"), ("ü", "ue"), ("ß", "ss")):
        apart = apart.replace(umlaut, spelt)
    return re.findall(r"[a-z]+", apart)


def names(name: str, what: frozenset[str]) -> bool:
    """Whether a column is called by one of some words: its last, or its only one.

    Args:
        name: Of the column.
        what: The words.

    Example:
        >>> names("star_rating", RATING), names("Class Name", LABEL)
        (True, False)
    """
    return words_of(name)[-1:] != [] and words_of(name)[-1] in what
