# SPDX-License-Identifier: Apache-2.0 OR MIT
"""Control of the simulated Neuron device from Python: faults, queues and time, while a program runs.

A thin layer over include/nrt_sim/nrt_sim.h, where each function is described. It finds the library that the process
uses anyway; on the vendor's library, which has no such functions, `Simulator.find()` is None.
"""

import contextlib
import ctypes
import json
from ctypes import POINTER, byref, c_char, c_char_p, c_int, c_size_t, c_uint32, c_uint64
from dataclasses import dataclass

TENSOR_OP, COMPUTE, COLLECTIVES = 0, 1, 2  # nrta_xu_t
UNBOUNDED = 2**64 - 1
_QUEUE_EMPTY, _TIMEOUT = 15, 5


class Refused(Exception):
    """A call that was not successful. The library has logged why."""

    def __init__(self, what, status):
        super().__init__(f"{what}: status {status}")
        self.status = status


class _Rule(ctypes.Structure):
    _fields_ = [
        ("matched", c_uint64),
        ("struck", c_uint64),
        ("fired", c_uint64),
        ("armed", c_uint32),
        ("require_fired", c_uint32),
        ("name", c_char * 104),
    ]


class _Queue(ctypes.Structure):
    _fields_ = [
        ("submitted", c_uint64),
        ("completed", c_uint64),
        ("capacity", c_uint64),
        ("running", c_uint64),
        ("running_ends_ns", c_uint64),
        ("dead", c_uint32),
        ("paused", c_uint32),
        ("held", c_uint32),
        ("reserved", c_uint32),
    ]


@dataclass(frozen=True)
class Rule:
    """What a rule has done."""

    name: str  # empty if it was removed
    matched: int
    struck: int
    fired: int
    armed: bool
    require_fired: bool


@dataclass(frozen=True)
class Queue:
    """What a queue does."""

    submitted: int
    completed: int
    capacity: int
    running: int
    dead: bool
    paused: bool
    held: bool


_QUEUE_OF = [c_uint32, c_uint32, c_int]
_PROTOTYPES = {
    "nrt_sim_inject": [c_char_p, POINTER(c_uint64)],
    "nrt_sim_clear": [c_char_p],
    "nrt_sim_get_rule_count": [POINTER(c_uint64)],
    "nrt_sim_get_rule": [c_uint64, POINTER(_Rule), c_size_t],
    "nrt_sim_read_journal": [POINTER(c_uint64), c_char_p, c_size_t, POINTER(c_size_t)],
    "nrt_sim_pause": _QUEUE_OF,
    "nrt_sim_resume": _QUEUE_OF,
    "nrt_sim_step": [*_QUEUE_OF, c_uint64, POINTER(c_uint64)],
    "nrt_sim_heal": _QUEUE_OF,
    "nrt_sim_get_queue": [*_QUEUE_OF, POINTER(_Queue), c_size_t],
    "nrt_sim_get_time": [POINTER(c_uint64)],
    "nrt_sim_advance": [c_uint64],
    "nrt_sim_step_time": [POINTER(c_uint64)],
    "nrt_sim_wait_idle": [],
}


class Simulator:
    """The simulated device of this process. Queues are named by core, kind of unit and number."""

    @classmethod
    def find(cls, library="libnrt.so.1"):
        """The simulator, or None if `library` is another."""
        library = library if isinstance(library, ctypes.CDLL) else ctypes.CDLL(library)
        return cls(library) if hasattr(library, "nrt_sim_inject") else None

    def __init__(self, library):
        self._library = library
        for name, arguments in _PROTOTYPES.items():
            function = getattr(library, name)
            function.restype, function.argtypes = c_int, arguments

    def _call(self, name, *arguments):
        status = getattr(self._library, name)(*arguments)
        if status != 0:
            raise Refused(name, status)

    def inject(self, rule):
        """Adds a rule, written as in a fault plan; returns its id."""
        number = c_uint64()
        self._call("nrt_sim_inject", rule.encode(), byref(number))
        return number.value

    def clear(self, name=None):
        """Removes the rule of that name, or all."""
        self._call("nrt_sim_clear", None if name is None else name.encode())

    @contextlib.contextmanager
    def fault(self, rule):
        """Adds a rule for the length of a `with`, which fails if it never fired."""
        number = self.inject(rule)
        name = self.rule(number).name
        try:
            yield number
            fired = self.rule(number).fired
            assert fired > 0, f"the rule {name!r} never fired"
        finally:
            self.clear(name)

    def rule(self, number):
        """What the rule of that id has done."""
        rule = _Rule()
        self._call("nrt_sim_get_rule", number, byref(rule), ctypes.sizeof(rule))
        counts = rule.matched, rule.struck, rule.fired
        return Rule(rule.name.decode(), *counts, bool(rule.armed), bool(rule.require_fired))

    def rules(self):
        """All rules since nrt_init."""
        count = c_uint64()
        self._call("nrt_sim_get_rule_count", byref(count))
        return [self.rule(number) for number in range(count.value)]

    def journal(self):
        """Each time a rule fired, oldest first."""
        cursor, length, buffer = c_uint64(), c_size_t(), ctypes.create_string_buffer(1 << 16)
        entries = []
        while True:
            self._call("nrt_sim_read_journal", byref(cursor), buffer, len(buffer), byref(length))
            if length.value == 0:
                return entries
            entries += [json.loads(line) for line in buffer.raw[: length.value].splitlines()]

    def pause(self, core=0, unit=COMPUTE, queue=0):
        self._call("nrt_sim_pause", core, unit, queue)

    def resume(self, core=0, unit=COMPUTE, queue=0):
        self._call("nrt_sim_resume", core, unit, queue)

    @contextlib.contextmanager
    def paused(self, core=0, unit=COMPUTE, queue=0):
        """Pauses a queue for the length of a `with`."""
        self.pause(core, unit, queue)
        try:
            yield
        finally:
            self.resume(core, unit, queue)

    def step(self, requests=1, core=0, unit=COMPUTE, queue=0):
        """Lets that many requests of a paused queue complete; returns how many there were."""
        stepped = c_uint64()
        self._call("nrt_sim_step", core, unit, queue, requests, byref(stepped))
        return stepped.value

    def heal(self, core=0, unit=COMPUTE, queue=0):
        self._call("nrt_sim_heal", core, unit, queue)

    def queue(self, core=0, unit=COMPUTE, queue=0):
        state = _Queue()
        self._call("nrt_sim_get_queue", core, unit, queue, byref(state), ctypes.sizeof(state))
        numbers = state.submitted, state.completed, state.capacity, state.running
        return Queue(*numbers, bool(state.dead), bool(state.paused), bool(state.held))

    def time_ns(self):
        now = c_uint64()
        self._call("nrt_sim_get_time", byref(now))
        return now.value

    def advance(self, ns):
        self._call("nrt_sim_advance", ns)

    def step_time(self):
        """In manual time: moves to the next event and returns its instant, or None if there is none."""
        now = c_uint64()
        try:
            self._call("nrt_sim_step_time", byref(now))
        except Refused as refused:
            if refused.status != _QUEUE_EMPTY:
                raise
            return None
        return now.value

    def wait_idle(self):
        """Whether everything that was submitted has completed; not what is paused or held up."""
        try:
            self._call("nrt_sim_wait_idle")
        except Refused as refused:
            if refused.status != _TIMEOUT:
                raise
            return False
        return True
