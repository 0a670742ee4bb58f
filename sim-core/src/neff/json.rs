//! Lists and tables that stop growing: a small file must not become a large structure.

use std::collections::BTreeMap;
use std::fmt;
use std::marker::PhantomData;

use serde::de::{Deserialize, Deserializer, Error, MapAccess, SeqAccess, Visitor};

/// A JSON array of at most `MAX` elements.
#[derive(Debug, Clone)]
pub(super) struct List<T, const MAX: usize>(pub(super) Vec<T>);

impl<T, const MAX: usize> Default for List<T, MAX> {
    fn default() -> List<T, MAX> {
        List(Vec::new())
    }
}

impl<'de, T: Deserialize<'de>, const MAX: usize> Deserialize<'de> for List<T, MAX> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_seq(ListVisitor(PhantomData))
    }
}

struct ListVisitor<T, const MAX: usize>(PhantomData<T>);

impl<'de, T: Deserialize<'de>, const MAX: usize> Visitor<'de> for ListVisitor<T, MAX> {
    type Value = List<T, MAX>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "an array of at most {MAX}")
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut seq: A) -> Result<Self::Value, A::Error> {
        let mut list = Vec::new();
        while let Some(element) = seq.next_element()? {
            if list.len() == MAX {
                return Err(A::Error::invalid_length(MAX + 1, &self));
            }
            list.push(element);
        }
        Ok(List(list))
    }
}

/// A JSON object of which the values that matter are kept, at most `MAX` of them.
#[derive(Debug, Clone)]
pub(super) struct Table<T, const MAX: usize>(pub(super) BTreeMap<String, T>);

/// Which values of a [`Table`] matter.
pub(super) trait Keep {
    fn keep(&self) -> bool;
}

impl<T, const MAX: usize> Default for Table<T, MAX> {
    fn default() -> Table<T, MAX> {
        Table(BTreeMap::new())
    }
}

impl<'de, T: Deserialize<'de> + Keep, const MAX: usize> Deserialize<'de> for Table<T, MAX> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_map(TableVisitor(PhantomData))
    }
}

struct TableVisitor<T, const MAX: usize>(PhantomData<T>);

impl<'de, T: Deserialize<'de> + Keep, const MAX: usize> Visitor<'de> for TableVisitor<T, MAX> {
    type Value = Table<T, MAX>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "an object of at most {MAX} relevant entries")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Self::Value, A::Error> {
        let mut table = BTreeMap::new();
        while let Some((name, value)) = map.next_entry::<String, T>()? {
            if !value.keep() {
                continue;
            }
            if table.len() == MAX {
                return Err(A::Error::invalid_length(MAX + 1, &self));
            }
            table.insert(name, value);
        }
        Ok(Table(table))
    }
}
