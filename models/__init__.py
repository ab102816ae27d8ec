"""Keras parts, usable on their own: encoders, tokenization, classifier, training.

Nothing heavy is imported before one of these names is used.
"""

import lazy_loader as lazy

__getattr__, __dir__, __all__ = lazy.attach(
    __name__,
    submod_attrs={
        "bert_encoder": ["BertEncoder"],
        "catalog": ["ENCODERS", "EncoderPreset"],
        "encoders": ["load_encoder"],
        "hub_encoder": ["HubEncoder"],
        "minilm": ["write_minilm", "write_minilm_preprocessor"],
        "sources": ["EncoderRecord", "fetch_encoder", "source_fingerprint"],
        "tokenization": ["WordpieceTokenizer", "pack_inputs"],
    },
)
