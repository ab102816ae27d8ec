"""The page that Prometheus reads."""

from __future__ import annotations

import re
import threading

import pytest

from reviewlens.serving.server.metrics import Metrics

SAMPLE = re.compile(
    r'^([a-zA-Z_:][a-zA-Z0-9_:]*)\{((?:[a-zA-Z_]\w*="(?:[^"\\\n]|\\.)*",?)*)\} (\S+)$'
)


def samples(page: str) -> dict[str, float]:
    """Value of each sample by its name and labels, read as the text format has it."""
    lines = [line for line in page.splitlines() if not line.startswith("#")]
    assert all(map(SAMPLE.match, lines)), page
    return {line.rpartition(" ")[0]: float(line.rpartition(" ")[2]) for line in lines}


def test_a_metric_without_samples_shows_its_type():
    page = Metrics().render()
    assert not samples(page)
    assert page == (
        "# TYPE :tensorflow:serving:batching_session:input_batch_size histogram\n"
        "# TYPE :tensorflow:serving:batching_session:padding_size histogram\n"
        "# TYPE :tensorflow:serving:batching_session:processed_batch_size histogram\n"
        "# TYPE :tensorflow:serving:batching_session:queuing_latency histogram\n"
        "# TYPE :tensorflow:serving:batching_session:wrapped_run_count counter\n"
        "# TYPE :tensorflow:serving:model_warmup_latency histogram\n"
        "# TYPE :tensorflow:serving:model_warmup_records_read counter\n"
        "# TYPE :tensorflow:serving:request_count counter\n"
        "# TYPE :tensorflow:serving:request_example_count_total counter\n"
        "# TYPE :tensorflow:serving:request_example_counts histogram\n"
        "# TYPE :tensorflow:serving:request_latency histogram\n"
        "# TYPE :tensorflow:serving:runtime_latency histogram\n"
    )


def test_requests_are_counted_and_good_ones_timed():
    metrics = Metrics()
    metrics.request("m", "OK", "predict", "REST", 12.0)
    metrics.request("m", "OK", "predict", "REST", 1e12)
    metrics.request("m", "NOT_FOUND", "predict", "REST", 5.0)
    page = metrics.render()
    assert '\n:tensorflow:serving:request_count{model_name="m",status="OK"} 2\n' in page
    found = samples(page)
    labels = 'model_name="m",API="predict",entrypoint="REST"'
    name = ":tensorflow:serving:request_latency"
    assert found[':tensorflow:serving:request_count{model_name="m",status="NOT_FOUND"}'] == 1
    buckets = {key: n for key, n in found.items() if key.startswith(f"{name}_bucket{{{labels},")}
    assert len(buckets) == 34
    assert list(buckets)[:3] == [f'{name}_bucket{{{labels},le="{b}"}}' for b in (10, 18, "32.4")]
    assert list(buckets.values()) == [0] + 32 * [1] + [2]
    assert list(buckets)[-1] == f'{name}_bucket{{{labels},le="+Inf"}}'
    assert found[f"{name}_sum{{{labels}}}"] == 1e12 + 12
    assert found[f"{name}_count{{{labels}}}"] == 2


def test_runs_examples_and_warm_ups():
    metrics = Metrics()
    metrics.runtime("m", "Predict", 99.0)
    metrics.examples("m", 3)
    metrics.examples("m", 4)
    metrics.warmup("/models/m/1", "OK", 1000.0, 4)
    found = samples(metrics.render())
    prefix = ":tensorflow:serving:"
    assert found[prefix + 'runtime_latency_count{model_name="m",API="Predict",runtime="TF1"}'] == 1
    assert found[prefix + 'request_example_count_total{model="m"}'] == 7
    assert found[prefix + 'request_example_counts_bucket{model="m",le="2"}'] == 0
    assert found[prefix + 'request_example_counts_bucket{model="m",le="4"}'] == 2
    assert found[prefix + 'request_example_counts_bucket{model="m",le="16384"}'] == 2
    labels = 'model_path="/models/m/1",status="OK"'
    assert found[prefix + f"model_warmup_records_read{{{labels}}}"] == 4
    assert found[prefix + f"model_warmup_latency_sum{{{labels}}}"] == 1000


def test_batches():
    metrics = Metrics()
    metrics.queued("m", 150.0)
    metrics.batch("m", [1, 4], 3)
    found = samples(metrics.render())
    prefix = ":tensorflow:serving:batching_session:"
    assert found[prefix + 'wrapped_run_count{model_name="m"}'] == 1
    assert found[prefix + 'processed_batch_size_sum{model_name="m"}'] == 8
    assert found[prefix + 'input_batch_size_count{model_name="m"}'] == 2
    assert found[prefix + 'input_batch_size_sum{model_name="m"}'] == 5
    assert found[prefix + 'padding_size_sum{model_name="m",execution_batch_size="8"}'] == 3
    assert found[prefix + 'queuing_latency_bucket{model_name="m",le="144"}'] == 0
    assert found[prefix + 'queuing_latency_bucket{model_name="m",le="172.8"}'] == 1


@pytest.mark.parametrize("name", ['a"b', "a\\b", "a\nb 1", "näme", ""])
def test_any_name_is_a_legal_label(name):
    metrics = Metrics()
    metrics.request(name, "NOT_FOUND", "predict", "REST", 1.0)
    assert list(samples(metrics.render()).values()) == [1]


def test_made_up_names_do_not_fill_the_memory():
    metrics = Metrics()
    for number in range(5000):
        metrics.request(f"m{number}", "NOT_FOUND", "predict", "REST", 1.0)
    found = samples(metrics.render())
    assert len(found) < 2000
    assert sum(found.values()) == 5000


def test_no_count_is_lost_between_threads():
    metrics = Metrics()

    def count():
        for _ in range(2000):
            metrics.request("m", "OK", "predict", "REST", 1.0)

    threads = [threading.Thread(target=count) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    found = samples(metrics.render())
    assert found[':tensorflow:serving:request_count{model_name="m",status="OK"}'] == 16_000
