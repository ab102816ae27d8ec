"""The encoders that reviewlens knows by name: TF Hub's BERT collection and one built in."""

from __future__ import annotations

import dataclasses


@dataclasses.dataclass(frozen=True)
class EncoderPreset:
    """What is known of an encoder before it is fetched.

    Attributes:
        name: As a configuration names it.
        handle: TF Hub's address of it; empty for one that a package brings.
        kaggle_handle: Where Kaggle keeps it, without version; empty for one that a package
            brings. `https://www.kaggle.com/models/` before it makes an address.
        description: One line.
        parameters: Trainable parameters, the pooler's included.
        layers: Transformer blocks.
        hidden_size: Width of the outputs.
        heads: Attention heads a block.
        vocabulary: Languages and casing of the word pieces.
        vocabulary_size: Word pieces.
        lower_case: Whether the vocabulary is of lower-cased text without accents.
        licence: SPDX name of the weights' licence.
        offline: Whether it can be had without a network.
    """

    name: str
    handle: str
    kaggle_handle: str
    description: str
    parameters: int
    layers: int
    hidden_size: int
    heads: int
    vocabulary: str
    vocabulary_size: int
    lower_case: bool
    licence: str = "Apache-2.0"
    offline: bool = False


# Vocabularies: word pieces and whether they are lower-cased.
_VOCABULARIES = {
    "English, uncased": (30522, True),
    "English, cased": (28996, False),
    "104 languages, cased": (119547, False),
    "109 languages, cased": (501153, False),
    "Chinese": (21128, False),
}
_ENGLISH = "English, uncased"


def _count_parameters(layers: int, hidden: int, vocabulary: int, embedding: int) -> int:
    """Parameters of BERT with 512 positions, 2 types and a feed-forward part of 4 * hidden."""
    embeddings = (vocabulary + 512 + 2 + 2) * embedding
    if embedding != hidden:
        embeddings += embedding * hidden + hidden
    attention = 4 * (hidden * hidden + hidden)
    feed_forward = 2 * 4 * hidden * hidden + 4 * hidden + hidden
    norms = 4 * hidden
    pooler = hidden * hidden + hidden
    return embeddings + layers * (attention + feed_forward + norms) + pooler


def _preset(
    name: str,
    handle: str,
    kaggle_handle: str,
    description: str,
    layers: int,
    hidden: int,
    vocabulary: str = _ENGLISH,
    heads: int | None = None,
    embedding: int | None = None,
    offline: bool = False,
) -> EncoderPreset:
    size, lower_case = _VOCABULARIES[vocabulary]
    return EncoderPreset(
        name=name,
        handle=handle and f"https://tfhub.dev/{handle}",
        kaggle_handle=kaggle_handle,
        description=description,
        parameters=_count_parameters(layers, hidden, size, embedding or hidden),
        layers=layers,
        hidden_size=hidden,
        heads=heads or hidden // 64,
        vocabulary=vocabulary,
        vocabulary_size=size,
        lower_case=lower_case,
        offline=offline,
    )


def _bert(name: str, tf_hub: str, description: str, size: str, vocabulary: str) -> EncoderPreset:
    layers, hidden = {"base": (12, 768), "large": (24, 1024)}[size]
    variant = f"{tf_hub}_L-{layers}_H-{hidden}_A-{hidden // 64}"
    kaggle = variant.removeprefix("bert_").replace("_", "-").lower()
    return _preset(
        name,
        f"tensorflow/{variant}/4",
        f"tensorflow/bert/tensorFlow2/{kaggle}",
        description,
        layers,
        hidden,
        vocabulary,
    )


def _small_bert(layers: int, hidden: int) -> EncoderPreset:
    variant = f"bert_en_uncased_L-{layers}_H-{hidden}_A-{hidden // 64}"
    return _preset(
        f"small-bert-l{layers}-h{hidden}",
        f"tensorflow/small_bert/{variant}/2",
        f"tensorflow/bert/tensorFlow2/{variant.replace('_', '-').lower()}",
        f"Compact BERT of {layers} layers (Turc et al., 2019)",
        layers,
        hidden,
    )


def _expert(corpus: str, task: str, description: str) -> EncoderPreset:
    path = f"{corpus}/{task}" if task else corpus
    name = path.replace("/", "-").replace("_", "-")
    return _preset(
        f"expert-{name}",
        f"google/experts/bert/{path}/2",
        f"google/experts-bert/tensorFlow2/{name}",
        description,
        12,
        768,
    )


def _electra(size: str, layers: int, hidden: int, heads: int, embedding: int) -> EncoderPreset:
    return _preset(
        f"electra-{size}",
        f"google/electra_{size}/2",
        f"google/electra/tensorFlow2/{size}",
        "Discriminator that tells replaced words (Clark et al., 2020)",
        layers,
        hidden,
        heads=heads,
        embedding=embedding,
    )


_PRESETS = [
    _preset(
        "minilm-l6",
        "",
        "",
        "all-MiniLM-L6-v2: distilled and trained on a billion sentence pairs (Wang et al., 2020)",
        6,
        384,
        heads=12,
        offline=True,
    ),
    _bert("bert-base-uncased", "bert_en_uncased", "BERT base", "base", _ENGLISH),
    _bert("bert-large-uncased", "bert_en_uncased", "BERT large", "large", _ENGLISH),
    _bert("bert-base-cased", "bert_en_cased", "BERT base", "base", "English, cased"),
    _bert("bert-large-cased", "bert_en_cased", "BERT large", "large", "English, cased"),
    _bert(
        "bert-large-wwm-uncased",
        "bert_en_wwm_uncased",
        "BERT large, trained with whole words masked",
        "large",
        _ENGLISH,
    ),
    _bert(
        "bert-large-wwm-cased",
        "bert_en_wwm_cased",
        "BERT large, trained with whole words masked",
        "large",
        "English, cased",
    ),
    _bert("bert-multi-cased", "bert_multi_cased", "BERT base", "base", "104 languages, cased"),
    _bert("bert-zh", "bert_zh", "BERT base", "base", "Chinese"),
    *(
        _small_bert(layers, hidden)
        for layers in (2, 4, 6, 8, 10, 12)
        for hidden in (128, 256, 512, 768)
    ),
    _expert("wiki_books", "", "BERT base, trained anew on Wikipedia and books"),
    _expert("wiki_books", "mnli", "The same, then fine-tuned on MNLI (entailment)"),
    _expert("wiki_books", "qnli", "The same, then fine-tuned on QNLI (answers in sentences)"),
    _expert("wiki_books", "qqp", "The same, then fine-tuned on QQP (duplicate questions)"),
    _expert("wiki_books", "squad2", "The same, then fine-tuned on SQuAD 2.0 (answers in texts)"),
    _expert("wiki_books", "sst2", "The same, then fine-tuned on SST-2 (sentiment of reviews)"),
    _expert("pubmed", "", "BERT base, trained on abstracts of MEDLINE/PubMed"),
    _expert("pubmed", "squad2", "The same, then fine-tuned on SQuAD 2.0 (answers in texts)"),
    _electra("small", 12, 256, 4, 128),
    _electra("base", 12, 768, 12, 768),
    _electra("large", 24, 1024, 16, 1024),
    _preset(
        "labse",
        "google/LaBSE/2",
        "google/labse/tensorFlow2/labse",
        "Sentence embeddings alike across languages (Feng et al., 2022)",
        12,
        768,
        "109 languages, cased",
    ),
]

ENCODERS: dict[str, EncoderPreset] = {preset.name: preset for preset in _PRESETS}
