"""Puts `reviewlens serve` and transformers behind FastAPI under the same load.

    python benchmarks/serving.py womens_clothing_reviews.csv \\
        --model runs/womens-clothing/serving/womens-clothing

starts both servers with the same model and the same number of threads, sends them the same
reviews from 1, 8 and 64 clients at once, one or 32 reviews a request, in turn, and compares
every answer with that of the model in this process. Prints Markdown tables, appends the
figures to `results/serving.json`, and fails if a request is lost or an answer is wrong. Takes
about five minutes; the peer needs `make bench-peers`.
"""

from __future__ import annotations

import argparse
import collections
import concurrent.futures
import contextlib
import csv
import multiprocessing
import os
import random
import sys
import tempfile

import numpy as np
from load import measure
from peer_choice import add_peers, print_left_out
from record import append_record

PEER = "transformers, HTTP"
CLIENTS = (1, 8, 64)
REVIEWS = (1, 32)
SAMPLE = 512
TOLERANCE = 1e-3


def main() -> None:
    """Measures, prints and records."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("csv", help="path of womens_clothing_reviews.csv")
    parser.add_argument("--model", required=True, help="directory that holds version directories")
    parser.add_argument("--seconds", type=float, default=5.0, help="length of a measurement")
    parser.add_argument("--clients", type=int, nargs="+", default=CLIENTS)
    parser.add_argument("--batching", help="BatchingParameters instead of export-serving's")
    add_peers(parser, [PEER])
    arguments = parser.parse_args()

    from systems import reviewlens_server, transformers_server

    from reviewlens.serving import LocalModel

    texts = read_texts(arguments.csv)
    local = LocalModel(arguments.model)
    expected = [(p.label, list(p.probabilities.values())) for p in local.predict(texts)]
    threads = os.cpu_count()
    with contextlib.ExitStack() as stack:
        scratch = stack.enter_context(tempfile.TemporaryDirectory())
        ours = reviewlens_server(
            local.directory,
            scratch,
            threads=threads,
            clients=max(arguments.clients),
            batching=arguments.batching,
        )
        peers = [
            transformers_server(local.directory, scratch, threads=threads, name=name)
            for name in arguments.peers
        ]
        servers = [stack.enter_context(server) for server in (ours, *peers)]
        # "spawn", as a fork would inherit TensorFlow's threads and locks.
        context = multiprocessing.get_context("spawn")
        pool = stack.enter_context(concurrent.futures.ProcessPoolExecutor(1, mp_context=context))
        before = [server.process.resident_mb() for server in servers]
        systems = [system for server in servers for system in server.systems]
        loads = []
        for clients in arguments.clients:
            for reviews in REVIEWS:
                for system in systems:
                    load = {"clients": clients, "reviews": reviews, "seconds": arguments.seconds}
                    loads.append(load_test(pool, system, texts, expected, **load))
                    print(".", end="", file=sys.stderr, flush=True)
        print(file=sys.stderr)
        processes = [
            {
                "server": server.name,
                "ready_seconds": server.process.seconds,
                "ready_mb": megabytes,
                "loaded_mb": server.process.resident_mb(),
            }
            for server, megabytes in zip(servers, before, strict=True)
        ]
    print_tables(loads, processes, base=systems[-1].name)
    print_left_out([PEER], arguments.peers)
    append_record("serving", {"threads": threads, "servers": processes, "loads": loads})
    if failed := sum(load["errors"] + load["wrong"] for load in loads):
        raise SystemExit(f"{failed} requests failed or were answered wrong")


def read_texts(path: str) -> list[str]:
    """A sample of the reviews, title and text in one, with their own mix of lengths."""
    with open(path, newline="", encoding="utf-8") as file:
        rows = [f"{row['Title']} {row['Review Text']}".strip() for row in csv.DictReader(file)]
    return random.Random(0).sample([row for row in rows if row], SAMPLE)


def load_test(pool, system, texts, expected, *, clients, reviews, seconds) -> dict:
    """Measures one server under one load, after a short warm-up, and checks its answers."""
    starts = range(0, len(texts), reviews)
    requests = [system.encode(texts[start : start + reviews]) for start in starts]
    warm_up = {"clients": min(clients, 8), "seconds": 1.0}
    pool.submit(measure, system.target, requests, **warm_up).result()
    done = pool.submit(measure, system.target, requests, clients=clients, seconds=seconds).result()
    answered = [answer for answer in done.answers if answer.content is not None]
    for error, count in collections.Counter(a.error for a in done.answers if a.error).items():
        print(f"\n{system.name}: {count} times {error}", file=sys.stderr)
    if not answered:
        raise SystemExit(f"{system.name} answered none of {len(done.answers)} requests")
    differences = [
        difference(system.decode(answer.content), expected[starts[answer.request] :][:reviews])
        for answer in answered
    ]
    p50, p99 = np.percentile([1000 * answer.seconds for answer in answered], (50, 99))
    return {
        "system": system.name,
        "clients": clients,
        "reviews": reviews,
        "requests": len(done.answers),
        "reviews_per_second": len(answered) * reviews / done.seconds,
        "p50_ms": float(p50),
        "p99_ms": float(p99),
        "errors": len(done.answers) - len(answered),
        "wrong": sum(found > TOLERANCE for found in differences),
        "largest_difference": max(differences),
        "clients_cpu_share": done.cpu_seconds / done.seconds,
    }


def difference(found: list, expected: list) -> float:
    """The largest difference between probabilities; infinite where a label differs."""
    if [label for label, _ in found] != [label for label, _ in expected]:
        return float("inf")
    return max(
        abs(ours - theirs)
        for (_, row), (_, right) in zip(found, expected, strict=True)
        for ours, theirs in zip(row, right, strict=True)
    )


def print_tables(loads: list[dict], processes: list[dict], base: str) -> None:
    """Prints the figures as Markdown; ratios are to the system `base`."""
    columns = ("clients", "reviews a request", "server", "reviews/s", f"times {base}")
    columns += ("p50, ms", "p99, ms", "errors")
    print(f"| {' | '.join(columns)} |")
    print("|---:|---:|---" + "|---:" * (len(columns) - 3) + "|")
    bases = {
        (load["clients"], load["reviews"]): load["reviews_per_second"]
        for load in loads
        if load["system"] == base
    }
    for load in loads:
        ratio = load["reviews_per_second"] / bases[load["clients"], load["reviews"]]
        print(
            f"| {load['clients']} | {load['reviews']} | {load['system']} "
            f"| {load['reviews_per_second']:,.0f} | {ratio:.2f} | {load['p50_ms']:,.0f} "
            f"| {load['p99_ms']:,.0f} | {load['errors']} |"
        )
    print("\n| server | seconds until ready | RSS when ready, MB | RSS after the load, MB |")
    print("|---|---:|---:|---:|")
    for process in processes:
        print(
            f"| {process['server']} | {process['ready_seconds']:.1f} "
            f"| {process['ready_mb']:,.0f} | {process['loaded_mb']:,.0f} |"
        )
    print(
        f"\n{sum(load['requests'] for load in loads):,} requests; the largest difference from "
        f"the model in process is {max(load['largest_difference'] for load in loads):.1e}. "
        f"The clients took at most {max(load['clients_cpu_share'] for load in loads):.0%} of "
        "one core."
    )


if __name__ == "__main__":
    main()
