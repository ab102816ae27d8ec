"""Keras parts, usable on their own: encoders, tokenization, classifier, training.

Nothing heavy is imported before one of these names is used.
"""

import lazy_loader as lazy

__getattr__, __dir__, __all__ = lazy.attach(
    __name__,
    submod_attrs={
        "bert_encoder": ["BertEncoder"],
        "batching": ["pad_batch", "shuffled_batches", "sorted_batches"],
        "calibration": ["Calibration"],
        "catalog": ["ENCODERS", "EncoderPreset"],
        "checkpoint": ["remove_checkpoint"],
        "classifier": ["ReviewClassifier", "build_classifier"],
        "decision": ["Decision"],
        "encoders": ["load_encoder"],
        "hub_encoder": ["HubEncoder"],
        "metrics": ["classification_report", "expected_calibration_error", "macro_f1"],
        "minilm": ["write_minilm", "write_minilm_preprocessor"],
        "optimization": ["LazyAdamW", "LinearWarmupDecay"],
        "scoring": ["Scorer"],
        "settings": ["ModelSettings", "TrainingSettings"],
        "sources": ["EncoderRecord", "fetch_encoder", "source_fingerprint"],
        "tokenization": ["WordpieceTokenizer", "pack_inputs"],
        "tokenized": ["TokenizedReviews"],
        "training": ["TrainingRecord", "train"],
    },
)
