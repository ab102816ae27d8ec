"""Windows onto texts that are longer than an encoder reads, said once: for graphs and in memory."""

from __future__ import annotations

import dataclasses
from typing import Any

from ...errors import RunError
from ..arrays import array_namespace, rows_of, splits_of
from ..settings import AUTO, ModelSettings


@dataclasses.dataclass(frozen=True)
class Parts:
    """Which tokens of some texts each window reads.

    Arrays of NumPy or of TensorFlow, int64, with a number for each window; the windows of a text
    follow one another. Tokens are counted within their text, those of start and end left out.

    Attributes:
        rows: Which text it is of.
        starts: Its first token.
        lengths: How many tokens it reads.
        own_starts: The first token that is its own: a token that several windows read is that of
            the one with more to read on either side of it.
        own_ends: The token behind the last one that is its own.
    """

    rows: Any
    starts: Any
    lengths: Any
    own_starts: Any
    own_ends: Any


@dataclasses.dataclass(frozen=True)
class WindowRows:
    """Texts cut into windows, each with a start and an end of its own.

    Arrays of NumPy or of TensorFlow.

    Attributes:
        parts: Which text each window is of, int64 [windows].
        row_splits: Where each window begins, and the end, int64 [windows + 1].
        places: Which token of all texts each token of the windows is, int64 [total].
        own: Whether it is the window's own, bool [total]. Each token of the texts is the own one
            of just one window, and these are in the order of the texts: what is computed for the
            tokens of the windows and is their own is computed for the tokens of the texts. Only
            what is cut out of a head that is too long is in no window.
        heads: How many tokens of each window are its head, int64 [windows].
    """

    parts: Any
    row_splits: Any
    places: Any
    own: Any
    heads: Any


@dataclasses.dataclass(frozen=True)
class Windows:
    """Windows that overlap, so that every token of a text is read with some text around it.

    Each lies `stride` tokens behind the one before it, as in BERT's reading of questions (Devlin
    et al. 2019); the last one is moved back until it is full. What two of them read goes to that
    of the two in whose middle it is.

    Args:
        max_tokens: Most tokens of a window, those of start and end included, at least 3.
        stride: Tokens by which a window lies behind the one before it, from 1 on.
        most_head: Of texts that are read behind another one, most tokens of the head, at least
            2 and at most `max_tokens` - 2; None where there is no such text.

    Example:
        >>> import numpy as np
        >>> windows = Windows(max_tokens=6, stride=2).parts(np.array([3, 9]))
        >>> windows.rows, windows.starts, windows.lengths
        (array([0, 1, 1, 1, 1]), array([0, 0, 2, 4, 5]), array([3, 4, 4, 4, 4]))
        >>> windows.own_starts, windows.own_ends
        (array([0, 0, 3, 5, 6]), array([3, 3, 5, 6, 9]))
    """

    max_tokens: int
    stride: int
    most_head: int | None = None

    @classmethod
    def of(cls, settings: ModelSettings, pairs: bool = False) -> Windows:
        """The windows that the settings of a model ask for.

        Args:
            settings: With a number of `max_tokens`.
            pairs: Whether each text is read behind another one, see `Task.pairs`. That one and
                what parts them then takes half of a window at most.

        Returns:
            Windows; with a stride of `auto` each but the last one is half the room that is left
            at least behind the one before.

        Raises:
            RunError: The stride is longer than a window, so that tokens would be left out.
        """
        width = int(settings.max_tokens)
        head = min(settings.max_question_tokens, width // 2) if pairs else None
        windows = cls(width, 1, head)
        if settings.stride == AUTO:
            return dataclasses.replace(windows, stride=max(windows.room // 2, 1))
        if int(settings.stride) > windows.room:
            raise RunError(
                f"model.stride is {settings.stride}, but a window of {windows.max_tokens} tokens "
                f"has {windows.room} between {windows._before} and end: choose no more, or {AUTO}"
            )
        return dataclasses.replace(windows, stride=int(settings.stride))

    @property
    def room(self) -> int:
        """Tokens of a window between start, or the longest head that there may be, and end."""
        return self.max_tokens - 1 - (self.most_head or 1)

    @property
    def _before(self) -> str:
        return f"a question of {self.most_head}" if self.most_head else "start"

    def parts(self, lengths: Any, room: Any = None) -> Parts:
        """Cuts texts into windows.

        Args:
            lengths: Tokens of each text, those of start and end not counted, int64 [n], of NumPy
                or of TensorFlow.
            room: How many of them fit a window: one number, or one for each text, int64 [n], at
                least 1; None for `self.room`. A stride that is longer is shortened to it.

        Returns:
            At least one window of each text.
        """
        xp = array_namespace(lengths)
        room = lengths * 0 + (self.room if room is None else room)
        stride = xp.minimum(room, self.stride)
        # Where the last window begins.
        last = xp.maximum(lengths - room, 0)
        counts = 1 + (last + stride - 1) // stride
        splits = splits_of(counts)
        rows = rows_of(splits)
        of_row = (xp.take(of, rows) for of in (lengths, room, stride, last, counts, splits))
        lengths, room, stride, last, counts, before = of_row
        index = xp.cumsum(rows * 0 + 1) - 1 - before

        def start(index):
            return xp.minimum(index * stride, last)

        def parting(index):
            """Half way between where a window begins and where the one before it ends."""
            return (start(index) + start(index - 1) + room) // 2

        return Parts(
            rows=rows,
            starts=start(index),
            lengths=xp.minimum(lengths, room),
            own_starts=xp.where(index == 0, index, parting(index)),
            own_ends=xp.where(index == counts - 1, lengths, parting(index + 1)),
        )

    def cut(self, row_splits: Any, heads: Any = None) -> WindowRows:
        """Cuts whole texts, with start and end, into windows that have them, too.

        Args:
            row_splits: Where each of the texts, one after the other, begins, and the end, int64
                [n + 1], of NumPy or of TensorFlow; each has two tokens or more.
            heads: How many tokens each begins with that every window onto it has, int64 [n],
                from 1 on; None for the start alone. Of a head longer than `most_head` the last
                two tokens, which hold what parts it from the rest, and the first ones stay.

        Returns:
            At least one window of each text; a text that fits one is as it was.

        Example:
            >>> import numpy as np
            >>> cut = Windows(max_tokens=5, stride=2).cut(np.array([0, 3, 10]))
            >>> cut.parts, cut.row_splits
            (array([0, 1, 1]), array([ 0,  3,  8, 13]))
            >>> cut.places[cut.own]
            array([0, 1, 2, 3, 4, 5, 6, 7, 8, 9])
        """
        xp = array_namespace(row_splits)
        sizes = row_splits[1:] - row_splits[:-1]
        if heads is None:
            heads = kept = sizes * 0 + 1
        else:
            kept = heads if self.most_head is None else xp.minimum(heads, self.most_head)
        lengths = sizes - heads - 1
        parts = self.parts(lengths, self.max_tokens - 1 - kept)
        heads, kept = (xp.take(of, parts.rows) for of in (heads, kept))
        sizes = parts.lengths + kept + 1
        splits = splits_of(sizes)
        windows = rows_of(splits)
        place = xp.cumsum(windows * 0 + 1) - 1 - xp.take(splits, windows)
        behind = place + 1 - xp.take(sizes, windows)
        texts = xp.take(parts.rows, windows)
        lengths = xp.take(lengths, texts)
        begins = xp.take(row_splits, texts)
        own_start, own_end = (xp.take(of, windows) for of in (parts.own_starts, parts.own_ends))
        head, of_head = xp.take(heads, windows), xp.take(kept, windows)
        token = xp.take(parts.starts, windows) + place - of_head
        in_head = xp.where(place < of_head - 2, place, place + head - of_head)
        is_head = place < of_head
        places = begins + xp.where(is_head, in_head, head + token)
        own = xp.where(is_head, own_start == 0, (token >= own_start) & (token < own_end))
        return WindowRows(
            parts=parts.rows,
            row_splits=splits,
            places=xp.where(behind == 0, begins + head + lengths, places),
            own=xp.where(behind == 0, own_end == lengths, own),
            heads=kept,
        )
