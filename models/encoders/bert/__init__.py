"""BERT's family (Devlin et al., NAACL 2019)."""
