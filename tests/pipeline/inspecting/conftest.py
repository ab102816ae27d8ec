"""German reviews of a shop, made of parts: as many as are wanted, with stars from 1 to 5."""

from __future__ import annotations

import itertools

import pytest

THINGS = (
    *("Die Kaffeemaschine", "Der Staubsauger", "Das Sommerkleid", "Die Wanderschuhe"),
    *("Der Kopfhörer", "Das Kochbuch", "Die Schreibtischlampe", "Der Regenschirm"),
)
OPENINGS = ["", "Nach zwei Wochen sage ich: ", "Zum Geburtstag bekommen. ", "Schnell geliefert. "]
SAID = {
    1: [
        "ging am ersten Tag kaputt, das Geld will ich zurück.",
        "riecht furchtbar und taugt nichts.",
    ],
    2: [
        "wackelt und ist viel kleiner als auf dem Bild.",
        "hält leider nicht, was versprochen wird.",
    ],
    3: [
        "ist in Ordnung, mehr aber auch nicht.",
        "erfüllt den Zweck, die Farbe ist gewöhnungsbedürftig.",
    ],
    4: ["gefällt mir gut, nur die Anleitung fehlte.", "ist schön verarbeitet und fast zu günstig."],
    5: ["ist großartig, ich würde es sofort wieder kaufen!", "übertrifft alle meine Erwartungen."],
}


@pytest.fixture(scope="session")
def german_reviews() -> list[tuple[str, int]]:
    """Returns 320 texts, each with its stars; those of all stars alike many."""
    parts = itertools.product(THINGS, OPENINGS, range(2), SAID)
    return [
        (f"{opening}{thing} {SAID[stars][which]}", stars) for thing, opening, which, stars in parts
    ]
