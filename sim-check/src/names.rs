//! The names of tensors, for findings.

use std::collections::VecDeque;

use rustc_hash::FxHashMap;

use crate::finding::Use;
use crate::memory::{Open, Owner};

/// Freed tensors whose names are kept.
const FREED_MAX: usize = 1024;

#[derive(Default)]
pub(crate) struct Names {
    names: FxHashMap<u64, Box<str>>,
    freed: VecDeque<u64>,
}

impl Names {
    pub(crate) fn add(&mut self, id: u64, name: &str) {
        self.names.insert(id, name.into());
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
            Owner::Tensor { id, base } => {
                let name = self.names.get(&id).map_or("of a name that is forgotten", |name| name);
                (format!("tensor {name:?}"), base)
            }
        };
        let bytes = open.bytes.start.saturating_sub(base)..open.bytes.end.saturating_sub(base);
        Use { what, bytes, writes: open.writes }
    }
}
