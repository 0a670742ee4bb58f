//! Files that `nrt-sim neff build` makes, in the library: what is built loads and declares what was said.

use std::fs;
use std::path::Path;
use std::process::Command;

use nrt_tests::build;
use nrt_tests::child::in_child;
use nrt_tests::neff::PRODUCT;
use nrt_tests::nrt::Nrt;

/// The bytes of the NEFF that `nrt-sim neff build` makes with these flags.
fn built(folder: &Path, flags: &[&str]) -> Vec<u8> {
    let path = folder.join("built.neff");
    let output = Command::new(build::products().join("nrt-sim"))
        .args(["neff", "build", "-o"])
        .arg(&path)
        .args(flags)
        .output()
        .expect("just built");
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    fs::read(path).expect("written")
}

#[test]
fn what_is_built_loads_and_declares_its_tensors() {
    in_child(&[("NRT_SIM_INSTANCE", "trn2"), ("NEURON_LOGICAL_NC_CONFIG", "2")], || {
        let folder = nrt_tests::child::folder().expect("this is the child");
        let nrt = Nrt::start();
        let signatures: [&[&str]; 3] = [
            &PRODUCT,
            &["--input", "a:0:bf16[3]", "--output", "b.c:f8e4[1,2,3,4,5]", "--output", "step:i64[]"],
            &["--output", "only:u8[4294967]"],
        ];
        for flags in signatures {
            let neff = built(&folder, &[flags, &["--target", "trn2"][..]].concat());
            let model = nrt.model(&neff, 0);
            let declared = nrt.tensor_infos(model);
            let said = flags.chunks(2).filter(|pair| pair[0] != "--op");
            let mut expected: Vec<(u32, String)> = said
                .map(|pair| {
                    let (name, _) = pair[1].rsplit_once(':').expect("well-formed");
                    (u32::from(pair[0] == "--output"), name.to_owned())
                })
                .collect();
            expected.sort();
            let names: Vec<(u32, String)> =
                declared.iter().map(|info| (info.usage, info.name.clone())).collect();
            assert_eq!(names, expected);
        }
        let wide =
            nrt.tensor_infos(nrt.model(&built(&folder, &[signatures[1], &["--lnc", "2"][..]].concat()), 0));
        assert_eq!((wide[0].dtype, wide[0].size, wide[0].shape.as_slice()), (6, 6, &[3][..]));
        assert_eq!((wide[1].dtype, wide[1].size, wide[1].shape.as_slice()), (14, 120, &[1, 2, 3, 4, 5][..]));
        assert_eq!((wide[2].dtype, wide[2].size, wide[2].shape.len()), (12, 8, 0));
    });
}
