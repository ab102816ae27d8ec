"""What texts are like: how long, in which languages, and which of them say nearly the same."""

from __future__ import annotations

import collections
import dataclasses
import re
from collections.abc import Sequence

import numpy as np

# A language is told of a text where the identifier gives it at least this probability: of short
# texts it is sure of none, and what it finds most likely then is noise.
SURE = 0.5
NOT_SURE = ""
# Words of a text that say which language it is in; reading on would only take longer.
_READ_OF_LANGUAGE = 500
# A near duplicate shares this part of the pairs of adjacent words that either has.
ALIKE = 0.7
_RUN = 2
_FEWEST, _WORDS = 5, 400
_HASHES = 64
# Of texts that all look alike each is compared with a few of the others.
_MOST_COMPARED = 10
_WORD = re.compile(r"\w+")


@dataclasses.dataclass(frozen=True)
class Spread:
    """How some numbers are spread.

    Attributes:
        least: The smallest.
        quarter: A quarter of them are not greater.
        median: Half of them are not.
        three_quarters: Three quarters are not.
        ninety_nine: 99 of 100 are not.
        most: The greatest.
        mean: Their mean.
    """

    least: float
    quarter: float
    median: float
    three_quarters: float
    ninety_nine: float
    most: float
    mean: float


def spread_of(values: Sequence[float] | np.ndarray) -> Spread | None:
    """Says how numbers are spread; None where there are none.

    Args:
        values: Such as lengths.

    Example:
        >>> spread_of([1, 2, 3, 10]).median
        2.5
    """
    if not len(values):
        return None
    found = np.percentile(np.asarray(values, np.float64), [0, 25, 50, 75, 99, 100])
    least, quarter, median, three_quarters, ninety_nine, most = map(float, found)
    mean = float(np.mean(values))
    return Spread(least, quarter, median, three_quarters, ninety_nine, most, mean)


def languages_of(texts: Sequence[str]) -> list[tuple[str, int]]:
    """Counts the languages that texts are in.

    Args:
        texts: Few: each takes about a fifth of a millisecond.

    Returns:
        Code of a language (ISO 639-1), the most frequent one first, and how many texts are in it;
        `NOT_SURE` last, of texts that are too short or too mixed to tell.

    Example:
        >>> languages_of(["Fits perfectly and looks great. I ordered a size small.", "Ok"])
        [('en', 1), ('', 1)]
    """
    from py3langid.langid import MODEL_FILE, LanguageIdentifier

    identifier = LanguageIdentifier.from_model_file(MODEL_FILE, norm_probs=True)
    counts: collections.Counter[str] = collections.Counter()
    for text in texts:
        # Half a surrogate pair has no bytes.
        readable = text[:_READ_OF_LANGUAGE].encode("utf-8", "replace").decode()
        language, probability = identifier.classify(readable)
        counts[language if probability >= SURE else NOT_SURE] += 1
    return sorted(counts.items(), key=lambda item: (item[0] == NOT_SURE, -item[1], item[0]))


@dataclasses.dataclass(frozen=True)
class Alike:
    """Two texts that say nearly the same.

    Attributes:
        first: Place of the one.
        second: Place of the other, which comes later.
        similarity: How many of the pairs of adjacent words that either has both have.
    """

    first: int
    second: int
    similarity: float


@dataclasses.dataclass(frozen=True)
class NearDuplicates:
    """Texts that say nearly the same as another one.

    Attributes:
        texts: How many texts there are of which another one says nearly the same.
        pairs: Which, the most similar first; of texts that all look alike not all pairs.
    """

    texts: int
    pairs: tuple[Alike, ...]


def near_duplicates(texts: Sequence[str]) -> NearDuplicates:
    """Finds texts that say nearly the same: seven of ten pairs of adjacent words are in both.

    Candidates are found by locality-sensitive hashing of MinHash signatures (Broder, "On the
    resemblance and containment of documents", 1997), and then compared. Case and punctuation do
    not count, nor what comes after the first 400 words; texts of fewer than five words are left
    out: of them many are alike by chance.

    Args:
        texts: Some thousands; each takes about half a millisecond.

    Example:
        >>> text = "I ordered two of these and both of them broke within a week of use"
        >>> near_duplicates([text, "It fits me well, thank you", text + "!"]).pairs
        (Alike(first=0, second=2, similarity=1.0),)
    """
    from datasketch import MinHash, MinHashLSH

    index = MinHashLSH(threshold=ALIKE, num_perm=_HASHES)
    empty = MinHash(num_perm=_HASHES)
    runs: dict[int, set[bytes]] = {}
    pairs = []
    for place, text in enumerate(texts):
        words = _WORD.findall(text.lower())[:_WORDS]
        if len(words) < _FEWEST:
            continue
        own = {
            " ".join(words[start : start + _RUN]).encode("utf-8", "replace")
            for start in range(len(words) - _RUN + 1)
        }
        sketch = empty.copy()
        sketch.update_batch(own)
        compared = 0
        for other in sorted(index.query(sketch)):
            similarity = len(own & runs[other]) / len(own | runs[other])
            if similarity >= ALIKE:
                pairs.append(Alike(other, place, similarity))
                compared += 1
            if compared == _MOST_COMPARED:
                break
        # What is the same as many others brings nothing new to those that follow.
        if compared < _MOST_COMPARED:
            index.insert(place, sketch)
            runs[place] = own
    pairs.sort(key=lambda pair: (-pair.similarity, pair.first, pair.second))
    found = {place for pair in pairs for place in (pair.first, pair.second)}
    return NearDuplicates(len(found), tuple(pairs))
