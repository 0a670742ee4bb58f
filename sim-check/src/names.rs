//! The names of tensors, for findings.

use std::collections::VecDeque;

use rustc_hash::FxHashMap;

use crate::finding::Use;
use crate::memory::{Open, Owner};

/// Freed tensors whose names are kept.
const FREED_MAX: usize = 1024;

#[derive(Default)]
pub(crate) struct Names {
    /// The name, and where the bytes begin.
    names: FxHashMap<u64, (Box<str>, usize)>,
    freed: VecDeque<u64>,
}

impl Names {
    pub(crate) fn add(&mut self, id: u64, name: &str, base: usize) {
        self.names.insert(id, (name.into(), base));
    }

    /// The tensor is freed; its name is kept for a while.
    pub(crate) fn end(&mut self, id: u64) {
        self.freed.push_back(id);
        if self.freed.len() > FREED_MAX
            && let Some(old) = self.freed.pop_front()
        {
            self.names.remove(&old);
        }
    }

    pub(crate) fn uses(&self, open: &Open) -> Use {
        let (what, base) = match open.owner {
            Owner::Host => ("host memory".to_owned(), 0),
            Owner::Tensor(id) => match self.names.get(&id) {
                Some((name, base)) => (format!("tensor {name:?}"), *base),
                None => ("a tensor of which nothing is known any more".to_owned(), 0),
            },
        };
        let bytes = open.bytes.start.saturating_sub(base)..open.bytes.end.saturating_sub(base);
        Use { what, bytes, writes: open.writes }
    }
}
