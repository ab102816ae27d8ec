"""The page as a browser shows it: on a desk, on a phone, on paper, in the dark."""

from __future__ import annotations

import base64
import json
import shutil
from pathlib import Path

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
)
from reviewlens.pipeline.report.html.page import make_sections, render_page

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(
        not (shutil.which("chromium") and shutil.which("chromedriver")),
        reason="needs chromium and chromedriver, see scripts/get-browser",
    ),
]

HOSTILE = [
    "<script>document.title = 'taken'</script><img src=http://192.0.2.1/x onerror=alert(1)>",
    "]]></style><style>* { display: none }</style><svg onload=alert(1)>",
    "\u202e\u2067right to left and never back \u2066\u2066\u202b",
    "مراجعة بالعربية مع English inside, und Ümläute 🎉 中文评论",
    "\x00\x1b[31m\ud800\ufffe\ufeff{{ 7 * 7 }} {% raw %} &amp; &#0; javascript:alert(1)",
    "W" * 1_000_000,
    "Z\u0301\u0302\u0303" * 300,
]
FLAGS = (
    *("--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run"),
    *("--disable-background-networking", "--disable-component-update", "--disable-sync"),
)
# Of all that has a text of its own: what it says, and how it stands out from what is behind it.
CONTRASTS = """
const rgb = color => (color.match(/[\\d.]+/g) || []).map(Number);
const light = ([r, g, b]) => [r, g, b].map(v => v / 255)
    .map(v => v <= 0.04045 ? v / 12.92 : ((v + 0.055) / 1.055) ** 2.4)
    .reduce((sum, v, i) => sum + v * [0.2126, 0.7152, 0.0722][i], 0);
const behind = element => {
    for (; element; element = element.parentElement) {
        const color = rgb(getComputedStyle(element).backgroundColor);
        if (color.length === 3 || color[3] > 0) return color;
    }
    return [255, 255, 255];
};
return [...document.querySelectorAll("body *")].filter(element =>
    [...element.childNodes].some(node => node.nodeType === 3 && node.data.trim())
    && element.checkVisibility()
).map(element => {
    const style = getComputedStyle(element);
    const color = rgb(element instanceof SVGElement ? style.fill : style.color);
    const [a, b] = [light(color), light(behind(element))].sort((x, y) => y - x);
    return [element.textContent.slice(0, 40), (a + 0.05) / (b + 0.05)];
});
"""


@pytest.fixture(scope="module")
def page(tmp_path_factory, facts_of, summary_of, finding) -> Path:
    """A page with every section that a run can have, and hostile texts in every place."""
    folder = tmp_path_factory.mktemp("page")
    record = {"findings": [finding], "rules": {"overfit": {"judged": 2}}}
    sections = make_sections(facts_of(folder, summary_of(), **record))
    for number, text in enumerate(HOSTILE):
        names = [text[:50], "b", "c"]
        blocks = (
            Paragraph(text, "bad"),
            Tiles(((text, Cell(text, text, 1)),)),
            Table((text, "n"), ((text, Cell("1", "a.b", 1)), ("x", "2")), text),
            Figure(plots.bars(names, {text: [1, 2, 3], "b": [3, 2, 1]}, text), text, text),
            Figure(plots.heat_map(np.eye(3) + 1, names, text, text), text, text),
            Texts((Text(text, (text, text)), Text("fits"))),
            Group(text, (Paragraph(text),)),
            Group(text, (Paragraph(text),), folded=True),
        )
        sections.append(Section(f"hostile-{number}", "Hostile", blocks))
    path = folder / "report.html"
    path.write_text(render_page(HOSTILE[0], sections), encoding="utf-8")
    return path


@pytest.fixture(scope="module")
def browser(tmp_path_factory, page):
    """A browser that has the page open."""
    from selenium import webdriver

    options = webdriver.ChromeOptions()
    options.binary_location = shutil.which("chromium")
    for flag in (*FLAGS, f"--user-data-dir={tmp_path_factory.mktemp('profile')}"):
        options.add_argument(flag)
    options.set_capability("goog:loggingPrefs", {"browser": "ALL", "performance": "ALL"})
    service = webdriver.ChromeService(executable_path=shutil.which("chromedriver"))
    with webdriver.Chrome(options=options, service=service) as opened:
        opened.get(page.as_uri())
        yield opened


def shown(browser, width: int, scheme: str = "light", media: str = "screen") -> None:
    """Has the page shown in a width, colours and on a medium."""
    metrics = {"width": width, "height": 900, "deviceScaleFactor": 1, "mobile": width < 500}
    browser.execute_cdp_cmd("Emulation.setDeviceMetricsOverride", metrics)
    features = [{"name": "prefers-color-scheme", "value": scheme}]
    browser.execute_cdp_cmd("Emulation.setEmulatedMedia", {"media": media, "features": features})


def test_it_asks_nobody_and_complains_of_nothing(browser, page):
    events = [json.loads(entry["message"])["message"] for entry in browser.get_log("performance")]
    asked = {
        event["params"]["request"]["url"]
        for event in events
        if event["method"] == "Network.requestWillBeSent"
    }
    assert {url for url in asked if not url.startswith(("data:", "chrome:"))} <= {page.as_uri()}
    assert browser.get_log("browser") == []


def test_what_is_hostile_stays_text(browser):
    assert browser.title.startswith("<script>")
    count = "return document.querySelectorAll(arguments[0]).length"
    assert browser.execute_script(count, "script, img, iframe, link, object, form, [onload]") == 0
    assert browser.execute_script(count, "style") == 1
    length = browser.execute_script("return document.body.textContent.length")
    assert length < 150_000


@pytest.mark.parametrize("width", [1200, 390, 320])
def test_every_section_is_seen_and_nothing_is_wider_than_the_screen(browser, width):
    shown(browser, width)
    sizes = browser.execute_script(
        "return [...document.querySelectorAll('section')].map(section => "
        "[section.id, section.checkVisibility(), section.getBoundingClientRect().height])"
    )
    assert len(sizes) > len(HOSTILE)
    assert [section for section, visible, height in sizes if not visible or height < 40] == []
    assert browser.execute_script("return document.documentElement.scrollWidth") <= width


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_every_text_stands_out_from_what_is_behind_it(browser, scheme):
    shown(browser, 1200, scheme)
    contrasts = browser.execute_script(CONTRASTS)
    assert len(contrasts) > 300
    assert [(text, ratio) for text, ratio in contrasts if ratio < 4.5] == []


def test_it_can_be_printed(browser):
    shown(browser, 718, media="print")
    assert browser.execute_script("return document.documentElement.scrollWidth") <= 718
    hidden = "return document.querySelector('nav').checkVisibility()"
    assert browser.execute_script(hidden) is False
    folded = (
        "return [...document.querySelectorAll('details > :last-child')].map(e => e.offsetHeight)"
    )
    assert min(browser.execute_script(folded)) > 0
    printed = browser.execute_cdp_cmd("Page.printToPDF", {"printBackground": False})
    assert base64.b64decode(printed["data"]).startswith(b"%PDF")


def test_a_text_changes_the_direction_of_no_other(browser):
    shown(browser, 1200)
    directions = browser.execute_script(
        "return [...document.querySelectorAll('blockquote')].map("
        "quote => [quote.textContent.slice(0, 4), getComputedStyle(quote).direction])"
    )
    assert {direction for text, direction in directions if text == "fits"} == {"ltr"}
    assert {direction for text, direction in directions if text.startswith("مرا")} == {"rtl"}
