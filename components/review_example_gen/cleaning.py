"""The text of a review as a person reads it: no markup, one form of every character."""

from __future__ import annotations

import re
import unicodedata
from html.entities import html5

_ENTITY = re.compile(r"&(?:#([0-9]{1,7})|#[xX]([0-9a-fA-F]{1,6})|([A-Za-z][A-Za-z0-9]{1,31}));")
_NESTED_AMPERSAND = re.compile(r"&(?:amp;)+")

# Only elements that HTML has or had: "<3", "a <b" and "<sigh>" are what the customer wrote.
_INLINE = (
    "a|abbr|acronym|b|bdi|bdo|big|cite|code|data|del|dfn|em|font|i|ins|kbd|mark|q|s|samp|small|"
    "span|strike|strong|sub|sup|time|tt|u|var|wbr"
)
_BLOCK = (
    "address|article|aside|audio|blockquote|body|br|button|caption|center|col|colgroup|dd|details|"
    "div|dl|dt|embed|fieldset|figcaption|figure|footer|form|h[1-6]|head|header|hr|html|iframe|img|"
    "input|label|legend|li|link|main|meta|nav|noscript|object|ol|option|p|param|picture|pre|"
    "script|section|select|source|style|summary|svg|table|tbody|td|textarea|tfoot|th|thead|title|"
    "tr|ul|video"
)
_ATTRIBUTE = r"""\s+[A-Za-z_:][-\w:.]*\s*=\s*(?:"[^"<]*"|'[^'<]*'|[^\s"'<>]+)"""
_TAG = re.compile(rf"</?(?:({_INLINE})|{_BLOCK})(?:{_ATTRIBUTE})*\s*/?>", re.IGNORECASE)
_HIDDEN = re.compile(r"<!--|<(script|style)(?=[\s>])", re.IGNORECASE)

_CONTROLS = re.compile("[\x00-\x08\x0e-\x1b\x7f-\x84\x86-\x9f]")
_INVISIBLE = re.compile("[\u200b\u2060\ufeff]")

# All marks that combine are among these. So many may decompose, with what a letter before them
# brings along, to more than the 30 of the Stream-Safe Text Format.
_LONG_RUN = re.compile(r"[^\x00-\u02ff\w\s]{14,}")
_MOST_MARKS = 30
_GRAPHEME_JOINER = "\u034f"

# Text that is not plain after so many rounds is an attack or an accident, not a review.
_ROUNDS = 8


def clean_text(text: str) -> str:
    """Unescapes entities, drops markup, and normalises characters and white space.

    Entities are unescaped first, also those that were escaped twice (`&amp;#38;`), so markup
    that was stored escaped is dropped too. Only HTML elements and comments count as markup.
    Block elements become a space, inline ones (`un<b>believ</b>able`) vanish. Cleaning a clean
    text changes nothing, and the work grows in proportion to the text.

    Args:
        text: Any text.

    Returns:
        The text in NFC, without control characters, its runs of white space folded to one
        space and none at the ends; empty where nothing readable is left. Of more than 30
        marks on one letter each 30 are closed by U+034F, as in the Stream-Safe Text Format of
        https://www.unicode.org/reports/tr15/; no language writes more than a few.

    Example:
        >>> clean_text("I &lt;3 it!<br/><br/>Caf&eacute; &amp;amp; bar,\\n a < b")
        'I <3 it! Café & bar, a < b'
    """
    text = _plain(text)
    if "&" not in text and "<" not in text:
        return text
    for _ in range(_ROUNDS):
        before = text
        text = _plain(_drop_markup(_unescape(text)))
        if text == before:
            return text
    return _plain(text.replace("&", " ").replace("<", " "))


def _plain(text: str) -> str:
    """NFC, without control characters, white space folded."""
    text = _CONTROLS.sub(" ", text)
    if not text.isascii():
        # To sort the marks on a letter takes the square of their number.
        text = _LONG_RUN.sub(_limit_marks, _INVISIBLE.sub("", text))
        text = unicodedata.normalize("NFC", text)
    return " ".join(text.split())


def _limit_marks(run: re.Match) -> str:
    """Closes each 30 marks; counted as NFC counts them, so that it finds nothing to do again."""
    marks = 0
    for character in unicodedata.normalize(
        "NFD", run.string[max(run.start() - 1, 0) : run.start()]
    ):
        marks = marks + 1 if unicodedata.combining(character) else 0
    limited = []
    for character in run[0]:
        for part in unicodedata.normalize("NFD", character):
            marks = marks + 1 if unicodedata.combining(part) else 0
            if marks > _MOST_MARKS:
                limited.append(_GRAPHEME_JOINER)
                marks = 1
            limited.append(part)
    return "".join(limited)


def _unescape(text: str) -> str:
    """Replaces entities that are closed by a semicolon; `R&D` and `?a=1&copy=2` have none."""
    if "&" not in text:
        return text
    return _ENTITY.sub(_character, _NESTED_AMPERSAND.sub("&", text))


def _character(entity: re.Match) -> str:
    """The character of a reference; what refers to none stays as it is."""
    decimal, hexadecimal, name = entity.groups()
    if name:
        return html5.get(f"{name};", entity[0])
    number = int(decimal) if decimal else int(hexadecimal, 16)
    if 0xD800 <= number < 0xE000 or number > 0x10FFFF:
        return "\ufffd"
    return chr(number)


def _drop_markup(text: str) -> str:
    if "<" not in text:
        return text
    return _TAG.sub(lambda tag: "" if tag[1] else " ", _drop_hidden(text))


def _drop_hidden(text: str) -> str:
    """Drops comments, scripts and styles with what is in them, where they are closed."""
    kept: list[str] = []
    position, lower = 0, text.lower() if len(text.lower()) == len(text) else text
    unclosed: set[str] = set()
    for match in _HIDDEN.finditer(text):
        end = "-->" if match[1] is None else f"</{match[1].lower()}>"
        if match.start() < position or end in unclosed:
            continue
        found = lower.find(end, match.end())
        if found < 0:
            # Searched once and never again, or many openings would cost their square.
            unclosed.add(end)
            continue
        kept += text[position : match.start()], " "
        position = found + len(end)
    return "".join(kept) + text[position:] if kept else text
