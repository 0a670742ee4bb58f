//! A model as plug-ins are shown it.

use std::collections::BTreeMap;
use std::ffi::{CString, c_char};
use std::ptr;

use sim_core::neff::TensorSpec;

use super::abi;
use crate::recipe::{Refusal, Subject};

/// The memory behind an [`abi::Model`], which is valid as long as this is.
pub(super) struct Description<'a> {
    model: abi::Model,
    /// What `model` points to, besides `data`. Moving these moves none of their elements.
    _texts: Vec<CString>,
    _tensors: [Vec<abi::Tensor>; 2],
    _settings: Vec<abi::Setting>,
    _subject: &'a Subject<'a>,
    _data: Option<&'a [u8]>,
}

impl<'a> Description<'a> {
    /// That of `subject`, with what the user wrote for the plug-in.
    ///
    /// # Errors
    /// A text has a zero byte, which C would take for its end.
    pub(super) fn new(
        subject: &'a Subject<'a>,
        options: &BTreeMap<String, String>,
        data: Option<&'a [u8]>,
    ) -> Result<Description<'a>, Refusal> {
        let mut texts = Texts(Vec::new());
        let name = texts.add(subject.name)?;
        let mut tensors = |specs: &[TensorSpec]| -> Result<Vec<abi::Tensor>, Refusal> {
            specs.iter().map(|spec| tensor(spec, &mut texts)).collect()
        };
        let (inputs, outputs) = (tensors(&subject.signature.inputs)?, tensors(&subject.signature.outputs)?);
        let settings: Vec<abi::Setting> = options
            .iter()
            .map(|(key, value)| Ok(abi::Setting { key: texts.add(key)?, value: texts.add(value)? }))
            .collect::<Result<_, Refusal>>()?;
        let model = abi::Model {
            struct_size: size_of::<abi::Model>() as u64,
            name,
            uuid: subject.uuid,
            inputs: inputs.as_ptr(),
            input_count: inputs.len() as u64,
            outputs: outputs.as_ptr(),
            output_count: outputs.len() as u64,
            options: settings.as_ptr(),
            option_count: settings.len() as u64,
            data: data.map_or(ptr::null(), |data| data.as_ptr().cast()),
            data_size: data.map_or(0, |data| data.len() as u64),
        };
        Ok(Description {
            model,
            _texts: texts.0,
            _tensors: [inputs, outputs],
            _settings: settings,
            _subject: subject,
            _data: data,
        })
    }

    /// What C is given.
    pub(super) fn model(&self) -> &abi::Model {
        &self.model
    }
}

/// Texts for C, which stay where they are however many are added.
struct Texts(Vec<CString>);

impl Texts {
    fn add(&mut self, text: &str) -> Result<*const c_char, Refusal> {
        let text = CString::new(text).map_err(|_| {
            Refusal(format!("{text:?} has a zero byte, which no plug-in can be told; rename it"))
        })?;
        let address = text.as_ptr();
        self.0.push(text);
        Ok(address)
    }
}

fn tensor(spec: &TensorSpec, texts: &mut Texts) -> Result<abi::Tensor, Refusal> {
    Ok(abi::Tensor {
        name: texts.add(&spec.name)?,
        shape: spec.shape.as_ptr(),
        size: spec.size,
        dtype: spec.dtype.code(),
        ndim: u32::try_from(spec.shape.len())
            .map_err(|_| Refusal(format!("{:?} has too many dimensions for a plug-in", spec.name)))?,
    })
}
