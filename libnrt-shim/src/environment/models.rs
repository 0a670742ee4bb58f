//! What the environment says of models.

use std::ffi::OsString;
use std::path::PathBuf;

use sim_models::bindings::{Bindings, Fallback};
use sim_models::models::{Models, one_line};
use sim_models::onnx;
use sim_models::written::Written;

use super::reader::Reader;
use super::settled;
use crate::place;

impl<L: Fn(&str) -> Option<OsString>> Reader<L> {
    pub(super) fn models(&mut self) -> Models {
        let fallback = self.text("NRT_SIM_DEFAULT_KERNEL").and_then(|text| {
            let known: Result<Fallback, _> = text.parse();
            known.map_err(|expected| self.refuse("NRT_SIM_DEFAULT_KERNEL", &text, expected)).ok()
        });
        let beside = (self.lookup)("NRT_SIM_MODELS_BESIDE").unwrap_or_default();
        let beside = std::env::split_paths(&beside).filter(|path| !path.as_os_str().is_empty()).map(settled);
        let onnx_library = self.text("NRT_SIM_ONNX_LIB").map(PathBuf::from).map(settled);
        let onnx_library = onnx_library.or_else(|| Some(place::folder()?.join(onnx::LIBRARY)));
        Models { bindings: self.bindings(), beside: beside.collect(), fallback, onnx_library }
    }

    fn bindings(&mut self) -> Option<Bindings> {
        let Written { text, file } = self.written("NRT_SIM_MODELS", "a list of bindings")?;
        let file = file.unwrap_or_else(|| PathBuf::from("NRT_SIM_MODELS"));
        let bindings = Bindings::parse(&file, &text);
        let refused =
            |error| format!("NRT_SIM_MODELS: {} is not valid: {}", file.display(), one_line(&error));
        bindings.map_err(|error| self.wrong.push(refused(error))).ok()
    }
}
