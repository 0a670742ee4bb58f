use std::collections::{BTreeMap, BTreeSet};
use std::io::Read;

use serde::Deserialize;
use serde_json::value::RawValue;

use super::archive::walk;
use super::error::{NeffError, excerpt};
use super::files::{Files, is_description};
use super::{Header, Limits};

/// The engines of a physical core, as the compiler names their files: `PE.bin` has the instructions of one,
/// `PE.json` says which tables belong to them (observed).
pub const ENGINES: [&str; 5] = ["PE", "Activation", "Pool", "DVE", "SP"];

/// What is in the archive of a NEFF, for whoever wants to look inside: no gate asks for any of it.
#[derive(Debug)]
pub struct Contents {
    /// Its files, in their order. A path may occur twice; the last counts.
    pub files: Vec<ArchivedFile>,
    /// Links, devices and what else is neither file nor folder. Nobody reads them.
    pub others: u64,
    /// What each physical core has, sorted by folder.
    pub cores: Vec<CoreFiles>,
    /// The files at the top that describe the whole model, by path, as the compiler wrote them.
    pub descriptions: BTreeMap<String, Box<RawValue>>,
    /// Such files that are no JSON, and why.
    pub malformed: BTreeMap<String, String>,
}

/// A file in an archive.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ArchivedFile {
    /// Where it is, without a leading `./`.
    pub path: String,
    /// How many it has.
    pub bytes: u64,
}

/// The files of one physical core: those in a folder with a `def.json`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CoreFiles {
    /// The folder, `sg00` say.
    pub folder: String,
    /// Bytes of instructions for each of [`ENGINES`], `None` without a file of them.
    pub engines: [Option<u64>; ENGINES.len()],
    /// Files in the folder.
    pub files: u64,
    /// Bytes of all of them.
    pub bytes: u64,
    /// Whether there is a `tensor_map.json`.
    pub has_tensor_map: bool,
    /// The files of engines that `def.json` names and that are not in the folder.
    pub missing: Vec<String>,
}

/// What `def.json` calls the files of engines: `pe` of the tables, `pe_instr` of the instructions (observed).
#[derive(Deserialize, Default)]
struct EngineFiles {
    pe: Option<String>,
    act: Option<String>,
    pool: Option<String>,
    dve: Option<String>,
    sp: Option<String>,
    pe_instr: Option<String>,
    act_instr: Option<String>,
    pool_instr: Option<String>,
    dve_instr: Option<String>,
    sp_instr: Option<String>,
}

impl EngineFiles {
    fn names(self) -> impl Iterator<Item = String> {
        let EngineFiles { pe, act, pool, dve, sp, pe_instr, act_instr, pool_instr, dve_instr, sp_instr } =
            self;
        [pe, act, pool, dve, sp, pe_instr, act_instr, pool_instr, dve_instr, sp_instr].into_iter().flatten()
    }
}

impl Contents {
    /// Looks through the archive of the NEFF `bytes`.
    ///
    /// # Errors
    /// Gates 3 to 6, a damaged archive, a path that leads out of it, or one of the `limits`.
    pub fn read(bytes: &[u8], limits: &Limits) -> Result<Contents, NeffError> {
        let header = Header::parse(bytes)?;
        let (mut files, mut kept, mut others) = (Vec::new(), Files::default(), 0);
        walk(header.data(bytes)?, limits, |mut item| {
            if item.is_file {
                kept.count("bytes in all descriptions", item.path.len() as u64, limits)?;
                kept.take(&mut item, limits)?;
                files.push(ArchivedFile { path: item.path, bytes: item.bytes });
            } else if !item.is_folder {
                others += 1;
            }
            Ok::<(), NeffError>(())
        })?;
        let (mut descriptions, mut malformed) = (BTreeMap::new(), BTreeMap::new());
        for (path, content) in kept.iter().filter(|(path, _)| is_description(path)) {
            match serde_json::from_slice::<Box<RawValue>>(content) {
                Ok(json) => _ = descriptions.insert(path.to_owned(), json),
                Err(error) => _ = malformed.insert(path.to_owned(), excerpt(&error.to_string())),
            }
        }
        Ok(Contents { cores: cores(&files, &kept), files, others, descriptions, malformed })
    }

    /// The bytes of the last file called `path`.
    #[must_use]
    pub fn bytes_of(&self, path: &str) -> Option<u64> {
        self.files.iter().rev().find(|file| file.path == path).map(|file| file.bytes)
    }
}

/// Hands each file in the archive of the NEFF `bytes` to `take`: its path, which leads nowhere outside, and its
/// content. Links, devices and empty folders are left out.
///
/// # Errors
/// Those of [`Contents::read`], or the first error of `take`.
pub fn each_file<E: From<NeffError>>(
    bytes: &[u8],
    limits: &Limits,
    mut take: impl FnMut(&str, &mut dyn Read) -> Result<(), E>,
) -> Result<(), E> {
    let data = Header::parse(bytes)?.data(bytes)?;
    walk(data, limits, |item| if item.is_file { take(&item.path, item.reader) } else { Ok(()) })
}

fn cores(files: &[ArchivedFile], kept: &Files) -> Vec<CoreFiles> {
    let split =
        |path: &'_ str| path.rsplit_once('/').map(|(folder, name)| (folder.to_owned(), name.to_owned()));
    let named = files.iter().filter_map(|file| split(&file.path).map(|place| (place, file.bytes)));
    let folders: BTreeMap<(String, String), u64> = named.collect();
    let with_definition: BTreeSet<&str> =
        folders.keys().filter(|(_, name)| name == "def.json").map(|(folder, _)| folder.as_str()).collect();
    let core = |folder: &str| {
        let bytes_of = |name: &str| folders.get(&(folder.to_owned(), name.to_owned())).copied();
        let inside = || {
            let from = (folder.to_owned(), String::new());
            folders.range(from..).take_while(move |((other, _), _)| other == folder)
        };
        // Whether it is malformed a gate asks.
        let named: EngineFiles = kept.json(&format!("{folder}/def.json")).unwrap_or_default();
        CoreFiles {
            folder: folder.to_owned(),
            engines: ENGINES.map(|engine| bytes_of(&format!("{engine}.bin"))),
            files: inside().count() as u64,
            bytes: inside().fold(0_u64, |sum, (_, bytes)| sum.saturating_add(*bytes)),
            has_tensor_map: bytes_of("tensor_map.json").is_some(),
            missing: named
                .names()
                .filter(|name| bytes_of(name).is_none())
                .map(|name| excerpt(&name))
                .collect(),
        }
    };
    with_definition.into_iter().map(core).collect()
}

#[cfg(test)]
mod tests {
    use std::io::{Read, sink};

    use super::{ArchivedFile, Contents, each_file};
    use crate::neff::gates::{model, seal};
    use crate::neff::writer::archive;
    use crate::neff::{Limits, NeffError};

    fn read(files: &[(&str, &[u8])]) -> Result<Contents, NeffError> {
        let files: Vec<_> =
            files.iter().map(|(path, content)| (path.to_string(), content.to_vec())).collect();
        Contents::read(&seal(&archive(&files).expect("in memory")), &Limits::default())
    }

    #[test]
    fn a_listing_has_every_file_once_and_in_its_order() {
        let bytes = model().attach("model.toml", "kernel = \"mix\"").build().expect("in memory");
        let contents = Contents::read(&bytes, &Limits::default()).expect("sound");
        let expected = model().attach("model.toml", "kernel = \"mix\"").files().expect("in memory");
        let listed = |(path, content): (String, Vec<u8>)| ArchivedFile { path, bytes: content.len() as u64 };
        assert_eq!(contents.files, expected.into_iter().map(listed).collect::<Vec<_>>());
        assert_eq!(contents.bytes_of("sim/model.toml"), Some(14));
        let names: Vec<&str> = contents.descriptions.keys().map(String::as_str).collect();
        assert_eq!(names, ["hlo_stats.json", "info.json", "kelf-0.json", "neff.json"]);
    }

    #[test]
    fn instructions_are_counted_for_each_core() {
        let files: [(&str, &[u8]); 7] = [
            ("sg00/def.json", br#"{"pe_instr": "PE.bin", "sp": "SP.json", "var": {}}"#),
            ("sg00/PE.bin", b"12345"),
            ("sg00/SP.bin", b""),
            ("sg01/def.json", b"{}"),
            ("sg01/tensor_map.json", b"{}"),
            ("elsewhere/PE.bin", b"1"),
            ("sg00/PE.bin", b"1234567"), // of two, the last counts
        ];
        let [first, second] = read(&files).expect("sound").cores.try_into().expect("two cores");
        assert_eq!((first.folder.as_str(), first.files, first.bytes), ("sg00", 3, 57));
        assert_eq!(first.engines, [Some(7), None, None, None, Some(0)]);
        assert_eq!((first.has_tensor_map, second.has_tensor_map), (false, true));
        assert_eq!((second.files, second.engines), (2, [None; 5]));
        assert_eq!((first.missing, second.missing), (vec!["SP.json".to_owned()], Vec::new()));
    }

    #[test]
    fn a_description_that_is_no_json_is_named_and_the_rest_is_shown() {
        let contents = read(&[("info.json", b"{"), ("neff.json", b"[1, 2]")]).expect("an archive");
        assert_eq!(contents.malformed.keys().collect::<Vec<_>>(), ["info.json"]);
        assert_eq!(contents.descriptions["neff.json"].get(), "[1, 2]");
    }

    #[test]
    fn paths_count_as_kept_bytes() {
        let bytes = model().build().expect("in memory");
        let limits = Limits { kept_bytes: 100, ..Limits::default() };
        let error = Contents::read(&bytes, &limits).expect_err("paths alone take more");
        assert_eq!(error, NeffError::TooLarge { what: "bytes in all descriptions", limit: 100 });
    }

    #[test]
    fn each_file_is_handed_out_with_its_content() {
        let bytes = model().build().expect("in memory");
        let mut seen = Vec::new();
        let result = each_file(&bytes, &Limits::default(), |path, content| {
            let mut read = Vec::new();
            content.read_to_end(&mut read).expect("sound");
            seen.push((path.to_owned(), read));
            Ok::<(), NeffError>(())
        });
        assert_eq!((result, seen), (Ok(()), model().files().expect("in memory")));
        let stop = || NeffError::NoGraph;
        assert_eq!(each_file(&bytes, &Limits::default(), |_, _| Err(stop())), Err(stop()));
        let skipped = each_file(&bytes, &Limits::default(), |_, content| {
            std::io::copy(&mut content.take(3), &mut sink()).expect("sound");
            Ok::<(), NeffError>(())
        });
        assert_eq!(skipped, Ok(()));
    }
}
