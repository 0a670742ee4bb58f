//! The choice of a kernel for a model: bindings, sidecars, and what is left for the others.

use std::collections::BTreeMap;
use std::fmt::{self, Display};
use std::io::ErrorKind;
use std::path::{Path, PathBuf};

use sim_core::kernel::Kernel;
use sim_core::neff::Neff;
use sim_core::timing::Timing;

use crate::bindings::{Bindings, Fallback, Identity, Sidecar};
use crate::compute::Watch;
use crate::recipe::{Files, Refusal, Subject};
use crate::regular;
use crate::signature::Signature;
use crate::spec::Spec;
use crate::written::{Written, WrittenError};

/// The sidecar of a NEFF among its attachments.
pub const SIDECAR: &str = "model.toml";
/// What is added to the path of a NEFF for the sidecar beside it.
pub const BESIDE: &str = ".toml";

/// Everything that decides what models compute.
#[derive(Debug, Default)]
pub struct Models {
    /// What the user bound, if anything.
    pub bindings: Option<Bindings>,
    /// NEFF files beside which there may be a sidecar: `model.neff.toml` for `model.neff`.
    pub beside: Vec<PathBuf>,
    /// What models get that nothing is bound to; comes before what the bindings say of it.
    pub fallback: Option<Fallback>,
    /// The plug-in that computes ONNX files, if it is known where that is.
    pub onnx_library: Option<PathBuf>,
}

/// The kernel of one model.
pub struct Chosen {
    /// What it computes.
    pub kernel: Box<dyn Kernel>,
    /// How long each run takes, if somebody said so.
    pub timing: Option<Timing>,
    /// Which kernel it is, in words.
    pub name: String,
    /// Who wanted that kernel.
    pub origin: Origin,
    /// The entry of the bindings file that is for the model, counted from 1; it may have said only how long a run
    /// takes.
    pub entry: Option<usize>,
}

/// Who wanted a kernel for a model; in the order in which they are asked.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Origin {
    /// An entry of the bindings file, counted from 1.
    Binding {
        /// The file.
        file: PathBuf,
        /// Which entry.
        entry: usize,
    },
    /// The sidecar in the NEFF.
    Inside,
    /// The sidecar beside the NEFF.
    Beside(PathBuf),
    /// Nobody.
    Default,
}

impl Models {
    /// The kernel for the model that was read from `file`, and the time of its runs: each as the first wants it who
    /// says anything of it.
    ///
    /// Reads the files that a binding names. Nothing is kept of a model whose kernel cannot be had.
    ///
    /// # Errors
    /// Who wanted which kernel, what does not fit, and what to do.
    pub fn choose(&self, neff: &Neff, file: &[u8], watch: Watch) -> Result<Chosen, Refusal> {
        let signature = Signature::of(&neff.tensors);
        let Wish { kernel, time, entry } = self.wish(neff, &signature, file)?;
        let (kernel, origin) = match (kernel, self.fallback()) {
            (Some(wanted), _) => wanted,
            (None, Fallback::Mix) => (Spec::mix(), Origin::Default),
            (None, Fallback::Zeros) => (Spec::zeros(), Origin::Default),
            (None, Fallback::Echo) => (Spec::echo(), Origin::Default),
            (None, Fallback::Error) => {
                return Err(Refusal(
                    "no kernel is bound to this model, and default = \"error\" asks for one".to_owned(),
                ));
            }
        };
        let files = match (&origin, &self.bindings) {
            (Origin::Binding { .. }, Some(bindings)) => Files::Folder(bindings.folder().to_owned()),
            (Origin::Beside(file), _) => Files::Beside(file.parent().unwrap_or(Path::new("")).to_owned()),
            (Origin::Inside, _) => Files::Archive(&neff.attachments),
            (Origin::Default | Origin::Binding { .. }, _) => Files::Archive(&BTreeMap::new()),
        };
        let subject = Subject {
            name: &neff.name,
            uuid: neff.header.uuid,
            signature: &signature,
            files: &files,
            onnx_library: self.onnx_library.as_deref(),
        };
        let made = kernel.kernel(&subject, watch);
        let made = made.map_err(|refusal| Refusal(format!("{origin}: kernel {kernel}: {refusal}")))?;
        Ok(Chosen { kernel: made, timing: time, name: kernel.to_string(), origin, entry })
    }

    /// What is wanted for a model. Who comes after those that say all there is to say is not asked.
    fn wish(&self, neff: &Neff, signature: &Signature, file: &[u8]) -> Result<Wish, Refusal> {
        let mut wish = Wish::default();
        if let Some(bindings) = self.bindings.as_ref().filter(|bindings| !bindings.is_empty()) {
            let model = Identity::new(neff, signature, file);
            if let Some((entry, sidecar)) = bindings.find(&model) {
                wish.entry = Some(entry);
                wish.add(sidecar, Origin::Binding { file: bindings.file().to_owned(), entry });
            }
        }
        if let Some(text) = neff.attachments.get(SIDECAR).filter(|_| !wish.is_complete()) {
            wish.add(read(&Origin::Inside, text)?, Origin::Inside);
        }
        if wish.is_complete() {
            return Ok(wish);
        }
        for path in self.beside.iter().filter(|path| holds(path, file)).map(|neff| beside(neff)) {
            match Written::in_file(&path) {
                Ok(written) => {
                    let origin = Origin::Beside(path);
                    wish.add(read(&origin, written.text.as_bytes())?, origin);
                    break;
                }
                Err(WrittenError::Unreadable(error)) if error.kind() == ErrorKind::NotFound => {}
                Err(error) => return Err(Refusal(format!("{}: {error}", path.display()))),
            }
        }
        Ok(wish)
    }

    fn fallback(&self) -> Fallback {
        let of_file = || self.bindings.as_ref().and_then(Bindings::fallback);
        self.fallback.or_else(of_file).unwrap_or_default()
    }
}

/// What is wanted for a model, as far as those who were asked say.
#[derive(Default)]
struct Wish {
    kernel: Option<(Spec, Origin)>,
    time: Option<Timing>,
    entry: Option<usize>,
}

impl Wish {
    /// Takes from `sidecar`, what `origin` says, that of which nobody before said anything.
    fn add(&mut self, sidecar: Sidecar, origin: Origin) {
        if self.kernel.is_none() {
            self.kernel = sidecar.kernel.map(|kernel| (kernel, origin));
        }
        self.time = self.time.or(sidecar.time);
    }

    fn is_complete(&self) -> bool {
        self.kernel.is_some() && self.time.is_some()
    }
}

/// Whether the file at `path` has these bytes. Most are known by their length not to, and are not read.
fn holds(path: &Path, bytes: &[u8]) -> bool {
    let has_length = std::fs::metadata(path).is_ok_and(|file| file.len() == bytes.len() as u64);
    has_length && regular::read(path).is_ok_and(|content| content == bytes)
}

/// Where the sidecar beside `neff` is, if there is one.
pub fn beside(neff: &Path) -> PathBuf {
    let mut path = neff.as_os_str().to_owned();
    path.push(BESIDE);
    path.into()
}

/// Reads a sidecar.
fn read(origin: &Origin, text: &[u8]) -> Result<Sidecar, Refusal> {
    let text = str::from_utf8(text).map_err(|_| Refusal(format!("{origin} is not UTF-8")))?;
    Sidecar::parse(text).map_err(|error| Refusal(format!("{origin} is not valid: {}", one_line(&error))))
}

/// What is wrong with a TOML text, in one line: where and what, without the excerpt between the two.
pub fn one_line(error: &dyn Display) -> String {
    let text = error.to_string();
    match text.trim().split_once('\n') {
        Some((first, rest)) => format!("{first}: {}", rest.lines().next_back().unwrap_or_default()),
        None => text,
    }
}

impl Display for Origin {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Origin::Binding { file, entry } => write!(f, "{}, model {entry}", file.display()),
            Origin::Inside => write!(f, "the NEFF's own sim/{SIDECAR}"),
            Origin::Beside(path) => path.display().fmt(f),
            Origin::Default => f.write_str("by default"),
        }
    }
}

#[cfg(test)]
mod tests {
    use std::path::{Path, PathBuf};

    use sim_core::neff::{Neff, NeffBuilder, Policy, Target};
    use sim_core::time::Nanos;
    use sim_core::timing::Timing;

    use super::{Models, Origin, beside, holds};
    use crate::bindings::{Bindings, Fallback};
    use crate::compute::Watch;

    #[test]
    fn a_device_or_a_folder_is_no_neff_that_a_sidecar_could_be_beside() {
        let manifest = Path::new(concat!(env!("CARGO_MANIFEST_DIR"), "/Cargo.toml"));
        let bytes = std::fs::read(manifest).expect("it is there");
        assert!(holds(manifest, &bytes) && !holds(manifest, &bytes[1..]));
        // Its length is 0, and reading it never ends.
        assert!(!holds(Path::new("/dev/zero"), &[]) && !holds(Path::new("/dev/zero"), &[0]));
        let neff = NeffBuilder::new("m", Target::Any).build().expect("in memory");
        let model = Neff::parse(&neff, &Policy::default()).expect("sound");
        let models =
            Models { beside: vec![PathBuf::from("/dev/zero"), PathBuf::from("/")], ..Models::default() };
        let chosen = models.choose(&model, &neff, Watch::silent()).map(|chosen| chosen.origin);
        assert_eq!(chosen, Ok(Origin::Default));
    }

    /// Kernel, microseconds and origin of a model, of which an entry, a sidecar inside and one beside say this.
    fn chosen(said: [&str; 3]) -> (String, Option<u64>, String, Option<usize>) {
        let [binding, inside, outside] = said;
        let folder = tempfile::tempdir().expect("a temporary folder");
        let path = folder.path().join("m.neff");
        let neff =
            NeffBuilder::new("m", Target::Any).attach("model.toml", inside).build().expect("in memory");
        std::fs::write(&path, &neff).expect("writable");
        std::fs::write(beside(&path), outside).expect("writable");
        let model = Neff::parse(&neff, &Policy::default()).expect("sound");
        let bindings = Bindings::parse("b.toml", &format!("[[model]]\n{binding}")).expect("valid");
        let models = Models {
            bindings: Some(bindings),
            beside: vec![path.clone()],
            fallback: Some(Fallback::Zeros),
            ..Models::default()
        };
        let chosen =
            models.choose(&model, &neff, Watch::silent()).unwrap_or_else(|why| panic!("{said:?}: {why}"));
        let time = chosen.timing.map(|timing| match timing {
            Timing::Fixed(Nanos(ns)) => ns / 1000,
            other => panic!("{other:?}"),
        });
        let origin = match chosen.origin {
            Origin::Beside(_) => "beside".to_owned(),
            origin => origin.to_string(),
        };
        (chosen.name, time, origin, chosen.entry)
    }

    #[test]
    fn kernel_and_time_are_looked_for_apart() {
        const INSIDE: &str = "the NEFF's own sim/model.toml";
        let is = |said: [&str; 3], kernel: &str, time, origin: &str, entry| {
            assert_eq!(chosen(said), (kernel.into(), time, origin.into(), entry), "{said:?}");
        };
        let here = Some(1);
        is(["time = '1us'", "kernel = 'echo'\ntime = '2us'", ""], "echo", Some(1), INSIDE, here);
        is(["time = '1us'", "", "kernel = 'echo'"], "echo", Some(1), "beside", here);
        is(["time = '1us'", "time = '2us'", "time = '3us'"], "zeros", Some(1), "by default", here);
        is(["kernel = 'echo'", "", "kernel = 'mix'\ntime = '3us'"], "echo", Some(3), "b.toml, model 1", here);
        is(["name = 'other'", "time = '2us'", "kernel = 'mix'"], "mix", Some(2), "beside", None);
        is(["", "", ""], "zeros", None, "by default", here);
        // Who would have no say is not read.
        is(["kernel = 'echo'\ntime = '1us'", "no", "TOML"], "echo", Some(1), "b.toml, model 1", here);
        is(["name = 'other'", "kernel = 'echo'\ntime = '2us'", "!"], "echo", Some(2), INSIDE, None);
    }
}
