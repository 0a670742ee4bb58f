//! Device memory: as large as the device's, and used only where it is written.

use std::ptr;

use nrt_tests::child::{in_child, resident_bytes};
use nrt_tests::nrt::Nrt;

const GIB: usize = 1 << 30;

#[test]
fn ninety_six_gibibytes_cost_nothing_until_they_are_used() {
    in_child(&[("NRT_SIM_INSTANCE", "trn2.3xlarge")], || {
        let nrt = Nrt::start();
        let before = resident_bytes();
        let tensors = [0, 1, 2, 3].map(|core| nrt.tensor(core, 23 * GIB));
        for (place, tensor) in (0_u8..).zip(tensors) {
            // The last bytes are as good as the first.
            assert_eq!((nrt.tensor_write)(tensor, [place; 8].as_ptr(), 23 * GIB - 8, 8), 0);
        }
        for (place, tensor) in (0_u8..).zip(tensors) {
            let mut bytes = [9; 16];
            assert_eq!((nrt.tensor_read)(tensor, bytes.as_mut_ptr(), 23 * GIB - 16, 16), 0);
            assert_eq!(bytes, [[0; 8], [place; 8]].concat()[..]);
        }
        assert!(resident_bytes() < before + (64 << 20), "{} bytes were {before}", resident_bytes());
        // Each core has a bank of its own, and every bank is nearly full.
        for core in 0..4 {
            assert_eq!((nrt.tensor_allocate)(0, core, GIB, ptr::null(), &mut 0), 4);
        }
        (nrt.tensor_free)(&mut tensors[2].clone());
        assert_eq!((nrt.tensor_allocate)(0, 1, GIB, ptr::null(), &mut 0), 4);
        nrt.tensor(2, 23 * GIB);
    });
}

#[test]
fn two_cores_of_lnc_1_share_a_bank() {
    in_child(&[("NRT_SIM_INSTANCE", "trn2.3xlarge"), ("NEURON_LOGICAL_NC_CONFIG", "1")], || {
        let nrt = Nrt::start();
        let tensor = nrt.tensor(0, 20 * GIB);
        assert_eq!((nrt.tensor_allocate)(0, 1, 20 * GIB, ptr::null(), &mut 0), 4, "the bank of core 0");
        let neighbour = nrt.tensor(1, 64);
        assert_eq!((nrt.tensor_copy)(tensor, 0, neighbour, 0, 64), 0, "on the same bank");
        let elsewhere = nrt.tensor(2, 20 * GIB);
        assert_eq!((nrt.tensor_copy)(tensor, 0, elsewhere, 0, 64), 2);
    });
}
