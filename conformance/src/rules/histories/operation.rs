//! What a program may do next, in a form that stays meaningful when it is made smaller: numbers are taken modulo what
//! exists.

use proptest::collection::vec;
use proptest::prelude::{BoxedStrategy, Just, Strategy, any};
use proptest::prop_oneof;

/// A part of a tensor: which tensor, where the part begins, and how long it is.
#[derive(Debug, Clone, Copy)]
pub(super) struct Piece(pub(super) u8, pub(super) u8, pub(super) u8);

/// One step of a program.
#[derive(Debug, Clone, Copy)]
pub(super) enum Operation {
    /// A new tensor on a core, of so many bytes, all the same.
    Allocate(u8, u8, u8),
    Slice(Piece),
    Free(u8),
    Write(Piece, u8),
    Read(Piece),
    Memset(Piece, u8),
    /// To a tensor, from an offset of it on.
    Copy(Piece, u8, u8),
    NewSet,
    /// To a set, under a name, a tensor.
    Add(u8, u8, u8),
    /// From a set, by a name.
    Get(u8, u8),
    DropSet(u8),
    Load(u8),
    Unload(u8),
    Run(u8),
    Schedule(u8),
    /// The same as above, asynchronously, on a queue.
    Send(Piece, u8, u8),
    Fetch(Piece, u8),
    Move(Piece, u8, u8, u8),
    /// Whether a request has completed.
    Ask(u8),
    /// What a queue has completed.
    Look(u8),
    /// Until a queue has nothing left to do.
    Wait(u8),
    /// An event for a request.
    Promise(u8),
    /// Events for a queue.
    Watch(u8),
    /// Events that have come.
    Count(u8),
    /// No more events for a queue.
    Unwatch(u8),
}

fn piece() -> impl Strategy<Value = Piece> {
    any::<(u8, u8, u8)>().prop_map(|(tensor, offset, size)| Piece(tensor, offset, size))
}

fn byte() -> impl Strategy<Value = u8> {
    any::<u8>()
}

/// Tensors, and blocking calls.
fn tensors() -> BoxedStrategy<Operation> {
    prop_oneof![
        2 => any::<(u8, u8, u8)>().prop_map(|(core, size, byte)| Operation::Allocate(core, size, byte)),
        2 => piece().prop_map(Operation::Slice),
        1 => byte().prop_map(Operation::Free),
        4 => (piece(), byte()).prop_map(|(piece, seed)| Operation::Write(piece, seed)),
        4 => piece().prop_map(Operation::Read),
        1 => (piece(), byte()).prop_map(|(piece, byte)| Operation::Memset(piece, byte)),
        2 => (piece(), byte(), byte()).prop_map(|(piece, to, at)| Operation::Copy(piece, to, at)),
    ]
    .boxed()
}

/// Sets and blocking runs.
fn runs() -> BoxedStrategy<Operation> {
    prop_oneof![
        1 => Just(Operation::NewSet),
        3 => any::<(u8, u8, u8)>().prop_map(|(set, name, tensor)| Operation::Add(set, name, tensor)),
        3 => any::<(u8, u8)>().prop_map(|(set, name)| Operation::Get(set, name)),
        1 => byte().prop_map(Operation::DropSet),
        1 => byte().prop_map(Operation::Load),
        1 => byte().prop_map(Operation::Unload),
        4 => byte().prop_map(Operation::Run),
    ]
    .boxed()
}

/// Requests, and looks at queues.
fn requests() -> BoxedStrategy<Operation> {
    prop_oneof![
        4 => (piece(), byte(), byte()).prop_map(|(piece, seed, queue)| Operation::Send(piece, seed, queue)),
        4 => (piece(), byte()).prop_map(|(piece, queue)| Operation::Fetch(piece, queue)),
        3 => (piece(), byte(), byte(), byte())
            .prop_map(|(piece, to, at, queue)| Operation::Move(piece, to, at, queue)),
        5 => byte().prop_map(Operation::Schedule),
        1 => byte().prop_map(Operation::Load),
        3 => byte().prop_map(Operation::Ask),
        3 => byte().prop_map(Operation::Look),
        1 => byte().prop_map(Operation::Wait),
    ]
    .boxed()
}

fn events() -> BoxedStrategy<Operation> {
    prop_oneof![
        3 => byte().prop_map(Operation::Promise),
        3 => byte().prop_map(Operation::Watch),
        2 => byte().prop_map(Operation::Count),
        1 => byte().prop_map(Operation::Unwatch),
    ]
    .boxed()
}

/// Programs of blocking calls on tensors.
pub(super) fn with_tensors() -> impl Strategy<Value = Vec<Operation>> {
    vec(tensors(), 1..40)
}

/// Programs of blocking calls.
pub(super) fn with_runs() -> impl Strategy<Value = Vec<Operation>> {
    vec(prop_oneof![2 => tensors(), 3 => runs()], 1..30)
}

/// Programs of calls of all kinds but those on events.
pub(super) fn with_requests() -> impl Strategy<Value = Vec<Operation>> {
    vec(prop_oneof![2 => tensors(), 1 => runs(), 5 => requests()], 1..40)
}

/// Programs of all that is asynchronous.
pub(super) fn with_events() -> impl Strategy<Value = Vec<Operation>> {
    vec(prop_oneof![1 => tensors(), 4 => requests(), 3 => events()], 1..40)
}
