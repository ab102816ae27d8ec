"""How much of a Parquet file can be decoded at once without filling the memory."""

from __future__ import annotations

import collections
import dataclasses
from collections.abc import Iterator
from typing import BinaryIO, NamedTuple

import pyarrow
import pyarrow.parquet
import pyarrow.types

from .cells import is_text
from .deltas import check_lengths
from .headers import (
    DELTA_BYTE_ARRAY,
    DELTA_LENGTH_BYTE_ARRAY,
    DICTIONARY_ENCODINGS,
    PLAIN,
    Page,
    read_pages,
)

# What the open pages of all columns may take, each as large as it is once decompressed.
# DuckDB writes pages of up to 100 MiB.
LARGEST_PAGES = 1 << 28

# What the values of all columns may take that are decoded at once.
_LARGEST_BATCH = 1 << 26
_MOST_ROWS = 1024

# Of a value of fixed length, with its levels and its place in a list.
_FIXED = 24


class Leaf(NamedTuple):
    """A column of primitive values, as Parquet stores them.

    Attributes:
        number: Of the column.
        column: Name of the column of the table that it is, or is a part of.
        path: Its own name, with those of the groups that it is in.
        may_be_dictionary: Whether pyarrow can leave its values in their dictionary.
        width: Bytes of each of its values; 0 where they differ.
        is_nested: Whether a row may have any number of its values.
        levels: How many kinds of levels it has.
    """

    number: int
    column: str
    path: str
    may_be_dictionary: bool
    width: int
    is_nested: bool
    levels: int


class Portion(NamedTuple):
    """A row group, and how it is decoded.

    Attributes:
        number: Of the row group.
        rows: How many are decoded at once.
        last_row: Rows of this row group and all before it.
        dictionaries: Paths of the leaves whose values stay where they are, each one once.
    """

    number: int
    rows: int
    last_row: int
    dictionaries: list[str]


@dataclasses.dataclass
class Needs:
    """What decoding a leaf in a row group takes.

    Attributes:
        pages: Bytes of its open pages.
        value: Bytes of each of its values, where they are most.
        as_dictionary: Whether its values can stay in their dictionary.
    """

    pages: int
    value: float
    as_dictionary: bool


def find_leaves(file: pyarrow.parquet.ParquetFile) -> list[Leaf]:
    """Tells which stored columns belong to which column of the table.

    Args:
        file: Whose schema is asked.

    Returns:
        All leaves, in their order.

    Raises:
        ValueError: The stored columns are not those of the schema.
    """
    types = [
        (field.name, kind) for field in file.schema_arrow for kind in _primitive_types(field.type)
    ]
    if len(types) != len(file.schema):
        raise ValueError(f"{len(file.schema)} columns where the schema has {len(types)}")
    paths = collections.Counter(file.schema.column(index).path for index in range(len(types)))
    leaves = []
    for index, (column, kind) in enumerate(types):
        stored = file.schema.column(index)
        width = stored.length if stored.physical_type == "FIXED_LEN_BYTE_ARRAY" else _FIXED
        leaves.append(
            Leaf(
                index,
                column,
                stored.path,
                # It is told by its name which ones.
                is_text(kind) and paths[stored.path] == 1,
                0 if stored.physical_type == "BYTE_ARRAY" else width + _FIXED,
                stored.max_repetition_level > 0,
                (stored.max_repetition_level > 0) + (stored.max_definition_level > 0),
            )
        )
    return leaves


def measure(
    stream: BinaryIO, metadata: pyarrow.parquet.FileMetaData, leaves: list[Leaf]
) -> list[dict[Leaf, Needs]]:
    """Finds out what decoding takes, by the pages that there are.

    Args:
        stream: The file.
        metadata: Its footer.
        leaves: Those that may be read.

    Returns:
        What each leaf needs, of each row group.

    Raises:
        ValueError: The header of a page is damaged, or the footer contradicts itself.
    """
    measured = []
    for number in range(metadata.num_row_groups):
        group = metadata.row_group(number)
        chunks = {leaf: group.column(leaf.number) for leaf in leaves}
        for leaf, chunk in chunks.items():
            if not leaf.is_nested and chunk.num_values != group.num_rows:
                raise ValueError(
                    f"{chunk.num_values:,} values of {leaf.path!r} in {group.num_rows:,} rows"
                )
        measured.append({leaf: _needs(stream, chunk, leaf) for leaf, chunk in chunks.items()})
    return measured


def open_pages(measured: list[dict[Leaf, Needs]]) -> dict[str, int]:
    """Adds up what the open pages of each column take.

    Args:
        measured: By `measure`.

    Returns:
        Column -> bytes, in the row group where they are most.
    """
    most: dict[str, int] = {}
    for needs in measured:
        sizes: dict[str, int] = {}
        for leaf, need in needs.items():
            sizes[leaf.column] = sizes.get(leaf.column, 0) + need.pages
        for column, size in sizes.items():
            most[column] = max(most.get(column, 0), size)
    return most


def plan_portions(
    metadata: pyarrow.parquet.FileMetaData,
    measured: list[dict[Leaf, Needs]],
    leaves: list[Leaf],
) -> list[Portion]:
    """Decides how many rows are decoded at once.

    Args:
        metadata: The footer.
        measured: By `measure`.
        leaves: Those that are read.

    Returns:
        The row groups, in their order.
    """
    portions = []
    last = 0
    for number, needs in enumerate(measured):
        widest = max((needs[leaf].value for leaf in leaves), default=0)
        rows = _LARGEST_BATCH / len(leaves) / widest if widest else _MOST_ROWS
        dictionaries = [leaf.path for leaf in leaves if needs[leaf].as_dictionary]
        last += metadata.row_group(number).num_rows
        portions.append(Portion(number, min(max(int(rows), 1), _MOST_ROWS), last, dictionaries))
    return portions


def _needs(stream: BinaryIO, chunk: pyarrow.parquet.ColumnChunkMetaData, leaf: Leaf) -> Needs:
    start = chunk.data_page_offset
    if chunk.has_dictionary_page and 0 < chunk.dictionary_page_offset < start:
        start = chunk.dictionary_page_offset
    dictionary = entries = largest = 0
    seen: list[Page] = []
    for page in read_pages(stream, start, chunk.total_compressed_size, chunk.num_values):
        # A page that is not compressed is as large as it is in the file, whatever it says.
        size = max(page.packed, page.unpacked)
        if page.is_dictionary:
            if page.values > size:
                raise ValueError("a dictionary says that it has more values than bytes")
            dictionary = max(dictionary, size)
            entries = max(entries, page.values)
        else:
            if page.encoding in (DELTA_BYTE_ARRAY, DELTA_LENGTH_BYTE_ARRAY):
                if size <= LARGEST_PAGES:
                    check_lengths(stream, page, chunk.compression, leaf.levels)
                size += _FIXED * page.values
            largest = max(largest, size + page.packed)
            seen.append(page)
    encodings = {page.encoding for page in seen}
    as_dictionary = (
        leaf.may_be_dictionary and dictionary > 0 and encodings <= {PLAIN, *DICTIONARY_ENCODINGS}
    )
    # A dictionary is decompressed, and then copied.
    needs = Needs(largest + 2 * dictionary + _FIXED * entries, 0, as_dictionary)
    values_at_once = 0.0
    for page in seen:
        if not page.values:
            continue
        of_value: float | None = _largest_value(page, leaf, 0 if as_dictionary else dictionary)
        if of_value is None:
            of_value = _FIXED + max(page.packed, page.unpacked) / page.values
        needs.value = max(needs.value, of_value)
        values_at_once += of_value * page.values
    if leaf.is_nested:
        # Nothing but the levels says how many values a row has; it may be all of them.
        needs.pages += int(values_at_once)
    return needs


def _largest_value(page: Page, leaf: Leaf, dictionary: int) -> int | None:
    """Bytes that each value may take; None where only those of all are limited, by the page."""
    if leaf.width:
        return leaf.width
    if page.encoding in DICTIONARY_ENCODINGS:
        return dictionary + _FIXED
    if page.encoding == DELTA_BYTE_ARRAY:
        # Each value may repeat what came before it.
        return max(page.packed, page.unpacked)
    return None


def _primitive_types(kind: pyarrow.DataType) -> Iterator[pyarrow.DataType]:
    if isinstance(kind, pyarrow.BaseExtensionType):
        yield from _primitive_types(kind.storage_type)
    elif pyarrow.types.is_struct(kind):
        for index in range(kind.num_fields):
            yield from _primitive_types(kind[index].type)
    elif pyarrow.types.is_map(kind):
        yield from _primitive_types(kind.key_type)
        yield from _primitive_types(kind.item_type)
    elif pyarrow.types.is_nested(kind):
        yield from _primitive_types(kind.value_type)
    else:
        yield kind
