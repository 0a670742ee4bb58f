//! `nrt-sim demo`: a C program against the asynchronous API, built and run before the user's eyes.

use std::env;
use std::fs;
use std::io::{self, Write};
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, Result, bail};
use clap::{Args, Parser};
use sim_core::neff::{Dtype, NeffBuilder, Target, TensorSpec, Usage};

use crate::library::Library;
use crate::run;

/// The name and the text of a header.
macro_rules! header {
    ($name:literal) => {
        ($name, include_str!(concat!("../../", $name)))
    };
}

/// The example and all C headers, so that the command works without the source tree.
const SOURCES: [(&str, &str); 14] = [
    ("after.c", include_str!("../../examples/migration/c/after.c")),
    ("workload.h", include_str!("../../examples/migration/c/workload.h")),
    header!("include/ndl/neuron_driver_shared.h"),
    header!("include/ndl/neuron_driver_shared_tensor_batch_op.h"),
    header!("include/nrt/ndebug_stream.h"),
    header!("include/nrt/nec.h"),
    header!("include/nrt/nrt.h"),
    header!("include/nrt/nrt_async.h"),
    header!("include/nrt/nrt_async_sendrecv.h"),
    header!("include/nrt/nrt_experimental.h"),
    header!("include/nrt/nrt_profile.h"),
    header!("include/nrt/nrt_status.h"),
    header!("include/nrt/nrt_sys_trace.h"),
    header!("include/nrt/nrt_version.h"),
];

/// A fault that the second run meets: the third run of the model is the end of its unit.
const FAULT: &str = r#"rule=[{unit="compute",core=0,nth=3,status=1202}]"#;
/// What the example returns when its execution unit is lost.
const UNIT_LOST: u8 = 3;

/// Builds a C example with the compiler of this machine and runs it under the simulator, step by step.
///
/// It is examples/migration/c/after.c: requests queued with nrta_execute_schedule, awaited with an eventfd.
#[derive(Debug, Args)]
pub(crate) struct Options {
    /// Keep the folder with the program, its source, the headers and the model.
    #[arg(long)]
    keep: bool,

    /// The simulated library; see `nrt-sim run --help`.
    #[arg(long, value_name = "PATH")]
    lib: Option<PathBuf>,
}

/// A command line of `nrt-sim run`, as the demo prints it.
#[derive(Debug, Parser)]
struct RunLine {
    #[command(flatten)]
    options: run::Options,
}

/// Shows it, and returns the exit code.
///
/// # Errors
/// When there is no library or no compiler, or a step does not end as it should.
pub(crate) fn demo(options: &Options) -> Result<u8> {
    let library = Library::find(options.lib.as_deref())?;
    let folder = tempfile::Builder::new().prefix("nrt-sim-demo-").tempdir();
    let mut folder = folder.context("cannot make a temporary folder (see TMPDIR)")?;
    folder.disable_cleanup(options.keep);
    let shown = folder.path().display().to_string();

    say(&format!(
        "1. A folder for the example, our headers and a small model (x, y: f32[16] -> out: f32[16]).\n\n    $ cd {shown}"
    ));
    write_sources(folder.path())?;
    fs::write(folder.path().join("demo.neff"), model()?)?;
    env::set_current_dir(folder.path())?;

    say("\n2. Compile and link it as for the real library.\n");
    compile(&library)?;

    say(
        "\n3. Run it on the simulated device. It prints a checksum for each batch; then nrt-sim says what it did.\n",
    );
    run_line(&library, &[], 0)?;

    say(
        "\n4. Run it again with a fault: the third request on the compute unit of core 0 ends with status 1202.\n   \
         The example finds the unit lost, says so, and ends with 3.\n",
    );
    run_line(&library, &["--faults", FAULT], UNIT_LOST)?;

    say(&if options.keep {
        format!("\nEverything is still in {shown}.")
    } else {
        "\nThat was all. With --keep the folder stays, to try more. See also `nrt-sim run --help`.".into()
    });
    Ok(0)
}

/// Prints a line for the user. Flushed, since the programs that follow print as well.
fn say(text: &str) {
    let mut out = io::stdout();
    // A demo that nobody reads has nothing to report.
    let _ = writeln!(out, "{text}").and_then(|()| out.flush());
}

fn write_sources(folder: &Path) -> io::Result<()> {
    for (name, text) in SOURCES {
        let path = folder.join(name);
        fs::create_dir_all(path.parent().expect("it is in the folder"))?;
        fs::write(path, text)?;
    }
    Ok(())
}

/// The model: two inputs and an output of 16 numbers each, for any device.
fn model() -> io::Result<Vec<u8>> {
    let tensor = |name, usage| TensorSpec::new(name, usage, Dtype::Fp32, [16]);
    NeffBuilder::new("demo", Target::Any)
        .tensor(tensor("x", Usage::Input))
        .tensor(tensor("y", Usage::Input))
        .tensor(tensor("out", Usage::Output))
        .build()
}

/// Compiles the example with CC, which may have arguments, or cc.
fn compile(library: &Library) -> Result<()> {
    let compiler = env::var("CC").ok().filter(|cc| !cc.trim().is_empty()).unwrap_or_else(|| "cc".into());
    let mut words = compiler.split_whitespace().map(str::to_owned);
    let program = words.next().expect("not only spaces");
    let mut arguments: Vec<String> = words.collect();
    arguments.extend(["-std=gnu11", "-Iinclude", "after.c", "-o", "after"].map(str::to_owned));
    arguments.extend(link_arguments(library));
    say(&format!("    $ {program} {}", quoted(&arguments)));

    let status = match Command::new(&program).args(&arguments).status() {
        Err(error) if error.kind() == io::ErrorKind::NotFound => bail!(
            "there is no C compiler `{program}`. Install one (Debian, Ubuntu: apt install gcc libc6-dev; Fedora, \
             Amazon Linux: dnf install gcc), or set CC to yours"
        ),
        status => status.with_context(|| format!("cannot start the compiler `{program}`"))?,
    };
    if !status.success() {
        bail!("the compiler failed ({status})");
    }
    Ok(())
}

/// `-lnrt` finds a file called libnrt.so; one of another name is given by its path.
fn link_arguments(library: &Library) -> Vec<String> {
    if library.folder().join("libnrt.so").exists() {
        vec![format!("-L{}", library.folder().display()), "-lnrt".into()]
    } else {
        vec![library.path.display().to_string()]
    }
}

/// Runs the example as the printed line would; it must end with `expected`.
fn run_line(library: &Library, flags: &[&str], expected: u8) -> Result<()> {
    // The model is for LNC 1, whatever the environment asks for.
    let fixed = ["--instance", "trn1.2xlarge"];
    let program = ["--", "./after", "demo.neff"];
    let words: Vec<&str> = fixed.iter().chain(flags).chain(&program).copied().collect();
    say(&format!("    $ nrt-sim run {}", quoted(&words)));

    let lib = library.path.to_str().context("the path of the library is not UTF-8")?;
    let line = RunLine::try_parse_from(["nrt-sim", "--lib", lib].iter().chain(&words))?;
    let code = run::run(&line.options)?;
    say(&format!("    $ echo $?\n{code}"));
    if code != expected {
        bail!("the example should have ended with {expected}");
    }
    Ok(())
}

/// A command line for a shell.
fn quoted<T: AsRef<str>>(words: &[T]) -> String {
    let is_plain = |text: &str| {
        !text.is_empty()
            && text.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"-_./+=,:".contains(&byte))
    };
    let quote = |text: &str| {
        if is_plain(text) { text.to_owned() } else { format!("'{}'", text.replace('\'', r"'\''")) }
    };
    words.iter().map(|word| quote(word.as_ref())).collect::<Vec<_>>().join(" ")
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;
    use std::path::Path;

    use clap::Parser;
    use sim_core::neff::{Neff, Policy, Usage};

    use super::{FAULT, RunLine, SOURCES, model, quoted};

    #[test]
    fn every_header_is_there() {
        let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("..");
        let mut expected = BTreeSet::new();
        for folder in ["include/nrt", "include/ndl"] {
            for entry in std::fs::read_dir(root.join(folder)).expect("in the source tree").flatten() {
                expected.insert(format!("{folder}/{}", entry.file_name().display()));
            }
        }
        let ours = SOURCES.iter().map(|(name, _)| (*name).to_owned());
        assert_eq!(ours.filter(|name| name.starts_with("include/")).collect::<BTreeSet<_>>(), expected);
    }

    #[test]
    fn the_model_is_as_it_is_described() {
        let neff = Neff::parse(&model().expect("in memory"), &Policy::default()).expect("our own");
        let tensors: Vec<_> = neff.tensors.iter().map(|t| (t.usage, t.name.as_str(), t.size)).collect();
        assert_eq!((neff.name.as_str(), neff.lnc), ("demo", 1));
        assert_eq!(tensors, [(Usage::Input, "x", 64), (Usage::Input, "y", 64), (Usage::Output, "out", 64)]);
    }

    #[test]
    fn the_second_run_has_a_valid_plan() {
        let line = ["nrt-sim", "--faults", FAULT, "--", "./after"];
        assert!(RunLine::try_parse_from(line).is_ok());
    }

    #[test]
    fn words_that_a_shell_would_change_are_quoted() {
        assert_eq!(quoted(&["cc", "-Iinclude", "a b", "it's", ""]), r"cc -Iinclude 'a b' 'it'\''s' ''");
    }
}
