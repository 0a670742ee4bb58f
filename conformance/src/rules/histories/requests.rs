//! The steps that only begin when they return, and looks at how far they are.

use super::machine::{Machine, Part, pick};
use crate::abi::{Status, TENSOR_OP};
use crate::model::uses::Access;
use crate::model::watch::Watch;
use crate::session::Place;
use crate::verdict::Outcome;

impl Machine<'_> {
    /// A queue for transfers on the core of a part.
    fn transfers(&self, part: &Part, number: u8) -> usize {
        let core = self.tensors.core(part.tensor);
        let fits = |queue: &usize| (self.queues[*queue].core, self.queues[*queue].xu) == (core, TENSOR_OP);
        let fitting: Vec<usize> = (0..self.queues.len()).filter(fits).collect();
        pick(&fitting, number).expect("each core has some")
    }

    pub(super) fn send(&mut self, part: &Part, seed: u8, number: u8) -> Outcome {
        let queue = self.transfers(part, number);
        self.clear(&part.span, Access::Write, Some(queue))?;
        let buffer = self.filled(part.size, seed);
        let (word, id) = (self.session.word(), self.session.sequence());
        let line = &self.queues[queue];
        let tensor = self.handles[part.tensor].into();
        let [offset, size] = [part.offset, part.size].map(Into::into);
        let ends = [line.core.into(), line.index.into(), word.at(), id.at()];
        let [core, index, word_at, id_at] = ends;
        let arguments = [tensor, buffer.into(), offset, size, core, index, word_at, id_at];
        let status = self.answered(queue, self.session.call("nrta_tensor_write", arguments)?)?;
        if let Some(request) = self.submitted(queue, status, (word, id))? {
            self.uses.add(request, part.span.clone(), Access::Write);
            self.tensors.write(&part.span, &buffer.bytes());
        }
        Ok(())
    }

    pub(super) fn fetch(&mut self, part: &Part, number: u8) -> Outcome {
        let queue = self.transfers(part, number);
        self.clear(&part.span, Access::Read, Some(queue))?;
        let buffer = self.session.buffer(part.size);
        let (word, id) = (self.session.word(), self.session.sequence());
        let line = &self.queues[queue];
        let tensor = self.handles[part.tensor].into();
        let [offset, size] = [part.offset, part.size].map(Into::into);
        let [core, index] = [line.core, line.index].map(Into::into);
        let arguments = [buffer.into(), tensor, offset, size, core, index, word.at(), id.at()];
        let status = self.answered(queue, self.session.call("nrta_tensor_read", arguments)?)?;
        if let Some(request) = self.submitted(queue, status, (word, id))? {
            self.uses.add(request, part.span.clone(), Access::Read);
            let bytes = self.tensors.read(&part.span).to_vec();
            self.requests.last_mut().expect("just made").fetched = Some((buffer, bytes));
        }
        Ok(())
    }

    /// An asynchronous copy.
    pub(super) fn forward(&mut self, part: &Part, to: (u8, u8), number: u8) -> Outcome {
        let Some(target) = self.target(part, to.0, to.1) else { return Ok(()) };
        let queue = self.transfers(part, number);
        self.clear(&part.span, Access::Read, Some(queue))?;
        self.clear(&target.span, Access::Write, Some(queue))?;
        let (word, id) = (self.session.word(), self.session.sequence());
        let line = &self.queues[queue];
        let [from, to] = [part, &target].map(|part| self.handles[part.tensor].into());
        let [offset, at, size] = [part.offset, target.offset, part.size].map(Into::into);
        let [core, index] = [line.core, line.index].map(Into::into);
        let arguments = [from, offset, to, at, size, core, index, word.at(), id.at()];
        let status = self.answered(queue, self.session.call("nrta_tensor_copy", arguments)?)?;
        if let Some(request) = self.submitted(queue, status, (word, id))? {
            self.uses.add(request, part.span.clone(), Access::Read);
            self.uses.add(request, target.span.clone(), Access::Write);
            self.copied(part, &target);
        }
        Ok(())
    }

    pub(super) fn schedule(&mut self, number: u8) -> Outcome {
        if self.models.is_empty() {
            return Ok(());
        }
        let loaded = self.models[usize::from(number) % self.models.len()].clone();
        let outputs = self.outcome(&loaded, number)?;
        let queue = self.compute(loaded.model.core);
        let mut spans = Vec::new();
        for (tensors, access) in [(&loaded.inputs, Access::Read), (&loaded.outputs, Access::Write)] {
            for tensor in tensors {
                let span = self.whole(*tensor).span;
                self.clear(&span, access, Some(queue))?;
                spans.push((span, access));
            }
        }
        let (word, id) = (self.session.word(), self.session.sequence());
        let answer = self.session.schedule(&loaded.model, &loaded.io, word, id)?;
        let status = self.answered(queue, answer)?;
        if let Some(request) = self.submitted(queue, status, (word, id))? {
            for (span, access) in spans {
                self.uses.add(request, span, access);
            }
            for (tensor, bytes) in loaded.outputs.iter().zip(&outputs) {
                let span = self.whole(*tensor).span;
                self.tensors.write(&span, bytes);
            }
        }
        Ok(())
    }

    /// What a submission answered, which has to be what the queue may answer now.
    fn answered(&self, queue: usize, answer: crate::session::Answer<'_>) -> Outcome<Status> {
        let status = answer.status();
        answer.is_one_of(self.allowed(queue))?;
        Ok(status)
    }

    pub(super) fn ask(&mut self, number: u8) -> Outcome {
        if self.requests.is_empty() {
            return Ok(());
        }
        let sent = &self.requests[usize::from(number) % self.requests.len()];
        let (queue, number) = sent.request;
        let done = self.session.flag();
        self.session.call("nrta_is_completed", [sent.id.into(), done.at()])?.is(Status::SUCCESS)?;
        let completed = done.value() != 0;
        let known = self.queues[queue].state.completed();
        let may_be = self.queues[queue].state.answers(number, completed);
        let in_c = if completed { "1".to_owned() } else { format!("{} || {number} > {known}", done.name) };
        let what = format!("request {number} has not completed, and {known} had");
        self.session.check(may_be, in_c, what)?;
        self.settle(queue)
    }

    /// What a queue has completed. One that has had no request yet may be none at all.
    pub(super) fn look(&mut self, number: u8) -> Outcome {
        let queue = usize::from(number) % self.queues.len();
        let line = &mut self.queues[queue];
        if line.state.submitted() == 0 {
            return Ok(());
        }
        let last = self.session.sequence();
        let arguments = [line.core.into(), line.xu.into(), line.index.into(), last.at()];
        self.session.call("nrta_get_sequence", arguments)?.is(Status::SUCCESS)?;
        let (least, most) = (line.state.completed(), line.state.submitted());
        let shown = format!("({} & 0xffffffffffff)", last.name);
        let got = crate::abi::number(last.value());
        let what = format!("{got} is said to be the last that has completed, after {least} had, of {most}");
        let may_be = line.state.shows(got);
        self.session.check(may_be, format!("{shown} >= {least} && {shown} <= {most}"), what)?;
        self.settle(queue)
    }

    /// Has an event for a request that has none.
    pub(super) fn promise(&mut self, number: u8) -> Outcome {
        let count = self.requests.len().max(1);
        let Some(sent) = self.requests.get_mut(usize::from(number) % count) else { return Ok(()) };
        if sent.event.is_some() {
            return Ok(());
        }
        let fd = self.session.eventfd()?;
        let arguments = [sent.id.into(), fd.into()];
        self.session.call("nrta_event_register_seq_id_completion", arguments)?.is(Status::SUCCESS)?;
        sent.event = Some(fd);
        if sent.is_settled { self.session.signalled(fd) } else { Ok(()) }
    }

    /// Has events for a queue that has none.
    pub(super) fn watch(&mut self, number: u8) -> Outcome {
        let queue = usize::from(number) % self.queues.len();
        if self.queues[queue].watch.is_some() {
            return Ok(());
        }
        let fd = self.session.eventfd()?;
        self.register(queue, fd)?;
        let line = &mut self.queues[queue];
        line.watch = Some((fd, Watch::new(&line.state)));
        Ok(())
    }

    fn register(&self, queue: usize, fd: impl Into<crate::session::Argument>) -> Outcome {
        let line = &self.queues[queue];
        let arguments = [line.core.into(), line.xu.into(), line.index.into(), fd.into()];
        self.session.call("nrta_event_register_xu_completion", arguments)?.is(Status::SUCCESS)
    }

    /// One of the queues that have events.
    pub(super) fn watched(&self, number: u8) -> Option<usize> {
        let watched: Vec<usize> =
            (0..self.queues.len()).filter(|queue| self.queues[*queue].watch.is_some()).collect();
        pick(&watched, number)
    }

    /// Reads the events of a queue that have come.
    pub(super) fn count(&mut self, queue: usize) -> Outcome {
        let line = &mut self.queues[queue];
        let Some((fd, watch)) = &mut line.watch else { return Ok(()) };
        let events = read(self.session, *fd);
        let most = watch.may(&line.state);
        watch.read(events.value());
        let what = format!("{} events came where there can have been {most}", events.value());
        self.session.check(events.value() <= most, format!("{} <= {most}", events.name), what)
    }

    /// Reads events of a queue until there is one for each completion that was seen.
    pub(super) fn collect(&mut self, queue: usize) -> Outcome {
        while let Some((fd, watch)) = self.queues[queue].watch
            && watch.owes(&self.queues[queue].state) > 0
        {
            self.session.signalled(fd)?;
            self.count(queue)?;
        }
        Ok(())
    }

    /// Has no more events for a queue; with nothing in flight, so that none is on its way.
    pub(super) fn unwatch(&mut self, number: u8) -> Outcome {
        let Some(queue) = self.watched(number) else { return Ok(()) };
        let Some((fd, _)) = self.queues[queue].watch else { return Ok(()) };
        self.wait((queue, self.queues[queue].state.submitted()))?;
        self.collect(queue)?;
        self.register(queue, -1)?;
        self.count(queue)?;
        self.queues[queue].watch = None;
        self.ended.push(fd);
        Ok(())
    }
}

/// Reads what an eventfd has counted.
fn read(session: &crate::session::Session, fd: Place) -> Place {
    let events = session.long();
    session.statement(format!("{} = 0", events.name));
    session.statement(format!("read({}, &{}, 8)", fd.name, events.name));
    events.set(session.read_eventfd(fd));
    events
}
