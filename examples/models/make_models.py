#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0 OR MIT
"""Writes the small ONNX files of this folder, the same bytes each time.

    pip install onnx numpy safetensors && python3 make_models.py [FOLDER]

    mlp.onnx         x:float32[4,64]                -> y:float32[4,10]   three layers, relu, softmax
    mlp_f16.onnx     the same in float16
    conv_block.onnx  image:float32[1,3,16,16]       -> features:float32[1,8,8,8]
                     convolutions, batch normalisation, relu, a residual connection, pooling
    mlp_inputs.safetensors, mlp_reference.safetensors
                     inputs of mlp.onnx, and what ONNX's own reference computes from them
    matmul.onnx      x:float16[128,256], y:float16[256,128] -> output0:float16[128,128]

Weights come from a counter, so that no release of a library changes them.
"""

import sys
from pathlib import Path

import numpy as np
import onnx
from onnx import TensorProto, helper, numpy_helper
from onnx.reference import ReferenceEvaluator
from safetensors.numpy import save_file

OPSET = 17


def weights(seed, shape, scale):
    """Numbers in [-scale, scale) that look random (a multiplicative hash of their places)."""
    places = np.arange(np.prod(shape, dtype=np.uint64), dtype=np.uint64) + np.uint64(seed * 1_000_003 + 1)
    mixed = places * np.uint64(0x9E3779B97F4A7C15)
    mixed ^= mixed >> np.uint64(29)
    mixed *= np.uint64(0xBF58476D1CE4E5B9)
    unit = (mixed >> np.uint64(40)).astype(np.float64) / 2**24
    return ((unit * 2 - 1) * scale).astype(np.float32).reshape(shape)


def save(path, name, nodes, inputs, outputs, constants):
    graph = helper.make_graph(
        nodes, name, inputs, outputs, [numpy_helper.from_array(value, key) for key, value in constants.items()]
    )
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", OPSET)], producer_name="make_models.py")
    model.ir_version = 8  # what opset 17 came with
    onnx.checker.check_model(model, full_check=True)
    path.write_bytes(model.SerializeToString(deterministic=True))


def mlp(path, kind, dtype):
    sizes = [64, 96, 64, 10]
    constants, nodes, last = {}, [], "x"
    for layer, (rows, columns) in enumerate(zip(sizes, sizes[1:])):
        constants[f"w{layer}"] = weights(2 * layer, (rows, columns), rows**-0.5 * 1.7).astype(dtype)
        constants[f"b{layer}"] = weights(2 * layer + 1, (columns,), 0.1).astype(dtype)
        is_last = layer == len(sizes) - 2
        nodes.append(helper.make_node("Gemm", [last, f"w{layer}", f"b{layer}"], [f"sum{layer}"], f"gemm{layer}"))
        kind_of = "Softmax" if is_last else "Relu"
        last = "y" if is_last else f"h{layer}"
        nodes.append(helper.make_node(kind_of, [f"sum{layer}"], [last], f"{kind_of.lower()}{layer}"))
    x = helper.make_tensor_value_info("x", kind, [4, sizes[0]])
    y = helper.make_tensor_value_info("y", kind, [4, sizes[-1]])
    save(path, "mlp", nodes, [x], [y], constants)


def reference(folder):
    x = weights(50, (4, 64), 2.0)
    (y,) = ReferenceEvaluator(onnx.load(folder / "mlp.onnx")).run(None, {"x": x})
    save_file({"x": x}, folder / "mlp_inputs.safetensors")
    save_file({"y": y}, folder / "mlp_reference.safetensors")


def conv_block(path):
    channels = 8
    constants, nodes = {}, []

    def convolution(seed, source, target, planes):
        constants[f"{target}.w"] = weights(seed, (channels, planes, 3, 3), (planes * 9) ** -0.5 * 1.7)
        nodes.append(
            helper.make_node(
                "Conv",
                [source, f"{target}.w"],
                [f"{target}.conv"],
                f"conv_{target}",
                kernel_shape=[3, 3],
                pads=[1, 1, 1, 1],
                strides=[1, 1],
            )
        )
        constants[f"{target}.scale"] = 1 + weights(seed + 1, (channels,), 0.2)
        constants[f"{target}.shift"] = weights(seed + 2, (channels,), 0.2)
        constants[f"{target}.mean"] = weights(seed + 3, (channels,), 0.2)
        constants[f"{target}.var"] = 1 + weights(seed + 4, (channels,), 0.2)
        parts = [f"{target}.{part}" for part in ("conv", "scale", "shift", "mean", "var")]
        nodes.append(helper.make_node("BatchNormalization", parts, [target], f"norm_{target}"))

    convolution(20, "image", "a", 3)
    nodes.append(helper.make_node("Relu", ["a"], ["a_relu"], "relu_a"))
    convolution(30, "a_relu", "b", channels)
    nodes.append(helper.make_node("Add", ["a_relu", "b"], ["sum"], "residual"))
    nodes.append(helper.make_node("Relu", ["sum"], ["sum_relu"], "relu_sum"))
    nodes.append(
        helper.make_node("MaxPool", ["sum_relu"], ["features"], "pool", kernel_shape=[2, 2], strides=[2, 2])
    )
    image = helper.make_tensor_value_info("image", TensorProto.FLOAT, [1, 3, 16, 16])
    features = helper.make_tensor_value_info("features", TensorProto.FLOAT, [1, channels, 8, 8])
    save(path, "conv_block", nodes, [image], [features], constants)


def matmul(path):
    def value(name, shape):
        return helper.make_tensor_value_info(name, TensorProto.FLOAT16, shape)

    nodes = [helper.make_node("MatMul", ["x", "y"], ["output0"], "product")]
    inputs = [value("x", [128, 256]), value("y", [256, 128])]
    save(path, "matmul", nodes, inputs, [value("output0", [128, 128])], {})


def main():
    folder = Path(sys.argv[1]) if len(sys.argv) > 1 else Path(__file__).parent
    mlp(folder / "mlp.onnx", TensorProto.FLOAT, np.float32)
    reference(folder)
    mlp(folder / "mlp_f16.onnx", TensorProto.FLOAT16, np.float16)
    conv_block(folder / "conv_block.onnx")
    matmul(folder / "matmul.onnx")


if __name__ == "__main__":
    main()
