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

    /// So many events were read.
    pub fn read(&mut self, events: u64) {
        self.counted += events;
    }

    /// How many more may have come by now.
    #[must_use]
    pub fn may(&self, queue: &Queue) -> u64 {
        (queue.submitted() - self.known).saturating_sub(self.counted)
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
        assert_eq!((watch.owes(&queue), watch.may(&queue)), (2, 3), "the third may have completed unseen");
        watch.read(1);
        assert_eq!((watch.owes(&queue), watch.may(&queue)), (1, 2));
        watch.read(2);
        assert_eq!((watch.owes(&queue), watch.may(&queue)), (0, 0));
        watch.read(1);
        assert_eq!((watch.owes(&queue), watch.may(&queue)), (0, 0));
    }

    #[test]
    fn what_was_in_flight_when_it_was_registered_may_count_or_not() {
        let mut queue = Queue::default();
        submit(&mut queue, 3);
        assert!(queue.shows(1));
        let watch = Watch::new(&queue);
        assert_eq!((watch.owes(&queue), watch.may(&queue)), (0, 2));
        submit(&mut queue, 1);
        assert!(queue.shows(4));
        assert_eq!((watch.owes(&queue), watch.may(&queue)), (1, 3));
    }
}
