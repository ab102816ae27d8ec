"""SemEval's XML: both layouts are read, and what no XML should hold is refused."""

from __future__ import annotations

import gzip
import json
from xml.sax.saxutils import quoteattr

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from reviewlens.errors import RunError
from reviewlens.files import list_files, read_records

BOTH = {"text": "data.text", "entities": "data.entities"}
OF_2014 = """<?xml version="1.0" encoding="UTF-8" standalone="yes"?>
<!-- restaurants -->
<sentences>
    <sentence id="7">
        <text>Café &amp; bar: the food is great, the wine isn't.</text>
        <aspectTerms>
            <aspectTerm term="food" polarity="positive" from="16" to="20"/>
            <aspectTerm term="wine" polarity="negative" from="35" to="39"/>
        </aspectTerms>
        <aspectCategories><aspectCategory category="food" polarity="conflict"/></aspectCategories>
    </sentence><sentence id="8"><text>Never again.</text></sentence>
</sentences>
"""
OF_2016 = """<Reviews><Review rid="r1"><sentences>
    <sentence id="r1:0"><text>Good food, bad price.</text><Opinions>
        <Opinion target="food" category="FOOD#QUALITY" polarity="positive" from="5" to="9"/>
        <Opinion target="food" category="FOOD#STYLE" polarity="positive" from="5" to="9"/>
        <Opinion target="price" category="FOOD#PRICES" polarity="negative" from="15" to="20"/>
        <Opinion target="price" category="PLACE#PRICES" polarity="neutral" from="15" to="20"/>
        <Opinion target="NULL" category="PLACE#GENERAL" polarity="negative" from="0" to="0"/>
    </Opinions></sentence>
    <sentence id="r1:1" OutOfScope="TRUE"><text></text></sentence>
</sentences></Review><Review rid="r2"><sentences>
    <sentence id="r2:0"><text>Fine.</text>
        <Opinions><Opinion target="?" from="x"/></Opinions></sentence>
</sentences></Review></Reviews>
"""


def read(path, columns=BOTH):
    (file,) = list_files(str(path))
    return list(read_records(file, columns))


def entity(start, end, label, text):
    return {"start": start, "end": end, "label": label, "text": text}


def test_the_layout_of_2014_is_read(tmp_path):
    (tmp_path / "t.xml.gz").write_bytes(gzip.compress(OF_2014.encode()))
    first, second = read(tmp_path / "t.xml.gz")
    assert (first.row, second.row) == (1, 2)
    text = first.values["text"]
    assert (first.values["id"], text[:11], first.values["review"]) == ("7", "Café & bar:", "")
    found = json.loads(first.values["entities"])
    assert found == [entity(16, 20, "positive", "food"), entity(35, 39, "negative", "wine")]
    assert all(text[e["start"] : e["end"]] == e["text"] for e in found)
    assert second.values == {"id": "8", "review": "", "text": "Never again.", "entities": "[]"}


def test_the_layout_of_2016_is_read_and_opinions_of_the_same_words_are_one(tmp_path):
    (tmp_path / "t.xml").write_text(OF_2016)
    records = read(tmp_path / "t.xml")
    found = [(r.row, r.values["id"], r.values["review"], r.values["text"]) for r in records]
    assert found == [
        (1, "r1:0", "r1", "Good food, bad price."),
        (2, "r1:1", "r1", ""),
        (3, "r2:0", "r2", "Fine."),
    ]
    entities = [json.loads(record.values["entities"]) for record in records]
    assert entities[0] == [entity(5, 9, "positive", "food"), entity(15, 20, "conflict", "price")]
    # What is made of it is not the reader's affair.
    assert entities[1:] == [[], [entity("x", "", "", "?")]]


@pytest.mark.parametrize("encoding", ["utf-8-sig", "utf-16", "iso-8859-1", "windows-1252"])
def test_the_encoding_is_the_one_that_the_file_declares(tmp_path, encoding):
    declared = {"utf-8-sig": "utf-8"}.get(encoding, encoding)
    text = OF_2014.replace('encoding="UTF-8"', f'encoding="{declared}"')
    (tmp_path / "t.xml").write_bytes(text.encode(encoding))
    assert read(tmp_path / "t.xml")[0].values["text"].startswith("Café & bar:")


TEXTS = st.text(
    st.characters(exclude_characters="\r", exclude_categories=["Cs", "Cc", "Cn", "Co"]), max_size=9
)


@settings(
    derandomize=True,
    max_examples=80,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
@given(st.lists(st.tuples(TEXTS, TEXTS, TEXTS), min_size=1, max_size=5))
def test_what_was_written_is_read_back(tmp_path, rows):
    lines = [
        f"<sentence id={quoteattr(name)}><text>{quoteattr(a + b)[1:-1]}</text><aspectTerms>"
        f'<aspectTerm term={quoteattr(b)} polarity="x" from="{len(a)}" to="{len(a + b)}"/>'
        "</aspectTerms></sentence>"
        for name, a, b in rows
    ]
    (tmp_path / "t.xml").write_text(f"<sentences>{''.join(lines)}</sentences>", encoding="utf-8")
    records = read(tmp_path / "t.xml")
    assert len(records) == len(rows)
    for record, (name, a, b) in zip(records, rows, strict=True):
        assert (record.values["id"], record.values["text"]) == (name, a + b)
        expected = [] if b == "NULL" else [entity(len(a), len(a + b), "x", b)]
        assert json.loads(record.values["entities"]) == expected


LAUGHS = '<!DOCTYPE x [<!ENTITY a "ha"><!ENTITY b "&a;&a;&a;">]>'


@pytest.mark.parametrize(
    ("data", "words"),
    [
        (f"<?xml version='1.0'?>\n{LAUGHS}<sentences>&b;</sentences>", "line 2: has a DTD"),
        ('<!DOCTYPE x SYSTEM "file:///etc/hostname"><sentences/>', "line 1: has a DTD"),
        ("<sentences><sentence><text>&nbsp;</text>", "no XML: undefined entity.*line 1, column 27"),
        ("<sentences>\n<sentence></sentences>", "no XML: mismatched tag: line 2, column 12"),
        ("<sentences><sentence><text>Go", "no XML: no element found"),
        ("text,stars\ngood,5\n", "no XML: syntax error: line 1"),
        ("", "no XML: no element found"),
        ("<rss><item/></rss>", "has no element <sentence>"),
        ("<?xml version='1.0' encoding='klingon'?><a/>", "klingon"),
        ("<?xml version='1.0' encoding='big5'?><a/>", "multi-byte .*; save it as UTF-8"),
    ],
)
def test_what_cannot_be_read_is_told_in_one_line(tmp_path, data, words):
    (tmp_path / "t.xml").write_text(data)
    with pytest.raises(RunError, match=rf"t\.xml: .*{words}") as caught:
        read(tmp_path / "t.xml")
    assert "\n" not in str(caught.value)


def test_a_column_that_sentences_do_not_have_is_named(tmp_path):
    (tmp_path / "t.xml").write_text(OF_2014)
    with pytest.raises(RunError, match="'aspects', which data.entities names"):
        read(tmp_path / "t.xml", {"aspects": "data.entities"})


def test_such_files_are_read_from_a_folder_where_they_are_asked_for(tmp_path):
    (tmp_path / "t.xml").write_text(OF_2014)
    (tmp_path / "t.csv").write_text("text\ngood\n")
    assert [file.name for file in list_files(str(tmp_path))] == ["t.csv"]
    assert [file.format for file in list_files(f"{tmp_path}/*.xml")] == ["semeval"]


@pytest.mark.parametrize(
    ("part", "problem"),
    [
        ("<sentence><text>" + "x" * 2_000_000 + "</text></sentence>", ""),
        ("<sentence>" + "<aspectTerm/>" * 100_000 + "</sentence>", ""),
        ("<!--" + "x" * 1_000_000 + "-->", ""),
        ("<a>" * 2_000_000, "line 1: has elements within more than 100 others"),
        ("".join(f"<a{n}/>" for n in range(900_000)), "of more than 1,000 names"),
        ("<a " + "".join(f"a{n}='' " for n in range(900_000)) + "/>", "a tag or comment of more"),
        (
            "<sentence id='" + "x" * 19_000_000 + "'/>",
            "has a tag or comment of more than 1,048,576",
        ),
    ],
    ids=["text", "aspects", "comments", "nested", "names", "attributes", "attribute"],
)
def test_no_sentence_fills_the_memory(tmp_path, read_elsewhere, part, problem):
    path = tmp_path / "t.xml.gz"
    whole = "<sentence><text>good</text></sentence>"
    path.write_bytes(gzip.compress(f"<sentences>{whole}{part * 4}{whole}</sentences>".encode(), 1))
    found = read_elsewhere(path)
    assert problem in found["problem"] and bool(problem) == bool(found["problem"])
    if not problem:
        long = {} if part.startswith("<!--") else {"too-long": 4}
        assert found["reasons"] == {"": 2, **long}
    assert found["megabytes"] < 150
