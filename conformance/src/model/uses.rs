//! What is in flight: which requests touch which bytes, so that a program knows what to wait for.

use super::tensor::Span;

/// A request: the number of its queue, and its own there.
pub type Request = (usize, u64);

/// Whether bytes are looked at or changed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Access {
    /// Looked at.
    Read,
    /// Changed.
    Write,
}

/// The uses of bytes by requests that may not have completed.
#[derive(Debug, Clone, Default)]
pub struct Uses(Vec<(Request, Span, Access)>);

impl Uses {
    /// A request that was submitted uses these bytes.
    pub fn add(&mut self, request: Request, span: Span, access: Access) {
        self.0.push((request, span, access));
    }

    /// A queue has completed its requests up to this number.
    pub fn end(&mut self, queue: usize, number: u64) {
        self.0.retain(|((of, num), ..)| *of != queue || *num > number);
    }

    /// The request to wait for, on each queue the last one, before these bytes are used; `on` is the queue that uses them,
    /// which does its requests in order and need not be waited for.
    #[must_use]
    pub fn before(&self, span: &Span, access: Access, on: Option<usize>) -> Vec<Request> {
        let conflicts = self.0.iter().filter(|((queue, _), used, how)| {
            let changes = access == Access::Write || *how == Access::Write;
            changes && on != Some(*queue) && used.overlaps(span)
        });
        let mut last: Vec<Request> = Vec::new();
        for ((queue, number), ..) in conflicts {
            match last.iter_mut().find(|(of, _)| of == queue) {
                Some((_, known)) => *known = (*known).max(*number),
                None => last.push((*queue, *number)),
            }
        }
        last
    }
}

#[cfg(test)]
mod tests {
    use super::{Access::Read, Access::Write, Span, Uses};

    fn span(bytes: std::ops::Range<usize>) -> Span {
        Span { storage: 0, bytes }
    }

    #[test]
    fn readers_wait_for_writers_and_writers_for_both() {
        let mut uses = Uses::default();
        uses.add((0, 1), span(0..4), Read);
        uses.add((1, 1), span(4..8), Write);
        assert_eq!(uses.before(&span(0..4), Read, None), []);
        assert_eq!(uses.before(&span(0..4), Write, None), [(0, 1)]);
        assert_eq!(uses.before(&span(4..8), Read, None), [(1, 1)]);
        assert_eq!(uses.before(&span(3..5), Write, None), [(0, 1), (1, 1)]);
        assert_eq!(uses.before(&span(8..9), Write, None), []);
        assert_eq!(uses.before(&Span { storage: 1, bytes: 0..8 }, Write, None), []);
    }

    #[test]
    fn a_queue_does_not_wait_for_itself() {
        let mut uses = Uses::default();
        uses.add((0, 1), span(0..4), Write);
        uses.add((1, 1), span(0..4), Write);
        assert_eq!(uses.before(&span(0..1), Read, Some(0)), [(1, 1)]);
        assert_eq!(uses.before(&span(0..1), Read, Some(2)), [(0, 1), (1, 1)]);
    }

    #[test]
    fn the_last_of_a_queue_is_enough() {
        let mut uses = Uses::default();
        for number in [1, 3, 2] {
            uses.add((5, number), span(0..4), Write);
        }
        assert_eq!(uses.before(&span(0..1), Read, None), [(5, 3)]);
    }

    #[test]
    fn what_has_completed_is_in_nobodys_way() {
        let mut uses = Uses::default();
        for request in [(0, 1), (0, 2), (1, 1)] {
            uses.add(request, span(0..4), Write);
        }
        uses.end(0, 1);
        assert_eq!(uses.before(&span(0..1), Read, None), [(0, 2), (1, 1)]);
        uses.end(0, 2);
        assert_eq!(uses.before(&span(0..1), Read, None), [(1, 1)]);
        uses.end(1, 0);
        assert_eq!(uses.before(&span(0..1), Read, None), [(1, 1)]);
    }
}
