"""Byte pairs: equal to Hugging Face's tokenizers, id by id and offset by offset."""

from __future__ import annotations

import copy
import functools
import json
import random

import pytest
import tensorflow as tf
import tokenizers
from hypothesis import example, given, settings
from hypothesis import strategies as st

from reviewlens.errors import RunError
from reviewlens.models.encoders.roberta.tokenizer import BytePairTokenizer
from reviewlens.serving.validation import HOSTILE_TEXTS

NO_LIMIT = 100_000


def byte_pair_tokenizer(files, max_tokens=NO_LIMIT) -> BytePairTokenizer:
    return BytePairTokenizer(files, max_tokens=max_tokens)


class Theirs:
    """Hugging Face's tokenizer, to which names of special tokens are text like any other."""

    def __init__(self, path: str):
        self._tokenizer = tokenizers.Tokenizer.from_file(path)
        self._tokenizer.encode_special_tokens = True

    def ids(self, texts: list[str]) -> list[list[int]]:
        return [encoding.ids for encoding in self._tokenizer.encode_batch(texts)]

    def tokenize_with_offsets(self, texts: list[str]) -> list[list[list[int]]]:
        """Ids, starts and ends; these in bytes."""
        rows = []
        for text, encoding in zip(texts, self._tokenizer.encode_batch(texts), strict=True):
            places = [0]
            for character in text:
                places.append(places[-1] + len(character.encode()))
            starts, ends = zip(*encoding.offsets, strict=True)
            rows.append((encoding.ids, [places[i] for i in starts], [places[i] for i in ends]))
        return [list(part) for part in zip(*rows, strict=True)]


@pytest.fixture(scope="module")
def ours(byte_pair_files):
    return byte_pair_tokenizer({"tokenizer.json": byte_pair_files["tokenizer.json"]})


@pytest.fixture(scope="module")
def ours_with_offsets(ours):
    """Ids, starts and ends, by a graph."""
    traced = tf.function(
        ours.tokenize_with_offsets, input_signature=[tf.TensorSpec([None], tf.string)]
    )
    return lambda texts: [part.to_list() for part in traced(tf.constant(texts))]


@pytest.fixture(scope="module")
def theirs(byte_pair_files):
    return Theirs(byte_pair_files["tokenizer.json"])


def test_ids_and_offsets_equal_theirs_on_real_reviews(ours_with_offsets, theirs, reviews):
    assert len(reviews) > 3000
    assert ours_with_offsets(reviews) == theirs.tokenize_with_offsets(reviews)


# Where words begin and end is told by spaces, line breaks, apostrophes and kinds of characters.
ATOMS = [
    *"  \n\t\r\x0b\x85\xa0\u2028\u3000", *"''.,!?-", *"stmdrvel", "'s", "'ll", "'re", "n't", "''",
    *"aZéßÀ×½²Ⅷ٣019", *"中文日本語한국", *"👍🏽\u200d\ufe0f❤\ufeff\u0301\u00ad\ufffd",
    *"\0\x01\x1f",
    "<s>", "</s>", "<pad>", "<unk>", "<mask>", "<|endoftext|>", "Ġthe", "▁the", " the", "great",
    "   ", "\n\n", "\r\n", "...", "!!!!", "-----", "aaaaaaaa", "00000",
]  # fmt: skip
MIXED = st.lists(st.sampled_from(ATOMS), max_size=25).map("".join)
# Letters that are new in Unicode since 2022 are not letters to everybody.
ANY = st.text(st.characters(codec="utf-8", max_codepoint=0x1123E), max_size=30)


@settings(max_examples=100, deadline=None, derandomize=True)
@given(texts=st.lists(st.one_of(MIXED, ANY), min_size=1, max_size=24))
@example(
    texts=[" ", "\n", "  a", "\n\na", "\n 's", " \n's", "\xa0\xa0é", "\u3000あ", "'tis", "a''s"]
)
@example(texts=["a" * 3000, " " * 3000, "\n" * 500, "中" * 500, "👍" * 300, "!?" * 900])
def test_ids_and_offsets_equal_theirs_on_any_text(ours_with_offsets, theirs, texts):
    assert ours_with_offsets(texts) == theirs.tokenize_with_offsets(texts)


@pytest.fixture(scope="module")
def id_of_byte(ours) -> list[int]:
    rows = ours(tf.constant([bytes([byte]) for byte in range(256)]))[:, 1:-1].to_list()
    return [index for (index,) in rows]


def test_every_byte_has_an_id_of_its_own(id_of_byte):
    assert sorted(id_of_byte) == list(range(4, 4 + 256))


BYTES = st.lists(st.one_of(MIXED.map(str.encode), st.binary(max_size=4)), max_size=8).map(b"".join)


@settings(max_examples=60, deadline=None, derandomize=True)
@given(texts=st.lists(BYTES, min_size=1, max_size=24))
@example(
    texts=[b"caf\xe9 \xff\xfe", b"\xff", b"\xfe\xff\xff\xfe", b"a\xed\xa0\x80 b", b"\xf4\x90\x80"]
)
def test_a_byte_that_is_no_utf8_is_its_own_id_between_two_texts(
    ours_with_offsets, theirs, id_of_byte, texts
):
    def expected(raw: bytes) -> list[int]:
        try:
            return theirs.ids([raw.decode()])[0][1:-1]
        except UnicodeDecodeError as error:
            before = expected(raw[: error.start])
            return [*before, id_of_byte[raw[error.start]], *expected(raw[error.start + 1 :])]

    ids, starts, ends = ours_with_offsets(texts)
    for raw, row, start, end in zip(texts, ids, starts, ends, strict=True):
        assert row[1:-1] == expected(raw)
        assert min(start) >= 0 and max(end) <= len(raw)


def test_names_of_special_tokens_are_text(ours):
    ids = ours(["</s>", "so <mask> <s>"]).to_list()
    special = {ours.start_id, ours.end_id, ours.padding_id, ours.mask_id}
    assert all(not special & set(row[1:-1]) for row in ids)


def test_hostile_texts_get_the_same_ids_as_theirs(byte_pair_files, theirs):
    hostile = [text for name, text in HOSTILE_TEXTS.items() if name != "bytes that are no UTF-8"]
    found = byte_pair_tokenizer(byte_pair_files, 512)(tf.constant(hostile)).to_list()
    for row, expected in zip(found, theirs.ids([t.decode() for t in hostile]), strict=True):
        assert row[:-1] == expected[:-1][:511]


def test_both_kinds_of_files_give_the_same_tokenizer(ours, byte_pair_files, reviews):
    names = ("vocab.json", "merges.txt")
    other = byte_pair_tokenizer({name: byte_pair_files[name] for name in names})
    assert set(other.files) == set(names)
    assert set(ours.files) == {"tokenizer.json"}
    for name in ("vocabulary_size", "start_id", "end_id", "padding_id", "mask_id", "lower_case"):
        assert getattr(other, name) == getattr(ours, name)
    assert (other.padding_id, other.lower_case) == (1, False)
    assert other(reviews[:500]).to_list() == ours(reviews[:500]).to_list()


# Small vocabularies, and files that are not in order.


@pytest.fixture(scope="module")
def published(byte_pair_files) -> dict:
    with open(byte_pair_files["tokenizer.json"], encoding="utf-8") as file:
        return json.load(file)


@pytest.fixture
def write(published, tmp_path):
    """Writes a tokenizer.json with few merges; `change` changes its content before."""

    def write(merges=(("a", "b"),), change=lambda content: None) -> dict[str, str]:
        basic = [name for name, index in published["model"]["vocab"].items() if index < 4 + 256]
        names = dict.fromkeys([*basic, *map("".join, merges), "<mask>"])
        model = {
            **published["model"],
            "vocab": {name: index for index, name in enumerate(names)},
            "merges": [list(pair) for pair in merges],
        }
        content = copy.deepcopy({**published, "model": model, "added_tokens": []})
        change(content)
        path = tmp_path / "tokenizer.json"
        path.write_text(json.dumps(content), encoding="utf-8")
        return {"tokenizer.json": str(path)}

    return write


def test_it_is_what_every_tokenizer_is(write, run_tokenizer_test):
    files = write([("a", "l"), ("Ġ", "t"), ("Ġt", "w")])
    run_tokenizer_test(functools.partial(BytePairTokenizer, files))


@pytest.mark.parametrize("max_tokens", [2, 3, 7])
def test_what_is_cut_is_the_beginning_of_what_is_not(write, reviews, max_tokens):
    texts = [*reviews[:200], "", "a", "  ", "   \n\n x"]
    files = write([("a", "l"), ("Ġ", "t"), ("Ġt", "w"), ("Ġ", "Ġ")])
    whole, cut = byte_pair_tokenizer(files)(texts), byte_pair_tokenizer(files, max_tokens)(texts)
    assert cut[:, :-1].to_list() == whole[:, :-1][:, : max_tokens - 1].to_list()
    assert set(cut[:, -1:].values.numpy()) == {2}


def random_merges(choose: random.Random, letters: str) -> list[tuple[str, str]]:
    """Merges that no training would find: of some nothing comes, some come to the same."""
    pieces, merges = list(letters), {}
    for _ in range(choose.randint(1, 12)):
        pair = choose.choice(pieces), choose.choice(pieces)
        if len("".join(pair)) <= 8:
            merges[pair] = None
            pieces.append("".join(pair))
    return list(merges)


@pytest.mark.parametrize("letters", ["a", "ab", "abc", "abĠ", "Ã©a", "aĠĊ's"])
def test_any_merges_come_to_the_same_as_theirs(write, letters):
    choose = random.Random(letters)
    characters = [{"Ġ": " ", "Ċ": "\n", "Ã": "é", "©": "×"}.get(c, c) for c in letters]
    for _ in range(6):
        files = write(random_merges(choose, letters))
        texts = ["".join(choose.choices(characters, k=choose.randint(0, 14))) for _ in range(60)]
        expected = Theirs(files["tokenizer.json"]).ids(texts)
        assert byte_pair_tokenizer(files)(texts).to_list() == expected


def test_a_vocabulary_needs_no_merges_and_no_mask(write):
    tokenizer = byte_pair_tokenizer(
        write((), lambda content: content["model"]["vocab"].pop("<mask>"))
    )
    assert tokenizer.mask_id is None
    assert tokenizer(["ab", ""]).row_lengths().numpy().tolist() == [4, 2]


def test_merges_written_as_strings_are_read(write):
    def as_strings(content):
        content["model"]["merges"] = [" ".join(pair) for pair in content["model"]["merges"]]

    tokenizer = byte_pair_tokenizer(write([("a", "b"), ("ab", "c")], as_strings))
    assert tokenizer(["abc"]).row_lengths().numpy().tolist() == [3]


def setting(name, value):
    """Sets a value under a dotted name."""
    *path, last = name.split(".")

    def change(content):
        for part in path:
            content = content[part]
        content[last] = value

    return change


def forget(*names):
    return lambda content: [content["model"]["vocab"].pop(name) for name in names]


REFUSED = {
    "a normalizer": (setting("normalizer", {"type": "NFC"}), r'normalizer is {"type": "NFC"}'),
    "another kind of model": (setting("model.type", "WordPiece"), r'model\.type is "WordPiece"'),
    "another way of words": (
        setting("pre_tokenizer", {"type": "Whitespace"}),
        r'pre_tokenizer\.type is "Whitespace"; RoBERTa\'s is "ByteLevel"',
    ),
    "a space before": (setting("pre_tokenizer.add_prefix_space", True), "add_prefix_space is true"),
    "no words": (setting("pre_tokenizer.use_regex", False), "use_regex is false"),
    "spaces in offsets": (setting("post_processor.trim_offsets", False), "trim_offsets is false"),
    "another frame": (setting("post_processor", None), r"post_processor\.type is null"),
    "another start": (setting("post_processor.cls", ["<s>", 7]), r"cls is \['<s>', 7\], not '<s>'"),
    "chance": (setting("model.dropout", 0.1), r"dropout is 0\.1"),
    "ends of words": (setting("model.end_of_word_suffix", "</w>"), "end_of_word_suffix"),
    "no merges": (setting("model.merges", None), "model has no vocab or no merges"),
    "a merge of three": (
        setting("model.merges", ["a b c"]),
        "merge 0 is 'a b c', which is no pair",
    ),
    "an unknown result": (setting("model.merges", [["a", "c"]]), "no 'ac', of merge 0"),
    "an unknown part": (setting("model.merges", [["a", "bc"]]), "no 'bc', of merge 0"),
    "no start": (forget("<s>"), "cls is"),
    "no padding": (forget("<pad>", "<unk>"), "the vocabulary has no <pad>, <unk>"),
    "no byte": (forget("Ġ"), "no byte-level vocabulary: it lacks 'Ġ', which is the byte 0x20"),
    "a hole": (forget("ab", "a"), "lacks 'a'"),
    "ids with a gap": (setting("model.vocab.ab", 999), "ids are not 0 to 261"),
    "ids twice": (setting("model.vocab.ab", 5), "ids are not 0 to 261"),
    "a word of its own": (
        setting("added_tokens", [{"content": "brand", "id": 262, "special": False}]),
        "added_tokens has 'brand'",
    ),
    "two ids": (
        setting("added_tokens", [{"content": "<s>", "id": 9, "special": True}]),
        "'<s>' is 9 in added_tokens and 0 in model",
    ),
}


@pytest.mark.parametrize(("change", "message"), REFUSED.values(), ids=REFUSED)
def test_a_tokenizer_that_is_not_robertas_is_refused(write, change, message):
    files = write(change=change)
    with pytest.raises(RunError, match=message) as error:
        byte_pair_tokenizer(files)
    assert files["tokenizer.json"] in str(error.value) and "\n" not in str(error.value)


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"[]", "has a list where an object should be"),
        (b'{"a": ', "is no JSON"),
        (b"caf\xe9", "is no UTF-8"),
        (b"", "is no JSON"),
        (b"{}", "pre_tokenizer.type is null"),
    ],
)
def test_a_file_that_is_no_tokenizer_is_refused(tmp_path, content, message):
    path = tmp_path / "tokenizer.json"
    path.write_bytes(content)
    with pytest.raises(RunError, match=message) as error:
        byte_pair_tokenizer({"tokenizer.json": str(path)})
    assert "\n" not in str(error.value)


def test_missing_files_are_named(byte_pair_files):
    files = {"vocab.json": byte_pair_files["vocab.json"], "vocab.txt": "vocab.txt"}
    with pytest.raises(
        RunError, match=r"made of tokenizer\.json, .* there is vocab\.json, vocab\.txt"
    ):
        byte_pair_tokenizer(files)


def test_what_a_folder_says_of_the_tokenizer_counts(write, tmp_path):
    path = tmp_path / "tokenizer_config.json"
    path.write_text('{"add_prefix_space": true}')
    with pytest.raises(RunError, match=r"tokenizer_config\.json: add_prefix_space is true"):
        byte_pair_tokenizer({**write(), "tokenizer_config.json": str(path)})


def test_it_tells_pieces_of_words_and_what_stands_for_no_text(ours):
    (ids,) = ours(tf.constant(["Unaffable reviewers' 👍🏽"])).to_list()
    goes_on = ours.continuations[ids].tolist()
    # The first word has no space before it; who hides words goes by the start that is there.
    assert goes_on[0] is False and goes_on[1] is True
    spaced = ours(tf.constant(["a good b"])).to_list()[0]
    assert ours.continuations[spaced].tolist() == [False, True, False, False, False]
    assert ours.special_ids.tolist() == [0, 1, 2, 3, 50_260]
