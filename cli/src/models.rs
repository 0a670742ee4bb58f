//! What models compute: `--models`, `--default-kernel` and `--strict`.

use std::collections::BTreeSet;
use std::ffi::OsString;
use std::path::{Path, PathBuf, absolute};

use anyhow::{Result, anyhow};
use clap::Args;
use clap::builder::PossibleValuesParser;
use sim_models::bindings::Bindings;
use sim_models::models::{Models, beside, one_line};
use sim_models::onnx;
use sim_models::placement::Placement;
use sim_models::written::Written;

use crate::library::Library;
use crate::machine::variable;
use crate::note;

/// The variable with the bindings.
const MODELS: &str = "NRT_SIM_MODELS";
/// The variable with what is left for the others.
const DEFAULT_KERNEL: &str = "NRT_SIM_DEFAULT_KERNEL";
/// The variable with the NEFFs that have sidecars beside them, with colons between.
const BESIDE: &str = "NRT_SIM_MODELS_BESIDE";

/// The flags of a command that runs models.
#[derive(Debug, Clone, Args)]
#[group(skip)] // as in `machine`
pub(crate) struct Options {
    #[command(flatten)]
    choice: Choice,

    /// Fail, with exit code 125, if a binding was for no model of a program that ended well.
    #[arg(long)]
    pub(crate) strict: bool,
}

/// The flags that bind models to kernels.
#[derive(Debug, Clone, Default, Args)]
#[group(skip)] // as in `machine`
pub(crate) struct Choice {
    /// What models compute: the path of a bindings file in TOML, or its text (see docs/models.md). Paths in
    /// it start from its folder.
    ///
    /// Sets NRT_SIM_MODELS. Default: what that variable says, else none.
    #[arg(long, value_name = "BINDINGS", value_parser = bindings)]
    models: Option<String>,

    /// What models compute that nothing is bound to: a mix of all input bytes, zeros, the bytes of the inputs;
    /// or `error`: they are not loaded.
    ///
    /// Sets NRT_SIM_DEFAULT_KERNEL. Default: what that variable or the bindings file say, else mix.
    #[arg(long, value_name = "KERNEL", value_parser = PossibleValuesParser::new(["mix", "zeros", "echo", "error"]))]
    default_kernel: Option<String>,
}

impl Options {
    /// The variables that say it to the library. `arguments` are those of the program: if one is a NEFF with
    /// a sidecar beside it, the sidecar counts.
    pub(crate) fn variables(&self, arguments: &[OsString]) -> Vec<(&'static str, OsString)> {
        let with_sidecar = |path: &PathBuf| path.is_file() && beside(path).is_file();
        let neffs =
            arguments.iter().filter(|argument| Path::new(argument).extension() == Some("neff".as_ref()));
        let neffs = neffs.filter_map(|argument| absolute(argument).ok()).filter(with_sidecar);
        let inherited = std::env::var_os(BESIDE).unwrap_or_default();
        let paths: BTreeSet<PathBuf> = neffs.chain(std::env::split_paths(&inherited)).collect();
        // Its sidecar does not count then, as without nrt-sim.
        let (sayable, others): (Vec<_>, Vec<_>) = paths.iter().partition(|path| is_sayable(path));
        others.into_iter().for_each(|path| note(&unsaid(path)));
        self.with_beside(&std::env::join_paths(sayable).unwrap_or_default())
    }

    /// The same for a library in this process that loads the model in the file `neff`, whatever its name. Says nothing
    /// of a sidecar that [`unsaid_beside`] finds.
    pub(crate) fn variables_of(&self, neff: &Path) -> Vec<(&'static str, OsString)> {
        let path = absolute(neff).ok().filter(|path| is_sayable(path));
        self.with_beside(&path.map(PathBuf::into_os_string).unwrap_or_default())
    }

    fn with_beside(&self, list: &OsString) -> Vec<(&'static str, OsString)> {
        [
            (MODELS, self.choice.models.clone().map(OsString::from)),
            (DEFAULT_KERNEL, self.choice.default_kernel.clone().map(OsString::from)),
            (BESIDE, Some(list.clone()).filter(|list| !list.is_empty())),
        ]
        .into_iter()
        .filter_map(|(name, value)| Some((name, value?)))
        .collect()
    }

    /// What is to be said of bindings that were for none of the models that were loaded.
    pub(crate) fn unmatched<'a>(&self, placements: impl Iterator<Item = &'a Placement>) -> Vec<String> {
        let Some(text) = self.choice.models.clone().or_else(|| variable(MODELS)) else { return Vec::new() };
        let Some((file, bindings)) = read(&text).ok() else { return Vec::new() };
        let matched: BTreeSet<usize> = placements.filter_map(|placement| placement.entry).collect();
        let missed = (1..=bindings.len()).filter(|entry| !matched.contains(entry));
        missed
            .map(|entry| format!("{}, model {entry}: no model was loaded that it is for", file.display()))
            .collect()
    }
}

impl Choice {
    /// As [`Options::variables`].
    pub(crate) fn variables(&self, arguments: &[OsString]) -> Vec<(&'static str, OsString)> {
        Options { choice: self.clone(), strict: false }.variables(arguments)
    }

    /// What decides what the model in the file `neff` computes, as the library is told by [`Options::variables_of`].
    ///
    /// # Errors
    /// When the environment names bindings that are not valid.
    pub(crate) fn models(&self, neff: &Path) -> Result<Models> {
        let bindings = self.models.clone().or_else(|| variable(MODELS));
        let bindings =
            bindings.map(|text| read(&text).map_err(|error| anyhow!("{MODELS} {error}"))).transpose()?;
        let fallback = self.default_kernel.clone().or_else(|| variable(DEFAULT_KERNEL));
        Ok(Models {
            bindings: bindings.map(|(_, bindings)| bindings),
            beside: vec![neff.to_owned()],
            fallback: fallback.and_then(|name| name.parse().ok()),
            onnx_library: onnx_library(),
        })
    }
}

/// What is wrong with a sidecar beside `neff` that the library cannot be told of, if there is one.
pub(crate) fn unsaid_beside(neff: &Path) -> Option<String> {
    let path = absolute(neff).ok()?;
    (!is_sayable(&path) && beside(&path).exists()).then(|| unsaid(&path))
}

/// Whether a variable can hold the path in a list.
fn is_sayable(path: &Path) -> bool {
    std::env::join_paths([path]).is_ok()
}

fn unsaid(neff: &Path) -> String {
    format!(
        "{} does not count: its path has a colon, with which the library cannot be told of it; move or rename the model",
        beside(neff).display()
    )
}

/// Where the plug-in for ONNX is, if it is where the library will look for it.
pub(crate) fn onnx_library() -> Option<PathBuf> {
    let beside = || Some(Library::find(None).ok()?.folder().join(onnx::LIBRARY));
    variable("NRT_SIM_ONNX_LIB").map(PathBuf::from).or_else(beside)
}

/// Reads bindings, from a file or from the text itself.
fn read(value: &str) -> Result<(PathBuf, Bindings), String> {
    let Written { text, file } = Written::find(value).map_err(|error| {
        format!("is neither a bindings file nor the text of one, such as model=[{{kernel='zeros'}}]: {error}")
    })?;
    let file = file.unwrap_or_else(|| PathBuf::from(MODELS));
    let bindings = Bindings::parse(&file, &text);
    let bindings =
        bindings.map_err(|error| format!("is not valid: {}: {}", file.display(), one_line(&error)))?;
    Ok((file, bindings))
}

/// Checks `--models`, and makes a path absolute.
fn bindings(value: &str) -> Result<String, String> {
    read(value)?;
    absolute_if_file(value)
}

/// The value for a variable: a path that any process understands, or the text itself.
pub(crate) fn absolute_if_file(value: &str) -> Result<String, String> {
    if !Path::new(value).is_file() {
        return Ok(value.to_owned());
    }
    let path = absolute(value).map_err(|error| error.to_string())?;
    Ok(path.to_str().ok_or("its path is not UTF-8")?.to_owned())
}

#[cfg(test)]
mod tests {
    use sim_models::placement::Placement;

    use super::{Choice, Options, bindings};

    fn options(models: &str) -> Options {
        Options { choice: Choice { models: Some(models.into()), ..Choice::default() }, strict: false }
    }

    #[test]
    fn a_binding_that_no_model_had_is_named() {
        let two = options("model=[{name='a',kernel='zeros'},{name='b',kernel='echo'}]");
        let placement = Placement {
            model: "b".into(),
            core: 0,
            kernel: "echo".into(),
            origin: String::new(),
            entry: Some(2),
        };
        let missed = two.unmatched([&placement].into_iter());
        assert_eq!(missed, ["NRT_SIM_MODELS, model 1: no model was loaded that it is for"]);
    }

    #[test]
    fn bindings_are_checked_before_the_program_runs() {
        let folder = tempfile::tempdir().expect("a temporary folder");
        let path = folder.path().join("b.toml");
        std::fs::write(&path, "[[model]]\nkernel = 'zero'\n").expect("writable");
        let error = bindings(path.to_str().expect("UTF-8")).expect_err("no such kernel");
        assert!(error.contains("b.toml: TOML parse error at line 2") && error.contains("`zeros`"), "{error}");
        assert!(bindings("no/such.toml").expect_err("no file").contains("cannot be read"));
        assert_eq!(bindings("default='echo'").as_deref(), Ok("default='echo'"));
    }
}
