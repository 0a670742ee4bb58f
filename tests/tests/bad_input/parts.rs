//! Offsets and sizes.

use std::fs;
use std::ptr;

use nrt_tests::batch::{Batch, BatchOp};
use nrt_tests::child::{self, in_child};

use crate::scene::{HOST_MEMORY, INVALID, MAX, Places, REPORT, Scene};

#[test]
fn parts_that_reach_outside_a_tensor_are_refused() {
    in_child(REPORT, || {
        let mut scene = Scene::new();
        let Scene { nrt, tensor, other, elsewhere, tracker, .. } = scene;
        let parts = [(0, 65), (64, 1), (65, 0), (1, 64), (MAX, 0), (MAX, 1), (0, MAX), (MAX, MAX), (1, MAX)];
        let says = "reaches past the end of a tensor of 64 bytes";
        for (offset, size) in parts {
            let wide = (offset as u64, size as u64);
            let op = |p: &mut Places| BatchOp { offset: wide.0, size: wide.1, buffer: p.at(0) };
            let batch = |op: &BatchOp| Batch { tensor, ops: op, num_ops: 1 };
            scene.refuses("nrt_tensor_read", INVALID, says, |p| {
                (nrt.tensor_read)(tensor, p.at(0), offset, size)
            });
            scene.refuses("nrt_tensor_write", INVALID, says, |p| {
                (nrt.tensor_write)(tensor, p.at(0), offset, size)
            });
            scene.refuses("nrt_tensor_copy", INVALID, says, |_| {
                (nrt.tensor_copy)(tensor, offset, other, 0, size)
            });
            scene.refuses("nrt_tensor_memset", INVALID, says, |_| {
                (nrt.tensor_memset)(tensor, wide.0, 1, size)
            });
            scene.refuses("nrt_tensor_allocate_slice", INVALID, says, |p| {
                (nrt.tensor_allocate_slice)(tensor, offset, size, ptr::null(), p.at(0))
            });
            scene.refuses("nrt_tensor_read_batch", INVALID, says, |p| {
                (nrt.tensor_read_batch)(&batch(&op(p)), 1, false)
            });
            scene.refuses("nrt_tensor_write_batch", INVALID, says, |p| {
                (nrt.tensor_write_batch)(&batch(&op(p)), 1, false)
            });
            scene.refuses("nrta_tensor_write", INVALID, says, |p| {
                (nrt.write)(tensor, p.at(0), wide.0, wide.1, 0, 0, p.at(1), p.at(2))
            });
            scene.refuses("nrta_tensor_read", INVALID, says, |p| {
                (nrt.read)(p.at(0), tensor, wide.0, wide.1, 0, 0, p.at(1), p.at(2))
            });
            scene.refuses("nrta_tensor_copy", INVALID, says, |p| {
                (nrt.copy)(tensor, wide.0, other, 0, wide.1, 0, 0, p.at(1), p.at(2))
            });
            scene.refuses("nrta_tensor_copy", INVALID, says, |p| {
                (nrt.copy)(tensor, 0, other, wide.0, wide.1, 0, 0, p.at(1), p.at(2))
            });
            scene.refuses("nrta_tensor_read", INVALID, says, |p| {
                (nrt.old_read)(p.at(0), tensor, wide.0, wide.1, 0, tracker, p.at(2))
            });
        }
        // The second of two operations is bad: the first has not happened.
        let ops = |p: &mut Places| [0, 60].map(|offset| BatchOp { offset, size: 8, buffer: p.at(0) });
        scene.refuses("nrt_tensor_read_batch", INVALID, says, |p| {
            let ops = ops(p);
            (nrt.tensor_read_batch)(&Batch { tensor, ops: ops.as_ptr(), num_ops: 2 }, 1, false)
        });
        scene.refuses("nrt_tensor_write_batch", INVALID, says, |p| {
            let ops = ops(p);
            (nrt.tensor_write_batch)(&Batch { tensor, ops: ops.as_ptr(), num_ops: 2 }, 1, false)
        });
        scene.refuses("nrt_tensor_read_batch", INVALID, "batches has", |_| {
            let batch = Batch { tensor, ops: ptr::null(), num_ops: 0 };
            (nrt.tensor_read_batch)(&raw const batch, u64::MAX, false)
        });
        for size in [MAX, MAX / 2 + 1, MAX - 4095] {
            scene.refuses("nrt_memcpy_to_device", INVALID, "reaches past the end of memory", |p| {
                (nrt.memcpy_to_device)(p.at(0), p.at(1), size)
            });
            scene.refuses("nrt_tensor_attach_buffer", INVALID, "reaches past the end of memory", |p| {
                (nrt.tensor_attach_buffer)(tensor, p.at(0), size)
            });
            scene.refuses("nrt_load", INVALID, "reaches past the end of memory", |p| {
                (nrt.load)(p.at(0), size, 0, -1, p.at(1))
            });
            scene.refuses("nrt_tensor_allocate", HOST_MEMORY, "host tensor", |p| {
                (nrt.tensor_allocate)(1, -1, size, ptr::null(), p.at(0))
            });
        }
        let va = (nrt.tensor_va)(tensor);
        for (va, size) in [(va, 0), (va, 4097), (va, u64::MAX), (va + 4095, 2), (0, 8), (u64::MAX, 8)] {
            scene.refuses("nrt_get_dmabuf_fd", INVALID, "", |p| (nrt.dmabuf_fd)(va, size, p.at(0)));
            scene.refuses("nrt_get_dmabuf_fd_v2", INVALID, "", |p| {
                (nrt.dmabuf_fd_v2)(va, size, p.at(0), p.at(1))
            });
        }
        scene.refuses("nrt_get_dmabuf_fd", INVALID, "8 bytes into", |p| (nrt.dmabuf_fd)(va + 8, 8, p.at(0)));
        scene.refuses("nrt_tensor_copy", INVALID, "same HBM", |_| {
            (nrt.tensor_copy)(tensor, 0, elsewhere, 0, 8)
        });
        scene.refuses("nrta_tensor_copy", INVALID, "same HBM", |p| {
            (nrt.copy)(tensor, 0, elsewhere, 0, 8, 0, 0, p.at(1), p.at(2))
        });
        scene.refuses("nrta_tensor_copy", INVALID, "same HBM", |p| {
            (nrt.old_copy)(tensor, 0, elsewhere, 0, 8, 0, tracker, p.at(2))
        });
        scene.refuses("nrt_tensor_check_output_completion", 5, "fewer than 1 runs", |_| {
            (nrt.check_output)(tensor, 0, 1)
        });
    });
}

/// More than the bank has, whatever the rounding: refused with a line for the user and the table.
#[test]
fn sizes_that_no_bank_has_are_a_resource_error() {
    in_child(REPORT, || {
        let scene = Scene::new();
        let nrt = scene.nrt;
        for size in [16 << 30, MAX / 2, MAX - 4095, MAX - 1, MAX] {
            let before = scene.state();
            let mut places = Places::new();
            assert_eq!((nrt.tensor_allocate)(0, 0, size, ptr::null(), places.at(0)), 4);
            assert_eq!((places.written(), scene.state()), (0, before));
            let text = fs::read_to_string(child::folder().expect("a child").join("stderr")).expect("text");
            assert!(text.contains("Failed to allocate") && text.contains("no room for"), "{text}");
            assert!(!text.contains("bug"), "{text}");
        }
    });
}
