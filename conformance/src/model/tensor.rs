//! Tensors: views of bytes that they may share.

use std::ops::Range;

/// A stretch of the bytes that tensors share, by which it is known what touches what.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Span {
    /// Which bytes.
    pub storage: usize,
    /// Their places.
    pub bytes: Range<usize>,
}

/// All tensors there have been. They are known by numbers, which count up.
#[derive(Debug, Clone, Default)]
pub struct Tensors {
    storages: Vec<Vec<u8>>,
    views: Vec<View>,
}

#[derive(Debug, Clone)]
struct View {
    span: Span,
    core: u32,
    is_live: bool,
}

impl Span {
    /// Whether they have a byte in common.
    #[must_use]
    pub fn overlaps(&self, other: &Span) -> bool {
        self.storage == other.storage
            && self.bytes.start < other.bytes.end
            && other.bytes.start < self.bytes.end
    }
}

impl Tensors {
    /// A tensor of its own bytes, all `byte`.
    pub fn allocate(&mut self, core: u32, size: usize, byte: u8) -> usize {
        self.storages.push(vec![byte; size]);
        self.view(Span { storage: self.storages.len() - 1, bytes: 0..size }, core)
    }

    /// A tensor of bytes of another; `None` if that has not so many there.
    pub fn slice(&mut self, of: usize, offset: usize, size: usize) -> Option<usize> {
        let span = self.span(of, offset, size)?;
        Some(self.view(span, self.views[of].core))
    }

    fn view(&mut self, span: Span, core: u32) -> usize {
        self.views.push(View { span, core, is_live: true });
        self.views.len() - 1
    }

    /// Ends a tensor. Bytes that others share stay.
    pub fn free(&mut self, tensor: usize) {
        self.views[tensor].is_live = false;
    }

    /// Those that have not been freed.
    #[must_use]
    pub fn live(&self) -> Vec<usize> {
        (0..self.views.len()).filter(|tensor| self.views[*tensor].is_live).collect()
    }

    /// Bytes of storage that live tensors hold on a core.
    #[must_use]
    pub fn held(&self, core: u32) -> usize {
        let is_held = |storage: usize| {
            let mut views = self.views.iter();
            views.any(|view| view.is_live && view.core == core && view.span.storage == storage)
        };
        let held = (0..self.storages.len()).filter(|storage| is_held(*storage));
        held.map(|storage| self.storages[storage].len()).sum()
    }

    /// How many bytes it has.
    #[must_use]
    pub fn size(&self, tensor: usize) -> usize {
        self.views[tensor].span.bytes.len()
    }

    /// The core whose memory it is in.
    #[must_use]
    pub fn core(&self, tensor: usize) -> u32 {
        self.views[tensor].core
    }

    /// The bytes behind a part of a tensor; `None` if it was freed or has not so many there.
    #[must_use]
    pub fn span(&self, tensor: usize, offset: usize, size: usize) -> Option<Span> {
        let view = &self.views[tensor];
        let end = offset.checked_add(size)?;
        let fits = view.is_live && end <= view.span.bytes.len();
        let start = view.span.bytes.start;
        fits.then(|| Span { storage: view.span.storage, bytes: start + offset..start + end })
    }

    /// What it holds.
    #[must_use]
    pub fn read(&self, span: &Span) -> &[u8] {
        &self.storages[span.storage][span.bytes.clone()]
    }

    /// Changes what it holds.
    ///
    /// # Panics
    /// If there are not as many bytes as places.
    pub fn write(&mut self, span: &Span, bytes: &[u8]) {
        self.storages[span.storage][span.bytes.clone()].copy_from_slice(bytes);
    }
}

#[cfg(test)]
mod tests {
    use super::{Span, Tensors};

    #[test]
    fn a_tensor_holds_what_was_written() {
        let mut tensors = Tensors::default();
        let [a, b] = [tensors.allocate(1, 4, 9), tensors.allocate(2, 3, 0)];
        assert_eq!((tensors.size(a), tensors.core(a), tensors.size(b), tensors.core(b)), (4, 1, 3, 2));
        let middle = tensors.span(a, 1, 2).expect("it is within");
        assert_eq!(middle, Span { storage: 0, bytes: 1..3 });
        tensors.write(&middle, &[5, 6]);
        let all = |tensor| tensors.read(&tensors.span(tensor, 0, tensors.size(tensor)).expect("all of it"));
        assert_eq!((all(a), all(b)), (&[9, 5, 6, 9][..], &[0; 3][..]));
    }

    #[test]
    fn nothing_is_past_the_end() {
        let mut tensors = Tensors::default();
        let whole = tensors.allocate(0, 8, 0);
        assert!(tensors.span(whole, 0, 8).is_some() && tensors.span(whole, 8, 0).is_some());
        for (offset, size) in [(0, 9), (1, 8), (8, 1), (9, 0), (usize::MAX, 2), (2, usize::MAX)] {
            assert_eq!(tensors.span(whole, offset, size), None);
            assert_eq!(tensors.slice(whole, offset, size), None);
        }
        let part = tensors.slice(whole, 2, 4).expect("it is within");
        assert!(tensors.span(part, 1, 3).is_some() && tensors.span(part, 1, 4).is_none());
    }

    #[test]
    fn a_slice_shares_its_bytes_and_offsets_add_up() {
        let mut tensors = Tensors::default();
        let whole = tensors.allocate(3, 8, 0);
        let part = tensors.slice(whole, 2, 5).expect("it is within");
        let inner = tensors.slice(part, 1, 3).expect("it is within");
        assert_eq!((tensors.size(inner), tensors.core(inner)), (3, 3));
        let span = tensors.span(inner, 1, 2).expect("it is within");
        assert_eq!(span.bytes, 4..6);
        tensors.write(&span, &[1, 2]);
        let seen = tensors.span(whole, 0, 8).expect("all of it");
        assert_eq!(tensors.read(&seen), [0, 0, 0, 0, 1, 2, 0, 0]);
    }

    #[test]
    fn bytes_stay_until_the_last_of_their_tensors_is_freed() {
        let mut tensors = Tensors::default();
        let [whole, other] = [tensors.allocate(0, 8, 7), tensors.allocate(1, 5, 0)];
        let part = tensors.slice(whole, 1, 2).expect("it is within");
        assert_eq!((tensors.held(0), tensors.held(1), tensors.held(2)), (8, 5, 0));
        tensors.free(whole);
        assert_eq!(tensors.live(), [other, part]);
        assert_eq!(tensors.span(whole, 0, 1), None);
        assert_eq!(tensors.slice(whole, 0, 1), None);
        let span = tensors.span(part, 0, 2).expect("it is live");
        assert_eq!((tensors.read(&span), tensors.held(0)), (&[7, 7][..], 8));
        tensors.free(part);
        assert_eq!((tensors.held(0), tensors.held(1), tensors.live()), (0, 5, vec![other]));
    }

    #[test]
    fn spans_overlap_where_they_share_a_byte() {
        let span = |storage, bytes| Span { storage, bytes };
        assert!(span(0, 2..4).overlaps(&span(0, 3..5)) && span(0, 3..5).overlaps(&span(0, 2..4)));
        assert!(span(0, 0..9).overlaps(&span(0, 4..5)) && span(0, 4..5).overlaps(&span(0, 0..9)));
        assert!(!span(0, 2..4).overlaps(&span(0, 4..5)) && !span(0, 4..5).overlaps(&span(0, 2..4)));
        assert!(!span(0, 2..4).overlaps(&span(1, 2..4)));
        assert!(!span(0, 3..3).overlaps(&span(0, 3..5)) && !span(0, 3..5).overlaps(&span(0, 3..3)));
    }
}
