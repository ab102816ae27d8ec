"""What is typical of languages in Latin letters, as far as it tells encodings apart."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import NamedTuple


class Language(NamedTuple):
    """A language in Latin letters.

    Attributes:
        letters: Those that are not ASCII, in lower case, also of words that it has borrowed.
        words: Frequent ones in ASCII, which every encoding writes alike.
        encoding: What Windows writes it in.
    """

    letters: str
    words: str
    encoding: str = "cp1252"


LANGUAGES = {
    "en": Language("éèêëçïñöüäáàâíóôû", "the and is it for this was not with but very of to in my"),
    "de": Language("äöüßéèàâç", "der die das und ist nicht ich zu mit es sehr aber auch ein den"),
    "fr": Language("éèêëàâçùûüôîïœæÿ", "le la les des est pas et que une pour je un ce mais plus"),
    "es": Language("áéíóúñüç", "el la de que no los muy es en un por con pero las una"),
    "ca": Language("àçèéíïòóúü", "de la que el els per amb una no molt és les"),
    "pt": Language("áâãàçéêíóôõúü", "de que do da um para com uma os muito não mais em no"),
    "it": Language("àèéìíòóùúî", "il di che la non per un una con sono molto del ma"),
    "nl": Language("éèëêïíöóüáàç", "de het een en van is niet ik dat op met maar zijn heel"),
    "da": Language("æøåéäöü", "og det er at en jeg ikke til som har med af meget"),
    "no": Language("æøåéèêòôäöü", "og det er en jeg ikke som til har av med veldig"),
    "sv": Language("åäöéüáà", "och det att som en jag inte med har den av mycket"),
    "fi": Language("äöåéšž", "ja on ei se oli mutta kun niin ole tuote"),
    "is": Language("áðéíóúýþæö", "og er ekki sem en til var mjög vel"),
    "pl": Language("ąćęłńóśźżé", "nie na jest to do ale bardzo jak tak ma od", "cp1250"),
    "cs": Language("áčďéěíňóřšťúůýžö", "se na je to ale jsem za tak jak by velmi", "cp1250"),
    "sk": Language("áäčďéíĺľňóôŕšťúýž", "sa na je to som ale ako tak za od velmi", "cp1250"),
    "hu": Language("áéíóöőúüű", "az nem hogy egy is de van volt meg csak", "cp1250"),
    "ro": Language("ăâîșțşţ", "de la nu cu un este pe mai foarte din sunt care", "cp1250"),
    "hr": Language("čćđšž", "je na se za da su ali nije sam od kao vrlo", "cp1250"),
    "sl": Language("čšžćđ", "je in na se za da pa so ni zelo ki sem", "cp1250"),
    "tr": Language("çğıöşüâîûİ", "ve bir bu da de ama ile gibi daha iyi", "cp1254"),
    "lt": Language("ąčęėįšųūž", "ir yra su tai bet labai kad man nuo", "cp1257"),
    "lv": Language("āčēģīķļņšūž", "un ir ar no bet par kas loti", "cp1257"),
    "et": Language("äõöüšž", "ja on ei see oma kui ka oli aga", "cp1257"),
}

# Share of the hits of the most likely language from which on another one may be meant, or may be
# there, too: reviews come from all shops of a house, and those in the west share an encoding.
_RIVAL = 0.6
_BESIDE = 0.15
_WORD = re.compile(rb"[A-Za-z\x80-\xff]{2,}")
_LANGUAGES_OF: dict[bytes, list[str]] = {}
for _name, _language in LANGUAGES.items():
    for _word in _language.words.split():
        if _word.isascii():
            _LANGUAGES_OF.setdefault(_word.encode(), []).append(_name)


def languages_of(sample: bytes) -> list[str]:
    """Names the languages that a text may be in, by its words in ASCII.

    Args:
        sample: The text, in an encoding that has ASCII.

    Returns:
        The most likely one first; none where no word is known.

    Example:
        >>> languages_of("das ist nicht schön und sehr teuer".encode("cp1252"))
        ['de']
    """
    hits = dict.fromkeys(LANGUAGES, 0.0)
    for word in _WORD.findall(sample):
        languages = _LANGUAGES_OF.get(word.lower(), ())
        for language in languages:
            hits[language] += 1 / len(languages)
    first = max(hits, key=lambda name: hits[name])
    if not hits[first]:
        return []

    def is_likely(name: str) -> bool:
        is_western = LANGUAGES[name].encoding == LANGUAGES[first].encoding == "cp1252"
        return hits[name] >= (_BESIDE if is_western else _RIVAL) * hits[first]

    return sorted(filter(is_likely, hits), key=lambda name: -hits[name])


def letters_of(languages: list[str]) -> Iterator[str]:
    """The letters beyond ASCII of some languages, in both cases."""
    for language in languages:
        letters = LANGUAGES[language].letters
        yield from letters
        yield from letters.upper()
