//! Models: load, unload, and what they declare.

use std::collections::BTreeSet;
use std::ffi::c_void;
use std::ptr::NonNull;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering::Relaxed};

use parking_lot::Mutex;
use sim_core::driver::Waited;
use sim_core::fault::Operation;
use sim_core::ledger::Object;
use sim_core::model::{Model, Slot};
use sim_core::neff::{Header, Machine, Neff, Policy, TensorSpec, Usage};
use sim_core::rates::Workload;
use sim_core::timing::Cost;
use sim_models::compute::{Failure, Watch};
use sim_models::hexadecimal::hexadecimal;
use sim_models::placement::Placement;

use super::collectives::alone;
use super::execute::no_end;
use crate::abi::{ModelInfo, TensorInfo, c_text};
use crate::boundary::{Buffer, Out, copy_prefix, export};
use crate::error::ApiError;
use crate::handle::Handle;
use crate::incident;
use crate::loaded::Loaded;
use crate::log::{self, Level};
use crate::runtime::{self, Runtime};

/// Numbers of models, which no two of a process share.
static IDS: AtomicU64 = AtomicU64::new(10_001);

/// Loads the NEFF, checking what the runtime checks in its order (observed).
fn load(
    bytes: Buffer,
    size: usize,
    vnc: i32,
    vnc_count: i32,
    model: Out<Handle<Loaded>>,
) -> Result<(), ApiError> {
    let runtime = runtime::open()?;
    let model = model.place("model")?;
    if !(-1..=1).contains(&vnc_count) {
        // Deprecated: the header says −1, clients also pass 1 (client code).
        return Err(ApiError::Invalid(format!("vnc_count is {vnc_count}, expected -1 or 1")));
    }
    let bytes = bytes.bytes("neff_bytes", size)?;
    let header = Header::parse(bytes)?;
    let data = header.data(bytes)?;
    if runtime.settings.validate_hash {
        header.check_hash(data)?;
    }
    let core = place(&runtime, vnc)?;
    let neff = Neff::parse(bytes, &Policy::default())?;
    let profile = &runtime.settings.profile;
    let machine = Machine {
        arch: profile.arch,
        lnc: runtime.settings.lnc,
        cores_per_device: profile.cores_per_device,
        allow_legacy: runtime.settings.allow_legacy,
    };
    neff.check_against(&machine)?;
    if !neff.target.runs_on(profile.arch) {
        log::write(
            Level::Warn,
            "nrt_load",
            format!("the NEFF was built for {}, not for this device", neff.target),
        );
    }
    fault(&runtime, &neff, core)?;
    let (loaded, placement) = loaded(&runtime, neff, bytes, core)?;
    model.set(runtime.models.insert(Arc::new(loaded))?);
    runtime.report.loaded(&placement);
    runtime.device.ledger().objects(Object::Model).fetch_add(1, Relaxed);
    Ok(())
}

/// Fails as a fault plan wants it, after all checks: whatever was reserved for the model is given back.
fn fault(runtime: &Runtime, neff: &Neff, core: u8) -> Result<(), ApiError> {
    let uuid = hexadecimal(&neff.header.uuid);
    let names = [neff.name.as_str(), uuid.as_str()];
    let bytes = neff.tensors.iter().fold(0, |sum: u64, spec| sum.saturating_add(spec.size));
    incident::strike(runtime, Some(core), Operation::Load, bytes, &names)
}

/// The core that `vnc` names, or for −1 the one with the fewest models.
fn place(runtime: &Runtime, vnc: i32) -> Result<u8, ApiError> {
    if vnc != -1 {
        return runtime
            .core("vnc", vnc.into())
            .map_err(|_| ApiError::Invalid(format!("Could not find VNC id {vnc}")));
    }
    let models = runtime.models.all();
    let count = |core: u8| models.iter().filter(|loaded| loaded.model.core == core).count();
    let cores = (0..=u8::MAX).take_while(|&core| runtime.device.has_core(core));
    cores.min_by_key(|&core| count(core)).ok_or_else(|| ApiError::NoCore("the process has no core".into()))
}

/// The model of `neff`, which was read from `file`, with the kernel that the user wants for it, and what is to be
/// told of that.
fn loaded(runtime: &Runtime, neff: Neff, file: &[u8], core: u8) -> Result<(Loaded, Placement), ApiError> {
    let name = neff.name.clone();
    let report = move |failure: &Failure| {
        log::write(
            Level::Error,
            "nrt_execute",
            format!("model {name}: {failure} ({})", failure.status.name()),
        );
    };
    let watch = Watch { report: Arc::new(report), sees_nan: runtime.settings.sees_nan };
    let chosen = runtime.settings.models.choose(&neff, file, watch)?;
    let placement = Placement {
        model: neff.name.clone(),
        core,
        kernel: chosen.name,
        origin: chosen.origin.to_string(),
        entry: chosen.entry,
    };
    let slots = |usage| {
        let specs = neff.tensors.iter().filter(move |spec| spec.usage == usage);
        specs.map(|spec| Slot { name: spec.name.clone(), size: spec.size, dtype: spec.dtype }).collect()
    };
    let (inputs, outputs) = (slots(Usage::Input), slots(Usage::Output));
    let id = IDS.fetch_add(1, Relaxed);
    let rates = runtime.settings.profile.rates(runtime.settings.lnc);
    let estimate = || Cost::About(rates.estimate(&Workload::of(&neff.tensors, &neff.stats)).total);
    let cost = chosen.timing.map_or_else(estimate, Cost::Stated);
    let uuid = hexadecimal(&neff.header.uuid);
    let model = Model { name: neff.name, uuid, id, core, inputs, outputs, cost, kernel: chosen.kernel };
    Ok((Loaded::new(model, neff.tensors), placement))
}

export! {
    /// Loads the NEFF in `bytes` on logical core `vnc`, or for −1 on the one with the fewest models.
    "NRT_2.0.0"
    fn nrt_load(bytes: Buffer, size: usize, vnc: i32, vnc_count: i32, model: Out<Handle<Loaded>>) {
        load(bytes, size, vnc, vnc_count, model)
    }
}

export! {
    /// Loads a NEFF with collectives. Only a world of one rank is simulated.
    "NRT_2.0.0"
    fn nrt_load_collectives(
        bytes: Buffer, size: usize, vnc: i32, vnc_count: i32, rank: u32, ranks: u32, model: Out<Handle<Loaded>>,
    ) {
        runtime::gate()?;
        alone(["ctx_device_id", "ctx_device_count"], rank, ranks)?;
        load(bytes, size, vnc, vnc_count, model)
    }
}

export! {
    /// Unloads a model after its last run has completed. Its handle is stale from the start.
    "NRT_2.0.0"
    fn nrt_unload(model: Handle<Loaded>) {
        let runtime = runtime::open()?;
        let loaded = runtime.models.remove(model)?;
        runtime.device.ledger().objects(Object::Model).fetch_sub(1, Relaxed);
        loaded.forget();
        runtime.check.iter().for_each(|check| check.model_unloaded(loaded.model.id));
        // Whatever was queued by now. A call that found the model just before keeps it alive by itself.
        let unit = loaded.model.unit();
        let last = runtime.device.issued(unit);
        match runtime.device.wait_patiently(unit, last) {
            Waited::Completed => {
                runtime.check.iter().for_each(|check| check.seen(unit, last, "nrt_unload"));
                Ok(())
            }
            Waited::TimedOut | Waited::Stuck => {
                Err(no_end(&runtime, unit, "the model is unloaded, but its queued runs keep their memory"))
            }
        }
    }
}

export! {
    /// The core a model is on, cut to `size_in` bytes.
    "NRT_2.0.0"
    fn nrt_get_model_info(model: Handle<Loaded>, info: Out<ModelInfo>, size_in: usize, size_out: Out<usize>) {
        let runtime = runtime::open()?;
        let size_out = size_out.place("info_size_out")?;
        let vnc = u32::from(runtime.models.get(model)?.model.core);
        size_out.set(copy_prefix(&ModelInfo { vnc }, info, size_in, "info")?);
        Ok(())
    }
}

fn one(model: Handle<Loaded>, count: Out<u32>, name: &'static str) -> Result<(), ApiError> {
    let runtime = runtime::open()?;
    let count = count.place(name)?;
    runtime.models.get(model)?;
    count.set(1);
    Ok(())
}

export! {
    /// Instances of a model: always one.
    "NRT_2.0.0"
    fn nrt_get_model_instance_count(model: Handle<Loaded>, count: Out<u32>) { one(model, count, "instance_count") }
}

export! {
    /// Logical cores of a model: always one.
    "NRT_2.0.0"
    fn nrt_get_model_nc_count(model: Handle<Loaded>, count: Out<u32>) { one(model, count, "vnc_count") }
}

export! {
    /// Logical cores of a model: always one.
    "NRT_2.0.0"
    fn nrt_get_model_vnc_count(model: Handle<Loaded>, count: Out<u32>) { one(model, count, "vnc_count") }
}

/// Arrays given out by `nrt_get_model_tensor_info`, by address.
static ARRAYS: Mutex<BTreeSet<usize>> = Mutex::new(BTreeSet::new());

/// An array of tensor infos in C memory: the count, the entries, and a shape for each.
struct InfoArray {
    at: NonNull<u64>,
}

impl InfoArray {
    /// An array for `tensors`, or `None` without memory.
    fn new(tensors: &[TensorSpec]) -> Option<InfoArray> {
        // SAFETY: any size may be asked for.
        let block = unsafe { libc::calloc(1, 8 + tensors.len() * size_of::<TensorInfo>()) };
        let array = InfoArray { at: NonNull::new(block.cast())? };
        for (index, spec) in tensors.iter().enumerate() {
            let Some(shape) = shape(spec) else {
                array.free();
                return None;
            };
            let usage = match spec.usage {
                Usage::Input => 0,
                Usage::Output => 1,
            };
            let info = TensorInfo {
                name: c_text(&spec.name),
                usage,
                size: usize::try_from(spec.size).unwrap_or(usize::MAX),
                dtype: spec.dtype.code(),
                shape: shape.as_ptr(),
                ndim: u32::try_from(spec.shape.len()).unwrap_or(0),
            };
            // SAFETY: the block has room for so many entries and is aligned for them, as malloc's are.
            unsafe { array.entry(index).write(info) };
            // SAFETY: the count is the first word of the block. It counts the entries that are complete.
            unsafe { array.at.write(index as u64 + 1) };
        }
        Some(array)
    }

    fn entry(&self, index: usize) -> *mut TensorInfo {
        self.at.as_ptr().wrapping_add(1).cast::<TensorInfo>().wrapping_add(index)
    }

    fn free(self) {
        // SAFETY: the count is the first word of a block of ours.
        let count = unsafe { self.at.read() };
        for index in 0..usize::try_from(count).unwrap_or(0) {
            // SAFETY: so many entries are complete; nobody else frees their shapes.
            let shape = unsafe { (*self.entry(index)).shape };
            // SAFETY: each shape is a block of its own.
            unsafe { libc::free(shape.cast()) };
        }
        // SAFETY: the block came from calloc and is not used any more.
        unsafe { libc::free(self.at.as_ptr().cast()) };
    }
}

/// The dimensions of a tensor in C memory.
fn shape(spec: &TensorSpec) -> Option<NonNull<u32>> {
    // SAFETY: any size may be asked for.
    let block = unsafe { libc::calloc(spec.shape.len().max(1), size_of::<u32>()) };
    let shape = NonNull::new(block.cast::<u32>())?;
    for (index, dim) in spec.shape.iter().enumerate() {
        // SAFETY: the block has room for so many.
        let place = unsafe { shape.add(index) };
        // SAFETY: as above, and aligned, as malloc's blocks are.
        unsafe { place.write(u32::try_from(*dim).unwrap_or(u32::MAX)) };
    }
    Some(shape)
}

export! {
    /// The inputs and outputs of a model, inputs first, each sorted by name. To be freed with
    /// `nrt_free_model_tensor_info`.
    "NRT_2.0.0"
    fn nrt_get_model_tensor_info(model: Handle<Loaded>, info: Out<*mut c_void>) {
        let runtime = runtime::open()?;
        let info = info.place("tensor_info")?;
        let loaded = runtime.models.get(model)?;
        let array = InfoArray::new(&loaded.tensors);
        let array = array.ok_or_else(|| ApiError::HostMemory("no memory for tensor infos".into()))?;
        ARRAYS.lock().insert(array.at.addr().get());
        info.set(array.at.as_ptr().cast());
        Ok(())
    }
}

export! {
    /// Frees what `nrt_get_model_tensor_info` gave.
    "NRT_2.0.0"
    fn nrt_free_model_tensor_info(info: *mut c_void) {
        let at = NonNull::new(info.cast()).ok_or(ApiError::Null("tensor_info"))?;
        if !ARRAYS.lock().remove(&at.addr().get()) {
            return Err(ApiError::StaleHandle("tensor_info"));
        }
        InfoArray { at }.free();
        Ok(())
    }
}
