//! A runtime with objects of each kind, and what a refused call must leave alone.

use std::fs::File;
use std::ptr;

use nrt_tests::child::{self, Line, Log};
use nrt_tests::neff;
use nrt_tests::nrt::{Handle, Nrt, Out};
use sim_core::ledger::{Ledger, Object};
use sim_core::seq::UnitId;

pub(crate) const FAILURE: u32 = 1;
pub(crate) const INVALID: u32 = 2;
pub(crate) const INVALID_HANDLE: u32 = 3;
pub(crate) const HOST_MEMORY: u32 = 11;
pub(crate) const MAX: usize = usize::MAX;

/// What a scene needs in the environment.
pub(crate) const REPORT: &[(&str, &str)] = &[("NRT_SIM_REPORT_DIR", "{folder}"), ("NEURON_RT_MAP_HBM", "1")];

/// What the places for outputs hold until somebody writes there.
const POISON: u8 = 0xa5;

/// Places for outputs, and proof that they were not written.
pub(crate) struct Places {
    bytes: Box<[u8; 256]>,
}

impl Places {
    pub(crate) fn new() -> Places {
        Places { bytes: Box::new([POISON; 256]) }
    }

    /// Place `index` of four, 64 bytes apart.
    pub(crate) fn at<T>(&mut self, index: usize) -> Out<T> {
        self.bytes[index * 64..].as_mut_ptr().cast()
    }

    /// How many bytes from the beginning on were written; nothing after them was.
    #[track_caller]
    pub(crate) fn written(&self) -> usize {
        let end = self.bytes.iter().rposition(|byte| *byte != POISON).map_or(0, |last| last + 1);
        assert!(self.bytes[..end].iter().all(|byte| *byte != POISON), "written in pieces");
        end
    }
}

/// What a refused call must leave as it was.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct State {
    memory: Vec<(u64, u64)>,
    objects: [u64; 3],
    accepted: Vec<u64>,
    descriptors: usize,
    contents: Vec<u8>,
}

/// A runtime with an object of each kind, alive and freed.
pub(crate) struct Scene {
    pub(crate) nrt: &'static Nrt,
    pub(crate) log: Log,
    pub(crate) model: Handle,
    /// Two tensors of 64 bytes on core 0, one on core 1, one on the host, one without bytes.
    pub(crate) tensor: Handle,
    pub(crate) other: Handle,
    pub(crate) elsewhere: Handle,
    pub(crate) on_host: Handle,
    pub(crate) empty: Handle,
    pub(crate) inputs: Handle,
    pub(crate) outputs: Handle,
    pub(crate) tracker: Handle,
    pub(crate) config: Handle,
    pub(crate) options: Handle,
    pub(crate) freed: Freed,
}

#[derive(Clone, Copy)]
pub(crate) struct Freed {
    pub(crate) model: Handle,
    pub(crate) tensor: Handle,
    pub(crate) set: Handle,
    pub(crate) tracker: Handle,
    pub(crate) config: Handle,
    pub(crate) options: Handle,
}

/// A call with one handle missing.
pub(crate) type WithHandle<'a> = (&'a str, &'a dyn Fn(Handle, &mut Places) -> u32);

impl Scene {
    pub(crate) fn new() -> Scene {
        let nrt = Nrt::start();
        let small = neff::small();
        let model = nrt.model(&small, 0);
        let [tensor, other] = [nrt.tensor(0, 64), nrt.tensor(0, 64)];
        let inputs = nrt.set(&[(c"x", tensor), (c"y", tensor)]);
        let outputs = nrt.set(&[(c"out", other)]);
        let freed = Freed {
            model: nrt.model(&small, 1),
            tensor: nrt.tensor(0, 64),
            set: nrt.set(&[]),
            tracker: Nrt::get(|tracker| (nrt.tracker_create)(0, tracker)),
            config: Nrt::get(|config| (nrt.trace_config_allocate)(config)),
            options: Nrt::get(|options| (nrt.trace_options_allocate)(options)),
        };
        assert_eq!((nrt.unload)(freed.model), 0);
        (nrt.tensor_free)(&mut freed.tensor.clone());
        (nrt.set_destroy)(&mut freed.set.clone());
        (nrt.tracker_destroy)(freed.tracker);
        (nrt.trace_config_free)(freed.config);
        (nrt.trace_options_free)(freed.options);
        let mut scene = Scene {
            nrt,
            log: Log::open(),
            model,
            tensor,
            other,
            elsewhere: nrt.tensor(1, 64),
            on_host: Nrt::get(|tensor| (nrt.tensor_allocate)(1, -1, 64, ptr::null(), tensor)),
            empty: Nrt::get(|tensor| (nrt.tensor_allocate_empty)(ptr::null(), tensor)),
            inputs,
            outputs,
            tracker: Nrt::get(|tracker| (nrt.tracker_create)(0, tracker)),
            config: Nrt::get(|config| (nrt.trace_config_allocate)(config)),
            options: Nrt::get(|options| (nrt.trace_options_allocate)(options)),
            freed,
        };
        assert_eq!(scene.log.lines(), [], "setting the scene is no error");
        scene
    }

    pub(crate) fn state(&self) -> State {
        let folder = child::folder().expect("only a child has a scene");
        let path = folder.join(format!("{}-1.ledger", std::process::id()));
        let file = File::options().read(true).write(true).open(path).expect("reports were asked for");
        let len = file.metadata().expect("open").len();
        let ledger = Ledger::read(&file, usize::try_from(len).expect("small")).expect("a ledger");
        let count = |kind| ledger.objects(kind).load(std::sync::atomic::Ordering::Relaxed);
        let queues = (0..2 * UnitId::PER_CORE).map(UnitId::at);
        State {
            memory: vec![self.nrt.memory(0), self.nrt.memory(1)],
            objects: [Object::Tensor, Object::TensorSet, Object::Model].map(count),
            accepted: queues.map(|unit| ledger.queue(unit).accepted()).collect(),
            descriptors: child::descriptors(),
            contents: [self.tensor, self.other, self.elsewhere, self.on_host]
                .map(|tensor| self.nrt.contents(tensor, 64))
                .concat(),
        }
    }

    /// `call` to `function` answers `status`, logs one line that says `words`, and changes nothing.
    #[track_caller]
    pub(crate) fn refuses(
        &mut self,
        function: &str,
        status: u32,
        words: &str,
        call: impl FnOnce(&mut Places) -> u32,
    ) {
        let before = self.state();
        let mut places = Places::new();
        let answer = call(&mut places);
        let lines = self.log.lines();
        assert_eq!(answer, status, "{function}: {lines:?}");
        assert_eq!(places.written(), 0, "{function}: {lines:?}");
        self.assert_line(function, words, &lines);
        assert_eq!(self.state(), before, "{function}: {lines:?}");
    }

    /// The same for a function that returns nothing or a value.
    #[track_caller]
    pub(crate) fn shrugs_off(&mut self, function: &str, words: &str, call: impl FnOnce(&mut Places)) {
        self.refuses(function, 0, words, |places| {
            call(places);
            0
        });
    }

    #[track_caller]
    pub(crate) fn assert_line(&self, function: &str, words: &str, lines: &[Line]) {
        let [line] = lines else { panic!("{function} logged {lines:?}, one line is expected") };
        assert_eq!((line.level.as_str(), line.function.as_str()), ("ERROR", function), "{line:?}");
        assert!(line.message.contains(words), "{function} does not say \"{words}\": {line:?}");
        assert!(!line.message.contains("bug"), "{line:?}");
    }

    /// `call` goes well and says nothing.
    #[track_caller]
    pub(crate) fn accepts(&mut self, call: impl FnOnce(&mut Places) -> u32) {
        let answer = call(&mut Places::new());
        assert_eq!((answer, self.log.lines()), (0, vec![]));
    }

    /// Each of `calls` refuses null and everything that is no handle of the kind, `freed` included.
    #[track_caller]
    pub(crate) fn refuse_handles(&mut self, kind: &str, freed: Handle, calls: &[WithHandle<'_>]) {
        let live = [self.model, self.tensor, self.inputs, self.tracker, self.config, self.options];
        let own = freed >> 59;
        let foreign = live.into_iter().filter(|handle| handle >> 59 != own);
        let heap = Box::new([0_u64; 8]);
        let address = &raw const *heap;
        let mut bad: Vec<Handle> = foreign.collect();
        bad.extend([
            freed,
            freed ^ 1 << 40,
            freed ^ 1 << 30,
            freed ^ 1 << 59,
            address.expose_provenance() as u64,
        ]);
        bad.extend([1, 2, 3, 7, 64, 4096, 1 << 62, i64::MAX as u64, 1 << 63, u64::MAX]);
        bad.extend([0x0123_4567_89ab_cdef, 0xdead_beef_dead_beef, 0x4000_0000_8000_0001]);
        for (function, call) in calls {
            self.refuses(function, INVALID, "is NULL", |places| call(0, places));
            for handle in &bad {
                let words = format!("{kind} is not a live handle");
                self.refuses(function, INVALID_HANDLE, &words, |places| call(*handle, places));
            }
        }
        assert_eq!(*heap, [0; 8]);
    }
}
