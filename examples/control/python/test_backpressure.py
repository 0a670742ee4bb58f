# SPDX-License-Identifier: Apache-2.0 OR MIT
"""What an application must bear, brought about at will: a full queue, a failed request, a dead unit."""

import ctypes
import os
from ctypes import POINTER, byref, c_char_p, c_int, c_int32, c_size_t, c_uint64, c_void_p

import pytest

SUCCESS, QUEUE_FULL, UNRECOVERABLE, NC_UE = 0, 7, 101, 1202


class Application:
    """Runs of one model with no tensors of its own: just enough to be tested."""

    def __init__(self, nrt, neff):
        self.nrt = nrt
        nrt.nrt_load.argtypes = [c_char_p, c_size_t, c_int32, c_int32, POINTER(c_void_p)]
        nrt.nrt_tensor_allocate.argtypes = [c_int, c_int, c_size_t, c_char_p, POINTER(c_void_p)]
        nrt.nrt_add_tensor_to_tensor_set.argtypes = [c_void_p, c_char_p, c_void_p]
        nrt.nrta_execute_schedule.argtypes = [c_void_p] * 3 + [c_int, POINTER(c_int), POINTER(c_uint64)]
        with open(neff, "rb") as file:
            model = file.read()
        self.model = self.made(nrt.nrt_load, model, len(model), 0, -1)
        self.inputs, self.outputs = (self.made(nrt.nrt_allocate_tensor_set) for _ in range(2))
        for name, tensors in ((b"x", self.inputs), (b"y", self.outputs)):
            tensor = self.made(nrt.nrt_tensor_allocate, 0, 0, 256, name)
            assert nrt.nrt_add_tensor_to_tensor_set(tensors, name, tensor) == SUCCESS
        self.statuses = []  # each must live until its request completes

    def made(self, function, *arguments):
        handle = c_void_p()
        assert function(*arguments, byref(handle)) == SUCCESS
        return handle

    def submit(self):
        status, seq = c_int(-1), c_uint64()
        accepted = self.nrt.nrta_execute_schedule(
            self.model, self.inputs, self.outputs, 0, byref(status), byref(seq)
        )
        if accepted == SUCCESS:
            self.statuses.append(status)
        return accepted


@pytest.fixture(scope="session")
def application(nrt):
    neff = os.environ.get("NEFF")
    if neff is None:
        pytest.skip("set NEFF to a model with an input x and an output y of 256 bytes")
    return Application(nrt, neff)


def test_a_paused_queue_is_full_at_its_capacity(nrt_sim, application):
    capacity = nrt_sim.queue().capacity
    application.statuses.clear()
    with nrt_sim.paused():
        assert [application.submit() for _ in range(capacity)] == [SUCCESS] * capacity
        assert application.submit() == QUEUE_FULL
        assert nrt_sim.step() == 1
        assert application.submit() == SUCCESS
    assert nrt_sim.wait_idle()
    assert [status.value for status in application.statuses] == [SUCCESS] * (capacity + 1)


def test_a_dead_unit_refuses_until_it_is_healed(nrt_sim, application):
    application.statuses.clear()
    with nrt_sim.fault(f'name = "parity"\nunit = "compute"\nnth = 1\nstatus = {NC_UE}'):
        with nrt_sim.paused():
            assert application.submit() == application.submit() == SUCCESS
        assert nrt_sim.wait_idle()
    assert [status.value for status in application.statuses] == [NC_UE, UNRECOVERABLE]
    assert application.submit() == UNRECOVERABLE and nrt_sim.queue().dead
    assert [entry["status"] for entry in nrt_sim.journal() if entry["rule"] == "parity"] == [NC_UE]
    nrt_sim.heal()
    assert application.submit() == SUCCESS
    assert nrt_sim.wait_idle() and application.statuses[-1].value == SUCCESS
