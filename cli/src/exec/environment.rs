use std::env;
use std::ffi::OsString;

use anyhow::Result;
use sim_core::neff::Neff;

use crate::machine::{self, Machine, family, variable};

/// Variables for the library, to be set before it is loaded.
#[derive(Debug, Default)]
pub(super) struct Environment(Vec<(&'static str, OsString)>);

impl Environment {
    /// Sets `name` to `value`, if there is one.
    pub(super) fn set(&mut self, name: &'static str, value: Option<impl Into<OsString>>) {
        self.0.extend(value.map(|value| (name, value.into())));
    }

    /// Names the machine: that of the flags and the environment, or else one that `neff` is for. The same for
    /// the LNC, which the real library has to be told as well.
    ///
    /// # Errors
    /// When there is no such machine.
    pub(super) fn choose_machine(&mut self, flags: &machine::Options, neff: Option<&Neff>) -> Result<()> {
        let is_named = flags.instance.is_some() || variable("NRT_SIM_INSTANCE").is_some();
        let fitting = neff.and_then(family).filter(|_| !is_named);
        let instance = flags.instance.clone().or(fitting.map(str::to_owned));
        let told = ["NEURON_LOGICAL_NC_CONFIG", "NEURON_RT_VIRTUAL_CORE_SIZE"].into_iter().find_map(variable);
        let fitting = neff.map(|neff| neff.lnc).filter(|_| flags.lnc.is_none() && told.is_none());
        // A machine that cannot have the LNC of the NEFF refuses it at load, where the reason is told.
        let with = |lnc| Machine::choose(&machine::Options { instance: instance.clone(), lnc });
        let lnc = fitting.filter(|&lnc| with(Some(lnc)).is_ok()).or(flags.lnc);
        self.set("NRT_SIM_INSTANCE", Some(with(lnc)?.instance));
        self.set("NEURON_LOGICAL_NC_CONFIG", lnc.map(|lnc| lnc.to_string()));
        Ok(())
    }

    /// Takes no more than the logical core `core` of the machine, unless the environment says which to take.
    /// Returns its number in the process.
    pub(super) fn choose_core(&mut self, core: u16) -> i32 {
        if ["NEURON_RT_VISIBLE_CORES", "NEURON_RT_NUM_CORES"].into_iter().any(|name| variable(name).is_some())
        {
            return core.into();
        }
        self.set("NEURON_RT_VISIBLE_CORES", Some(core.to_string()));
        0
    }

    /// Sets all of `variables`.
    pub(super) fn extend(&mut self, variables: impl IntoIterator<Item = (&'static str, OsString)>) {
        self.0.extend(variables);
    }

    /// Sets the variables in this process.
    pub(super) fn enter(self) {
        for (name, value) in self.0 {
            // SAFETY: the command has started no thread, and the library, which may, is not loaded yet.
            unsafe { env::set_var(name, value) };
        }
    }
}
