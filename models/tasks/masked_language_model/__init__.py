"""The task `masked-language-model`: what an encoder learns of texts alone."""
