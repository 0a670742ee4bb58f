//! Counts of cores, the instance, devices. Most work before `nrt_init` too (header).

use std::ffi::c_int;

use sim_core::neff::Arch;

use crate::abi::{InstanceInfo, c_text};
use crate::boundary::{Out, copy_prefix, export};
use crate::environment::Settings;
use crate::error::ApiError;
use crate::runtime;

/// The settings of the open runtime, or else what the environment says now.
fn settings() -> Result<Settings, ApiError> {
    if let Ok(open) = runtime::open() {
        return Ok(open.settings.clone());
    }
    Settings::from_environment().map_err(|wrong| ApiError::Invalid(wrong.join("; ")))
}

fn total(count: Out<u32>) -> Result<(), ApiError> {
    let count = count.place("nc_count")?;
    count.set(settings()?.total_cores());
    Ok(())
}

fn visible(count: Out<u32>) -> Result<(), ApiError> {
    let count = count.place("nc_count")?;
    match runtime::visible_cores() {
        Some(cores) => count.set(cores),
        None => {
            let settings = settings()?;
            count.set(settings.cores.count(settings.total_cores()));
        }
    }
    Ok(())
}

export! {
    /// Logical cores of the machine.
    "NRT_2.0.0"
    fn nrt_get_total_nc_count(count: Out<u32>) { total(count) }
}

export! {
    /// The same as `nrt_get_total_nc_count` (observed).
    "NRT_2.0.0"
    fn nrt_get_total_vnc_count(count: Out<u32>) { total(count) }
}

export! {
    /// Logical cores of the process: those it has, or before init those it asks for.
    "NRT_2.0.0"
    fn nrt_get_visible_nc_count(count: Out<u32>) { visible(count) }
}

export! {
    /// The same as `nrt_get_visible_nc_count` (observed).
    "NRT_2.0.0"
    fn nrt_get_visible_vnc_count(count: Out<u32>) { visible(count) }
}

export! {
    /// Family, size and architecture of the instance, cut to `size` bytes.
    "NRT_2.0.0"
    fn nrt_get_instance_info(info: Out<InstanceInfo>, size: usize) {
        let profile = settings()?.profile;
        let arch_name = match profile.arch {
            Arch::V2 => "NCv2",
            Arch::V3 => "NCv3",
            Arch::V4 => "NCv4",
        };
        let ours = InstanceInfo {
            family: profile.family,
            size: profile.size,
            arch_name: c_text(arch_name),
            device_revision: c_text("sim"),
        };
        copy_prefix(&ours, info, size, "info").map(drop)
    }
}

export! {
    /// The number that device `device` has on the host. Processes see all devices, so it is the same.
    "NRT_2.0.0"
    fn nrt_host_device_id_get(device: c_int, host: Out<u32>) {
        let runtime = runtime::open()?;
        let host = host.place("host_device_id")?;
        let devices = runtime.device.config().profile.devices;
        let found = u32::try_from(device).ok().filter(|&device| device < devices);
        host.set(found.ok_or_else(|| ApiError::out_of_range("neuron_dev", device, devices))?);
        Ok(())
    }
}

export! {
    /// The device that holds logical core `core`.
    "NRT_2.0.0"
    fn nrt_get_device_id(core: c_int, device: Out<c_int>) {
        let runtime = runtime::open()?;
        let device = device.place("device_id")?;
        let core = runtime.core("lnc_idx", core.into())?;
        device.set(runtime.device.device_of(core).cast_signed());
        Ok(())
    }
}

export! {
    /// Physical cores to a logical core, for the collectives library.
    "NRT_2.0.0"
    fn nec_get_virtual_core_size(size: Out<u32>) {
        let size = size.place("virtual_core_size")?;
        size.set(settings()?.lnc);
        Ok(())
    }
}
