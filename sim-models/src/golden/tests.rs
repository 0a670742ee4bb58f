use std::collections::BTreeMap;

use safetensors::tensor::TensorView;
use safetensors::{Dtype as Stored, SafeTensors};
use sim_core::neff::{Dtype, TensorSpec, Usage};
use sim_core::status::Status;
use xxhash_rust::xxh3::xxh3_128;

use super::layout::ENTRY;
use super::{Added, Golden, Key, Model, Recording};
use crate::compute::{Compute, Failure};
use crate::recipe::{Files, Recipe, Refusal, Subject};
use crate::signature::Signature;

const UUID: [u8; 16] = [7; 16];

/// Two inputs of 4 and 2 bytes, two outputs of 4 and 3.
fn signature() -> Signature {
    Signature::of(&[
        TensorSpec::new("x", Usage::Input, Dtype::Fp16, [2]),
        TensorSpec::new("y", Usage::Input, Dtype::I8, [2]),
        TensorSpec::new("out", Usage::Output, Dtype::Fp32, [1]),
        TensorSpec::new("state/next", Usage::Output, Dtype::Fp8E3, [3]),
    ])
}

fn model(signature: &Signature) -> Model<'_> {
    Model { name: "two", uuid: UUID, signature }
}

/// Outputs that differ for each `number`.
fn outputs(number: u8) -> Vec<Vec<u8>> {
    vec![vec![number; 4], vec![number ^ 1; 3]]
}

/// A file with a recording for each of the inputs `[number; 4]`, `[number; 2]`.
fn file(numbers: &[u8]) -> Vec<u8> {
    let signature = signature();
    let mut recording = Recording::new(&model(&signature));
    for &number in numbers {
        recording.add("lib 1", &[&[number; 4], &[number; 2]], outputs(number));
    }
    recording.to_bytes().expect("small")
}

/// The recipe `{ file = "g" }` for a model with `signature`, where `g` is `bytes`.
fn prepare(bytes: Vec<u8>, signature: &Signature) -> Result<Box<dyn Compute>, Refusal> {
    let archive = BTreeMap::from([("g".to_owned(), bytes)]);
    let subject = Subject {
        name: "two",
        uuid: [9; 16],
        signature,
        files: &Files::Archive(&archive),
        onnx_library: None,
    };
    Golden { file: "g".into() }.prepare(&subject)
}

/// Why `bytes` are refused, for the model of [`signature`].
fn refusal(bytes: Vec<u8>) -> String {
    let Err(Refusal(reason)) = prepare(bytes, &signature()) else { panic!("it was taken") };
    reason
}

/// What the model computes of the inputs of `number`.
fn compute(model: &dyn Compute, number: u8) -> Result<Vec<Vec<u8>>, Failure> {
    let mut found = vec![vec![0xee; 4], vec![0xee; 3]];
    let mut places: Vec<&mut [u8]> = found.iter_mut().map(Vec::as_mut_slice).collect();
    model.compute(&[&[number; 4], &[number; 2]], &mut places).map(|()| found)
}

/// A file with these tensors and this text about itself.
fn written(tensors: &[(&str, Stored, &[usize], &[u8])], about: &str) -> Vec<u8> {
    let views = tensors.iter().map(|(name, dtype, shape, bytes)| {
        ((*name).to_owned(), TensorView::new(*dtype, shape.to_vec(), bytes).expect("sound"))
    });
    let metadata = [(ENTRY.to_owned(), about.to_owned())].into_iter().collect();
    safetensors::serialize(views, Some(metadata)).expect("small")
}

fn about() -> String {
    format!(r#"{{"format":1,"signature":"{}"}}"#, signature())
}

#[test]
fn what_was_recorded_is_computed_again() {
    let model = prepare(file(&[1, 2, 3]), &signature()).expect("sound");
    for number in [3, 1, 2, 1] {
        assert_eq!(compute(&*model, number), Ok(outputs(number)));
    }
    assert!(model.is_light(1 << 10) && !model.is_light(1 << 20));
}

#[test]
fn inputs_that_were_not_recorded_fail_with_the_hash_and_the_command() {
    let model = prepare(file(&[1, 2]), &signature()).expect("sound");
    let failure = compute(&*model, 4).expect_err("not recorded");
    assert_eq!(failure.status, Status::ExecBadInput);
    let hash = Key::of(&signature(), &[&[4; 4], &[4; 2]]).to_string();
    for part in [&hash, "the 2 recordings", "\"two\"", "nrt-sim neff run", "--record g"] {
        assert!(failure.reason.contains(part), "{part}: {failure}");
    }
}

#[test]
fn a_file_that_is_cut_short_is_refused_wherever_it_ends() {
    let whole = file(&[1]);
    for len in 0..whole.len() {
        let reason = refusal(whole[..len].to_vec());
        assert!(reason.starts_with("g: it is not a sound safetensors file"), "{len}: {reason}");
    }
}

#[test]
fn no_damaged_byte_makes_it_panic() {
    let whole = file(&[1]);
    for at in 0..whole.len() {
        for bit in [0x01, 0x20, 0x80] {
            let mut damaged = whole.clone();
            damaged[at] ^= bit;
            if let Ok(model) = prepare(damaged, &signature()) {
                assert!(compute(&*model, 9).is_err(), "byte {at}: only 1 was recorded");
            }
        }
    }
}

#[test]
fn damaged_outputs_are_refused_and_those_of_a_file_made_by_hand_need_no_digest() {
    let whole = file(&[1, 2]);
    // Nothing but outputs is at the end of the file.
    for from_the_end in 1..=14 {
        let mut damaged = whole.clone();
        let at = damaged.len() - from_the_end;
        damaged[at] ^= 0x10;
        let reason = refusal(damaged);
        assert!(reason.contains("g: it is damaged: its outputs are not those"), "{from_the_end}: {reason}");
    }
    let file = SafeTensors::deserialize(&whole).expect("sound");
    let mut tensors = file.tensors();
    tensors.sort_by(|(one, _), (other, _)| one.cmp(other));
    let again = |about: &str| {
        let tensors =
            tensors.iter().map(|(name, view)| (name.as_str(), view.dtype(), view.shape(), view.data()));
        written(&tensors.collect::<Vec<_>>(), about)
    };
    assert!(prepare(again(&about()), &signature()).is_ok());
    let with = |digest: u128| about().replace('}', &format!(r#","digest":"{digest:032x}"}}"#));
    let bytes: Vec<u8> = tensors.iter().flat_map(|(_, view)| view.data().to_vec()).collect();
    assert!(prepare(again(&with(xxh3_128(&bytes))), &signature()).is_ok());
    assert!(refusal(again(&with(0))).contains("it is damaged"));
}

#[test]
fn a_model_of_another_signature_is_refused_with_both() {
    let mut other = signature();
    other.inputs[0].shape = vec![2, 1];
    let Err(Refusal(reason)) = prepare(file(&[1]), &other) else { panic!("it was taken") };
    for part in [signature().to_string(), other.to_string(), "record the outputs of this model".into()] {
        assert!(reason.contains(&part), "{reason}");
    }
}

#[test]
fn what_the_file_says_of_itself_is_checked() {
    let plain = safetensors::serialize(Vec::<(String, TensorView<'_>)>::new(), None).expect("small");
    assert!(refusal(plain).contains("no metadata nrt_sim_golden"));
    let newer = refusal(written(&[], r#"{"format":2,"novelty":true}"#));
    assert!(newer.contains("format 2") && newer.contains("format 1 only"), "{newer}");
    assert!(refusal(written(&[], "{}")).contains("missing field `format`"));
    assert!(refusal(written(&[], r#"{"format":1}"#)).contains("missing field `signature`"));
    assert!(refusal(written(&[], &about())).contains("it holds no recordings"));
    assert!(refusal(b"version https://git-lfs.github.com/spec/v1\n".to_vec()).contains("git lfs pull"));
}

#[test]
fn each_recording_must_have_the_outputs_of_the_model() {
    let key = "0".repeat(32);
    let (out, next) = (format!("{key}/out"), format!("{key}/state/next"));
    let third = format!("{key}/third");
    let sound: &[(&str, Stored, &[usize], &[u8])] =
        &[(&out, Stored::F32, &[1], &[0; 4]), (&next, Stored::U8, &[3], &[0; 3])];
    assert!(prepare(written(sound, &about()), &signature()).is_ok());

    let other = format!("{}/out", "1".repeat(32));
    let lacking = [sound, &[(&other, Stored::F32, &[1], &[0; 4])]].concat();
    assert!(refusal(written(&lacking, &about())).contains("lacks state/next"));
    let foreign = [sound, &[(&third, Stored::F32, &[1], &[0; 4])]].concat();
    assert!(refusal(written(&foreign, &about())).contains("is of no output of the model"));
    let unnamed = [sound, &[("out", Stored::F32, &[1], &[0; 4])]].concat();
    assert!(refusal(written(&unnamed, &about())).contains("is not called <hash of the inputs>/<output>"));
    for (dtype, shape) in [(Stored::I32, vec![1]), (Stored::F32, vec![1, 1]), (Stored::F16, vec![2])] {
        let reason = refusal(written(&[(&out, dtype, &shape, &[0; 4]), sound[1]], &about()));
        assert!(reason.contains("but the output out:float32[1] is stored as F32 [1]"), "{reason}");
    }
}

#[test]
fn both_missing_outputs_of_a_recording_are_named() {
    let mut signature = signature();
    signature.outputs.push(TensorSpec::new("z", Usage::Output, Dtype::U8, [1]));
    let out = format!("{}/out", "0".repeat(32));
    let about = format!(r#"{{"format":1,"signature":"{signature}"}}"#);
    let Err(Refusal(reason)) = prepare(written(&[(&out, Stored::F32, &[1], &[0; 4])], &about), &signature)
    else {
        panic!("it was taken")
    };
    assert!(reason.contains("lacks state/next, z"), "{reason}");
}

#[test]
fn a_file_is_extended_and_keeps_what_it_held() {
    let signature = signature();
    let mut recording = Recording::extending(file(&[1, 2]), &model(&signature)).expect("the same model");
    assert_eq!(recording.len(), 2);
    assert_eq!(recording.add("lib 2", &[&[1; 4], &[1; 2]], outputs(1)), Added::Same);
    assert_eq!(recording.add("lib 2", &[&[3; 4], &[3; 2]], outputs(3)), Added::New);
    let mut other = outputs(2);
    other[1][0] = 99;
    let changed = Added::Changed(vec!["state/next".into()]);
    assert_eq!(recording.add("lib 2", &[&[2; 4], &[2; 2]], other.clone()), changed);
    assert_eq!(recording.add("lib 2", &[&[3; 4], &[3; 2]], outputs(4)).clone(), {
        Added::Changed(vec!["out".into(), "state/next".into()])
    });
    assert_eq!(recording.len(), 3);

    let bytes = recording.to_bytes().expect("small");
    let replay = prepare(bytes.clone(), &signature).expect("sound");
    for (number, expected) in [(1, outputs(1)), (2, other), (3, outputs(4))] {
        assert_eq!(compute(&*replay, number), Ok(expected), "{number}");
    }
    assert!(String::from_utf8_lossy(&bytes).contains(r#"[\"lib 1\",\"lib 2\"]"#));
}

#[test]
fn the_order_of_recording_does_not_show() {
    assert_eq!(file(&[1, 2, 3]), file(&[3, 1, 2]));
    assert_ne!(file(&[1, 2]), file(&[1, 3]));
}

#[test]
fn recordings_of_another_model_are_not_extended() {
    let signature = signature();
    let anew = Model { uuid: [8; 16], ..model(&signature) };
    let Refusal(reason) = Recording::extending(file(&[1]), &anew).expect_err("compiled anew");
    assert!(
        reason.contains("0808") && reason.contains("0707") && reason.contains("another file"),
        "{reason}"
    );
    let other = Signature::default();
    let Refusal(reason) = Recording::extending(file(&[1]), &model(&other)).expect_err("another signature");
    assert!(reason.contains("but the model is ->"), "{reason}");
    let by_hand = Recording::extending(written(&[], &about()), &model(&signature)).expect("of any model");
    assert!(by_hand.is_empty());
}

#[test]
fn outputs_of_a_wrong_length_are_not_stored() {
    let signature = signature();
    let mut recording = Recording::new(&model(&signature));
    recording.add("lib", &[&[1; 4], &[1; 2]], vec![vec![0; 4], vec![0; 2]]);
    let Refusal(reason) = recording.to_bytes().expect_err("one byte is missing");
    assert!(reason.contains("can't be created from 2 bytes"), "{reason}");
}

#[test]
fn a_recipe_has_a_file_and_nothing_else() {
    let read = |text| serde_json::from_str::<Golden>(text);
    assert_eq!(read(r#"{"file":"g"}"#).expect("a recipe"), Golden { file: "g".into() });
    let error = read(r#"{"file":"g","fil":1}"#).expect_err("a slip").to_string();
    assert!(error.contains("unknown field `fil`"), "{error}");
}
