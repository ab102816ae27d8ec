"""What the name of a column says of what is in it, in the larger languages of Latin letters."""

from __future__ import annotations

import re
import unicodedata


def _set(words: str) -> frozenset[str]:
    return frozenset(words.split())


TEXT = _set(
    "text review reviews comment comments body content description feedback opinion message"
    " sentence snippet pros cons"
    " bewertungstext rezension kommentar meinung beschreibung"
    " texte avis commentaire commentaires critique"
    " texto resena resenas comentario comentarios opiniones"
    " testo recensione recensioni commento commenti"
    " avaliacao resenha tekst beoordelingstekst recensie opmerking"
)
TITLE = _set(
    "title headline summary subject heading titel ueberschrift betreff titre titulo titolo"
    " resumen resume onderwerp kop"
)
RATING = _set(
    "rating ratings stars star score overall rate points grade"
    " bewertung sterne punkte punktzahl note etoiles puntuacion estrellas calificacion"
    " nota valutazione stelle voto voti estrelas pontuacao beoordeling sterren cijfer"
)
LABEL = _set(
    "label labels sentiment class polarity target category stimmung klasse kategorie"
    " etiquette classe categorie etiqueta clase categoria etichetta"
    " sentimiento sentimento polarite polaridad"
)
IDENTIFIER = _set("id ids key uuid guid nr no number nummer rowid numero identifiant")
GROUP = _set(
    "product item asin sku isbn article hotel restaurant business shop store user customer"
    " reviewer author movie film book app clothing listing produkt artikel kunde filiale"
    " produit magasin client auteur livre producto articulo tienda cliente usuario"
    " prodotto negozio utente produto loja klant winkel"
)
# Of classes, whatever the column is called.
SENTIMENTS = _set(
    "pos neg neu positive negative neutral good bad mixed positiv negativ gut schlecht"
    " positif negatif neutre positivo negativo neutro neutrale neutraal positief negatief"
)


def words_of(name: str) -> list[str]:
    """Takes the name of a column apart.

    Args:
        name: Such as `reviewText` or `product_id`.

    Example:
        >>> words_of("reviewText"), words_of("Überschrift_1"), words_of("Reseña")
        (['review', 'text'], ['ueberschrift'], ['resena'])
    """
    apart = re.sub(r"([a-z])([A-Z])", r"\1 \2", name).lower()
    for umlaut, spelt in (("ä", "ae"), ("ö", "oe"), ("ü", "ue"), ("ß", "ss")):
        apart = apart.replace(umlaut, spelt)
    # Of the other letters the accents are left out.
    apart = "".join(filter(str.isascii, unicodedata.normalize("NFKD", apart)))
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
