//! Descriptors that are no events, or no longer.

use std::ffi::c_int;
use std::fs::{self, File};
use std::os::fd::{AsRawFd, OwnedFd};

use nrt_tests::child::{self, in_child};
use nrt_tests::neff;
use nrt_tests::nrt::{Nrt, close_number};
use rustix::event::EventfdFlags;

use crate::scene::{INVALID, REPORT, Scene};

/// What the program's eventfd counts, 0 if nothing.
fn count(event: &OwnedFd) -> u64 {
    let mut bytes = [0; 8];
    match rustix::io::read(event, &mut bytes) {
        Ok(8) => u64::from_ne_bytes(bytes),
        Err(rustix::io::Errno::AGAIN) => 0,
        other => panic!("an eventfd gives eight bytes or none: {other:?}"),
    }
}

fn eventfd() -> OwnedFd {
    rustix::event::eventfd(0, EventfdFlags::NONBLOCK | EventfdFlags::CLOEXEC).expect("descriptors are left")
}

#[test]
fn only_an_eventfd_can_be_registered() {
    in_child(REPORT, || {
        let mut scene = Scene::new();
        let nrt = scene.nrt;
        let folder = child::folder().expect("a child");
        let closed = 900; // far above those in use
        let (reader, writer) = std::io::pipe().expect("descriptors are left");
        let plain = File::create(folder.join("plain")).expect("writable");
        // Its name says eventfd, and so does the link in /proc.
        let disguised = File::create(folder.join("anon_inode:[eventfd]")).expect("writable");
        let null = File::open("/dev/null").expect("there");
        let first = 1_u64 << 48 | 1;
        let cases = [
            (closed, "is not open"),
            (c_int::MAX, "is not open"),
            (reader.as_raw_fd(), "expected an eventfd"),
            (writer.as_raw_fd(), "expected an eventfd"),
            (plain.as_raw_fd(), "expected an eventfd"),
            (disguised.as_raw_fd(), "expected an eventfd"),
            (null.as_raw_fd(), "expected an eventfd"),
        ];
        for (fd, says) in cases {
            for seq in [first, first - 1] {
                scene.refuses("nrta_event_register_seq_id_completion", INVALID, says, |_| {
                    (nrt.register_seq)(seq, fd)
                });
            }
            scene.refuses("nrta_event_register_xu_completion", INVALID, says, |_| {
                (nrt.register_xu)(0, 1, 0, fd)
            });
        }
        // A bad descriptor does not end what a good one has begun.
        let (each, once) = (eventfd(), eventfd());
        assert_eq!((nrt.register_xu)(0, 1, 0, each.as_raw_fd()), 0);
        assert_eq!((nrt.register_seq)(first, once.as_raw_fd()), 0);
        scene.refuses("nrta_event_register_xu_completion", INVALID, "is not open", |_| {
            (nrt.register_xu)(0, 1, 0, closed)
        });
        scene.refuses("nrta_event_register_seq_id_completion", INVALID, "is not open", |_| {
            (nrt.register_seq)(first, closed)
        });
        assert_eq!((nrt.execute)(scene.model, scene.inputs, scene.outputs), 0);
        (nrt.close)(); // every event has been signalled when this returns
        assert_eq!((count(&each), count(&once)), (1, 1));
        for file in ["plain", "anon_inode:[eventfd]"] {
            assert_eq!(fs::read(folder.join(file)).expect("there"), b"", "{file} was written");
        }
    });
}

#[test]
fn a_number_that_was_closed_and_used_again_is_not_written() {
    in_child(&[("NRT_SIM_TIME", "wall:10000")], || {
        let nrt = Nrt::start();
        let model = nrt.model(&neff::small(), 0);
        let (inputs, outputs) = (
            nrt.set(&[(c"x", nrt.tensor(0, 64)), (c"y", nrt.tensor(0, 64))]),
            nrt.set(&[(c"out", nrt.tensor(0, 64))]),
        );
        let path = child::folder().expect("a child").join("innocent");
        let file = File::create(&path).expect("writable");
        let events = [eventfd(), eventfd()];
        let numbers = events.each_ref().map(AsRawFd::as_raw_fd);
        assert_eq!((nrt.register_xu)(0, 1, 0, numbers[0]), 0);
        assert_eq!((nrt.register_seq)(1 << 48 | 1, numbers[1]), 0);
        let (mut status, mut seq) = (77, 0);
        let queued = (nrt.schedule)(model, inputs, outputs, 0, &raw mut status, &raw mut seq);
        assert_eq!(queued, 0); // the run takes a tenth of a second
        // The program closes its descriptors, and the numbers become those of a file.
        drop(events);
        let mut taken = vec![];
        while !numbers.iter().all(|number| taken.contains(number)) {
            taken.push(std::os::fd::IntoRawFd::into_raw_fd(file.try_clone().expect("descriptors are left")));
        }
        (nrt.close)();
        assert_eq!(status, 0);
        taken.into_iter().for_each(close_number);
        assert_eq!(fs::read(&path).expect("there"), b"");
    });
}
