//! Does what a program says, with the library and with the reference model, and compares.

use super::operation::{Operation, Piece};
use crate::abi::{COMPUTE, Status, TENSOR_OP, number};
use crate::model::function::Function;
use crate::model::queue::Queue;
use crate::model::set::Set;
use crate::model::tensor::{Span, Tensors};
use crate::model::uses::{Access, Request, Uses};
use crate::model::watch::Watch;
use crate::session::{Buffer, Io, Model, Place, Session};
use crate::verdict::{Outcome, Stop};

/// A program under way: the library, and what it has to be like.
pub(super) struct Machine<'a> {
    pub(super) session: &'a Session,
    pub(super) cores: u32,
    pub(super) tensors: Tensors,
    /// The handle of each tensor.
    pub(super) handles: Vec<Place>,
    pub(super) sets: Vec<(Place, Set)>,
    pub(super) models: Vec<Loaded>,
    /// What models compute: all are of one file.
    pub(super) function: Function,
    pub(super) queues: Vec<Line>,
    pub(super) uses: Uses,
    pub(super) requests: Vec<Sent>,
    /// Eventfds on which there is nothing to come.
    pub(super) ended: Vec<Place>,
}

/// A queue of a unit of a core.
pub(super) struct Line {
    pub(super) core: u32,
    pub(super) xu: u32,
    pub(super) index: u32,
    pub(super) state: Queue,
    pub(super) watch: Option<(Place, Watch)>,
}

/// A loaded model, and its tensors by number.
#[derive(Clone)]
pub(super) struct Loaded {
    pub(super) model: Model,
    pub(super) io: Io,
    pub(super) inputs: Vec<usize>,
    pub(super) outputs: Vec<usize>,
}

/// A request that was accepted.
pub(super) struct Sent {
    pub(super) request: Request,
    pub(super) id: Place,
    pub(super) word: Place,
    /// Where it puts bytes, and which.
    pub(super) fetched: Option<(Buffer, Vec<u8>)>,
    pub(super) event: Option<Place>,
    /// Whether its end has been looked at.
    pub(super) is_settled: bool,
}

/// A part of a tensor that is there.
pub(super) struct Part {
    pub(super) tensor: usize,
    pub(super) offset: usize,
    pub(super) size: usize,
    pub(super) span: Span,
}

impl<'a> Machine<'a> {
    /// Begins with the library just initialised.
    pub(super) fn new(session: &'a Session) -> Outcome<Machine<'a>> {
        session.init()?;
        let cores = session.cores()?.min(2);
        let lines = |core| {
            let line =
                move |xu, index, capacity| Line { core, xu, index, state: Queue::new(capacity), watch: None };
            let capacity = Some(session.compute_capacity());
            [line(TENSOR_OP, 0, None), line(TENSOR_OP, 1, None), line(COMPUTE, 0, capacity)]
        };
        Ok(Machine {
            session,
            cores,
            tensors: Tensors::default(),
            handles: Vec::new(),
            sets: Vec::new(),
            models: Vec::new(),
            function: Function::default(),
            queues: (0..cores).flat_map(lines).collect(),
            uses: Uses::default(),
            requests: Vec::new(),
            ended: Vec::new(),
        })
    }

    /// Does all steps, waits for all requests, and looks at all tensors once more.
    pub(super) fn play(mut self, operations: &[Operation]) -> Outcome {
        for operation in operations {
            self.step(*operation)?;
        }
        for queue in 0..self.queues.len() {
            self.wait((queue, self.queues[queue].state.submitted()))?;
            self.collect(queue)?;
        }
        for fd in &self.ended {
            self.session.silent(*fd)?;
        }
        for tensor in self.tensors.live() {
            let span = self.tensors.span(tensor, 0, self.tensors.size(tensor)).expect("it is live");
            self.read(&Part { tensor, offset: 0, size: self.tensors.size(tensor), span })?;
        }
        self.session.looked(operations.len() as u64);
        Ok(())
    }

    fn step(&mut self, operation: Operation) -> Outcome {
        match operation {
            Operation::Allocate(core, size, byte) => self.allocate(core, size, byte),
            Operation::Slice(piece) => self.with(piece, Machine::slice),
            Operation::Free(tensor) => self.free(tensor),
            Operation::Write(piece, seed) => self.with(piece, |machine, part| machine.write(part, seed)),
            Operation::Read(piece) => self.with(piece, Machine::read),
            Operation::Memset(piece, byte) => self.with(piece, |machine, part| machine.memset(part, byte)),
            Operation::Copy(piece, to, at) => self.with(piece, |machine, part| machine.copy(part, to, at)),
            Operation::NewSet => self.new_set(),
            Operation::Add(set, name, tensor) => self.add(set, name, tensor),
            Operation::Get(set, name) => self.get(set, name),
            Operation::DropSet(set) => self.drop_set(set),
            Operation::Load(core) => self.load(core),
            Operation::Unload(model) => self.unload(model),
            Operation::Run(model) => self.run(model),
            Operation::Schedule(model) => self.schedule(model),
            Operation::Send(piece, seed, queue) => {
                self.with(piece, |machine, part| machine.send(part, seed, queue))
            }
            Operation::Fetch(piece, queue) => self.with(piece, |machine, part| machine.fetch(part, queue)),
            Operation::Move(piece, to, at, queue) => {
                self.with(piece, |machine, part| machine.forward(part, (to, at), queue))
            }
            Operation::Ask(request) => self.ask(request),
            Operation::Look(queue) => self.look(queue),
            Operation::Wait(queue) => {
                let queue = usize::from(queue) % self.queues.len();
                self.wait((queue, self.queues[queue].state.submitted()))
            }
            Operation::Promise(request) => self.promise(request),
            Operation::Watch(queue) => self.watch(queue),
            Operation::Count(queue) => self.watched(queue).map_or(Ok(()), |queue| self.count(queue)),
            Operation::Unwatch(queue) => self.unwatch(queue),
        }
    }

    /// Does something with a part of a tensor, if there is one.
    fn with(&mut self, piece: Piece, what: impl FnOnce(&mut Self, &Part) -> Outcome) -> Outcome {
        let Some(tensor) = pick(&self.tensors.live(), piece.0) else { return Ok(()) };
        let size = self.tensors.size(tensor);
        let offset = usize::from(piece.1) % size;
        let size = 1 + usize::from(piece.2) % (size - offset);
        let span = self.tensors.span(tensor, offset, size).expect("it is within");
        what(self, &Part { tensor, offset, size, span })
    }

    /// Where a copy of a part could go: another place on the same core.
    pub(super) fn target(&self, part: &Part, to: u8, at: u8) -> Option<Part> {
        let core = self.tensors.core(part.tensor);
        let fits =
            |tensor: &usize| self.tensors.core(*tensor) == core && self.tensors.size(*tensor) >= part.size;
        let fitting: Vec<usize> = self.tensors.live().into_iter().filter(fits).collect();
        let tensor = pick(&fitting, to)?;
        let offset = usize::from(at) % (self.tensors.size(tensor) - part.size + 1);
        let span = self.tensors.span(tensor, offset, part.size)?;
        (!span.overlaps(&part.span)).then_some(Part { tensor, offset, size: part.size, span })
    }

    /// The rule wants bytes of a buffer to be these.
    pub(super) fn equals(&self, buffer: Buffer, wanted: &[u8]) -> Outcome {
        let differs = (0..wanted.len()).find(|index| buffer.byte(*index) != wanted[*index]);
        let at = differs.unwrap_or_default();
        // A C program has to know only where it broke.
        let shown = &wanted[at..wanted.len().min(at + 16)];
        let literal: String = shown.iter().map(|byte| format!("\\{byte:03o}")).collect();
        let in_c = format!("memcmp({} + {at}, \"{literal}\", {}) == 0", buffer.name, shown.len());
        let found = if wanted.is_empty() { 0 } else { buffer.byte(at) };
        let what = format!("byte {at} of {} is {found}, not {}", wanted.len(), wanted.get(at).unwrap_or(&0));
        self.session.check(differs.is_none(), in_c, what)
    }

    /// Waits until these bytes can be used: by a queue, or at once.
    pub(super) fn clear(&mut self, span: &Span, access: Access, on: Option<usize>) -> Outcome {
        for request in self.uses.before(span, access, on) {
            self.wait(request)?;
        }
        Ok(())
    }

    /// Waits for a request.
    pub(super) fn wait(&mut self, request: Request) -> Outcome {
        let (queue, number) = request;
        if self.queues[queue].state.completed() >= number {
            return self.settle(queue);
        }
        let sent = self.requests.iter().find(|sent| sent.request == request);
        let Some(sent) = sent else { return Err(Stop::blocked("a blocking run is not over")) };
        self.session.completes(sent.id)?;
        let may_be = self.queues[queue].state.answers(number, true);
        assert!(may_be, "it was submitted");
        self.settle(queue)
    }

    /// Looks at the ends of all requests of a queue that are known to have completed.
    pub(super) fn settle(&mut self, queue: usize) -> Outcome {
        let completed = self.queues[queue].state.completed();
        self.uses.end(queue, completed);
        for index in 0..self.requests.len() {
            let sent = &self.requests[index];
            if sent.is_settled || sent.request.0 != queue || sent.request.1 > completed {
                continue;
            }
            let word = sent.word;
            let what = format!("request {:#x} ended with {}", sent.id.value(), Status(word.signed()));
            self.session.check(word.signed() == 0, format!("{} == 0", word.name), what)?;
            if let Some((buffer, bytes)) = &sent.fetched {
                self.equals(*buffer, bytes)?;
            }
            if let Some(fd) = sent.event {
                self.session.signalled(fd)?;
            }
            self.requests[index].is_settled = true;
        }
        Ok(())
    }

    /// A submission was answered: it got the next number, or nothing changed because the queue may have been full.
    pub(super) fn submitted(
        &mut self,
        queue: usize,
        status: Status,
        places: (Place, Place),
    ) -> Outcome<Option<Request>> {
        let (word, id) = places;
        let line = &mut self.queues[queue];
        if status == Status::QUEUE_FULL {
            let kept = id.value() == u64::MAX && word.is_untouched();
            let in_c = format!("{} == UINT64_MAX && {} == 0x7fffffff", id.name, word.name);
            self.session.check(kept, in_c, "a full queue wrote an output")?;
            return Ok(None);
        }
        let got = number(id.value());
        let wanted = line.state.accept();
        let in_c = format!("({} & 0xffffffffffff) == {}", id.name, wanted.unwrap_or_default());
        let what = format!("request {:#x} has number {got}, not {}", id.value(), wanted.unwrap_or_default());
        self.session.check(Some(got) == wanted, in_c, what)?;
        let request = (queue, got);
        self.requests.push(Sent { request, id, word, fetched: None, event: None, is_settled: false });
        Ok(Some(request))
    }

    /// The answers that a submission to a queue may get.
    pub(super) fn allowed(&self, queue: usize) -> &'static [Status] {
        let may_be_full = self.queues[queue].state.may_be_full();
        if may_be_full { &[Status::SUCCESS, Status::QUEUE_FULL] } else { &[Status::SUCCESS] }
    }
}

/// One of a list, by any number.
pub(super) fn pick<T: Copy>(list: &[T], number: u8) -> Option<T> {
    list.get(usize::from(number) % list.len().max(1)).copied()
}
