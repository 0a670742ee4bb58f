//! `nrt_close` completes what was accepted and gives everything back.

use std::os::fd::AsRawFd;

use nrt_tests::child::{descriptors, in_child, resident_bytes};
use nrt_tests::neff;
use nrt_tests::nrt::Nrt;
use rustix::event::EventfdFlags;

#[test]
fn closing_completes_what_was_accepted() {
    in_child(&[("NRT_SIM_TIME", "wall:1000")], || {
        let nrt = Nrt::start();
        let small = neff::small();
        let mut seqs = [0; 16];
        let (mut runs, mut copies) = ([[77; 4]; 2], [[77; 4]; 2]);
        let events = [0, 1].map(|core| {
            let model = nrt.model(&small, core);
            let tensor = nrt.tensor(core, 64);
            let inputs = nrt.set(&[(c"x", tensor), (c"y", tensor)]);
            let outputs = nrt.set(&[(c"out", nrt.tensor(core, 64))]);
            let place = usize::try_from(core).expect("0 or 1");
            let event = rustix::event::eventfd(0, EventfdFlags::NONBLOCK).expect("descriptors are left");
            assert_eq!((nrt.register_xu)(core, 1, 0, event.as_raw_fd()), 0);
            assert_eq!((nrt.register_xu)(core, 0, 1, event.as_raw_fd()), 0);
            for (status, seq) in runs[place].iter_mut().zip(&mut seqs) {
                assert_eq!((nrt.schedule)(model, inputs, outputs, 0, status, seq), 0);
            }
            let other = nrt.tensor(core, 64);
            for (status, seq) in copies[place].iter_mut().zip(&mut seqs) {
                assert_eq!((nrt.copy)(tensor, 0, other, 0, 64, core, 1, status, seq), 0);
            }
            event
        });
        (nrt.close)();
        assert_eq!((runs, copies), ([[0; 4]; 2], [[0; 4]; 2]));
        for event in events {
            let mut count = [0; 8];
            assert_eq!(rustix::io::read(&event, &mut count), Ok(8));
            assert_eq!(u64::from_ne_bytes(count), 8);
        }
    });
}

#[test]
fn closing_gives_memory_and_descriptors_back() {
    in_child(&[], || {
        const SIZE: usize = 24 << 20;
        let nrt = Nrt::open();
        let small = neff::small();
        let mut before = None;
        for _ in 0..12 {
            Nrt::start();
            let used = nrt.memory(0).0;
            assert_eq!(used, 96 << 20, "model code, and nothing of the session before");
            let tensor = nrt.tensor(0, SIZE);
            assert_eq!((nrt.tensor_memset)(tensor, 0, 7, SIZE), 0);
            let model = nrt.model(&small, 0);
            let (inputs, outputs) =
                (nrt.set(&[(c"x", tensor), (c"y", tensor)]), nrt.set(&[(c"out", tensor)]));
            let event = rustix::event::eventfd(0, EventfdFlags::NONBLOCK).expect("descriptors are left");
            for future in 1..20 {
                assert_eq!((nrt.register_seq)(1 << 48 | future, event.as_raw_fd()), 0);
            }
            let fd = Nrt::get(|fd| (nrt.dmabuf_fd)((nrt.tensor_va)(tensor), 8, fd));
            nrt_tests::nrt::close_number(fd);
            assert_eq!((nrt.execute)(model, inputs, outputs), 0);
            (nrt.close)();
            drop(event);
            let (fds, bytes) = *before.get_or_insert_with(|| (descriptors(), resident_bytes()));
            assert_eq!(descriptors(), fds);
            assert!(resident_bytes() < bytes + SIZE / 2, "{} bytes were {bytes}", resident_bytes());
        }
    });
}
