//! What a rule has in its hands: the loaded library, and a record of everything done with it.

mod answer;
mod argument;
mod device;
mod direct;
mod epoch;
mod hammer;
mod image;
mod implicit;
mod judgement;
mod loading;
mod memory;
mod outputs;
mod place;
mod preamble;
mod process;
mod queue;
mod raw;
mod trap;
mod twin;
mod waiting;

use std::cell::Cell;
use std::os::fd::RawFd;
use std::path::PathBuf;
use std::time::Duration;

use proptest::strategy::{Strategy, ValueTree};
use proptest::test_runner::{Config, RngAlgorithm, TestRng, TestRunner};
use serde::{Deserialize, Serialize};

pub use answer::Answer;
pub use argument::Argument;
pub use device::{Io, Model};
pub use direct::Direct;
pub use hammer::{Hammer, Slot};
pub use image::Image;
pub use implicit::{Apart, Told};
pub use memory::Memory;
pub use place::{Buffer, Place};
pub use queue::{Queue, Request};
pub use raw::{Raw, Stretch};
pub use trap::{Caught, Trap};
pub use twin::Twin;

use crate::abi::{Function, NRT_2, Sdk};
use crate::library::Library;
use crate::script::{Kind, Line, Script};
use crate::verdict::{Outcome, Stop, Verdict};

/// What a case is told: by which library, for which release, with which luck.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Settings {
    /// The library.
    pub library: PathBuf,
    /// The rule.
    pub rule: String,
    /// The release that the library is judged as; `None` to look at the library for that.
    pub sdk: Option<Sdk>,
    /// Models of the user's, for libraries that take no others.
    pub neffs: Vec<PathBuf>,
    /// Where the suite's own model is put.
    pub folder: PathBuf,
    /// The source of all luck.
    pub seed: u64,
    /// Which case of the rule.
    pub case: u64,
    /// Steps to a smaller input: S for simpler, C for a bit less simple again.
    pub path: String,
    /// How much to do in rules that look many times: 100 is the default.
    pub effort: u64,
    /// After which a case is hopeless.
    pub timeout: Duration,
}

/// The library, and a record of what is done with it.
#[derive(Debug)]
pub struct Session {
    /// What the case was told.
    pub settings: Settings,
    /// The release that the library is judged as.
    pub sdk: Sdk,
    library: Library,
    script: Script,
    names: Cell<[usize; 26]>,
    drawn: Cell<bool>,
}

impl Session {
    /// Begins to write down a case for `library`.
    #[must_use]
    pub fn new(settings: Settings, sdk: Sdk, library: Library, script: Script) -> Session {
        Session { settings, sdk, library, script, names: Cell::default(), drawn: Cell::new(false) }
    }

    /// The library.
    #[must_use]
    pub fn library(&self) -> &Library {
        &self.library
    }

    /// Calls the newest form of the function `name`.
    ///
    /// # Errors
    /// Stops the case if the library has no such function.
    ///
    /// # Panics
    /// If there is no such function at all, or it takes another number of arguments: a mistake in the rule.
    pub fn call<const N: usize>(&self, name: &str, arguments: [Argument; N]) -> Outcome<Answer<'_>> {
        self.call_function(known(name, None), &arguments, None)
    }

    /// Calls the form of `nrta_*` that SDK 2.28 had.
    ///
    /// # Errors
    /// As [`Session::call`].
    pub fn call_old<const N: usize>(&self, name: &str, arguments: [Argument; N]) -> Outcome<Answer<'_>> {
        self.call_function(known(name, Some(NRT_2)), &arguments, None)
    }

    /// Calls a function that returns a value, and keeps that in `place`.
    ///
    /// # Errors
    /// As [`Session::call`].
    pub fn assign<const N: usize>(&self, place: Place, name: &str, arguments: [Argument; N]) -> Outcome {
        let answer = self.call_function(known(name, None), &arguments, Some(place))?;
        place.set(answer.value());
        Ok(())
    }

    fn call_function(
        &self,
        function: &'static Function,
        arguments: &[Argument],
        result: Option<Place>,
    ) -> Outcome<Answer<'_>> {
        let takes = function.prototype.as_ref().map(|(_, takes)| takes.len());
        assert_eq!(takes, Some(arguments.len()), "the arguments of {}", function.name);
        let Some(address) = self.library.find(function) else {
            return Err(Stop::blocked(format!("the library has no {}@{}", function.name, function.version)));
        };
        let texts: Vec<&str> = arguments.iter().map(|argument| &*argument.text).collect();
        let call = format!("{}({})", function.c_name(), texts.join(", "));
        self.write(Line::Call(match result {
            Some(place) => format!("{} = {call}", place.name),
            None => call,
        }));
        let values: Vec<u64> = arguments.iter().map(|argument| argument.value).collect();
        // SAFETY: the function takes so many integers and addresses, as its prototype has it; what else
        // it does with them is what is being tested, in a process that exists for that.
        let value = unsafe { argument::invoke(address, &values) };
        Ok(Answer::new(self, function, value))
    }

    /// The address of a function for rules whose threads call it many times.
    ///
    /// # Errors
    /// Stops the case if the library has no such function.
    pub fn address(&self, name: &str) -> Outcome<usize> {
        let function = known(name, None);
        let missing = || Stop::blocked(format!("the library has no {}@{}", function.name, function.version));
        self.library.find(function).ok_or_else(missing)
    }

    /// Whether the library has the newest form of this function.
    #[must_use]
    pub fn offers(&self, name: &str) -> bool {
        self.library.find(known(name, None)).is_some()
    }

    /// A condition of the rule's, in Rust and in C, with what to say where it does not hold.
    ///
    /// # Errors
    /// Stops the case if it does not hold.
    pub fn check(&self, holds: bool, in_c: impl Into<String>, otherwise: impl Into<String>) -> Outcome {
        self.write(Line::Check(in_c.into(), holds));
        if holds { Ok(()) } else { Err(Stop::failed(otherwise)) }
    }

    /// Writes down something that the rule does without the library, in C.
    pub fn statement(&self, in_c: impl Into<String>) {
        self.write(Line::Statement(in_c.into()));
    }

    /// The program that shows the same, for rules whose threads are not a list of calls. It is complete but
    /// for what every program begins with, and ends with 0 only if the rule held.
    pub fn program(&self, in_c: impl Into<String>) {
        self.write(Line::Program(in_c.into()));
    }

    /// Writes down a fact about the library.
    pub fn found(&self, what: &str, value: impl ToString) {
        self.write(Line::Found(what.to_owned(), value.to_string()));
    }

    /// Says how many observations the case has made, for who wants to know what the time went into.
    pub fn looked(&self, times: u64) {
        self.write(Line::Looked(times));
    }

    /// Draws the input of the case, which seed and number of the case decide. It can be made smaller.
    ///
    /// # Errors
    /// Stops the case if it cannot be drawn, or be made smaller.
    ///
    /// # Panics
    /// If the case has drawn already: only one input can be made smaller.
    pub fn draw<S: Strategy>(&self, strategy: S) -> Outcome<S::Value> {
        assert!(!self.drawn.replace(true), "a case draws once");
        let mut luck = [0; 32];
        let rule = self.settings.rule.bytes().fold(0xcbf2_9ce4_8422_2325_u64, |hash, byte| {
            (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3)
        });
        for (part, number) in luck.chunks_exact_mut(8).zip([self.settings.seed, self.settings.case, rule]) {
            part.copy_from_slice(&number.to_le_bytes());
        }
        let mut runner =
            TestRunner::new_with_rng(Config::default(), TestRng::from_seed(RngAlgorithm::ChaCha, &luck));
        let mut tree = strategy.new_tree(&mut runner).map_err(|why| Stop::blocked(why.to_string()))?;
        let mut moved = true;
        for step in self.settings.path.bytes() {
            moved = if step == b'S' { tree.simplify() } else { tree.complicate() };
        }
        self.write(Line::Drawn(moved));
        if moved { Ok(tree.current()) } else { Err(Stop(Verdict::Exhausted)) }
    }

    /// `times`, or as many more or fewer as the user asked for.
    #[must_use]
    pub fn effort(&self, times: u64) -> u64 {
        (times * self.settings.effort / 100).max(1)
    }

    /// A handle or address, NULL at first. `prefix` is a small letter: t for tensors, s for sets, m for models,
    /// p for others.
    pub fn pointer(&self, prefix: char) -> Place {
        self.place(prefix, Kind::Pointer, 0)
    }

    /// A sequence id, all ones at first.
    pub fn sequence(&self) -> Place {
        self.place('q', Kind::Long, u64::MAX)
    }

    /// A status that a request writes, untouched at first.
    pub fn word(&self) -> Place {
        self.place('r', Kind::Int, Place::UNTOUCHED.into())
    }

    /// A number of 64 bits, all ones at first.
    pub fn long(&self) -> Place {
        self.place('n', Kind::Long, u64::MAX)
    }

    /// A number of 32 bits, untouched at first.
    pub fn int(&self) -> Place {
        self.place('i', Kind::Int, Place::UNTOUCHED.into())
    }

    /// A truth value, false at first.
    pub fn flag(&self) -> Place {
        self.place('d', Kind::Flag, 0)
    }

    /// Memory of `size` bytes, zero at first, on a page of its own.
    pub fn buffer(&self, size: usize) -> Buffer {
        let buffer = Buffer::new(self.name('b'), size);
        self.write(Line::Declare(buffer.name.to_owned(), Kind::Bytes(size)));
        buffer
    }

    /// Fills a buffer with a pattern that `seed` names.
    pub fn fill(&self, buffer: Buffer, seed: u8) {
        self.statement(format!("fill({}, sizeof {}, {seed})", buffer.name, buffer.name));
        buffer.fill(seed);
    }

    /// Opens an eventfd that does not block.
    ///
    /// # Errors
    /// Stops the case if the system has none left.
    pub fn eventfd(&self) -> Outcome<Place> {
        let place = self.place('f', Kind::Int, 0);
        self.statement(format!("{} = eventfd(0, EFD_NONBLOCK)", place.name));
        // SAFETY: takes two numbers.
        let fd = unsafe { libc::eventfd(0, libc::EFD_NONBLOCK | libc::EFD_CLOEXEC) };
        if fd < 0 {
            return Err(Stop::blocked("there is no eventfd left"));
        }
        place.set(fd as u32 as u64);
        Ok(place)
    }

    /// What an eventfd has counted since it was last read.
    pub fn read_eventfd(&self, fd: Place) -> u64 {
        let mut count = 0_u64;
        // SAFETY: reads at most 8 bytes into 8 bytes.
        let read = unsafe { libc::read(fd.value() as RawFd, (&raw mut count).cast(), 8) };
        if read == 8 { count } else { 0 }
    }

    /// Writes down how the case ended.
    pub fn end(&self, verdict: Verdict) {
        self.write(Line::End(verdict));
    }

    fn place(&self, prefix: char, kind: Kind, value: u64) -> Place {
        let place = Place::new(self.name(prefix), kind, value);
        self.write(Line::Declare(place.name.to_owned(), kind));
        place
    }

    /// The next name with this first letter. Cases are short: names are never given back.
    fn name(&self, prefix: char) -> &'static str {
        let mut names = self.names.get();
        let count = &mut names[prefix as usize - 'a' as usize];
        let name = format!("{prefix}{count}");
        *count += 1;
        self.names.set(names);
        name.leak()
    }

    fn write(&self, line: Line) {
        self.script.write(&line);
    }
}

fn known(name: &str, version: Option<&str>) -> &'static Function {
    let function = Function::find(name, version);
    function.unwrap_or_else(|| panic!("{name} is not in the table of functions"))
}
