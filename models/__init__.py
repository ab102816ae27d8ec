"""Keras parts, usable on their own: encoders, tokenization, classifier, training.

Nothing heavy is imported before one of these names is used.
"""

import lazy_loader as lazy

__getattr__, __dir__, __all__ = lazy.attach(
    __name__,
    submod_attrs={
        "encoders.bert.backbone": ["BertEncoder"],
        "encoders.bert.tokenizer": ["WordpieceTokenizer", "pack_inputs"],
        "encoders.characters": ["Characters"],
        "encoders.catalog": ["ENCODERS", "EncoderPreset", "search_encoders"],
        "encoders.base": ["Encoder", "EncoderFamily", "Tokenizer"],
        "encoders.inputs": ["EncoderInputs"],
        "encoders.pairs": ["join_offsets", "join_pairs"],
        "encoders.registry": ["load_encoder", "load_tokenizer", "register_family"],
        "encoders.roberta.backbone": ["RobertaEncoder"],
        "encoders.roberta.tokenizer": ["BytePairTokenizer"],
        "encoders.saved_model.backbone": ["HubEncoder"],
        "encoders.sources.fetching": [
            "EncoderRecord",
            "encoder_digest",
            "fetch_encoder",
            "source_fingerprint",
        ],
        "encoders.sources.registry": ["register_source"],
        "encoders.truncation": ["Truncation"],
        "encoders.windows": ["Windows"],
        "ngrams.model": ["NgramClassifier"],
        "ngrams.settings": ["NgramSettings"],
        "ngrams.training": ["NgramRecord", "train_ngrams"],
        "settings": ["ModelSettings", "TrainingSettings"],
        "tasks.building": ["build_model"],
        "tasks.registry": ["make_task", "register_task"],
        "tasks.calibration": ["Calibration"],
        "tasks.question_answering.decision": ["AnswerDecision", "ReadPairs"],
        "tasks.question_answering.metrics": ["exact_match", "f1_score"],
        "tasks.question_answering.model": ["QuestionAnswerer"],
        "tasks.question_answering.targets": ["answer_targets"],
        "tasks.question_answering.task": ["QuestionAnswering"],
        "tasks.text_classification.decision": ["Decision"],
        "tasks.text_classification.metrics": [
            "classification_report",
            "expected_calibration_error",
            "macro_f1",
        ],
        "tasks.text_classification.model": ["ReviewClassifier", "build_classifier"],
        "tasks.text_classification.task": ["TextClassification"],
        "tasks.token_classification.decision": ["EntityDecision"],
        "tasks.token_classification.metrics": ["entity_counts", "entity_report"],
        "tasks.token_classification.model": ["TokenClassifier"],
        "tasks.token_classification.targets": ["piece_targets"],
        "tasks.token_classification.task": ["TokenClassification"],
        "training.batching": ["pad_batch", "pad_targets", "shuffled_batches", "sorted_batches"],
        "training.checkpoint": ["remove_checkpoint"],
        "training.loop": ["Trainer", "TrainingRecord", "train"],
        "training.optimization": ["LazyAdamW", "LinearWarmupDecay"],
        "training.scoring": ["Scorer"],
        "training.stored_tokens": ["StoredTokens"],
        "training.tokenized": ["TokenizedTexts"],
    },
)
