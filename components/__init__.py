"""TFX components: one file or folder per node of the pipeline, spec and executor side by side."""

import lazy_loader as lazy

__getattr__, __dir__, __all__ = lazy.attach(
    __name__,
    submod_attrs={
        "encoder_evaluator.component": ["EncoderEvaluator"],
        "encoder_fetcher": ["EncoderFetcher"],
        "encoder_pusher": ["EncoderPusher"],
        "encoder_validator": ["EncoderValidator"],
        "evaluator.component": ["ReviewEvaluator"],
        "example_validator": ["StrictExampleValidator"],
        "exporter.component": ["ModelExporter"],
        "input_files": ["fingerprint_input", "list_files"],
        "latest_blessed": ["EarlierBlessedModelStrategy"],
        "latest_pushed": ["LatestPushedModel"],
        "ngram_trainer.component": ["NgramTrainer"],
        "pretrainer.component": ["Pretrainer"],
        "pusher": ["AtomicPusher"],
        "review_example_gen.component": ["ReviewExampleGen"],
        "segments.component": ["TextSegments"],
        "schema_importer": ["ReviewSchemaImporter"],
        "serving_validator": ["ServingValidator"],
        "trainer.component": ["ReviewTrainer"],
        "transform.component": ["ReviewTransform"],
        "vocabulary_gen.component": ["VocabularyGen"],
    },
)
