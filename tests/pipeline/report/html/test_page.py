"""The page: what stands in it is text, whatever it is, and a part that fails ends nothing."""

from __future__ import annotations

import re

import numpy as np
import pytest

from reviewlens.pipeline.report.html import plots
from reviewlens.pipeline.report.html.blocks import (
    Cell,
    Figure,
    Group,
    Paragraph,
    Section,
    Table,
    Text,
    Texts,
    Tiles,
    of_summary,
)
from reviewlens.pipeline.report.html.facts import RunFacts
from reviewlens.pipeline.report.html.page import make_sections, render_page
from reviewlens.pipeline.report.html.texts import presentable

HOSTILE = "<script>alert(1)</script>\"'&]]>\u202eevil\u2066\x00\ud800<img src=x onerror=y>"


def plot(name: str) -> str:
    return plots.bars([name, "b"], {name: [1, 2], "other": [2, 1]}, "rows")


def page_of(text: str) -> str:
    blocks = (
        Paragraph(text),
        Tiles(((text, Cell(text, text)),)),
        Table((text, "n"), ((text, Cell("1", "a.b", 1)),), text),
        Figure(plot(text), text, text),
        Texts((Text(text, (text,)),)),
        Group(text, (Paragraph(text),)),
        Group(text, (Paragraph(text),), folded=True),
    )
    return render_page(text, [Section("one", "One", blocks)])


def test_what_a_review_says_is_never_markup(read_html):
    harmless, hostile = read_html(page_of("fits")), read_html(page_of(HOSTILE))
    assert hostile.tags == harmless.tags
    assert [name for name, _ in hostile.attributes] == [name for name, _ in harmless.attributes]
    assert "\x00" not in page_of(HOSTILE)


def test_a_page_asks_nobody_for_anything(read_html):
    page = page_of("fits")
    assert "default-src 'none'" in page
    assert not {"script", "link", "img", "iframe", "object"} & set(read_html(page).tags)
    assert not re.search(r"url\((?!#)", page)


def test_a_long_text_is_cut_and_says_so():
    assert len(page_of("x" * 1_000_000)) < 200_000
    assert presentable("x" * 700) == "x" * 600 + " … (100 more characters)"


def test_values_of_the_summary_can_be_read_back():
    cell = of_summary({"a": {"b.c": 0.12345}}, "a.b.c", ".2f")
    page = render_page("t", [Section("s", "S", (Tiles((("b", cell),)),))])
    assert 'data-key="a.b.c" data-value="0.12345"' in page
    assert ">0.12<" in page
    assert of_summary({"a": None}, "a.b").text == "–"


def fails(facts):
    raise ValueError("nothing there")


def silent(facts):
    return None


def test_a_section_that_fails_says_so_in_its_place():
    facts = RunFacts("out", {}, {})
    made = make_sections(facts, [f"{__name__}:fails", f"{__name__}:silent"])
    assert [section.id for section in made] == ["fails"]
    assert "nothing there" in made[0].blocks[0].text


@pytest.mark.parametrize(
    "draw",
    [
        lambda: plots.lines(
            {"train": plots.Line([1, 2], [0.5, 0.4], [0.4, 0.3], [0.6, 0.5])}, "x", "y"
        ),
        lambda: plots.bars(["a", "b"], {"train": [1, 2], "test": [2, 1]}, "rows", stacked=True),
        lambda: plots.flat_bars(["trainer", "pusher"], [3.0, 1.0], "seconds"),
        lambda: plots.histogram({"texts": [1, 4, 2]}, [0, 10, 20, 30], "characters", "texts"),
        lambda: plots.heat_map(np.array([[3, 1], [0, 5]]), ["a", "b"], "true", "answered"),
    ],
)
def test_a_plot_has_the_colours_of_the_page_and_is_the_same_again(draw):
    svg = draw()
    assert svg == draw()
    assert svg.startswith("<svg viewBox=") and "var(--series-1)" in svg
    colors = set(re.findall(r"#[0-9a-f]{6}\b", svg))
    assert not colors
