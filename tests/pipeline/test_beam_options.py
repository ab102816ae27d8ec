"""From `beam.runner` and `beam.options` to the flags of Beam, and what is told on the way."""

from __future__ import annotations

import re
import socket
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from reviewlens.errors import RunError, UsageError
from reviewlens.pipeline import load_config
from reviewlens.pipeline.beam_options import (
    RUNNERS,
    BeamSettings,
    beam_arguments,
    check_beam_options,
    check_runs_here,
)

IMAGE = "registry.example.com/reviewlens:1"
DATAFLOW = {"project": "p", "region": "europe-west1", "temp_location": "gs://b/tmp"}
POOL = {"environment_type": "EXTERNAL", "environment_config": "localhost:50000"}


def test_a_configuration_without_beam_runs_in_this_process_on_the_runner_of_the_package(
    config_file,
):
    beam = load_config(config_file()).beam

    assert beam_arguments(beam) == ["--runner=FnApiRunner", "--sdk_container_image=unused"]
    # Nor does an image that is known (on Kubeflow the task's own) change anything.
    assert beam_arguments(beam, IMAGE) == beam_arguments(beam)


def test_options_of_every_kind_are_read_and_written_as_flags(config_file):
    path = config_file(
        (
            "training:",
            "beam:\n"
            "  runner: flink\n"
            "  options:\n"
            "    flink_master: http://flink:8081\n"
            "    flink_submit_uber_jar: true\n"
            "    auto_unique_labels: false\n"
            "    parallelism: 4\n"
            "    experiments: [one, two=2]\n"
            "    environment_type: PROCESS\n"
            "    environment_config: {command: /opt/apache/beam/boot}\n"
            "training:",
        )
    )
    beam = load_config(path).beam

    check_beam_options(beam)
    assert beam_arguments(beam, IMAGE) == [
        "--runner=FlinkRunner",
        '--environment_config={"command": "/opt/apache/beam/boot"}',
        "--environment_type=PROCESS",
        "--experiments=one",
        "--experiments=two=2",
        "--flink_master=http://flink:8081",
        "--flink_submit_uber_jar",
        "--parallelism=4",
        "--sdk_container_image=unused",
    ]


def test_beam_reads_what_was_meant():
    from apache_beam.options.pipeline_options import PipelineOptions

    options = {"job_endpoint": "flink:8099", "experiments": ("a", "b=1"), "save_main_session": True}
    arguments = beam_arguments(BeamSettings("portable", {**options, **POOL}))

    read = PipelineOptions(arguments).get_all_options(drop_default=True)
    assert read["runner"] == "PortableRunner"
    assert read["experiments"] == ["a", "b=1"]
    assert read["save_main_session"] is True
    assert read["environment_config"] == "localhost:50000"


@given(
    st.dictionaries(
        st.text("abc_", min_size=1),
        st.one_of(st.text("xyz="), st.integers(), st.booleans(), st.tuples(st.text("xyz"))),
    ).flatmap(lambda options: st.tuples(st.just(options), st.permutations(list(options))))
)
def test_the_order_of_the_options_changes_no_flag(drawn):
    options, names = drawn
    shuffled = {name: options[name] for name in names}

    assert beam_arguments(BeamSettings("direct", shuffled)) == beam_arguments(
        BeamSettings("direct", options)
    )


@pytest.mark.parametrize(
    ("runner", "options"),
    [
        ("flink", {"flink_master": "http://flink:8081"}),
        ("spark", {"spark_master_url": "spark://spark:7077"}),
        ("portable", {"job_endpoint": "jobs:8099"}),
        ("portable", {"job_endpoint": "jobs:8099", "environment_type": "DOCKER"}),
    ],
)
def test_workers_in_containers_run_in_the_image(runner, options):
    settings = BeamSettings(runner, options)

    known = beam_arguments(settings, IMAGE)
    assert f"--sdk_container_image={IMAGE}" in known
    # These runners look for it here, whatever Beam's documentation says of the other flag.
    assert f"--environment_config={IMAGE}" in known
    own = beam_arguments(BeamSettings(runner, {**options, "sdk_container_image": "own:2"}), IMAGE)
    assert "--environment_config=own:2" in own
    assert not any(IMAGE in argument for argument in own)
    with pytest.raises(UsageError, match=r"beam\.options\.sdk_container_image: is missing"):
        beam_arguments(settings)


@pytest.mark.parametrize(
    ("option", "value"),
    [
        ("environment_config", "own:2"),
        ("environment_options", ("docker_container_image=own:2",)),
    ],
)
def test_an_image_that_beam_was_told_already_stays(option, value):
    settings = BeamSettings("portable", {"job_endpoint": "jobs:8099", option: value})

    arguments = beam_arguments(settings, IMAGE)
    assert [a for a in arguments if a.startswith("--environment_")] == [
        f"--{option}={value if isinstance(value, str) else value[0]}"
    ]


def test_dataflow_takes_the_image_from_its_own_flag():
    arguments = beam_arguments(BeamSettings("dataflow", DATAFLOW), IMAGE)

    assert f"--sdk_container_image={IMAGE}" in arguments
    assert not any(argument.startswith("--environment_config") for argument in arguments)


@pytest.mark.parametrize(
    ("runner", "options"),
    [
        ("portable", {"job_endpoint": "jobs:8099", **POOL}),
        ("portable", {"job_endpoint": "jobs:8099", "environment_type": "LOOPBACK"}),
        ("flink", {"flink_master": "[local]"}),
        ("spark", {"spark_master_url": "local[2]"}),
    ],
)
def test_workers_that_are_there_already_need_no_image(runner, options):
    assert "--sdk_container_image=unused" in beam_arguments(BeamSettings(runner, options))


@pytest.mark.parametrize(
    ("runner", "options", "key", "problem"),
    [
        ("flnk", {}, "runner", "is 'flnk'; did you mean flink?"),
        ("prism", {}, "runner", "choose one of direct, flink, spark, dataflow, portable"),
        ("direct", {"runner": "FlinkRunner"}, "options.runner", "use beam.runner"),
        ("direct", {"job_endpoint": "a:1"}, "options.job_endpoint", "not read by the direct"),
        ("portable", {}, "options.job_endpoint", "is missing"),
        ("portable", {"job_endpoint": "http://a:1"}, "options.job_endpoint", "it is HOST:PORT"),
        ("portable", {"job_endpoint": "a"}, "options.job_endpoint", "it is HOST:PORT"),
        ("flink", {}, "options.flink_master", "such as http://flink:8081"),
        ("spark", {}, "options.spark_master_url", "such as spark://spark:7077"),
        ("spark", {"spark_submit_uber_jar": True}, "options.spark_rest_url", "is missing"),
        ("dataflow", {}, "options.region", "is missing"),
        (
            "dataflow",
            {**DATAFLOW, "temp_location": "/tmp"},
            "options.temp_location",
            "such as gs://bucket/tmp",
        ),
        (
            "portable",
            {"job_endpoint": "a:1", "environment_type": "external"},
            "options.environment_type",
            "is 'external'; did you mean EXTERNAL?",
        ),
        (
            "portable",
            {"job_endpoint": "a:1", "environment_type": "EXTERNAL"},
            "options.environment_config",
            "EXTERNAL needs HOST:PORT of a worker pool",
        ),
    ],
)
def test_what_a_runner_lacks_is_told(runner, options, key, problem):
    assert problem in dict(BeamSettings(runner, options).problems())[key]


@pytest.mark.parametrize(
    ("runner", "options"),
    [
        ("direct", {"direct_num_workers": 2, "direct_running_mode": "multi_processing"}),
        ("portable", {"job_endpoint": "embed", "environment_type": "LOOPBACK"}),
        ("portable", {"job_endpoint": "[::1]:8099", **POOL}),
        ("flink", {"job_endpoint": "flink:8099"}),
        ("flink", {"flink_master": "[local]"}),
        ("spark", {"spark_submit_uber_jar": True, "spark_rest_url": "http://spark:6066"}),
        ("dataflow", DATAFLOW),
    ],
)
def test_what_a_runner_needs_is_enough(runner, options):
    settings = BeamSettings(runner, options)

    assert list(settings.problems()) == []
    check_beam_options(settings)


def test_a_problem_is_told_with_its_line(config_file):
    path = config_file(("training:", "beam:\n  runner: portable\n  options: {x: 1}\ntraining:"))

    with pytest.raises(UsageError) as raised:
        load_config(path)
    assert str(raised.value).startswith(f"{path}:11: beam.options.job_endpoint: is missing")


def test_an_option_has_a_value(config_file):
    path = config_file(("training:", "beam: {options: {direct_num_workers: }}\ntraining:"))

    with pytest.raises(UsageError, match=r"beam\.options\.direct_num_workers: has no value"):
        load_config(path)


@pytest.mark.parametrize(
    ("runner", "options", "problem"),
    [
        ("portable", {"job_endpont": "a:1"}, "did you mean job_endpoint?"),
        ("direct", {"number_of_unicorns": 1}, "number_of_unicorns: is no option of Beam"),
        ("flink", {"flink_version": "1.12"}, "flink_version: invalid choice: '1.12'"),
        ("flink", {"parallelism": "many"}, "parallelism: invalid int value: 'many'"),
        ("flink", {"flink_submit_uber_jar": "yes"}, "is 'yes'; it is true or false"),
        ("flink", {"flink_master": True}, "flink_master: is true; it takes a value"),
        ("dataflow", {"use_public_ips": False}, "set no_use_public_ips: true"),
        ("direct", {"help": True}, "help: is no option of Beam"),
    ],
)
def test_what_beam_would_silently_drop_or_die_of_is_told(runner, options, problem):
    with pytest.raises(UsageError) as raised:
        check_beam_options(BeamSettings(runner, options))
    assert str(raised.value).startswith("beam.options.")
    assert problem in str(raised.value)
    assert "\n" not in str(raised.value)


def test_all_wrong_options_are_told_at_once():
    with pytest.raises(UsageError) as raised:
        check_beam_options(BeamSettings("direct", {"direct_num_worker": 2, "streeming": True}))
    assert str(raised.value).splitlines() == [
        "beam.options.direct_num_worker: is no option of Beam; did you mean direct_num_workers?",
        "beam.options.streeming: is no option of Beam; did you mean streaming?",
    ]


def test_an_option_that_only_the_job_service_knows_passes():
    check_beam_options(BeamSettings("flink", {"object_reuse": True, "disable_metrics": True}))


def test_an_option_of_beam_is_told_before_anything_runs(config_file):
    from reviewlens.pipeline import build_pipeline

    config = load_config(config_file(), ["beam.options.direct_num_worker=2"])
    with pytest.raises(UsageError, match=r"did you mean direct_num_workers\?"):
        build_pipeline(config)


def test_the_graph_hands_the_options_to_beam(config_file):
    from reviewlens.pipeline import build_pipeline

    config = load_config(config_file(), ["beam.options.direct_num_workers=2"])
    assert "--direct_num_workers=2" in build_pipeline(config).beam_pipeline_args


def test_a_job_service_that_nobody_runs_is_told_within_seconds():
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        address = f"127.0.0.1:{taken.getsockname()[1]}"
        with pytest.raises(RunError) as raised:
            check_runs_here(BeamSettings("portable", {"job_endpoint": address}))
    assert f"beam.options.job_endpoint: nobody can be reached at {address}" in str(raised.value)
    assert "Connection refused" in str(raised.value)


@pytest.mark.parametrize("address", ["no-such-host.invalid:80", "localhost:99999"])
def test_an_address_that_cannot_be_is_told(address):
    with pytest.raises(RunError, match=address):
        check_runs_here(BeamSettings("portable", {"job_endpoint": address}))


def test_a_job_service_that_listens_is_fine():
    with socket.create_server(("127.0.0.1", 0)) as server:
        address = f"127.0.0.1:{server.getsockname()[1]}"
        check_runs_here(BeamSettings("portable", {"job_endpoint": address}))
    check_runs_here(BeamSettings())
    check_runs_here(BeamSettings("portable", {"job_endpoint": "embed"}))


def test_a_run_here_is_not_sent_to_dataflow():
    with pytest.raises(UsageError, match=r"beam\.runner: dataflow does not see the files"):
        check_runs_here(BeamSettings("dataflow", DATAFLOW))


def examples_of_the_page() -> list[str]:
    page = Path(__file__).resolve().parents[2] / "docs" / "beam.md"
    return re.findall(r"^```yaml\n(beam:.*?)^```$", page.read_text("utf-8"), re.M | re.S)


@pytest.mark.parametrize("example", examples_of_the_page())
def test_the_examples_of_the_page_are_right(config_file, example):
    beam = load_config(config_file(("training:", f"{example}training:"))).beam

    check_beam_options(beam)
    assert beam_arguments(beam, IMAGE)


def test_the_page_has_an_example_of_every_runner():
    examples = "".join(examples_of_the_page())

    assert all(f"runner: {runner}\n" in examples for runner in RUNNERS if runner != "direct")
