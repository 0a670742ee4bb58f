use crate::abi::{COMPUTE, Status, TENSOR_OP, number};
use crate::session::{Answer, Argument, Buffer, Io, Model, Place, Session};
use crate::verdict::Outcome;

/// Bytes of the tensors that are moved.
const SIZE: usize = 4096;
/// What is written to where refused requests point, so that it shows who else writes there.
const MARK: u8 = 5;

/// The requests that everybody can make.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Op {
    Run,
    Read,
    Write,
    Copy,
}

/// What is wrong with a request: the argument at this place is another one.
pub(super) type Wrong = (usize, Argument);

impl Op {
    pub(super) fn xu(self) -> u32 {
        if self == Op::Run { COMPUTE } else { TENSOR_OP }
    }

    /// Where the addresses stand among its arguments.
    pub(super) fn pointers(self) -> &'static [usize] {
        match self {
            Op::Run => &[0, 1, 2, 4, 5],
            Op::Read | Op::Write => &[0, 1, 6, 7],
            Op::Copy => &[0, 2, 7, 8],
        }
    }

    /// Where the queue stands.
    pub(super) fn queue(self) -> usize {
        match self {
            Op::Run => 3,
            Op::Read | Op::Write => 5,
            Op::Copy => 6,
        }
    }

    /// Each of its addresses left out.
    pub(super) fn without_pointers(self) -> Vec<Wrong> {
        self.pointers().iter().map(|at| (*at, Argument::null())).collect()
    }

    /// Queues that its unit does not have: compute has one, tensor-op two.
    pub(super) fn bad_queues(self) -> Vec<Wrong> {
        let count = if self == Op::Run { 1 } else { 2 };
        [-1, count, 1000, i32::MAX].map(|queue| (self.queue(), queue.into())).to_vec()
    }

    /// Calls its function.
    pub(super) fn call<'a>(self, s: &'a Session, arguments: &[Argument]) -> Outcome<Answer<'a>> {
        fn all<const N: usize>(arguments: &[Argument]) -> [Argument; N] {
            arguments.to_vec().try_into().expect("as many as the function takes")
        }
        match self {
            Op::Run => s.call("nrta_execute_schedule", all::<6>(arguments)),
            Op::Read => s.call("nrta_tensor_read", all::<8>(arguments)),
            Op::Write => s.call("nrta_tensor_write", all::<8>(arguments)),
            Op::Copy => s.call("nrta_tensor_copy", all::<9>(arguments)),
        }
    }
}

/// What requests need, twice: for those that are refused, and for those that are not.
#[derive(Debug)]
pub(super) struct Bench<'a> {
    pub(super) s: &'a Session,
    pub(super) model: Model,
    pub(super) io: Io,
    spare: Io,
    source: Place,
    targets: [Place; 2],
    buffers: [Buffer; 2],
}

impl<'a> Bench<'a> {
    pub(super) fn new(s: &'a Session) -> Outcome<Bench<'a>> {
        s.init()?;
        let model = s.model(0)?;
        let (io, spare) = (s.io(&model)?, s.io(&model)?);
        s.fill_inputs(&io, 1)?;
        s.fill_inputs(&spare, 1)?;
        s.fill_outputs(&io, MARK)?;
        let source = s.filled_tensor(0, SIZE, 2)?;
        let targets = [s.filled_tensor(0, SIZE, MARK)?, s.tensor(0, SIZE)?];
        let buffers = [s.buffer(SIZE), s.buffer(SIZE)];
        s.fill(buffers[0], MARK);
        Ok(Bench { s, model, io, spare, source, targets, buffers })
    }

    /// The arguments of a request; the spare ones are for those that are accepted.
    fn arguments(&self, op: Op, spare: bool, word: Place, id: Place) -> Vec<Argument> {
        let io = if spare { &self.spare } else { &self.io };
        let (buffer, target) = (self.buffers[usize::from(spare)], self.targets[usize::from(spare)]);
        let mut arguments: Vec<Argument> = match op {
            Op::Run => vec![self.model.handle.into(), io.input_set.into(), io.output_set.into()],
            Op::Read => vec![buffer.into(), self.source.into(), 0.into(), SIZE.into(), 0.into()],
            Op::Write => vec![target.into(), buffer.into(), 0.into(), SIZE.into(), 0.into()],
            Op::Copy => {
                vec![self.source.into(), 0.into(), target.into(), 0.into(), SIZE.into(), 0.into()]
            }
        };
        arguments.extend([0.into(), word.at(), id.at()]);
        arguments
    }

    /// Makes a request that has to be accepted.
    pub(super) fn good(&self, op: Op) -> Outcome<(Place, Place)> {
        self.accepted(op, true)
    }

    /// The same, and it writes where the mark is.
    pub(super) fn marked(&self, op: Op) -> Outcome<(Place, Place)> {
        self.accepted(op, false)
    }

    fn accepted(&self, op: Op, spare: bool) -> Outcome<(Place, Place)> {
        let (word, id) = (self.s.word(), self.s.sequence());
        op.call(self.s, &self.arguments(op, spare, word, id))?.needed()?;
        Ok((word, id))
    }

    /// Wants a request to be answered so, and its status and id to stay as they are.
    pub(super) fn refused(&self, op: Op, wrong: &[Wrong], wanted: &[Status]) -> Outcome<Place> {
        let (word, id) = (self.s.word(), self.s.sequence());
        let mut arguments = self.arguments(op, false, word, id);
        for (at, argument) in wrong {
            arguments[*at] = argument.clone();
        }
        op.call(self.s, &arguments)?.is_one_of(wanted)?;
        self.s.untouched(word)?;
        let unset = id.value() == u64::MAX;
        self.s.check(unset, format!("{} == UINT64_MAX", id.name), "a refused request has got an id")?;
        Ok(word)
    }

    /// Wants nobody to have written to where refused requests point.
    pub(super) fn nothing_written(&self, op: Op) -> Outcome {
        match op {
            Op::Run => self.s.outputs_hold(&self.io, MARK),
            Op::Read => self.s.holds(self.buffers[0], 0, SIZE, MARK, 0),
            Op::Write | Op::Copy => self.s.holds(self.s.read(self.targets[0], SIZE)?, 0, SIZE, MARK, 0),
        }
    }

    /// Wants each of these requests to be refused so, and to leave nothing behind: no number is taken, nothing
    /// is queued, nothing is written.
    pub(super) fn all_refused(&self, op: Op, wrongs: &[Wrong], wanted: &[Status]) -> Outcome {
        let (_, before) = self.good(op)?;
        self.s.wait(before)?;
        let refused = |wrong: &Wrong| self.refused(op, std::slice::from_ref(wrong), wanted);
        let words = wrongs.iter().map(refused).collect::<Outcome<Vec<_>>>()?;
        self.nothing_written(op)?;
        let (_, after) = self.good(op)?;
        self.follows(before, after)?;
        self.s.completes(after)?;
        words.into_iter().try_for_each(|word| self.s.untouched(word))?;
        self.nothing_written(op)
    }

    /// Wants no number between these two.
    pub(super) fn follows(&self, before: Place, after: Place) -> Outcome {
        let rose = number(after.value()).wrapping_sub(number(before.value()));
        let in_c = format!("{} == {} + 1", after.name, before.name);
        self.s.check(rose == 1, in_c, format!("the number rose by {rose}: a refused request has taken one"))
    }

    /// Bytes of the tensors that are moved.
    pub(super) fn size(&self) -> usize {
        SIZE
    }
}
