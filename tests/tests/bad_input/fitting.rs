//! Tensors and names that do not fit.

use nrt_tests::child::in_child;
use nrt_tests::nrt::{Handle, Nrt};

use crate::scene::{FAILURE, INVALID, REPORT, Scene};

#[test]
fn tensors_that_do_not_fit_the_model_are_named() {
    in_child(REPORT, || {
        let mut scene = Scene::new();
        let Scene { nrt, model, tensor, elsewhere, on_host, empty, outputs, tracker, .. } = scene;
        let short = nrt.tensor(0, 63);
        let gone = nrt.tensor(0, 64);
        let with = |y: Handle| nrt.set(&[(c"x", tensor), (c"y", y)]);
        let cases: Vec<(Handle, &str)> = vec![
            (nrt.set(&[(c"x", tensor), (c"Y", tensor)]), "no tensor \"y\", which the model needs"),
            (nrt.set(&[(c"x", tensor)]), "\"y\""),
            (nrt.set(&[]), "\"x\""),
            (with(short), "\"y\" has 63 bytes, the model needs 64"),
            (with(elsewhere), "y allocated on HBM 1 was passed to a model loaded on lnc 0"),
            (with(empty), "\"y\" is empty"),
            (with(gone), "no tensor \"y\""),
        ];
        (nrt.tensor_free)(&mut gone.clone());
        for (set, says) in &cases {
            let count_is_wrong = matches!(*says, "\"x\"" | "\"y\"");
            let blocking = if count_is_wrong { "Incorrect number of inputs, expected: 2" } else { says };
            scene.refuses("nrt_execute", INVALID, blocking, |_| (nrt.execute)(model, *set, outputs));
            scene.refuses("nrt_execute_repeat", INVALID, blocking, |_| {
                (nrt.execute_repeat)(model, *set, outputs, 1)
            });
            scene.refuses("nrta_execute_schedule", INVALID, says, |p| {
                (nrt.schedule)(model, *set, outputs, 0, p.at(0), p.at(1))
            });
            scene.refuses("nrta_execute_schedule", INVALID, says, |p| {
                (nrt.old_schedule)(model, *set, outputs, 0, tracker, p.at(1))
            });
        }
        let inputs = scene.inputs;
        for (name, tensor, says) in [
            (c"Out", tensor, "no tensor \"out\""),
            (c"out", short, "\"out\" has 63 bytes"),
            (c"out", elsewhere, "out allocated on HBM 1"),
        ] {
            let set = nrt.set(&[(name, tensor)]);
            scene.refuses("nrt_execute", INVALID, says, |_| (nrt.execute)(model, inputs, set));
            scene.refuses("nrta_execute_schedule", INVALID, says, |p| {
                (nrt.schedule)(model, inputs, set, 0, p.at(0), p.at(1))
            });
        }
        // The blocking call takes tensors of the host, the others do not.
        let on_host_says = "Async APIs only supports device allocated tensors";
        let mixed = with(on_host);
        scene.accepts(|_| (nrt.execute)(model, mixed, outputs));
        scene.refuses("nrta_execute_schedule", INVALID, on_host_says, |p| {
            (nrt.schedule)(model, mixed, outputs, 0, p.at(0), p.at(1))
        });
        scene.refuses("nrta_execute_schedule", INVALID, on_host_says, |p| {
            (nrt.old_schedule)(model, mixed, outputs, 0, tracker, p.at(1))
        });
        scene.refuses("nrta_tensor_write", INVALID, on_host_says, |p| {
            (nrt.write)(on_host, p.at(0), 0, 8, 0, 0, p.at(1), p.at(2))
        });
        scene.refuses("nrta_tensor_read", INVALID, on_host_says, |p| {
            (nrt.read)(p.at(0), on_host, 0, 8, 0, 0, p.at(1), p.at(2))
        });
        for [from, to] in [[tensor, on_host], [on_host, tensor]] {
            scene.refuses("nrta_tensor_copy", INVALID, on_host_says, |p| {
                (nrt.copy)(from, 0, to, 0, 8, 0, 0, p.at(1), p.at(2))
            });
        }
        scene.refuses("nrta_tensor_write", INVALID, on_host_says, |p| {
            (nrt.old_write)(on_host, p.at(0), 0, 8, 0, tracker, p.at(2))
        });
        scene.refuses("nrt_tensor_get_device_allocation_info", INVALID, "in host memory", |p| {
            (nrt.allocation_info)(on_host, p.at(0))
        });
        scene.refuses("nrt_tensor_read", INVALID, "is empty", |p| (nrt.tensor_read)(empty, p.at(0), 0, 0));
    });
}

#[test]
fn a_freed_tensor_is_gone_from_its_sets() {
    in_child(REPORT, || {
        let mut scene = Scene::new();
        let nrt = scene.nrt;
        let tensor = nrt.tensor(0, 64);
        let set = nrt.set(&[(c"t", tensor)]);
        let found = Nrt::get(|found| (nrt.set_get)(set, c"t".as_ptr(), found));
        assert_eq!(found, tensor);
        (nrt.tensor_free)(&mut tensor.clone());
        let successor = nrt.tensor(0, 64);
        assert_ne!(successor, tensor);
        for name in [c"t", c"", c"T"] {
            scene.refuses("nrt_get_tensor_from_tensor_set", FAILURE, "the set has no tensor", |p| {
                (nrt.set_get)(set, name.as_ptr(), p.at(0))
            });
        }
    });
}

#[test]
fn a_text_cannot_forge_a_log_line() {
    in_child(REPORT, || {
        let mut scene = Scene::new();
        let Scene { nrt, inputs, config, .. } = scene;
        let forged = c"x\n2026-Jan-01 00:00:00.000000     1:1     ERROR   NRT:nrt_close forged";
        scene.refuses("nrt_get_tensor_from_tensor_set", FAILURE, "x\\n2026", |p| {
            (nrt.set_get)(inputs, forged.as_ptr(), p.at(0))
        });
        scene.refuses("nrt_sys_trace_config_set_capture_enabled_for_event_type", INVALID, "x\\n2026", |_| {
            (nrt.trace_config_set_type)(config, forged.as_ptr(), true)
        });
        let empty = Nrt::get(|tensor| (nrt.tensor_allocate_empty)(forged.as_ptr(), tensor));
        scene.refuses("nrt_tensor_read", INVALID, "x\\n2026", |p| (nrt.tensor_read)(empty, p.at(0), 0, 0));
    });
}
