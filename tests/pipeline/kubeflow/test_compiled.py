from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from reviewlens.errors import UsageError
from reviewlens.pipeline.kubeflow.compiled import CompiledPipeline, Parameter, load_compiled

TEXT = st.text(st.characters(codec="utf-8"))
VALUES = {
    "NUMBER_INTEGER": st.integers(-(2**53), 2**53),
    "NUMBER_DOUBLE": st.floats(allow_nan=False, allow_infinity=False),
    "STRING": TEXT,
    "BOOLEAN": st.booleans(),
    "LIST": st.lists(st.integers(-9, 9) | TEXT),
    "STRUCT": st.dictionaries(TEXT, st.booleans() | st.none()),
}


def with_parameter(type_name: str) -> CompiledPipeline:
    parameters = {"x": Parameter(type_name, None, required=True)}
    return CompiledPipeline("a.yaml", "a", parameters, {})


def error_of(function, *arguments) -> str:
    with pytest.raises(UsageError) as caught:
        function(*arguments)
    message = str(caught.value)
    assert "\n" not in message
    return message


def test_a_file_gives_its_name_and_its_parameters(compiled_file):
    pipeline = load_compiled(compiled_file())
    assert pipeline.name == "reviews"
    assert pipeline.parameters["epochs"] == Parameter("NUMBER_INTEGER", 2, required=False)
    assert pipeline.parameters["note"] == Parameter("STRING", None, required=False)
    assert pipeline.parameters["input"] == Parameter("STRING", None, required=True)
    assert pipeline.platform_spec is None


def test_text_that_looks_like_a_number_to_some_stays_what_the_compiler_wrote(compiled_file):
    spec = load_compiled(compiled_file()).spec
    container = spec["deploymentSpec"]["executors"]["exec-trainer"]["container"]
    assert container["args"] == ["--rate", "5e-5", "{{$}}"]


def test_a_second_document_is_the_platform_spec(compiled_file):
    pipeline = load_compiled(compiled_file(platform=True))
    assert list(pipeline.platform_spec) == ["platforms"]
    assert "platforms" not in pipeline.spec


def test_a_pipeline_may_have_no_parameters(tmp_path):
    path = tmp_path / "a.json"
    spec = {"pipelineInfo": {"name": "a"}, "schemaVersion": "2.1.0", "root": {"dag": {}}}
    path.write_text(json.dumps(spec))
    pipeline = load_compiled(str(path))
    assert pipeline.values([]) == {}
    assert "the pipeline has none" in error_of(pipeline.values, ["a=1"])


def test_without_cache_no_task_is_taken_over(compiled_file):
    pipeline = load_compiled(compiled_file())
    spec = pipeline.without_cache().spec
    tasks = [*spec["root"]["dag"]["tasks"].values()]
    tasks += spec["components"]["comp-group"]["dag"]["tasks"].values()
    assert [task["cachingOptions"]["enableCache"] for task in tasks] == [False] * 3
    assert pipeline.spec["root"]["dag"]["tasks"]["trainer"]["cachingOptions"]["enableCache"] is True


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("a: [1", "pipeline.yaml:1: not valid YAML: expected ',' or ']'"),
        ("a: 1\nb: \x07", "pipeline.yaml: not valid YAML: unacceptable character"),
        ("a: 2024-13-45", "pipeline.yaml: not valid YAML: month must be in 1..12"),
        ("a: !!python/name:os.system x", "pipeline.yaml:1: not valid YAML: could not determine"),
        ("", "is no pipeline compiled for Kubeflow Pipelines v2; give the YAML file that `review"),
        ("just text", "is no pipeline compiled for Kubeflow Pipelines v2"),
        ("name: demo\noutput: out", "is no pipeline compiled for Kubeflow Pipelines v2"),
        ("pipelineInfo: {name: a}\nroot: 3", "is no pipeline compiled for Kubeflow Pipelines v2"),
        ("pipelineInfo: {name: 3}\nroot: {dag: {}}", "is no pipeline compiled for Kubeflow"),
        ("pipelineSpec: {}", "is a PipelineJob for Vertex AI, not for Kubeflow Pipelines; submit"),
        ("pipelineSpec: {}", "aiplatform.PipelineJob(template_path="),
        ("a: 2024-01-02", "holds a value that JSON has not (Object of type date"),
        ("a: .nan", "holds a value that JSON has not"),
        ("a: &a [*a]", "holds a value that JSON has not (Circular"),
    ],
)
def test_another_file_is_refused_in_one_line(tmp_path, text, message):
    path = tmp_path / "pipeline.yaml"
    path.write_text(text)
    assert message in error_of(load_compiled, str(path))


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ("2.1.0", "2.0.0", "has the schema version 2.0.0; Kubeflow Pipelines v2 takes 2.1.0"),
        ("schemaVersion: 2.1.0\n", "", "has the schema version None"),
        ("cachingOptions: {enableCache: true}", "cachingOptions: 1", "is no pipeline compiled"),
        ("input: {parameterType: STRING}", "input: STRING", "is no pipeline compiled"),
        ("platforms:", "platform:", "is no pipeline compiled"),
        ("---", "---\nplatforms: {}\n---", "is no pipeline compiled"),
    ],
)
def test_a_pipeline_of_another_kind_is_refused_in_one_line(compiled_file, old, new, message):
    path = compiled_file((old, new), platform=True)
    assert error_of(load_compiled, path).startswith(f"{path}: {message}")


def test_a_file_that_cannot_be_read_is_refused(tmp_path):
    missing = error_of(load_compiled, str(tmp_path / "a.yaml"))
    assert missing.endswith("a.yaml: no such file; `reviewlens compile` writes one")
    assert error_of(load_compiled, str(tmp_path)).endswith("cannot be read: Is a directory")
    (tmp_path / "b.yaml").write_bytes(b"a: \xff")
    assert "b.yaml:1: byte 0xff is not UTF-8" in error_of(load_compiled, str(tmp_path / "b.yaml"))


def test_values_are_read_as_yaml(compiled_file):
    pipeline = load_compiled(compiled_file())
    given_ = ["input=gs://b/x=1", "epochs=2", "epochs= 3", "rate=5e-5", "freeze=true"]
    assert pipeline.values([*given_, "slices=[a, 1]", "classes={good: [4, 5]}", "note='7'"]) == {
        "input": "gs://b/x=1",
        "epochs": 3,
        "rate": 5e-5,
        "freeze": True,
        "slices": ["a", 1],
        "classes": {"good": [4, 5]},
        "note": "7",
    }


@pytest.mark.parametrize(
    ("assignment", "message"),
    [
        ("epoch=3", "epoch: unknown parameter of {path}; did you mean epochs?"),
        ("qqq=3", "qqq: unknown parameter of {path}; choose one of epochs, rate, note,"),
        ("epochs", "epochs: a parameter is written name=value"),
        ("=3", "=3: a parameter is written name=value"),
        ("epochs=two", "epochs=two: epochs is a whole number, such as epochs=3"),
        ("epochs=2.0", "epochs=2.0: epochs is a whole number, such as epochs=3"),
        ("epochs=true", "epochs=true: epochs is a whole number, such as epochs=3"),
        ("rate=", "rate=: rate is a number, such as rate=0.5"),
        ("note=7", "note=7: note is text, such as note='\"3\"'"),
        ("freeze=yes", "freeze=yes: freeze is true or false, such as freeze=true"),
        ("slices=a", "slices=a: slices is a list, such as slices='[1, 2]'"),
        ("classes=[]", "classes=[]: classes is keys with values, such as classes='{{a: 1}}'"),
        ("rate=.inf", "rate=.inf: a parameter cannot be infinite or not a number"),
        ("slices=[.nan]", "slices=[.nan]: a parameter cannot be infinite or not a number"),
        ("epochs=9007199254740993", "9007199254740993 is beyond 2^53"),
    ],
)
def test_a_wrong_value_is_refused_in_one_line(compiled_file, assignment, message):
    path = compiled_file()
    found = error_of(load_compiled(path).values, ["input=a", assignment])
    assert found.startswith("command line: ")
    assert message.format(path=path) in found


def test_a_value_that_is_no_yaml_is_refused(compiled_file):
    found = error_of(load_compiled(compiled_file()).values, ["slices=[1"])
    assert found.startswith("command line: not valid YAML")
    assert found.endswith(", in slices=[1")


def test_what_has_no_default_must_be_given(compiled_file):
    path = compiled_file(("epochs: {parameterType: NUMBER_INTEGER, defaultValue: 2}", "epochs: {}"))
    found = error_of(load_compiled(path).values, [])
    assert found == (
        f"{path}: these parameters have no default: epochs, input; give each as name=value"
    )


def test_a_key_may_be_longer_than_yaml_has_it():
    value = {"k" * 5000: False}
    assert with_parameter("STRUCT").values([f"x={json.dumps(value)}"]) == {"x": value}


@given(st.data(), st.sampled_from(sorted(VALUES)))
def test_a_value_of_its_type_arrives_as_it_was_written(data, type_name):
    value = data.draw(VALUES[type_name])
    assert with_parameter(type_name).values([f"x={json.dumps(value)}"]) == {"x": value}


@given(st.text())
def test_any_assignment_is_taken_or_refused(text):
    for type_name in VALUES:
        try:
            values = with_parameter(type_name).values([f"x={text}"])
        except UsageError:
            continue
        json.dumps(values, allow_nan=False)
