//! What each built-in instance, and one from a file, says of itself.

use std::fs;

use nrt_tests::child::{self, in_child};
use nrt_tests::nrt::Nrt;

const GIB: u64 = 1 << 30;

/// What the documents say of an instance: devices, physical cores and banks of each, GiB of a bank.
struct Instance {
    name: &'static str,
    family: u32,
    size: u32,
    arch: &'static str,
    devices: u32,
    cores: u32,
    banks: u32,
    bank_gib: u64,
}

const fn instance(name: &'static str, family: u32, size: u32, devices: u32) -> Instance {
    match family {
        2..=4 => Instance { name, family, size, arch: "NCv2", devices, cores: 2, banks: 2, bank_gib: 16 },
        14 => Instance { name, family, size, arch: "NCv4", devices, cores: 8, banks: 4, bank_gib: 36 },
        _ => Instance { name, family, size, arch: "NCv3", devices, cores: 8, banks: 4, bank_gib: 24 },
    }
}

const INSTANCES: [Instance; 11] = [
    instance("trn1.2xlarge", 2, 1, 1),
    instance("trn1.32xlarge", 2, 6, 16),
    instance("trn1n.32xlarge", 3, 6, 16),
    instance("inf2.xlarge", 4, 0, 1),
    instance("inf2.8xlarge", 4, 4, 1),
    instance("inf2.24xlarge", 4, 5, 6),
    instance("inf2.48xlarge", 4, 7, 12),
    instance("trn2.3xlarge", 5, 8, 1),
    instance("trn2.48xlarge", 5, 7, 16),
    instance("trn2u.48xlarge", 9, 7, 16),
    instance("trn3.48xlarge", 14, 7, 16),
];

/// The whole machine, before and after init.
fn assert_machine(instance: &Instance, lnc: u32) {
    let nrt = Nrt::open();
    let lnc = if instance.arch == "NCv2" { 1 } else { lnc }; // older devices know no other
    let cores = instance.devices * instance.cores / lnc;
    let counts = || {
        assert_eq!(Nrt::get(|count| (nrt.total_nc_count)(count)), cores);
        assert_eq!(Nrt::get(|count| (nrt.total_vnc_count)(count)), cores);
        assert_eq!(Nrt::get(|count| (nrt.visible_nc_count)(count)), cores);
        assert_eq!(Nrt::get(|count| (nrt.visible_vnc_count)(count)), cores);
        assert_eq!(Nrt::get(|size| (nrt.virtual_core_size)(size)), lnc);
        let mut info = [0_u8; 32];
        assert_eq!((nrt.instance_info)(info.as_mut_ptr(), 32), 0);
        let number = |at: usize| u32::from_ne_bytes(info[at..at + 4].try_into().expect("four bytes"));
        assert_eq!((number(0), number(4)), (instance.family, instance.size));
        assert_eq!(info[8..24].split(|byte| *byte == 0).next(), Some(instance.arch.as_bytes()));
    };
    counts();
    Nrt::start();
    counts();
    for core in 0..cores {
        let (used, limit) = nrt.memory(core);
        assert_eq!((used, limit), (u64::from(lnc) * (96 << 20), instance.bank_gib * GIB), "core {core}");
        let device = Nrt::get(|device| (nrt.device_id)(core.cast_signed(), device));
        assert_eq!(device.cast_unsigned(), core * lnc / instance.cores, "core {core}");
        let tensor = nrt.tensor(core.cast_signed(), 64);
        let [.., bank, _padding] = Nrt::get(|info: *mut [u32; 6]| (nrt.allocation_info)(tensor, info.cast()));
        let per_bank = instance.cores / instance.banks;
        assert_eq!(bank, core * lnc % instance.cores / per_bank, "core {core}");
    }
    for device in 0..instance.devices {
        assert_eq!(Nrt::get(|host| (nrt.host_device_id)(device.cast_signed(), host)), device);
    }
    assert_eq!((nrt.host_device_id)(instance.devices.cast_signed(), &mut 0), 2);
    (nrt.close)();
}

#[test]
fn every_instance_is_what_the_documents_say() {
    for instance in &INSTANCES {
        for lnc in [1, 2] {
            let text = lnc.to_string();
            let mine = |name: &str, value: &str| std::env::var(name).as_deref() == Ok(value);
            let is_mine = mine("NRT_SIM_INSTANCE", instance.name) && mine("NEURON_LOGICAL_NC_CONFIG", &text);
            if child::folder().is_some() && !is_mine {
                continue; // this child is for another
            }
            let environment = [("NRT_SIM_INSTANCE", instance.name), ("NEURON_LOGICAL_NC_CONFIG", &text)];
            in_child(&environment, || assert_machine(instance, lnc));
        }
    }
}

#[test]
fn the_lnc_is_that_of_the_documents_unless_asked_otherwise() {
    in_child(&[("NRT_SIM_INSTANCE", "trn2.48xlarge")], || assert_machine(&INSTANCES[8], 2));
}

#[test]
fn the_older_name_of_the_lnc_counts_where_the_newer_is_not_set() {
    let environment = [("NRT_SIM_INSTANCE", "trn2"), ("NEURON_RT_VIRTUAL_CORE_SIZE", "1")];
    in_child(&environment, || assert_machine(&INSTANCES[7], 1));
}

#[test]
fn the_newer_name_of_the_lnc_overrides_the_older() {
    let environment = [
        ("NRT_SIM_INSTANCE", "trn2"),
        ("NEURON_LOGICAL_NC_CONFIG", "2"),
        ("NEURON_RT_VIRTUAL_CORE_SIZE", "1"),
    ];
    in_child(&environment, || assert_machine(&INSTANCES[7], 2));
}

const PROFILE: &str = r#"
name = "made up"
family = 15
size = 9
arch = "v4"
devices = 3
cores_per_device = 4
default_lnc = 2
banks_per_device = 2
bank_gib = 5
model_code_mib = 96

[time]
launch_ns = 1
dma_ns = 1
fp32_gflops = 1
fp16_gflops = 1
fp8_gflops = 1
int8_gops = 1
hbm_gb_per_s = 1
dma_gb_per_s = 1
host_gb_per_s = 1
jitter_permille = 0
"#;

#[test]
fn a_machine_can_be_described_in_a_file() {
    in_child(&[("NRT_SIM_INSTANCE", "{folder}/profile.toml")], || {
        let path = std::env::var("NRT_SIM_INSTANCE").expect("set for this child");
        fs::write(&path, PROFILE).expect("writable");
        let made_up = Instance {
            name: "",
            family: 15,
            size: 9,
            arch: "NCv4",
            devices: 3,
            cores: 4,
            banks: 2,
            bank_gib: 5,
        };
        assert_machine(&made_up, 2);

        let nrt = Nrt::open();
        for (from, to) in [
            ("devices = 3", "devices = 0"),
            ("devices = 3", "devices = 4294967296"),
            ("default_lnc = 2", "default_lnc = 3"),
            ("model_code_mib = 96", "model_code_mib = 8796093022208"),
            ("launch_ns = 1", "launch_ns = 9223372036854775807"),
            ("[time]", "[times]"),
        ] {
            fs::write(&path, PROFILE.replacen(from, to, 1)).expect("writable");
            assert_eq!((nrt.init)(0, std::ptr::null(), std::ptr::null()), 2, "{to}");
        }
    });
}
