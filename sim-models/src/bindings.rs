//! Bindings as a user writes them: which models get which kernel, and how long their runs take.

use std::cell::OnceCell;
use std::path::{Path, PathBuf};
use std::str::FromStr;
use std::sync::atomic::{AtomicBool, Ordering::Relaxed};

use serde::Deserialize;
use sha2::{Digest, Sha256};
use sim_core::neff::Neff;
use sim_core::timing::Timing;

use crate::hexadecimal::hexadecimal;
use crate::pattern::{self, Pattern};
use crate::signature::Signature;
use crate::spec::Spec;

/// What is known of a model when its kernel is looked for, each in the form that patterns are compared with.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Identity<'a> {
    /// Its name.
    pub name: &'a str,
    /// Its uuid, 32 hexadecimal digits.
    pub uuid: String,
    /// Its [`Signature`].
    pub signature: String,
    /// The whole NEFF.
    pub file: &'a [u8],
    /// The SHA-256 of `file`, 64 hexadecimal digits, once it was asked for: it takes a second for each gigabyte.
    pub sha256: OnceCell<String>,
}

/// What a model computes, and how long that takes; what is left out is as without a binding.
#[derive(Debug, Clone, PartialEq, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Sidecar {
    /// What each run computes.
    pub kernel: Option<Spec>,
    /// How long each run takes.
    pub time: Option<Timing>,
}

/// One entry of a bindings file. Conditions that are left out hold; an entry without any is for every model.
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
struct Binding {
    name: Option<Pattern>,
    #[serde(default, deserialize_with = "pattern::hexadecimal")]
    uuid: Option<Pattern>,
    #[serde(default, deserialize_with = "pattern::hexadecimal")]
    sha256: Option<Pattern>,
    #[serde(default, deserialize_with = "pattern::signature")]
    signature: Option<Pattern>,
    kernel: Option<Spec>,
    time: Option<Timing>,
}

/// What models get that nothing is bound to.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Fallback {
    /// Bytes that depend on all inputs, so that stale or misrouted data shows.
    #[default]
    Mix,
    /// Zeros.
    Zeros,
    /// Each output has the bytes of the input at its place.
    Echo,
    /// They are not loaded.
    Error,
}

/// A text that names no [`Fallback`]. Says which there are.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("mix, zeros, echo or error")]
pub struct NoFallback;

impl FromStr for Fallback {
    type Err = NoFallback;

    fn from_str(text: &str) -> Result<Fallback, NoFallback> {
        match text {
            "mix" => Ok(Fallback::Mix),
            "zeros" => Ok(Fallback::Zeros),
            "echo" => Ok(Fallback::Echo),
            "error" => Ok(Fallback::Error),
            _ => Err(NoFallback),
        }
    }
}

/// The text of a bindings file.
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
struct Text {
    default: Option<Fallback>,
    #[serde(default, rename = "model")]
    models: Vec<Binding>,
}

/// The bindings of one file, in the order in which they are asked.
#[derive(Debug)]
pub struct Bindings {
    file: PathBuf,
    folder: PathBuf,
    text: Text,
    have_matched: Vec<AtomicBool>,
}

impl Bindings {
    /// Reads `text`, which is that of `file`: the paths in it start from the folder of `file`, wherever the program
    /// goes later. A path without a folder is one of the working directory.
    ///
    /// # Errors
    /// What is wrong, with its line.
    pub fn parse(file: impl Into<PathBuf>, text: &str) -> Result<Bindings, toml::de::Error> {
        let text: Text = toml::from_str(text)?;
        let have_matched = text.models.iter().map(|_| AtomicBool::new(false)).collect();
        let file = file.into();
        let mut folder = std::path::absolute(&file).unwrap_or_else(|_| file.clone());
        folder.pop();
        Ok(Bindings { file, folder, text, have_matched })
    }

    /// The file they are of.
    pub fn file(&self) -> &Path {
        &self.file
    }

    /// Where the paths in it start from.
    pub fn folder(&self) -> &Path {
        &self.folder
    }

    /// What the file wants for models that no entry is for.
    pub fn fallback(&self) -> Option<Fallback> {
        self.text.default
    }

    /// The first entry for `model`, counted from 1, and what it says.
    pub fn find(&self, model: &Identity<'_>) -> Option<(usize, Sidecar)> {
        let place = self.text.models.iter().position(|binding| binding.matches(model))?;
        self.have_matched[place].store(true, Relaxed);
        let Binding { kernel, time, .. } = &self.text.models[place];
        Some((place + 1, Sidecar { kernel: kernel.clone(), time: *time }))
    }

    /// How many entries there are.
    pub fn len(&self) -> usize {
        self.text.models.len()
    }

    /// Whether there is no entry.
    pub fn is_empty(&self) -> bool {
        self.text.models.is_empty()
    }

    /// The entries that were the first for no model yet, counted from 1.
    pub fn unmatched(&self) -> Vec<usize> {
        let places = (1..).zip(&self.have_matched);
        places.filter(|(_, has_matched)| !has_matched.load(Relaxed)).map(|(place, _)| place).collect()
    }
}

impl Sidecar {
    /// Reads the text of a sidecar.
    ///
    /// # Errors
    /// What is wrong, with its line.
    pub fn parse(text: &str) -> Result<Sidecar, toml::de::Error> {
        toml::from_str(text)
    }
}

impl<'a> Identity<'a> {
    /// That of the model `neff` with `signature`, which was read from `file`.
    pub fn new(neff: &'a Neff, signature: &Signature, file: &'a [u8]) -> Identity<'a> {
        Identity {
            name: &neff.name,
            uuid: hexadecimal(&neff.header.uuid),
            signature: signature.to_string(),
            file,
            sha256: OnceCell::new(),
        }
    }

    fn sha256(&self) -> &str {
        self.sha256.get_or_init(|| hexadecimal(&Sha256::digest(self.file)))
    }
}

impl Binding {
    fn matches(&self, model: &Identity<'_>) -> bool {
        let holds = |pattern: &Option<Pattern>, text: &str| {
            pattern.as_ref().is_none_or(|pattern| pattern.matches(text))
        };
        // What costs most comes last.
        holds(&self.name, model.name)
            && holds(&self.uuid, &model.uuid)
            && holds(&self.signature, &model.signature)
            && self.sha256.as_ref().is_none_or(|pattern| pattern.matches(model.sha256()))
    }
}

#[cfg(test)]
mod tests {
    use std::cell::OnceCell;

    use super::{Bindings, Fallback, Identity};

    fn model() -> Identity<'static> {
        Identity {
            name: "resnet50.neff",
            uuid: "00112233445566778899aabbccddeeff".into(),
            signature: "x:float16[128,256],y:float16[256,128]->out:float16[128,128]".into(),
            file: b"abc",
            sha256: OnceCell::new(),
        }
    }

    fn parse(text: &str) -> Bindings {
        Bindings::parse("b.toml", text).unwrap_or_else(|error| panic!("{text}: {error}"))
    }

    #[test]
    fn the_first_entry_whose_conditions_all_hold_is_the_one() {
        for (entry, is_for) in [
            ("name = 'resnet*'", true),
            ("name = 'resnet'", false),
            ("uuid = '0011*'", true),
            ("uuid = '0011*EEFF'", true),
            ("uuid = '00112233-4455-6677-8899-aabbccddeeff'", true),
            ("uuid = '1*'", false),
            ("sha256 = 'ba7816bf*15ad'", true),
            ("sha256 = 'ba7816bf'", false),
            ("signature = 'x:float16[128, 256], y:* -> out:*'", true),
            ("signature = 'x:f16[*], y:* -> out:f16[128,128]'", true),
            ("signature = 'x:float32*'", false),
            ("signature = 'x:f32[*'", false),
            ("name = '*'\nuuid = '1*'", false),
            ("", true),
        ] {
            let bindings = parse(&format!("[[model]]\n{entry}\n[[model]]\n"));
            let (place, _) = bindings.find(&model()).expect("the last is for all");
            assert_eq!(place == 1, is_for, "{entry}");
            assert_eq!(bindings.unmatched(), [if is_for { 2 } else { 1 }], "{entry}");
        }
    }

    #[test]
    fn a_file_is_hashed_only_for_an_entry_that_asks_and_else_holds() {
        for (entry, is_hashed) in [
            ("name = 'r*'", false),
            ("name = 'x'\nsha256 = 'ba*'", false),
            ("name = 'r*'\nsha256 = 'ba*'", true),
        ] {
            let model = model();
            parse(&format!("[[model]]\n{entry}\n")).find(&model);
            assert_eq!(model.sha256.get().is_some(), is_hashed, "{entry}");
        }
    }

    #[test]
    fn paths_start_from_the_folder_that_the_file_had_at_first() {
        let here = std::env::current_dir().expect("there is one");
        for (file, folder) in
            [("NRT_SIM_MODELS", here.clone()), ("a/b.toml", here.join("a")), ("/b.toml", "/".into())]
        {
            let bindings = Bindings::parse(file, "").expect("valid");
            assert_eq!((bindings.folder(), bindings.file()), (folder.as_path(), file.as_ref()), "{file}");
        }
    }

    #[test]
    fn what_cannot_be_meant_is_refused_with_its_line() {
        for (text, said) in [
            ("[[model]]\nnmae = 'x'", "unknown field `nmae`"),
            ("[[models]]", "unknown field `models`"),
            ("default = 'none'", "unknown variant `none`"),
            ("[[model]]\nuuid = '00:11'", "hexadecimal digits"),
            ("[[model]]\nkernel = 'mixx'", "unknown variant `mixx`"),
            ("[[model]]\nkernel = { use = 'mix', seed = 1 }", "unknown field `seed`"),
            ("[[model]]\nkernel = { op = 'mix' }", "missing field `use`"),
            ("[[model]]\nkernel = 3", "the name of a kernel"),
            ("[[model]]\ntime = '3 parsecs'", "time"),
            ("[[model]]\nname = 3", "expected a string"),
        ] {
            let error = Bindings::parse("b.toml", text).expect_err(text).to_string();
            assert!(error.contains(said) && error.contains("line"), "{text}: {error}");
        }
    }

    #[test]
    fn a_file_may_say_what_other_models_get() {
        assert_eq!(parse("default = 'error'").fallback(), Some(Fallback::Error));
        assert_eq!(parse("").fallback(), None);
    }
}
