"""What a served model is: its export, its warm-up requests, and ways to query it."""

import lazy_loader as lazy

__getattr__, __dir__, __all__ = lazy.attach(
    __name__,
    submod_attrs={
        "client": [
            "Client",
            "InvalidRequest",
            "ModelNotFound",
            "ServerError",
            "ServerTimeout",
            "ServerUnavailable",
            "TLS",
        ],
        "export": ["export_model"],
        "local_model": ["LocalModel"],
        "tasks.question_answering.answers": ["Answer"],
        "tasks.registry": ["register_task"],
        "tasks.text_classification.answers": ["Prediction"],
        "tasks.token_classification.answers": ["Entities", "Entity"],
        "text_models.encoder": ["EncoderModel"],
        "text_models.ngrams": ["NgramModel"],
        "text_models.wide": ["WideModel"],
        "warmup": ["read_warmup_requests", "write_warmup_requests"],
    },
)
