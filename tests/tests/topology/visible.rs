//! `NEURON_RT_VISIBLE_CORES` and `NEURON_RT_NUM_CORES` through the API.

use std::ptr;

use nrt_tests::child::{self, in_child};
use nrt_tests::nrt::Nrt;

/// The instance and the two variables, the status of `nrt_init`, the cores of the process, and the host's
/// device of its first.
type Case = (&'static str, &'static str, &'static str, u32, u32, i32);

const CASES: [Case; 25] = [
    ("trn1.32xlarge", "", "", 0, 32, 0),
    ("trn1.32xlarge", "0", "", 0, 1, 0),
    ("trn1.32xlarge", "31", "", 0, 1, 15),
    ("trn1.32xlarge", "4-7", "", 0, 4, 2),
    ("trn1.32xlarge", "4-4", "", 0, 1, 2),
    ("trn1.32xlarge", "6, 4,5-6,4", "", 0, 3, 2),
    ("trn1.32xlarge", "0-31", "", 0, 32, 0),
    ("trn1.32xlarge", "2", "5", 0, 1, 1),
    ("trn1.32xlarge", "", "5", 0, 5, 0),
    ("trn1.32xlarge", "", "32", 0, 32, 0),
    ("trn1.32xlarge", "", "0", 0, 32, 0),
    ("trn2.48xlarge", "5-6", "", 0, 2, 1),
    ("trn2.48xlarge", "", "1", 0, 1, 0),
    ("trn2.48xlarge", "", "8", 0, 8, 0),
    // There are not so many: found when they are claimed.
    ("trn1.32xlarge", "32", "", 1, 1, 0),
    ("trn1.32xlarge", "30-33", "", 1, 4, 0),
    ("trn1.32xlarge", "", "33", 1, 33, 0),
    // Not a set of cores.
    ("trn1.32xlarge", "3,5,6", "", 2, 0, 0),
    ("trn1.32xlarge", "7-4", "", 2, 0, 0),
    ("trn1.32xlarge", "-1", "", 2, 0, 0),
    ("trn1.32xlarge", "1;2", "", 2, 0, 0),
    ("trn1.32xlarge", "0x1", "", 2, 0, 0),
    ("trn1.32xlarge", "256", "", 2, 0, 0),
    // One core, or whole devices.
    ("trn2.48xlarge", "", "3", 2, 0, 0),
    ("trn2.48xlarge", "", "6", 2, 0, 0),
];

fn assert_case((_, _, _, status, count, device): Case) {
    let nrt = Nrt::open();
    let mut visible = 77;
    let asked = (nrt.visible_nc_count)(&raw mut visible);
    assert_eq!((asked, visible), if status == 2 { (2, 77) } else { (0, count) }, "before init");
    assert_eq!((nrt.init)(0, ptr::null(), ptr::null()), status);
    if status == 0 {
        assert_eq!(Nrt::get(|count| (nrt.visible_nc_count)(count)), count);
        assert_eq!(Nrt::get(|id| (nrt.device_id)(0, id)), device, "cores count from 0 in the process");
        nrt.tensor(count.cast_signed() - 1, 64);
        assert_eq!((nrt.tensor_allocate)(0, count.cast_signed(), 64, ptr::null(), &mut 0), 2);
        (nrt.close)();
    }
}

#[test]
fn cores_are_chosen_as_documented() {
    for case in CASES {
        let (instance, visible, number, ..) = case;
        let environment = [
            ("NRT_SIM_INSTANCE", instance),
            ("NEURON_RT_VISIBLE_CORES", visible),
            ("NEURON_RT_NUM_CORES", number),
        ];
        let is_mine = environment.iter().all(|(name, value)| std::env::var(name).as_deref() == Ok(value));
        if child::folder().is_some() && !is_mine {
            continue; // this child is for another
        }
        in_child(&environment, || assert_case(case));
    }
}
