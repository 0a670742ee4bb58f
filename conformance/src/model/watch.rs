//! Events: how often an eventfd may, and must, have been written.

use super::queue::Queue;

/// An eventfd that hears of completions of one queue, from a moment on at which it was not quite known how many there had
/// been.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Watch {
    known: u64,
    submitted: u64,
    counted: u64,
}

impl Watch {
    /// It is registered now, with the queue.
    #[must_use]
    pub fn new(queue: &Queue) -> Watch {
        Watch { known: queue.completed(), submitted: queue.submitted(), counted: 0 }
    }

    /// So many events were read. False if there cannot have been so many.
    #[must_use]
    pub fn counts(&mut self, events: u64, queue: &Queue) -> bool {
        self.counted += events;
        self.counted <= queue.submitted() - self.known
    }

    /// How many more have to come for what is known to have completed since.
    #[must_use]
    pub fn owes(&self, queue: &Queue) -> u64 {
        queue.completed().saturating_sub(self.submitted).saturating_sub(self.counted)
    }
}

#[cfg(test)]
mod tests {
    use super::{Queue, Watch};

    fn submit(queue: &mut Queue, count: u64) {
        for _ in 0..count {
            assert!(queue.accept().is_some());
        }
    }

    #[test]
    fn each_completion_after_it_was_registered_is_one_event() {
        let mut queue = Queue::default();
        submit(&mut queue, 2);
        assert!(queue.shows(2));
        let mut watch = Watch::new(&queue);
        assert_eq!(watch.owes(&queue), 0);
        submit(&mut queue, 3);
        assert_eq!(watch.owes(&queue), 0, "nothing has completed yet");
        assert!(queue.shows(4));
        assert_eq!(watch.owes(&queue), 2);
        assert!(watch.counts(1, &queue));
        assert_eq!(watch.owes(&queue), 1);
        assert!(watch.counts(2, &queue), "the third may have completed unseen");
        assert_eq!(watch.owes(&queue), 0);
        assert!(!watch.counts(1, &queue));
    }

    #[test]
    fn what_was_in_flight_when_it_was_registered_may_count_or_not() {
        let mut queue = Queue::default();
        submit(&mut queue, 3);
        assert!(queue.shows(1));
        let watch = Watch::new(&queue);
        submit(&mut queue, 1);
        assert!(queue.shows(4));
        assert_eq!(watch.owes(&queue), 1);
        for (events, may_be) in [(0, true), (1, true), (3, true), (4, false)] {
            assert_eq!(watch.clone().counts(events, &queue), may_be);
        }
    }
}
