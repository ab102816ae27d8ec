from __future__ import annotations

import sys

import pytest

from reviewlens.registry import Registry


def test_a_module_is_imported_when_it_is_asked_for():
    parsers = Registry("parser", {"html": "html"})
    parsers.register("other", "no.such.package")
    sys.modules.pop("html.parser", None)
    assert list(parsers) == ["html", "other"] and "html" in parsers and "xml" not in parsers
    assert "html.parser" not in sys.modules
    assert parsers.load("html", "parser").HTMLParser
    with pytest.raises(ModuleNotFoundError):
        parsers.load("other", "parser")


def test_an_unknown_name_is_told_with_the_known_ones():
    with pytest.raises(ValueError, match="'xml' is no parser; the known ones: html"):
        Registry("parser", {"html": "html"}).package("xml")
