//! Queues: numbers that count up, completed in their order.

/// A queue, as far as it is known from what it has answered.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Queue {
    submitted: u64,
    completed: u64,
    capacity: Option<u64>,
}

impl Queue {
    /// A queue that takes so many requests, the running one counted; `None` if that is not known.
    #[must_use]
    pub fn new(capacity: Option<u64>) -> Queue {
        Queue { submitted: 0, completed: 0, capacity }
    }

    /// The last number it has given.
    #[must_use]
    pub fn submitted(&self) -> u64 {
        self.submitted
    }

    /// A number that it is known to have completed, the highest one.
    #[must_use]
    pub fn completed(&self) -> u64 {
        self.completed
    }

    /// The number that it gives to the request which it has just taken; `None` if it cannot have had a place for it.
    pub fn accept(&mut self) -> Option<u64> {
        let number = self.submitted + 1;
        if let Some(capacity) = self.capacity {
            // As many as it has no place for must have completed.
            let ended = number.saturating_sub(capacity);
            if ended > self.submitted {
                return None;
            }
            self.completed = self.completed.max(ended);
        }
        self.submitted = number;
        Some(number)
    }

    /// Whether it may be full, so that it takes nothing.
    #[must_use]
    pub fn may_be_full(&self) -> bool {
        self.capacity.is_none_or(|capacity| self.submitted - self.completed >= capacity)
    }

    /// It has shown this number as the last one completed. False if that cannot be.
    #[must_use]
    pub fn shows(&mut self, number: u64) -> bool {
        let may_be = (self.completed..=self.submitted).contains(&number);
        if may_be {
            self.completed = number;
        }
        may_be
    }

    /// It has answered whether this number has completed. False if that cannot be.
    #[must_use]
    pub fn answers(&mut self, number: u64, completed: bool) -> bool {
        if !completed {
            return number > self.completed;
        }
        let may_be = number <= self.submitted;
        if may_be {
            self.completed = self.completed.max(number);
        }
        may_be
    }
}

#[cfg(test)]
mod tests {
    use super::Queue;

    fn after(accepted: u64, capacity: Option<u64>) -> Queue {
        let mut queue = Queue::new(capacity);
        for number in 1..=accepted {
            assert_eq!(queue.accept(), Some(number));
        }
        queue
    }

    #[test]
    fn numbers_count_up_from_one() {
        let queue = after(3, None);
        assert_eq!((queue.submitted(), queue.completed()), (3, 0));
    }

    #[test]
    fn what_is_shown_was_submitted_and_never_goes_back() {
        let mut queue = after(3, None);
        assert!(queue.shows(0) && queue.shows(2) && queue.shows(2));
        assert_eq!(queue.completed(), 2);
        assert!(!queue.shows(1) && !queue.shows(4));
        assert_eq!(queue.completed(), 2);
        assert!(queue.shows(3));
    }

    #[test]
    fn answers_agree_with_each_other() {
        let mut queue = after(3, None);
        assert!(queue.answers(1, false) && queue.answers(9, false) && !queue.answers(0, false));
        assert!(!queue.answers(4, true) && queue.answers(2, true));
        assert_eq!(queue.completed(), 2);
        assert!(!queue.answers(2, false) && !queue.answers(1, false) && queue.answers(3, false));
        assert!(queue.answers(1, true), "what came before has completed too");
        assert_eq!(queue.completed(), 2, "that says nothing new");
        assert!(queue.answers(0, true));
        assert!(!queue.shows(1) && queue.shows(3));
    }

    #[test]
    fn a_queue_is_full_at_its_capacity() {
        assert!(after(0, None).may_be_full(), "where it is not known, at any time");
        assert!(!after(1, Some(2)).may_be_full());
        let mut queue = after(2, Some(2));
        assert!(queue.may_be_full() && queue.answers(1, true));
        assert!(!queue.may_be_full());
        assert_eq!(queue.accept(), Some(3));
        assert!(queue.may_be_full());
    }

    #[test]
    fn who_gets_a_place_knows_that_one_was_free() {
        let mut queue = after(2, Some(2));
        assert_eq!((queue.accept(), queue.completed()), (Some(3), 1));
        assert!(!queue.shows(0) && queue.shows(1));
        let mut narrow = Queue::new(Some(0));
        assert_eq!((narrow.accept(), narrow.submitted()), (None, 0));
        let mut far = after(3, Some(3));
        assert!(far.shows(3));
        assert_eq!((far.accept(), far.completed()), (Some(4), 3), "that says nothing new");
    }
}
