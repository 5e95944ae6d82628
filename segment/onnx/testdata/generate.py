"""Writes the tiny networks this package is tested with, and what they answer.

    python generate.py        (needs numpy, onnx, onnxruntime 1.27)

Every network has input "input" [1, C, D, H, W] and output "logits" [1, 1, D, H, W], float32, as the product's have.
  ../probe.onnx  two levels, two channels: Conv, strided Conv, Resize, Concat, Add, Relu: what the product's nets are
               made of; it ships inside the program, for the self-test of providers when no model is given
  deep.onnx    32 equal convolutions of 12 channels: long enough on 96^3 to be cancelled
  mixed.onnx   holds one operator (Softsign) that the WebGPU provider leaves to the CPU
  names.onnx   its input is called "image": not one of ours
  probe.f32    the logits of probe.onnx on the input of hashed(), little endian float32 [z][y][x]
"""

import pathlib

import numpy as np
import onnx
import onnxruntime
from onnx import TensorProto, helper, numpy_helper

HERE = pathlib.Path(__file__).parent
SIZE = (12, 20, 28)  # z, y, x: all different, so that a swapped axis shows


def hashed(shape):
    """The test's input, value i = (i * 2654435761 mod 2^32) / 2^32: the same few lines in Go."""
    n = np.arange(np.prod(shape), dtype=np.uint64) * np.uint64(2654435761) % np.uint64(1 << 32)
    return (n.astype(np.float64) / (1 << 32)).astype(np.float32).reshape(shape)


class Graph:
    def __init__(self, channels, input_name="input"):
        self.random = np.random.default_rng(7)
        self.nodes, self.weights, self.input_name, self.channels = [], [], input_name, channels

    def weight(self, name, array):
        self.weights.append(numpy_helper.from_array(array.astype(np.float32), name))
        return name

    def node(self, op, inputs, output, **attributes):
        self.nodes.append(helper.make_node(op, inputs, [output], name=output, **attributes))
        return output

    def conv(self, x, output, cin, cout, kernel=3, stride=1):
        w = self.random.normal(0, (2 / (cin * kernel**3)) ** 0.5, (cout, cin, kernel, kernel, kernel))
        b = self.random.normal(0, 0.1, cout)
        names = [x, self.weight(output + ".w", w), self.weight(output + ".b", b)]
        pad = [kernel // 2] * 6
        return self.node("Conv", names, output, kernel_shape=[kernel] * 3, strides=[stride] * 3, pads=pad)

    def save(self, name):
        shape = lambda c: [1, c, "depth", "height", "width"]
        graph = helper.make_graph(
            self.nodes,
            pathlib.Path(name).stem,
            [helper.make_tensor_value_info(self.input_name, TensorProto.FLOAT, shape(self.channels))],
            [helper.make_tensor_value_info("logits", TensorProto.FLOAT, shape(1))],
            self.weights,
        )
        model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=8)
        onnx.checker.check_model(model)
        onnx.save(model, HERE / name)


def probe(name, channels=2, input_name="input"):
    g = Graph(channels, input_name)
    a = g.node("Relu", [g.conv(input_name, "a", channels, 4)], "a.relu")
    b = g.node("Relu", [g.conv(a, "b", 4, 8, stride=2)], "b.relu")
    c = g.node("Relu", [g.node("Add", [g.conv(b, "c", 8, 8), b], "c.add")], "c.relu")
    scales = g.weight("scales", np.array([1, 1, 2, 2, 2]))
    up = g.node("Resize", [c, "", scales], "up", mode="nearest", coordinate_transformation_mode="asymmetric", nearest_mode="floor")
    g.conv(g.node("Concat", [a, up], "cat", axis=1), "logits", 12, 1)
    g.save(name)


def deep():
    g = Graph(1)
    x = g.conv("input", "first", 1, 12)
    w, b = g.weight("w", g.random.normal(0, (2 / (12 * 27)) ** 0.5, (12, 12, 3, 3, 3))), g.weight("b", np.zeros(12))
    for i in range(32):
        x = g.node("Conv", [x, w, b], f"x{i}", kernel_shape=[3] * 3, pads=[1] * 6)
    g.conv(x, "logits", 12, 1, kernel=1)
    g.save("deep.onnx")


def mixed():
    g = Graph(1)
    g.conv(g.node("Softsign", [g.conv("input", "a", 1, 4)], "a.softsign"), "logits", 4, 1)
    g.save("mixed.onnx")


probe("../probe.onnx")
probe("names.onnx", input_name="image")
deep()
mixed()
session = onnxruntime.InferenceSession(HERE.parent / "probe.onnx", providers=["CPUExecutionProvider"])
(logits,) = session.run(["logits"], {"input": hashed((1, 2, *SIZE))})
assert logits.shape == (1, 1, *SIZE)
logits.astype("<f4").tofile(HERE / "probe.f32")
