# SPDX-License-Identifier: Apache-2.0 OR MIT
"""Fixtures for tests of programs on the simulated device. Copy this file and nrt_sim.py beside your tests."""

import ctypes

import pytest

from nrt_sim import COLLECTIVES, COMPUTE, TENSOR_OP, Simulator

QUEUES = [(TENSOR_OP, 0), (TENSOR_OP, 1), (COMPUTE, 0), (COLLECTIVES, 0), (COLLECTIVES, 1), (COLLECTIVES, 2)]


@pytest.fixture(scope="session")
def nrt():
    """The library, initialised once for all tests."""
    try:
        library = ctypes.CDLL("libnrt.so.1")
    except OSError as error:
        pytest.skip(f"no libnrt.so.1 ({error}); run the tests under `nrt-sim run`")
    assert library.nrt_init(1, b"", b"") == 0
    yield library
    library.nrt_close()


@pytest.fixture
def nrt_sim(nrt):
    """The simulated device as new: no rules, nothing paused, nothing dead. Skips on hardware.

    A rule with `require_fired = true` that never fired fails the test.
    """
    simulator = Simulator.find(nrt)
    if simulator is None:
        pytest.skip("this is not the simulator")
    before = len(simulator.rules())
    yield simulator
    unfired = [rule.name for rule in simulator.rules()[before:] if rule.require_fired and not rule.fired]
    simulator.clear()
    for unit, queue in QUEUES:
        simulator.resume(0, unit, queue)
        simulator.heal(0, unit, queue)
    assert not unfired, f"rules that never fired: {unfired}"
