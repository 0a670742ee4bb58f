//! The queues, and what the host has observed of each.

use std::collections::VecDeque;

use sim_core::seq::UnitId;

use crate::finding::{Side, Site, Use};

/// Above all numbers of requests: blocking calls under way count from here.
pub(crate) const CALLS: u64 = 1 << 60;
/// Requests of a queue that are known by more than their number. Who never looks at completions has more.
const KNOWN_MAX: usize = 4096;
/// Failures of which is known, until the host has observed them.
pub(crate) const FAILED_MAX: usize = 4096;

/// What is known of a request.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Request {
    pub(crate) call: &'static str,
    pub(crate) thread: u32,
    pub(crate) site: Site,
    /// The address of its status variable; 0 if there is none, or not any more.
    pub(crate) status: usize,
    /// The model it runs and the sets it was submitted with, as numbers; else 0.
    pub(crate) model: u64,
    pub(crate) sets: [u64; 2],
    /// What of the program's memory is to be looked at.
    pub(crate) proof: Proof,
}

/// What the memory of the program was like when a request was submitted.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Proof {
    /// The status word, if it is to be looked at: address, and what stood there.
    pub status: Option<(usize, u32)>,
    /// The source buffer, if it is to be looked at: address, length, and the sum of its bytes.
    pub buffer: Option<(usize, usize, u64)>,
    /// Whether that is done once more when the host observes the completion.
    pub is_late: bool,
}

impl Proof {
    /// Whether there is anything to be looked at.
    pub(crate) fn is_any(&self) -> bool {
        self.status.is_some() || self.buffer.is_some()
    }
}

/// One queue.
pub(crate) struct Queue {
    pub(crate) depth: u64,
    /// The last number that the host has seen to be completed.
    pub(crate) seen: u64,
    pub(crate) issued: u64,
    /// The number of the first of `requests`.
    first: u64,
    requests: VecDeque<Option<Request>>,
}

/// All queues of a device.
pub struct Queues {
    all: Vec<Queue>,
}

impl Queues {
    pub(crate) fn new(count: usize, depth: impl Fn(UnitId) -> u64) -> Queues {
        let queue = |place| Queue {
            depth: depth(UnitId::at(place)),
            seen: 0,
            issued: 0,
            first: 1,
            requests: VecDeque::new(),
        };
        Queues { all: (0..count).map(queue).collect() }
    }

    pub(crate) fn at(&self, place: usize) -> &Queue {
        &self.all[place]
    }

    /// The same for a place that may be none: blocking calls outside queues have one.
    pub(crate) fn at_of(&self, place: usize) -> Option<&Queue> {
        self.all.get(place)
    }

    pub(crate) fn at_mut(&mut self, place: usize) -> &mut Queue {
        &mut self.all[place]
    }

    pub(crate) fn all(&self) -> impl Iterator<Item = (usize, &Queue)> {
        self.all.iter().enumerate()
    }

    /// Whether the host knows that a request is over.
    pub(crate) fn is_over(&self, place: usize, num: u64) -> bool {
        num <= self.all.get(place).map_or(0, |queue| queue.seen)
    }

    /// The side of a finding that a request is.
    pub(crate) fn side(&self, place: usize, num: u64, uses: Option<Use>) -> Side {
        let unit = UnitId::at(place);
        match self.at(place).request(num) {
            Some(Request { call, thread, site, .. }) => {
                Side { call, request: Some((unit, num)), uses, thread: *thread, site: *site }
            }
            None => {
                Side { call: "a request", request: Some((unit, num)), uses, thread: 0, site: Site::Unknown }
            }
        }
    }
}

impl Queue {
    pub(crate) fn request(&self, num: u64) -> Option<&Request> {
        let index = usize::try_from(num.checked_sub(self.first)?).ok()?;
        self.requests.get(index)?.as_ref()
    }

    pub(crate) fn request_mut(&mut self, num: u64) -> Option<&mut Request> {
        let index = usize::try_from(num.checked_sub(self.first)?).ok()?;
        self.requests.get_mut(index)?.as_mut()
    }

    /// Requests that are not over, with their numbers.
    pub(crate) fn open(&self) -> impl Iterator<Item = (u64, &Request)> {
        let numbered = self.requests.iter().zip(self.first..);
        numbered.filter_map(|(request, num)| Some((num, request.as_ref()?)))
    }

    /// Enters request `num`. Threads may enter theirs in another order than that of the numbers.
    pub(crate) fn enter(&mut self, num: u64, request: Request) {
        let Some(index) = num.checked_sub(self.first) else { return };
        let index = usize::try_from(index).unwrap_or(usize::MAX);
        if index > 2 * KNOWN_MAX {
            // Far behind: what was known is of no use any more.
            self.requests.clear();
            self.first = num;
            self.requests.push_back(Some(request));
            return;
        }
        while self.requests.len() < index {
            self.requests.push_back(None);
        }
        match self.requests.get_mut(index) {
            Some(place) => *place = Some(request),
            None => self.requests.push_back(Some(request)),
        }
        while self.requests.len() > KNOWN_MAX {
            self.requests.pop_front();
            self.first += 1;
        }
    }

    /// The host has seen that all up to `num` are completed, as they are.
    pub(crate) fn see(&mut self, num: u64) {
        let count = usize::try_from((num + 1).saturating_sub(self.first)).unwrap_or(usize::MAX);
        for _ in 0..count.min(self.requests.len()) {
            self.requests.pop_front();
        }
        self.seen = self.seen.max(num);
        self.first = self.first.max(self.seen + 1);
    }
}
