"""What TensorFlow's graph optimizer makes of the operations of a forward pass."""

from __future__ import annotations

import subprocess

import pytest

# In a process that takes oneDNN, which this one may not have done when it started.
PROGRAM = """
import sys

import tensorflow as tf
from reviewlens.models.layers.plain_operations import PlainOperations
from tensorflow.core.protobuf import config_pb2, meta_graph_pb2
from tensorflow.python.grappler import tf_optimizer

operations = PlainOperations(1e-12, sys.argv[1] == "approximate", fuse_norms=False)
kernel, bias = (tf.Variable(tf.random.normal(shape)) for shape in ([8, 16], [16]))


@tf.function(input_signature=[tf.TensorSpec([None, 8])], autograph=False)
def inner(values):
    with tf.device("/job:localhost/replica:0/task:0/device:CPU:0"):
        return operations.activate(values @ kernel, bias)


graph = inner.get_concrete_function().graph
meta = meta_graph_pb2.MetaGraphDef()
meta.graph_def.CopyFrom(graph.as_graph_def())
meta.collection_def["train_op"].node_list.value.append(graph.outputs[0].op.name)
optimized = tf_optimizer.OptimizeGraph(config_pb2.ConfigProto(), meta)
for node in optimized.node:
    if node.op == "_FusedMatMul":
        print(*(name.decode() for name in node.attr["fused_ops"].list.s))
"""


@pytest.mark.parametrize(
    ("kind", "fused"),
    [("exact", "BiasAdd GeluExact"), ("approximate", "BiasAdd GeluApproximate")],
)
def test_product_bias_and_gelu_become_one_operation_of_onednn(forks, kind, fused):
    python = [forks / "python", "-c", PROGRAM, kind]
    outcome = subprocess.run(python, capture_output=True, text=True)

    assert outcome.stdout == f"{fused}\n", outcome.stderr
