//! Programs built for other releases.

use std::ffi::c_int;
use std::ptr;

use nrt_tests::child::in_child;
use nrt_tests::neff;
use nrt_tests::nrt::{Nrt, Out};

use crate::scene::{INVALID, INVALID_HANDLE, MAX, Places, REPORT, Scene};

/// A call of the one form that reaches the other form's code, in all four functions: the arguments land
/// where the calling convention puts them.
#[test]
fn calls_in_the_form_of_another_release_are_refused() {
    in_child(REPORT, || {
        let mut scene = Scene::new();
        let Scene { nrt, model, tensor, other, inputs, outputs, tracker, .. } = scene;
        // As 2.28 calls it, in the later code. `ret` gets the tracker, or the place of the sequence; what
        // the later form expects after that is whatever is on the stack.
        scene.refuses("nrta_execute_schedule", INVALID, "ret is", |p| {
            (nrt.schedule)(model, inputs, outputs, 0, ptr::without_provenance_mut(tracker as usize), p.at(0))
        });
        let queue = tracker as c_int;
        for garbage in [false, true] {
            let place = |p: &mut Places| if garbage { p.at(3) } else { ptr::null_mut() };
            let says = if garbage { "(queue=-" } else { "req_sequence is NULL" };
            scene.refuses("nrta_tensor_write", INVALID, says, |p| {
                (nrt.write)(tensor, p.at(0), 0, 8, 0, queue, p.at(1), place(p))
            });
            scene.refuses("nrta_tensor_read", INVALID, says, |p| {
                (nrt.read)(p.at(0), tensor, 0, 8, 0, queue, p.at(1), place(p))
            });
            scene.refuses("nrta_tensor_copy", INVALID, says, |p| {
                (nrt.copy)(tensor, 0, other, 0, 8, 0, queue, p.at(1), place(p))
            });
        }
        // As later releases call it, in the code of 2.28: the tracker gets the place of the status, or
        // the queue.
        scene.refuses("nrta_execute_schedule", INVALID_HANDLE, "error tracker", |p| {
            let status: Out<u32> = p.at(0);
            (nrt.old_schedule)(model, inputs, outputs, 0, status.expose_provenance() as u64, p.at(1))
        });
        for (queue, status) in [(0, INVALID), (1, INVALID_HANDLE)] {
            scene.refuses("nrta_tensor_write", status, "error tracker", |p| {
                (nrt.old_write)(tensor, p.at(0), 0, 8, 0, queue, p.at(1))
            });
            scene.refuses("nrta_tensor_read", status, "error tracker", |p| {
                (nrt.old_read)(p.at(0), tensor, 0, 8, 0, queue, p.at(1))
            });
            scene.refuses("nrta_tensor_copy", status, "error tracker", |p| {
                (nrt.old_copy)(tensor, 0, other, 0, 8, 0, queue, p.at(1))
            });
        }
        scene.refuses("nrta_execute_schedule", INVALID, "ret is", |p| {
            let odd = p.at::<u8>(0).wrapping_add(1);
            (nrt.schedule)(model, inputs, outputs, 0, odd.cast(), p.at(1))
        });
    });
}

#[test]
fn structs_that_may_grow_are_cut_to_the_callers_size() {
    in_child(&[], || {
        let nrt = Nrt::start();
        let model = nrt.model(&neff::small(), 0);
        // Bytes of poison would look unwritten; none of these structs holds any.
        for size in 0..=32 {
            let mut places = Places::new();
            assert_eq!((nrt.instance_info)(places.at(0), size), 0);
            assert_eq!(places.written(), size, "instance info");
        }
        for size in [100, usize::MAX] {
            let mut places = Places::new();
            assert_eq!((nrt.instance_info)(places.at(0), size), 0);
            assert_eq!(places.written(), 32, "instance info");
        }
        for size in 0..=300 {
            let mut places = Places::new();
            let status = (nrt.version)(places.at(0), size);
            let expected = match size {
                0..160 => (1, 0),
                160..=200 => (0, 160),
                201..=224 => (0, size),
                _ => (0, 224),
            };
            assert_eq!((status, places.written()), expected, "version of {size} bytes");
        }
        for size in 0..=20 {
            let (mut places, mut out) = (Places::new(), MAX);
            assert_eq!((nrt.memory_stats)(0, places.at(0), size, &raw mut out), 0);
            assert_eq!((places.written(), out), (size.min(16), size.min(16)), "memory stats");
            let (mut places, mut out) = (Places::new(), MAX);
            assert_eq!((nrt.model_info)(model, places.at(0), size, &raw mut out), 0);
            assert_eq!((places.written(), out), (size.min(4), size.min(4)), "model info");
        }
    });
}
