//! What the environment says of the checker.

use std::ffi::OsString;
use std::path::PathBuf;

use sim_check::suppress::Suppressions;

use super::reader::Reader;
use super::settled;
use crate::check::Wish;

impl<L: Fn(&str) -> Option<OsString>> Reader<L> {
    pub(super) fn check(&mut self) -> Wish {
        let text = self.text("NRT_SIM_CHECK");
        let mut wish = text.map_or_else(Wish::default, |text| {
            Wish::parse(&text).unwrap_or_else(|| {
                self.refuse(
                    "NRT_SIM_CHECK",
                    &text,
                    "words out of report, fail, abort and poison, with commas",
                );
                Wish::default()
            })
        });
        wish.json = self.text("NRT_SIM_CHECK_JSON").map(PathBuf::from).map(settled);
        if let Some(written) = self.written("NRT_SIM_CHECK_SUPPRESS", "suppressions") {
            if let Err(error) = Suppressions::parse(&written.text) {
                let place = written.file.map_or_else(String::new, |file| format!("{}, ", file.display()));
                self.wrong.push(format!("NRT_SIM_CHECK_SUPPRESS: {place}{error}"));
            } else {
                wish.suppressions = written.text;
            }
        }
        wish
    }
}
