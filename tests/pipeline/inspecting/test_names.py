"""Columns are known by their names in the languages in which spreadsheets are written."""

from __future__ import annotations

import pytest

from reviewlens.pipeline.inspecting.names import LABEL, RATING, TEXT, TITLE, names


@pytest.mark.parametrize(
    ("text", "title", "rating", "label"),
    [
        ("reviewText", "headline", "star_rating", "class"),
        ("Bewertungstext", "Überschrift", "Sterne", "Stimmung"),
        ("commentaire", "Titre", "étoiles", "catégorie"),
        ("Reseña", "título", "calificación", "etiqueta"),
        ("recensione", "titolo", "voto", "etichetta"),
        ("avaliação", "título", "nota", "categoria"),
        ("recensie", "onderwerp", "beoordeling", "klasse"),
    ],
)
def test_each_column_is_taken_for_what_its_name_says(text, title, rating, label):
    for name, what in ((text, TEXT), (title, TITLE), (rating, RATING), (label, LABEL)):
        assert [other for other in (TEXT, TITLE, RATING, LABEL) if names(name, other)] == [what]
