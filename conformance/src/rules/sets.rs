//! Tensor sets.

pub(super) mod queued;

use std::collections::BTreeMap;

use proptest::collection::vec;
use proptest::prelude::{Strategy, prop_oneof};

use crate::abi::Status;
use crate::rule::Rule;
use crate::rule::Source::{ClientCode, Documented, Observed};
use crate::session::{Argument, Place, Session};
use crate::verdict::Outcome;

pub(super) const RULES: &[Rule] = &[
    Rule::new(
        "NRT-SET-001",
        "A set gives the tensor that was added under a name.",
        Documented,
        "developer guide, tensor sets",
        gives_what_was_added,
    ),
    Rule::new(
        "NRT-SET-002",
        "Adding under a name that a set has replaces the tensor there, which lives on.",
        Documented,
        "developer guide, tensor sets",
        adding_replaces,
    ),
    Rule::new(
        "NRT-SET-003",
        "A name that a set does not have is answered with NRT_FAILURE.",
        Observed,
        "observed in 2.31.24",
        missing_name,
    ),
    Rule::new(
        "NRT-SET-004",
        "A name that a set does not have leaves the place for the tensor as it was.",
        Observed,
        "observed in 2.31.24",
        missing_name_writes_nothing,
    ),
    Rule::new(
        "NRT-SET-005",
        "Names that are NULL are refused, without a crash.",
        ClientCode,
        "a crash probe calls with missing arguments",
        null_name,
    ),
    Rule::new(
        "NRT-SET-006",
        "Sets and tensors that are NULL are refused, without a crash.",
        ClientCode,
        "a crash probe calls with missing arguments",
        null_handles,
    ),
    Rule::new(
        "NRT-SET-007",
        "nrt_destroy_tensor_set sets the handle to NULL.",
        Documented,
        "developer guide, tensor sets",
        destroy_clears_the_handle,
    ),
    Rule::new(
        "NRT-SET-008",
        "nrt_destroy_tensor_set leaves the tensors of the set alive, with their bytes.",
        Documented,
        "header nrt.h, nrt_destroy_tensor_set",
        destroy_leaves_tensors,
    ),
    Rule::new(
        "NRT-SET-009",
        "nrt_destroy_tensor_set of a handle that is NULL does nothing.",
        ClientCode,
        "a crash probe calls with missing arguments",
        destroy_of_nothing,
    ),
    Rule::new(
        "NRT-SET-010",
        "A set may be destroyed after tensors in it have been freed.",
        ClientCode,
        "the vendor's sample frees tensors first",
        freed_in_a_set,
    ),
    Rule::new(
        "NRT-SET-011",
        "A tensor may be in many sets, and under many names in one.",
        Documented,
        "developer guide, tensor sets",
        many_places,
    ),
    Rule::new(
        "NRT-SET-012",
        "The name that a tensor was made with plays no part in a set.",
        Observed,
        "observed in 2.31.24",
        own_name_is_unknown,
    ),
    Rule::new(
        "NRT-SET-013",
        "What is added to a set is in no other.",
        Documented,
        "developer guide, tensor sets",
        sets_are_apart,
    ),
    Rule::new(
        "NRT-SET-014",
        "A set keeps the text of a name: the caller may change it afterwards.",
        Observed,
        "observed in 2.31.24",
        name_is_copied,
    ),
    Rule::new(
        "NRT-SET-015",
        "Names of up to 255 characters are told apart by their last one.",
        Observed,
        "observed in 2.31.24",
        long_names,
    )
    .drawn(10),
    Rule::new(
        "NRT-SET-016",
        "A set gives what was last added under each name, whatever is added in which order.",
        Documented,
        "developer guide, tensor sets",
        as_a_map,
    )
    .drawn(10),
];

/// Bytes of the tensors here.
const SIZE: usize = 256;

fn add(s: &Session, set: Place, name: &str, tensor: Place) -> Outcome {
    let arguments = [set.into(), name.into(), tensor.into()];
    s.call("nrt_add_tensor_to_tensor_set", arguments)?.is(Status::SUCCESS)
}

/// The rule wants `name` to stand for `tensor` in the set.
fn finds(s: &Session, set: Place, name: &str, tensor: Place) -> Outcome {
    let found = s.pointer('t');
    let arguments = [set.into(), name.into(), found.at()];
    s.call("nrt_get_tensor_from_tensor_set", arguments)?.is(Status::SUCCESS)?;
    let in_c = format!("{} == {}", found.name, tensor.name);
    s.check(found.value() == tensor.value(), in_c, format!("{name:?} gives another tensor"))
}

/// The rule wants `name` to stand for nothing.
fn misses(s: &Session, set: Place, name: &str) -> Outcome {
    let found = s.pointer('t');
    let arguments = [set.into(), name.into(), found.at()];
    s.call("nrt_get_tensor_from_tensor_set", arguments)?.is(Status::FAILURE)
}

fn destroy(s: &Session, set: Place) -> Outcome {
    s.call("nrt_destroy_tensor_set", [set.at()]).map(crate::session::Answer::ignored)
}

fn gives_what_was_added(s: &Session) -> Outcome {
    s.init()?;
    let (set, tensors) = (s.set()?, [s.tensor(0, SIZE)?, s.tensor(0, SIZE)?]);
    add(s, set, "first", tensors[0])?;
    add(s, set, "second", tensors[1])?;
    finds(s, set, "first", tensors[0])?;
    finds(s, set, "second", tensors[1])
}

fn adding_replaces(s: &Session) -> Outcome {
    s.init()?;
    let (set, tensors) = (s.set()?, [s.filled_tensor(0, SIZE, 1)?, s.tensor(0, SIZE)?]);
    add(s, set, "x", tensors[0])?;
    add(s, set, "x", tensors[1])?;
    finds(s, set, "x", tensors[1])?;
    let replaced = s.read(tensors[0], SIZE)?;
    s.holds(replaced, 0, SIZE, 1, 0)
}

fn missing_name(s: &Session) -> Outcome {
    s.init()?;
    let set = s.set()?;
    add(s, set, "there", s.tensor(0, SIZE)?)?;
    for name in ["elsewhere", "ther", "there ", "There", ""] {
        misses(s, set, name)?;
    }
    Ok(())
}

fn missing_name_writes_nothing(s: &Session) -> Outcome {
    s.init()?;
    let (set, found) = (s.set()?, s.tensor(0, SIZE)?);
    let before = found.value();
    let kept = s.pointer('p');
    s.statement(format!("{} = {}", kept.name, found.name));
    let arguments = [set.into(), "elsewhere".into(), found.at()];
    s.call("nrt_get_tensor_from_tensor_set", arguments)?.is(Status::FAILURE)?;
    let in_c = format!("{} == {}", found.name, kept.name);
    s.check(found.value() == before, in_c, "the place for the tensor was written to")
}

fn null_name(s: &Session) -> Outcome {
    s.init()?;
    let (set, tensor) = (s.set()?, s.tensor(0, SIZE)?);
    s.fails("nrt_add_tensor_to_tensor_set", [set.into(), Argument::null(), tensor.into()])?;
    let found = s.pointer('t');
    s.fails("nrt_get_tensor_from_tensor_set", [set.into(), Argument::null(), found.at()])
}

fn null_handles(s: &Session) -> Outcome {
    s.init()?;
    let (set, tensor, found) = (s.set()?, s.tensor(0, SIZE)?, s.pointer('t'));
    s.fails("nrt_add_tensor_to_tensor_set", [Argument::null(), "x".into(), tensor.into()])?;
    s.fails("nrt_add_tensor_to_tensor_set", [set.into(), "x".into(), Argument::null()])?;
    s.fails("nrt_get_tensor_from_tensor_set", [Argument::null(), "x".into(), found.at()])
}

fn destroy_clears_the_handle(s: &Session) -> Outcome {
    s.init()?;
    let set = s.set()?;
    destroy(s, set)?;
    s.check(set.value() == 0, format!("!{}", set.name), "the handle is not NULL after the end of the set")
}

fn destroy_leaves_tensors(s: &Session) -> Outcome {
    s.init()?;
    let (gone, stays, tensor) = (s.set()?, s.set()?, s.filled_tensor(0, SIZE, 1)?);
    add(s, gone, "x", tensor)?;
    add(s, stays, "x", tensor)?;
    destroy(s, gone)?;
    s.filled_tensor(0, SIZE, 3)?;
    let kept = s.read(tensor, SIZE)?;
    s.holds(kept, 0, SIZE, 1, 0)?;
    finds(s, stays, "x", tensor)
}

fn destroy_of_nothing(s: &Session) -> Outcome {
    s.init()?;
    let (set, other) = (s.set()?, s.set()?);
    let tensor = s.tensor(0, SIZE)?;
    add(s, other, "x", tensor)?;
    destroy(s, set)?;
    destroy(s, set)?;
    finds(s, other, "x", tensor)
}

fn freed_in_a_set(s: &Session) -> Outcome {
    s.init()?;
    let (set, tensor) = (s.set()?, s.tensor(0, SIZE)?);
    add(s, set, "x", tensor)?;
    s.call("nrt_tensor_free", [tensor.at()])?.ignored();
    destroy(s, set)?;
    let (set, tensor) = (s.set()?, s.tensor(0, SIZE)?);
    add(s, set, "x", tensor)?;
    finds(s, set, "x", tensor)
}

fn many_places(s: &Session) -> Outcome {
    s.init()?;
    let (sets, tensor) = ([s.set()?, s.set()?], s.tensor(0, SIZE)?);
    for (set, name) in sets.into_iter().flat_map(|set| ["x", "y", tensor.name].map(|name| (set, name))) {
        add(s, set, name, tensor)?;
    }
    for (set, name) in sets.into_iter().flat_map(|set| ["x", "y", tensor.name].map(|name| (set, name))) {
        finds(s, set, name, tensor)?;
    }
    Ok(())
}

fn own_name_is_unknown(s: &Session) -> Outcome {
    s.init()?;
    let (set, tensor) = (s.set()?, s.tensor(0, SIZE)?);
    add(s, set, "other", tensor)?;
    misses(s, set, tensor.name)
}

fn sets_are_apart(s: &Session) -> Outcome {
    s.init()?;
    let (sets, tensors) = ([s.set()?, s.set()?], [s.tensor(0, SIZE)?, s.tensor(0, SIZE)?]);
    add(s, sets[0], "x", tensors[0])?;
    misses(s, sets[1], "x")?;
    add(s, sets[1], "x", tensors[1])?;
    finds(s, sets[0], "x", tensors[0])
}

fn name_is_copied(s: &Session) -> Outcome {
    s.init()?;
    let (set, tensor, name) = (s.set()?, s.tensor(0, SIZE)?, s.buffer(16));
    let write = |text: &str| {
        s.statement(format!("strcpy((char *){}, \"{text}\")", name.name));
        name.write(0, text.as_bytes());
    };
    write("before");
    let arguments = [set.into(), name.into(), tensor.into()];
    s.call("nrt_add_tensor_to_tensor_set", arguments)?.is(Status::SUCCESS)?;
    write("behind");
    finds(s, set, "before", tensor)?;
    misses(s, set, "behind")
}

fn long_names(s: &Session) -> Outcome {
    let length = s.draw(1..255_usize)?;
    s.init()?;
    let (set, tensors) = (s.set()?, [s.tensor(0, SIZE)?, s.tensor(0, SIZE)?]);
    let names = ["a", "b"].map(|end| "x".repeat(length) + end);
    for (name, tensor) in names.iter().zip(tensors) {
        add(s, set, name, tensor)?;
    }
    for (name, tensor) in names.iter().zip(tensors) {
        finds(s, set, name, tensor)?;
    }
    misses(s, set, &"x".repeat(length))
}

/// What a set is asked to do: the name, and the tensor to add under it, if any.
fn steps() -> impl Strategy<Value = Vec<(String, Option<usize>)>> {
    let name = prop_oneof!["[abc]{1,2}", "[a-z0-9_./:-]{1,40}"];
    vec((name, proptest::option::weighted(0.6, 0..4_usize)), 1..40)
}

fn as_a_map(s: &Session) -> Outcome {
    let steps = s.draw(steps())?;
    s.init()?;
    let set = s.set()?;
    let tensors = (0..4).map(|_| s.tensor(0, SIZE)).collect::<Outcome<Vec<_>>>()?;
    let mut map = BTreeMap::new();
    for (name, tensor) in &steps {
        match tensor {
            Some(index) => {
                add(s, set, name, tensors[*index])?;
                map.insert(name, *index);
            }
            None => match map.get(name) {
                Some(index) => finds(s, set, name, tensors[*index])?,
                None => misses(s, set, name)?,
            },
        }
    }
    map.into_iter().try_for_each(|(name, index)| finds(s, set, name, tensors[index]))
}
