#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0 OR MIT
"""After the migration: explicit asynchronous calls, through ctypes.

The twin of ../c/after.c: the same work, the same results table, the same exit codes.
"""

import argparse
import ctypes
import os
import select
import sys
import time
from ctypes import POINTER, byref, c_bool, c_char, c_char_p, c_int, c_int32, c_size_t, c_uint32, c_uint64, c_void_p

CORE = 0  # the logical core everything runs on
SLOTS = 3  # requests in flight: one runs, two wait behind it
WAIT_LIMIT_S = 60  # longer than the runtime's own limit for one request

SUCCESS, TIMEOUT, QUEUE_FULL, UNIT_UNRECOVERABLE, HW_ERRORS = 0, 5, 7, 101, 1200
INPUT = 0  # NRT_TENSOR_USAGE_INPUT
COMPUTE = 1  # NRTA_XU_COMPUTE


class TensorInfo(ctypes.Structure):
    _fields_ = [
        ("name", c_char * 256),
        ("usage", c_int),
        ("size", c_size_t),
        ("dtype", c_int),
        ("shape", POINTER(c_uint32)),
        ("ndim", c_uint32),
    ]


class TensorInfoArray(ctypes.Structure):
    _fields_ = [("count", c_uint64), ("first", TensorInfo * 0)]  # `count` entries follow


# Return and argument types. Without these ctypes would pass pointers and 64-bit numbers as C ints.
PROTOTYPES = {
    "nrt_init": (c_int, [c_int, c_char_p, c_char_p]),
    "nrt_close": (None, []),
    "nrt_load": (c_int, [c_char_p, c_size_t, c_int32, c_int32, POINTER(c_void_p)]),
    "nrt_unload": (c_int, [c_void_p]),
    "nrt_get_model_tensor_info": (c_int, [c_void_p, POINTER(POINTER(TensorInfoArray))]),
    "nrt_free_model_tensor_info": (c_int, [POINTER(TensorInfoArray)]),
    "nrt_tensor_allocate": (c_int, [c_int, c_int, c_size_t, c_char_p, POINTER(c_void_p)]),
    "nrt_tensor_free": (None, [POINTER(c_void_p)]),
    "nrt_tensor_read": (c_int, [c_void_p, c_char_p, c_size_t, c_size_t]),
    "nrt_tensor_write": (c_int, [c_void_p, c_char_p, c_size_t, c_size_t]),
    "nrt_allocate_tensor_set": (c_int, [POINTER(c_void_p)]),
    "nrt_destroy_tensor_set": (None, [POINTER(c_void_p)]),
    "nrt_add_tensor_to_tensor_set": (c_int, [c_void_p, c_char_p, c_void_p]),
    "nrta_execute_schedule": (c_int, [c_void_p, c_void_p, c_void_p, c_int, POINTER(c_int), POINTER(c_uint64)]),
    "nrta_is_completed": (c_int, [c_uint64, POINTER(c_bool)]),
    "nrta_get_sequence": (c_int, [c_uint32, c_int, c_int, POINTER(c_uint64)]),
    "nrta_event_register_seq_id_completion": (c_int, [c_uint64, c_int]),
}


def open_library():
    """The library by its soname. dlsym gives the newest form of each function, that of SDK 2.29 on."""
    try:
        library = ctypes.CDLL("libnrt.so.1")
        for name, (restype, argtypes) in PROTOTYPES.items():
            function = getattr(library, name)
            function.restype, function.argtypes = restype, argtypes
        return library
    except (OSError, AttributeError) as error:
        sys.exit(f"cannot use libnrt.so.1: {error}\nRun this under `nrt-sim run`, or set LD_LIBRARY_PATH.")


def must(status, what):
    """For calls that are not expected to fail."""
    if status != SUCCESS:
        sys.exit(f"{what}: status {status}")


class Slot:
    """The tensors of one request and the request that uses them.

    The runtime writes `status` when the request completes: the object must live until then.
    """

    def __init__(self, nrt, infos):
        self.nrt, self.infos = nrt, infos
        self.inputs, self.outputs = c_void_p(), c_void_p()
        self.status, self.seq = c_int(), c_uint64()
        self.tensors = []
        must(nrt.nrt_allocate_tensor_set(byref(self.inputs)), "nrt_allocate_tensor_set")
        must(nrt.nrt_allocate_tensor_set(byref(self.outputs)), "nrt_allocate_tensor_set")
        for info in infos:
            tensor = c_void_p()
            must(nrt.nrt_tensor_allocate(0, CORE, info.size, info.name, byref(tensor)), "nrt_tensor_allocate")
            tensors = self.inputs if info.usage == INPUT else self.outputs
            must(nrt.nrt_add_tensor_to_tensor_set(tensors, info.name, tensor), "nrt_add_tensor_to_tensor_set")
            self.tensors.append(tensor)

    def close(self):
        self.nrt.nrt_destroy_tensor_set(byref(self.inputs))
        self.nrt.nrt_destroy_tensor_set(byref(self.outputs))
        for tensor in self.tensors:
            self.nrt.nrt_tensor_free(byref(tensor))

    def write_inputs(self, batch):
        """Fills the inputs with bytes that follow from the number of the batch."""
        for i, (info, tensor) in enumerate(zip(self.infos, self.tensors)):
            if info.usage == INPUT:
                data = bytes((batch * 31 + i * 17 + at) & 0xFF for at in range(info.size))
                must(self.nrt.nrt_tensor_write(tensor, data, 0, info.size), "nrt_tensor_write")

    def print_outputs(self, batch):
        """Reads the outputs and adds a line to the results table: FNV-1a over all output bytes."""
        checksum = 0xCBF29CE484222325
        for info, tensor in zip(self.infos, self.tensors):
            if info.usage != INPUT:
                data = ctypes.create_string_buffer(info.size)
                must(self.nrt.nrt_tensor_read(tensor, data, 0, info.size), "nrt_tensor_read")
                for byte in data.raw:
                    checksum = (checksum ^ byte) * 0x100000001B3 & 0xFFFFFFFFFFFFFFFF
        print(f"batch {batch:4}  checksum {checksum:016x}")


class Waiter:
    """Step 3: waits for one particular request, in one of three ways."""

    def __init__(self, nrt, mode):
        self.nrt, self.mode = nrt, mode
        self.fd = os.eventfd(0, os.EFD_NONBLOCK | os.EFD_CLOEXEC)
        self.poll = select.poll()
        self.poll.register(self.fd, select.POLLIN)

    def is_completed(self, seq):
        if self.mode == "sequence":
            # The last completed request of the unit; ids of one unit compare as plain numbers.
            completed = c_uint64()
            must(self.nrt.nrta_get_sequence(CORE, COMPUTE, 0, byref(completed)), "nrta_get_sequence")
            return completed.value >= seq.value
        done = c_bool()
        must(self.nrt.nrta_is_completed(seq, byref(done)), "nrta_is_completed")
        return done.value

    def wait_for(self, seq):
        if self.mode == "event":
            # Registering late is fine: a request that has completed already signals at once.
            register = self.nrt.nrta_event_register_seq_id_completion
            must(register(seq, self.fd), "nrta_event_register_seq_id_completion")
            if not self.poll.poll(WAIT_LIMIT_S * 1000):
                sys.exit(f"no signal for request {seq.value:#x}")
            os.eventfd_read(self.fd)
        deadline = time.monotonic() + WAIT_LIMIT_S
        while not self.is_completed(seq):
            if time.monotonic() > deadline:
                sys.exit(f"request {seq.value:#x} did not complete in {WAIT_LIMIT_S} s")
            time.sleep(1e-6)


def positive(text):
    number = int(text)
    if number < 1:
        raise ValueError
    return number


def main():
    parser = argparse.ArgumentParser(description="Runs a model with the explicit asynchronous calls.")
    parser.add_argument("--wait", choices=("poll", "sequence", "event"), default="event")
    parser.add_argument("neff", metavar="MODEL.neff")
    parser.add_argument("batches", metavar="BATCHES", type=positive, nargs="?", default=16)
    args = parser.parse_args()

    # Step 1: the variable is gone; the number of requests in flight is SLOTS.
    if os.environ.get("NEURON_RT_ASYNC_EXEC_MAX_INFLIGHT_REQUESTS"):
        print("warning: unset NEURON_RT_ASYNC_EXEC_MAX_INFLIGHT_REQUESTS", file=sys.stderr)
    try:
        with open(args.neff, "rb") as file:
            neff = file.read()
    except OSError as error:
        sys.exit(f"cannot open {args.neff}: {error.strerror}")

    nrt = open_library()
    must(nrt.nrt_init(1, b"", b""), "nrt_init")
    model, info = c_void_p(), POINTER(TensorInfoArray)()
    must(nrt.nrt_load(neff, len(neff), CORE, -1, byref(model)), f"nrt_load (is {args.neff} a NEFF for this device?)")
    must(nrt.nrt_get_model_tensor_info(model, byref(info)), "nrt_get_model_tensor_info")
    infos = (TensorInfo * info.contents.count).from_address(ctypes.addressof(info.contents.first))
    slots = [Slot(nrt, infos) for _ in range(SLOTS)]
    waiter = Waiter(nrt, args.wait)

    failed = drained = 0
    unit_lost = False
    oldest = following = 0  # batches from oldest up to following are in flight
    while True:
        while following < args.batches and following - oldest < SLOTS and not unit_lost:
            slot = slots[following % SLOTS]
            slot.write_inputs(following)  # the slot is idle
            # Step 2: never blocks; 0 says "queued", nothing more.
            status = nrt.nrta_execute_schedule(
                model, slot.inputs, slot.outputs, 0, byref(slot.status), byref(slot.seq)
            )
            # Step 5: a full queue refuses without side effects; collect one request, then try again.
            if status == QUEUE_FULL and following > oldest:
                break
            if status == UNIT_UNRECOVERABLE:
                unit_lost = True
                break
            must(status, "nrta_execute_schedule")
            following += 1
        if oldest == following:
            break

        # Step 4: each request has its own status, and it is valid from completion on, not before.
        slot = slots[oldest % SLOTS]
        waiter.wait_for(slot.seq)
        status = slot.status.value
        if status == SUCCESS:
            slot.print_outputs(oldest)  # the outputs are fresh now
        elif status == UNIT_UNRECOVERABLE:
            drained += 1
            unit_lost = True
        else:
            number = slot.seq.value & (1 << 48) - 1
            print(f"batch {oldest} (request number {number}) failed: status {status}", file=sys.stderr)
            failed += 1
            unit_lost |= status == TIMEOUT or status >= HW_ERRORS  # these take the unit down
        oldest += 1

    for slot in slots:
        slot.close()
    os.close(waiter.fd)
    nrt.nrt_free_model_tensor_info(info)
    nrt.nrt_unload(model)
    nrt.nrt_close()
    if unit_lost:
        print(
            f"The compute unit of core {CORE} is lost. Requests that failed by themselves: {failed}; drained behind "
            f"them with status {UNIT_UNRECOVERABLE}: {drained}; never queued: {args.batches - following}.\n"
            "Restart this program: only a fresh runtime brings the unit back.",
            file=sys.stderr,
        )
        return 3
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
