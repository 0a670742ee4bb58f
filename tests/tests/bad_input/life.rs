//! Objects freed twice, and handles of another session.

use std::ffi::CStr;

use nrt_tests::child::in_child;
use nrt_tests::neff;
use nrt_tests::nrt::{Handle, Nrt};

use crate::scene::{INVALID_HANDLE, REPORT, Scene};

#[test]
fn objects_are_freed_once() {
    in_child(REPORT, || {
        let mut scene = Scene::new();
        let nrt = scene.nrt;
        let before = scene.state();
        for _ in 0..100 {
            let (mut tensor, model) = (nrt.tensor(0, 4096), nrt.model(&neff::small(), 0));
            let mut set = nrt.set(&[(c"t", tensor)]);
            let infos = Nrt::get(|infos| (nrt.model_tensor_info)(model, infos));
            let copies = (tensor, set);
            (nrt.tensor_free)(&raw mut tensor);
            (nrt.set_destroy)(&raw mut set);
            assert_eq!((tensor, set), (0, 0));
            assert_eq!((nrt.unload)(model), 0);
            assert_eq!((nrt.free_tensor_info)(infos), 0);
            assert_eq!(scene.log.lines(), []);

            (tensor, set) = copies;
            (nrt.tensor_free)(&raw mut tensor);
            (nrt.set_destroy)(&raw mut set);
            assert_eq!((tensor, set), copies);
            assert_eq!((nrt.unload)(model), INVALID_HANDLE);
            assert_eq!((nrt.free_tensor_info)(infos), INVALID_HANDLE);
            assert_eq!(scene.log.lines().len(), 4);
        }
        assert_eq!(scene.state(), before);
    });
}

/// Handles carry on counting across `nrt_close`, so none of one session names an object of the next.
#[test]
fn handles_of_a_closed_runtime_stay_stale_in_the_next() {
    in_child(&[], || {
        let nrt = Nrt::start();
        let small = neff::small();
        let mut seen: Vec<[Handle; 4]> = vec![];
        for _ in 0..5 {
            let tensor = nrt.tensor(0, 64);
            let tracker = Nrt::get(|tracker| (nrt.tracker_create)(0, tracker));
            let objects = [tensor, nrt.set(&[(c"t", tensor)]), nrt.model(&small, 0), tracker];
            for [tensor, set, model, tracker] in &seen {
                let name: &CStr = c"t";
                assert_eq!((nrt.reset_output)(*tensor), INVALID_HANDLE);
                assert_eq!((nrt.set_get)(*set, name.as_ptr(), &mut 0), INVALID_HANDLE);
                assert_eq!((nrt.unload)(*model), INVALID_HANDLE);
                assert_eq!((nrt.tracker_list)(*tracker, &mut 0, &mut 0), INVALID_HANDLE);
            }
            seen.push(objects);
            (nrt.close)();
            Nrt::start();
        }
    });
}
