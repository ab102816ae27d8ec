"""RoBERTa (Liu et al. 2019): BERT's architecture on byte-level byte pairs."""
