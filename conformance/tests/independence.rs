//! The suite stands alone: it uses nothing of the simulator that it judges.

use std::collections::{BTreeSet, HashMap};
use std::process::Command;

use serde_json::Value;

#[test]
fn no_package_of_this_repository_is_needed() {
    let metadata = Command::new(env!("CARGO"))
        .args(["metadata", "--format-version", "1", "--locked", "--offline"])
        .args(["--filter-platform", "x86_64-unknown-linux-gnu"]) // packages for others need not be there
        .current_dir(env!("CARGO_MANIFEST_DIR"))
        .output()
        .expect("cargo is there, it runs the tests");
    assert!(metadata.status.success(), "{}", String::from_utf8_lossy(&metadata.stderr));
    let metadata: Value = serde_json::from_slice(&metadata.stdout).expect("cargo writes JSON");
    let list = |value: &Value| value.as_array().expect("a list").clone();
    let text = |value: &Value| value.as_str().expect("a text").to_owned();
    let names: HashMap<String, String> = list(&metadata["packages"])
        .iter()
        .map(|package| (text(&package["id"]), text(&package["name"])))
        .collect();
    let needs: HashMap<String, Vec<String>> = list(&metadata["resolve"]["nodes"])
        .iter()
        .map(|node| (text(&node["id"]), list(&node["dependencies"]).iter().map(text).collect()))
        .collect();
    let ours: BTreeSet<String> = list(&metadata["workspace_members"]).iter().map(text).collect();

    let suite = ours.iter().find(|id| names[*id] == env!("CARGO_PKG_NAME")).expect("this package");
    let (mut reached, mut next) = (BTreeSet::from([suite.clone()]), vec![suite.clone()]);
    while let Some(id) = next.pop() {
        next.extend(needs[&id].iter().filter(|needed| reached.insert((*needed).clone())).cloned());
    }
    assert!(reached.len() > 20, "the graph was read: {}", reached.len());
    let others: Vec<&String> =
        reached.intersection(&ours).filter(|id| *id != suite).map(|id| &names[id]).collect();
    assert!(others.is_empty(), "the suite needs {others:?}");
}
