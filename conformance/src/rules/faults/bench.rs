use crate::abi::{Status, TENSOR_OP};
use crate::session::{Answer, Io, Model, Place, Session};
use crate::verdict::Outcome;

/// Statuses that end a unit.
pub(super) const FATAL: &[i32] = &[5, 1200, 1201, 1202, 1203, 1204, 1205, 1206];
/// The one that most rules use.
pub(super) const HBM_ERROR: i32 = 1201;

/// A model on core 0 and its tensors.
#[derive(Debug)]
pub(super) struct Bench<'a> {
    pub(super) s: &'a Session,
    pub(super) model: Model,
    pub(super) io: Io,
}

impl<'a> Bench<'a> {
    pub(super) fn new(s: &'a Session) -> Outcome<Bench<'a>> {
        s.needs("nrt_sim_inject", "a way to put faults in")?;
        s.init()?;
        let model = s.model(0)?;
        let io = s.io(&model)?;
        s.fill_inputs(&io, 1)?;
        Ok(Bench { s, model, io })
    }

    /// Submits so many runs.
    pub(super) fn submit(&self, count: u64) -> Outcome<Vec<(Place, Place)>> {
        (0..count).map(|_| self.s.submit(&self.model, &self.io)).collect()
    }

    /// Ends the compute unit of core 0; the id of the request that did.
    pub(super) fn kill(&self) -> Outcome<Place> {
        self.s.inject_status(0, 1, HBM_ERROR)?;
        let (word, id) = self.s.submit(&self.model, &self.io)?;
        self.s.wait(id)?;
        self.s.holds_status(word, Status(HBM_ERROR))?;
        Ok(id)
    }

    /// Wants a run to be refused because the unit is dead, and nothing to be written.
    pub(super) fn refused(&self) -> Outcome {
        let (s, word, id) = (self.s, self.s.word(), self.s.sequence());
        s.schedule(&self.model, &self.io, word, id)?.is(Status::UNRECOVERABLE)?;
        s.untouched(word)?;
        let in_c = format!("{} == UINT64_MAX", id.name);
        s.check(id.value() == u64::MAX, in_c, "a refused request has got an id")
    }

    /// Wants an asynchronous run to succeed and write what it has to.
    pub(super) fn runs(&self, model: &Model) -> Outcome {
        let io = self.s.io(model)?;
        let (word, id) = (self.s.word(), self.s.sequence());
        self.s.schedule(model, &io, word, id)?.is(Status::SUCCESS)?;
        self.s.completes(id)?;
        self.s.holds_status(word, Status::SUCCESS)
    }

    /// Initialises the runtime once more, and wants a run on core 0 to succeed.
    pub(super) fn again(&self) -> Outcome {
        self.s.call("nrt_init", [1.into(), "".into(), "".into()])?.is(Status::SUCCESS)?;
        self.runs(&self.s.model(0)?)
    }

    /// A blocking run.
    pub(super) fn execute(&self) -> Outcome<Answer<'a>> {
        let arguments = [self.model.handle.into(), self.io.input_set.into(), self.io.output_set.into()];
        self.s.call("nrt_execute", arguments)
    }
}

/// Submits a write of the pattern `seed` to the first 64 bytes of a tensor, on queue 0 of a core.
pub(super) fn write<'a>(
    s: &'a Session,
    core: u32,
    tensor: Place,
    seed: u8,
    word: Place,
    id: Place,
) -> Outcome<Answer<'a>> {
    let buffer = s.buffer(64);
    s.fill(buffer, seed);
    let [a, b, c, d] = [tensor.into(), buffer.into(), 0.into(), 64.into()];
    s.call("nrta_tensor_write", [a, b, c, d, core.into(), 0.into(), word.at(), id.at()])
}

/// Lets the first transfer on queue 0 of core 0 fail.
pub(super) fn inject_transfer(s: &Session, status: i32) -> Outcome {
    s.inject(&format!("unit = \"tensor-op\"\ncore = 0\nqueue = 0\nnth = 1\nstatus = {status}"))
}

/// Wants a write to succeed and its bytes to arrive.
pub(super) fn moves(s: &Session, core: u32) -> Outcome {
    let (tensor, word, id) = (s.tensor(core, 64)?, s.word(), s.sequence());
    write(s, core, tensor, 3, word, id)?.is(Status::SUCCESS)?;
    s.completes(id)?;
    s.holds_status(word, Status::SUCCESS)?;
    s.holds(s.read(tensor, 64)?, 0, 64, 3, 0)
}

/// The kind of unit that [`write()`] uses.
pub(super) const TRANSFERS: u32 = TENSOR_OP;
