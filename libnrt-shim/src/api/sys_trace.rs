//! The system trace: which events are wanted, and the JSON of those that happened.
//!
//! Of the types, the device's runs (`nc_exec_running`) and the requests that move tensors are recorded;
//! the others are accepted and never occur (`docs/limitations.md`). Reading consumes (header).

use std::collections::BTreeSet;
use std::ffi::{CStr, c_char, c_void};
use std::ptr::NonNull;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering::Relaxed};

use parking_lot::Mutex;

use crate::boundary::{Out, Text, export};
use crate::error::ApiError;
use crate::event_types::TYPES;
use crate::handle::{Handle, Kind, Table};
use crate::log::{self, Level};
use crate::runtime;
use crate::trace_json::{self, EventId};

/// Cores a configuration has switches for (observed).
const CORES: usize = 256;
/// Bounds of the events kept for a core (observed).
const ROOM: std::ops::RangeInclusive<u64> = 1024..=1_048_576;

/// What a trace is to capture.
pub(crate) struct TraceConfig {
    wishes: Mutex<Wishes>,
}

#[derive(Clone)]
struct Wishes {
    cores: [bool; CORES],
    types: [bool; TYPES.len()],
    max_events_per_nc: u64,
}

impl Default for Wishes {
    fn default() -> Wishes {
        Wishes { cores: [true; CORES], types: [true; TYPES.len()], max_events_per_nc: 1_000_000 }
    }
}

impl Kind for TraceConfig {
    const TAG: u64 = 5;
    const NAME: &'static str = "sys_trace config";
}

/// Which events one call is to fetch.
#[derive(Default)]
pub(crate) struct FetchOptions {
    limits: Mutex<Limits>,
}

#[derive(Clone, Copy)]
struct Limits {
    max_events_per_nc: u64,
    nc_idx: u64,
}

impl Default for Limits {
    fn default() -> Limits {
        Limits { max_events_per_nc: 0, nc_idx: u64::MAX }
    }
}

impl Kind for FetchOptions {
    const TAG: u64 = 6;
    const NAME: &'static str = "sys_trace fetch options";
}

// Configurations and options are plain objects: no runtime is needed for them (observed).
static CONFIGS: Table<TraceConfig> = Table::new();
static OPTIONS: Table<FetchOptions> = Table::new();
/// Types wanted by the trace that runs.
static WANTED: Mutex<[bool; TYPES.len()]> = Mutex::new([false; TYPES.len()]);
/// Buffers given out by `nrt_sys_trace_fetch_events`, by address.
static BUFFERS: Mutex<BTreeSet<usize>> = Mutex::new(BTreeSet::new());
static EVENTS: AtomicU64 = AtomicU64::new(1);

/// Changes a configuration; the functions for it return nothing, so what is wrong is only logged.
fn configure(name: &'static str, config: Handle<TraceConfig>, change: impl FnOnce(&mut Wishes)) {
    match CONFIGS.get(config) {
        Ok(config) => change(&mut config.wishes.lock()),
        Err(error) => log::write(Level::Error, name, error),
    }
}

/// Changes fetch options, likewise.
fn limit(name: &'static str, options: Handle<FetchOptions>, change: impl FnOnce(&mut Limits)) {
    match OPTIONS.get(options) {
        Ok(options) => change(&mut options.limits.lock()),
        Err(error) => log::write(Level::Error, name, error),
    }
}

export! {
    /// Makes a configuration with the defaults: all cores, all types.
    "NRT_2.0.0"
    fn nrt_sys_trace_config_allocate(config: Out<Handle<TraceConfig>>) {
        let config = config.place("options")?;
        config.set(CONFIGS.insert(Arc::new(TraceConfig { wishes: Mutex::default() }))?);
        Ok(())
    }
}

export! {
    /// Ends a configuration.
    "NRT_2.0.0"
    fn nrt_sys_trace_config_free(config: Handle<TraceConfig>) -> (), else (), {
        if let Err(error) = CONFIGS.remove(config) {
            log::write(Level::Error, "nrt_sys_trace_config_free", error);
        }
    }
}

export! {
    /// Sets a configuration back to the defaults.
    "NRT_2.0.0"
    fn nrt_sys_trace_config_set_defaults(config: Handle<TraceConfig>) -> (), else (), {
        configure("nrt_sys_trace_config_set_defaults", config, |wishes| *wishes = Wishes::default());
    }
}

export! {
    /// Sets how many events are kept for a core; clamped to 1024 … 1048576 at the start (observed).
    "NRT_2.0.0"
    fn nrt_sys_trace_config_set_max_events_per_nc(config: Handle<TraceConfig>, events: u64) -> (), else (), {
        configure("nrt_sys_trace_config_set_max_events_per_nc", config, |wishes| wishes.max_events_per_nc = events);
    }
}

export! {
    /// Switches capture for a core.
    "NRT_2.0.0"
    fn nrt_sys_trace_config_set_capture_enabled_for_nc(
        config: Handle<TraceConfig>, core: u32, enabled: bool,
    ) -> (), else (), {
        const NAME: &str = "nrt_sys_trace_config_set_capture_enabled_for_nc";
        configure(NAME, config, |wishes| match wishes.cores.get_mut(core as usize) {
            Some(switch) => *switch = enabled,
            None => log::write(Level::Error, NAME, ApiError::out_of_range("nc_idx", core, CORES)),
        });
    }
}

export! {
    /// Switches capture for a type of event; an unknown name is refused.
    "NRT_2.0.0"
    fn nrt_sys_trace_config_set_capture_enabled_for_event_type(
        config: Handle<TraceConfig>, name: Text<'_>, enabled: bool,
    ) {
        let config = CONFIGS.get(config)?;
        let name = name.get().ok_or(ApiError::Null("event_type"))?;
        let place = TYPES.iter().position(|known| known.to_bytes() == name.as_bytes());
        let place = place.ok_or_else(|| ApiError::Invalid(format!("there is no event type \"{name}\"")))?;
        config.wishes.lock().types[place] = enabled;
        Ok(())
    }
}

export! {
    /// The names of the types a configuration captures, as `nrt_sys_trace_get_event_types` gives them.
    "NRT_2.0.0"
    fn nrt_sys_trace_config_get_enabled_event_types(
        config: Handle<TraceConfig>, types: Out<*mut *mut c_char>, count: Out<usize>,
    ) {
        let config = CONFIGS.get(config)?;
        let wanted = config.wishes.lock().types;
        let names = TYPES.into_iter().zip(wanted).filter(|&(_, wanted)| wanted).map(|(name, _)| name);
        give_names(&names.collect::<Vec<_>>(), types, count)
    }
}

export! {
    /// The names of all types of events, in C memory: free each and the array, or use
    /// `nrt_sys_trace_free_event_types`.
    "NRT_2.0.0"
    fn nrt_sys_trace_get_event_types(types: Out<*mut *mut c_char>, count: Out<usize>) {
        give_names(&TYPES, types, count)
    }
}

fn give_names(names: &[&CStr], types: Out<*mut *mut c_char>, count: Out<usize>) -> Result<(), ApiError> {
    let (types, count) = (types.place("event_types")?, count.place("count")?);
    let no_memory = || ApiError::Resource("no memory for names".into());
    // SAFETY: any size may be asked for.
    let block = unsafe { libc::calloc(names.len().max(1), size_of::<*mut c_char>()) };
    let array = NonNull::new(block.cast::<*mut c_char>()).ok_or_else(no_memory)?;
    for (index, name) in names.iter().enumerate() {
        // SAFETY: the name ends with a zero byte.
        let copy = unsafe { libc::strdup(name.as_ptr()) };
        // SAFETY: the array has room for so many.
        let place = unsafe { array.add(index) };
        // SAFETY: as above, and aligned, as malloc's blocks are.
        unsafe { place.write(copy) };
        if copy.is_null() {
            free_names(array.as_ptr(), index);
            return Err(no_memory());
        }
    }
    types.set(array.as_ptr());
    count.set(names.len());
    Ok(())
}

fn free_names(names: *mut *mut c_char, count: usize) {
    if names.is_null() {
        return;
    }
    for index in 0..count {
        // SAFETY: the caller gives back an array of so many names.
        let place = unsafe { names.add(index) };
        // SAFETY: as above.
        let name = unsafe { place.read() };
        // SAFETY: each name is a block of its own.
        unsafe { libc::free(name.cast()) };
    }
    // SAFETY: so is the array.
    unsafe { libc::free(names.cast()) };
}

export! {
    /// Frees an array of names.
    "NRT_2.0.0"
    fn nrt_sys_trace_free_event_types(types: *mut *mut c_char, count: usize) -> (), else (), {
        free_names(types, count);
    }
}

export! {
    /// Begins a trace; one that runs is lost.
    "NRT_2.0.0"
    fn nrt_sys_trace_start(config: Handle<TraceConfig>) {
        let runtime = runtime::open()?;
        let wishes = CONFIGS.get(config)?.wishes.lock().clone();
        *WANTED.lock() = wishes.types;
        let room = wishes.max_events_per_nc.clamp(*ROOM.start(), *ROOM.end());
        let room = usize::try_from(room).expect("clamped");
        runtime.device.recorder().start(|core| if wishes.cores[core] { room } else { 0 });
        Ok(())
    }
}

export! {
    /// Ends the trace and forgets its events.
    "NRT_2.0.0"
    fn nrt_sys_trace_stop() {
        let runtime = runtime::open()?;
        if !runtime.device.recorder().stop() {
            log::write(Level::Warn, "nrt_sys_trace_stop", "no trace is running");
        }
        Ok(())
    }
}

export! {
    /// Makes fetch options with the defaults: all events of all cores.
    "NRT_2.0.0"
    fn nrt_sys_trace_fetch_options_allocate(options: Out<Handle<FetchOptions>>) {
        let options = options.place("options")?;
        options.set(OPTIONS.insert(Arc::default())?);
        Ok(())
    }
}

export! {
    /// Ends fetch options.
    "NRT_2.0.0"
    fn nrt_sys_trace_fetch_options_free(options: Handle<FetchOptions>) -> (), else (), {
        if let Err(error) = OPTIONS.remove(options) {
            log::write(Level::Error, "nrt_sys_trace_fetch_options_free", error);
        }
    }
}

export! {
    /// Sets fetch options back to the defaults.
    "NRT_2.0.0"
    fn nrt_sys_trace_fetch_options_set_defaults(options: Handle<FetchOptions>) -> (), else (), {
        limit("nrt_sys_trace_fetch_options_set_defaults", options, |limits| *limits = Limits::default());
    }
}

export! {
    /// Fetches at most so many events of each core; 0: all.
    "NRT_2.0.0"
    fn nrt_sys_trace_fetch_options_set_max_events_per_nc(
        options: Handle<FetchOptions>, events: u64,
    ) -> (), else (), {
        const NAME: &str = "nrt_sys_trace_fetch_options_set_max_events_per_nc";
        limit(NAME, options, |limits| limits.max_events_per_nc = events);
    }
}

export! {
    /// Fetches the events of one core; −1: of all.
    "NRT_2.0.0"
    fn nrt_sys_trace_fetch_options_set_nc_idx(options: Handle<FetchOptions>, core: u64) -> (), else (), {
        limit("nrt_sys_trace_fetch_options_set_nc_idx", options, |limits| limits.nc_idx = core);
    }
}

export! {
    /// Takes the events that happened since the last call, as JSON text in `*buffer`, which must be NULL
    /// before. `size` does not count the zero byte at the end. Without options: all.
    "NRT_2.0.0"
    fn nrt_sys_trace_fetch_events(buffer: Out<*mut c_char>, size: Out<usize>, options: Handle<FetchOptions>) {
        let runtime = runtime::open()?;
        let (buffer, size) = (buffer.place("buffer")?, size.place("written_size")?);
        if !buffer.get().is_null() {
            return Err(ApiError::Invalid("*buffer is not NULL; it would be lost".into()));
        }
        let Limits { max_events_per_nc, nc_idx } =
            if options.is_null() { Limits::default() } else { *OPTIONS.get(options)?.limits.lock() };
        let cores = runtime.device.config().cores;
        if nc_idx != u64::MAX && nc_idx >= u64::from(cores) {
            return Err(ApiError::out_of_range("nc_idx", nc_idx, cores));
        }
        // Each record becomes two events or more, which stay together.
        let most = if max_events_per_nc == 0 { u64::MAX } else { max_events_per_nc.div_ceil(2) };
        let most = usize::try_from(most).unwrap_or(usize::MAX);
        let chosen = (0..cores).filter(|&core| nc_idx == u64::MAX || nc_idx == u64::from(core));
        let wanted = *WANTED.lock();
        let next_id = || EventId(EVENTS.fetch_add(1, Relaxed));
        let mut json = trace_json::Document::new(runtime.opened_ns, runtime.settings.lnc, next_id);
        for core in chosen {
            for record in runtime.device.recorder().fetch(core as usize, most) {
                match trace_json::event_type(record.deed) {
                    Some((number, name)) if wanted[number] => json.add(&record, name),
                    Some(_) | None => {}
                }
            }
        }
        let text = json.finish();
        // SAFETY: any size may be asked for; the byte after the text stays zero.
        let block = unsafe { libc::calloc(1, text.len() + 1) };
        let block = NonNull::new(block.cast::<u8>());
        let block = block.ok_or_else(|| ApiError::Resource("no memory for the events".into()))?;
        // SAFETY: the block has room for the text, and is new.
        unsafe { text.as_ptr().copy_to_nonoverlapping(block.as_ptr(), text.len()) };
        BUFFERS.lock().insert(block.addr().get());
        buffer.set(block.as_ptr().cast());
        size.set(text.len());
        Ok(())
    }
}

export! {
    /// Frees what `nrt_sys_trace_fetch_events` gave.
    "NRT_2.0.0"
    fn nrt_sys_trace_buffer_free(buffer: *mut c_void) -> (), else (), {
        if buffer.is_null() {
            return;
        }
        if !BUFFERS.lock().remove(&buffer.addr()) {
            let what = "buffer was not given by nrt_sys_trace_fetch_events";
            return log::write(Level::Error, "nrt_sys_trace_buffer_free", what);
        }
        // SAFETY: it came from calloc and was not freed before.
        unsafe { libc::free(buffer) };
    }
}
