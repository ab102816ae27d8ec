"""CoNLL's columns: sentences and their entities as seqeval sees them, whatever the scheme."""

from __future__ import annotations

import collections
import gzip
import json

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from seqeval.metrics.sequence_labeling import get_entities

from reviewlens.errors import RunError
from reviewlens.files import list_files, read_records

BOTH = {"text": "data.text", "entities": "data.entities"}
TOKENS = st.text(
    st.characters(exclude_characters=" \t\r\n\ufeff", exclude_categories=["Cs"]),
    min_size=1,
    max_size=4,
)
TYPES = st.sampled_from(["food", "creative-work", "_"])


def fuzzed(examples: int):
    return settings(
        derandomize=True,
        max_examples=examples,
        deadline=None,
        suppress_health_check=[HealthCheck.function_scoped_fixture],
    )


def read(path, columns=BOTH, format="auto"):
    (file,) = list_files(str(path), format)
    return list(read_records(file, columns))


def spans_of(record) -> list[tuple[str, int, int]]:
    return [(e["label"], e["start"], e["end"]) for e in json.loads(record.values["entities"])]


def in_characters(tokens, entities) -> list[tuple[str, int, int]]:
    """From entities of tokens, ends included, to those of the text."""
    starts = [sum(map(len, tokens[:n])) + n for n in range(len(tokens))]
    return [(kind, starts[a], starts[b] + len(tokens[b])) for kind, a, b in entities]


def write(path, sentences, gap="\t", end="\n", between="\n"):
    lines = [[f"{token}{gap}{tag}{end}" for token, tag in sentence] for sentence in sentences]
    path.write_bytes(between.join("".join(some) for some in lines).encode())
    return path


@fuzzed(150)
@given(
    st.lists(
        st.lists(st.tuples(TOKENS, st.sampled_from("OOBIESLU"), TYPES), min_size=1, max_size=8),
        min_size=1,
        max_size=3,
    ),
    st.sampled_from(["\t", " ", "  ", " NNP I-NP ", "\t_\t", "\tNN\t\t"]),
    st.sampled_from(["\n", "\r\n", " \n"]),
    st.sampled_from(["\n", "\t\n", "\r\n \n"]),
)
def test_any_tags_are_the_entities_that_seqeval_finds(tmp_path, sentences, gap, end, between):
    tagged = [
        [(token, place if place == "O" else f"{place}-{kind}") for token, place, kind in sentence]
        for sentence in sentences
    ]
    records = read(write(tmp_path / "t.conll", tagged, gap, end, between))
    assert [record.reason for record in records] == [""] * len(tagged)
    for record, sentence in zip(records, tagged, strict=True):
        tokens, tags = zip(*sentence, strict=True)
        assert record.values["text"] == " ".join(tokens)
        # It does not know the letters of BILOU in this mode.
        tags = [{"L": "E", "U": "S"}.get(tag[0], tag[0]) + tag[1:] for tag in tags]
        assert spans_of(record) == in_characters(tokens, get_entities(tags))


def tags_of(entities, count, scheme):
    """Writes entities as tags."""
    tags = ["O"] * count
    single, last = {"IOBES": "SE", "BILOU": "UL"}.get(scheme, "BI")
    for kind, first, end in entities:
        tags[first : end + 1] = [f"I-{kind}"] * (end - first + 1)
        if scheme != "IOB1" or (first and tags[first - 1][1:] == f"-{kind}"):
            tags[first] = f"B-{kind}"
        if scheme in ("IOBES", "BILOU"):
            tags[end] = f"{last if first < end else single}-{kind}"
    return tags


@pytest.mark.parametrize("scheme", ["BIO", "IOB1", "IOBES", "BILOU"])
@fuzzed(60)
@given(
    st.lists(st.tuples(TYPES, st.integers(0, 2), st.integers(0, 2)), min_size=1, max_size=4),
    st.data(),
)
def test_entities_are_read_back_whatever_the_scheme(tmp_path, scheme, drawn, data):
    entities, count = [], 0
    for kind, gap, more in drawn:
        entities.append((kind, count + gap, count + gap + more))
        count += gap + more + 1
    tokens = data.draw(st.lists(TOKENS, min_size=count, max_size=count))
    tagged = zip(tokens, tags_of(entities, count, scheme), strict=True)
    (record,) = read(write(tmp_path / "t.conll", [tagged]))
    assert spans_of(record) == in_characters(tokens, entities)


def test_tags_without_a_type_are_of_one_without_a_name(tmp_path):
    (tmp_path / "t.bio").write_text("The O\nspare B\nribs I\nand O\nwine B\n")
    (record,) = read(tmp_path / "t.bio")
    assert record.values["text"] == "The spare ribs and wine"
    assert spans_of(record) == [("_", 4, 14), ("_", 19, 23)]


def test_documents_have_file_and_number_and_rows_are_lines(tmp_path):
    path = tmp_path / "t.iob.gz"
    text = "a O\n\n-DOCSTART- -X- -X- O\n\nb O\nc O\n\n\nd O\n-DOCSTART- O\ne O"
    path.write_bytes(gzip.compress(text.encode()))
    found = [(record.row, *record.values.values()) for record in read(path)]
    assert found == [
        (1, "a", "[]", ""),
        (5, "b c", "[]", "t.iob.gz:1"),
        (9, "d", "[]", "t.iob.gz:1"),
        (11, "e", "[]", "t.iob.gz:2"),
    ]


def test_conll_2003_holds_what_it_is_known_to_hold():
    documents, sentences, kinds = [], [], []
    for file in list_files("package:neuroner/data/conll2003/en/*.txt", "conll"):
        records = list(read_records(file, BOTH))
        documents.append(len({record.values["document"] for record in records}))
        sentences.append(len(records))
        kinds.append(collections.Counter(kind for r in records for kind, *_ in spans_of(r)))
    # Of test, train and valid, as tables 1 and 2 of https://aclanthology.org/W03-0419 have them.
    assert sentences == [3453, 14041, 3250]
    assert kinds[0] == {"LOC": 1668, "MISC": 702, "ORG": 1661, "PER": 1617}
    assert kinds[1] == {"LOC": 7140, "MISC": 3438, "ORG": 6321, "PER": 6600}
    assert kinds[2] == {"LOC": 1837, "MISC": 922, "ORG": 1341, "PER": 1842}
    assert documents == [231, 946, 216]


def test_between_tabs_a_token_may_have_spaces(tmp_path):
    (tmp_path / "t.iobes").write_text("New York \t B-place\nCity\tI-place\nCafé au lait\tO\n")
    (record,) = read(tmp_path / "t.iobes")
    assert record.values["text"] == "New York City Café au lait"
    assert spans_of(record) == [("place", 0, 13)]


@pytest.mark.parametrize(
    ("text", "detail"),
    [
        ("a O\nb\n", "line 4: 'b' has no tag behind it"),
        ("a O\nb X-food\nc Y-food\n", "line 4: 'X-food' is no tag, such as O, B-TYPE or I-TYPE"),
        ("a O\nb B-\n", "line 4: 'B-' is no tag"),
        ("a O\n\tO\n", "line 4: has no token before the tab"),
    ],
)
def test_a_line_that_does_not_fit_costs_its_sentence(tmp_path, text, detail):
    (tmp_path / "t.conll").write_text(f"x O\n\n{text}\ny O\n")
    records = read(tmp_path / "t.conll")
    assert [(r.row, r.reason) for r in records][:2] == [(1, ""), (3, "malformed-row")]
    assert records[1].detail.startswith(detail) and records[1].values.strip() == text.strip()
    assert records[2].values["text"] == "y"


def test_bytes_that_are_no_utf8_cost_their_sentence(tmp_path):
    (tmp_path / "t.conll").write_bytes(b"a O\ncaf\xe9 O\n\ncaf\xc3\xa9 O\n")
    records = read(tmp_path / "t.conll")
    assert [(r.row, r.reason) for r in records] == [(1, "undecodable"), (4, "")]


def test_where_no_tags_are_asked_for_there_need_be_none(tmp_path):
    (tmp_path / "t.conll").write_text("Fish\nsoup\n\nis\tNN\tO\ngood\tJJ\tB-x\n")
    records = read(tmp_path / "t.conll", {"text": "--column"})
    assert [(r.values["text"], r.values["entities"]) for r in records] == [
        ("Fish soup", ""),
        ("is good", '[{"start": 3, "end": 7, "label": "x"}]'),
    ]
    with pytest.raises(RunError, match="no column 'tokens'.*Its columns: 'text', 'entities'"):
        read(tmp_path / "t.conll", {"tokens": "data.text"})


def test_a_sentence_without_end_costs_itself_and_no_memory(tmp_path, read_elsewhere):
    path = tmp_path / "t.conll.gz"
    path.write_bytes(
        gzip.compress(b"a O\n\n")
        + gzip.compress(b"x B-y\n" * 200_000) * 10
        + gzip.compress(b"\nz O")
    )
    found = read_elsewhere(path)
    assert found["reasons"] == {"": 2, "too-long": 1} and found["megabytes"] < 100
