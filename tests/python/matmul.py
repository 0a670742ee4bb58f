#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0 OR MIT
"""Multiplies random float16 matrices on the device, and compares with NumPy in float64.

First with nrt_execute, then with requests that are submitted and polled. The twin of ../c/models/matmul.c.
"""

import ctypes
import sys
from ctypes import POINTER, byref, c_bool, c_char_p, c_int, c_size_t, c_uint64, c_void_p

import numpy as np

nrt = ctypes.CDLL("libnrt.so.1")
# Without these ctypes would pass pointers and 64-bit numbers as C ints.
for name, arguments in {
    "nrt_load": [c_char_p, c_size_t, c_int, c_int, POINTER(c_void_p)],
    "nrt_tensor_allocate": [c_int, c_int, c_size_t, c_char_p, POINTER(c_void_p)],
    "nrt_add_tensor_to_tensor_set": [c_void_p, c_char_p, c_void_p],
    "nrt_tensor_read": [c_void_p, c_void_p, c_size_t, c_size_t],
    "nrt_tensor_write": [c_void_p, c_void_p, c_size_t, c_size_t],
    "nrt_execute": [c_void_p, c_void_p, c_void_p],
    "nrta_tensor_write": [c_void_p, c_void_p, c_uint64, c_uint64, c_int, c_int, POINTER(c_int), POINTER(c_uint64)],
    "nrta_tensor_read": [c_void_p, c_void_p, c_uint64, c_uint64, c_int, c_int, POINTER(c_int), POINTER(c_uint64)],
    "nrta_execute_schedule": [c_void_p, c_void_p, c_void_p, c_int, POINTER(c_int), POINTER(c_uint64)],
    "nrta_is_completed": [c_uint64, POINTER(c_bool)],
}.items():
    getattr(nrt, name).argtypes = arguments


def must(status, what):
    if status != 0:
        sys.exit(f"{what}: status {status}")


def call(name, *arguments):
    must(getattr(nrt, name)(*arguments), name)


def tensor(tensors, name, size):
    handle = c_void_p()
    call("nrt_tensor_allocate", 0, 0, size, name, byref(handle))
    call("nrt_add_tensor_to_tensor_set", tensors, name, handle)
    return handle


def submit(name, *arguments):
    """Submits a request; returns a function that waits for it."""
    status, seq = c_int(), c_uint64()
    call(name, *arguments, byref(status), byref(seq))

    def finish():
        done = c_bool()
        while not done:
            call("nrta_is_completed", seq, byref(done))
        must(status.value, name)

    return finish


def compare(how, x, y, product):
    expected = x.astype(np.float64) @ y.astype(np.float64)
    worst = np.max(np.abs(product - expected) / np.maximum(np.abs(expected), 1))
    print(f"{how}: worst error {worst:.2e}")
    if not worst < 1e-3:
        sys.exit(1)


neff = open(sys.argv[1], "rb").read()
call("nrt_init", 1, b"", b"")
model, inputs, outputs = c_void_p(), c_void_p(), c_void_p()
call("nrt_load", neff, len(neff), 0, 1, byref(model))
call("nrt_allocate_tensor_set", byref(inputs))
call("nrt_allocate_tensor_set", byref(outputs))
random = np.random.default_rng(1)
product = np.zeros((128, 128), np.float16)
on_device = [tensor(inputs, b"x", 65536), tensor(inputs, b"y", 65536), tensor(outputs, b"output0", 32768)]

x, y = (random.uniform(-1, 1, shape).astype(np.float16) for shape in [(128, 256), (256, 128)])
call("nrt_tensor_write", on_device[0], x.ctypes.data, 0, x.nbytes)
call("nrt_tensor_write", on_device[1], y.ctypes.data, 0, y.nbytes)
call("nrt_execute", model, inputs, outputs)
call("nrt_tensor_read", on_device[2], product.ctypes.data, 0, product.nbytes)
compare("nrt_execute", x, y, product)

for _ in range(3):
    x, y = (random.uniform(-1, 1, shape).astype(np.float16) for shape in [(128, 256), (256, 128)])
    writes = [
        submit("nrta_tensor_write", on_device[queue], matrix.ctypes.data, 0, matrix.nbytes, 0, queue)
        for queue, matrix in enumerate([x, y])
    ]
    for finish in writes:
        finish()
    submit("nrta_execute_schedule", model, inputs, outputs, 0)()
    submit("nrta_tensor_read", product.ctypes.data, on_device[2], 0, product.nbytes, 0, 0)()
    compare("nrta_execute_schedule", x, y, product)

nrt.nrt_close()
print("ok")
