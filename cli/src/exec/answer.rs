use anyhow::{Result, bail};
use sim_core::status::Status;

/// Whether `call` succeeded.
///
/// # Errors
/// The function, the status it answered, and what to do.
pub(super) fn check(call: &str, code: u32) -> Result<()> {
    let status = Status::from_code(code);
    if status == Some(Status::Success) {
        return Ok(());
    }
    let name = status.map_or("a status without a name", Status::name);
    let advice = status.map_or("see nrt_status.h of your library", |status| advice(call, status));
    bail!("{call} answered {name} ({code}): {advice}")
}

/// What to do if `call` answers `status`.
fn advice(call: &str, status: Status) -> &'static str {
    match (call, status) {
        ("nrt_init", Status::Invalid) => {
            "there is no device, or a variable NEURON_* or NRT_SIM_* has a bad value; the \
             library's messages above say which"
        }
        ("nrt_init", Status::Failure) => {
            "the machine has no core of that number, or another process holds it: choose another with --core; \
             processes share simulated cores with NRT_SIM_SHARE_CORES=1"
        }
        ("nrt_load", Status::UnsupportedNeffVersion) => {
            "the NEFF is for another device or newer than the library: choose the machine with --instance, or \
             another library with --lib"
        }
        ("nrt_load", Status::Invalid | Status::Failure | Status::LoadNotEnoughNc) => {
            "the NEFF is damaged, or its machine or LNC is not this one (--instance, --lnc), or what it is bound to \
             does not fit (--models); the library's messages above say which"
        }
        ("nrt_execute", Status::ExecBadInput) => {
            "the model takes no such inputs; one with recorded outputs knows only the inputs that were recorded"
        }
        ("nrt_execute", Status::ExecCompletedWithNumErr) => "the outputs have NaNs; look at the inputs",
        ("nrt_execute", status) if status.is_fatal() => {
            "the execution unit is lost; run again to have a new one"
        }
        (_, Status::Resource | Status::FailHostMemAlloc) => {
            "memory is full: choose a machine with more (--instance), or smaller tensors"
        }
        _ => "the library's messages above may say why; NEURON_RT_LOG_LEVEL=INFO has it say more",
    }
}

#[cfg(test)]
mod tests {
    use sim_core::status::Status;

    use super::check;

    #[test]
    fn an_error_names_function_status_and_number_and_says_what_to_do() {
        assert!(check("nrt_init", 0).is_ok());
        let error = check("nrt_load", Status::UnsupportedNeffVersion.code()).expect_err("not 0").to_string();
        assert!(error.starts_with("nrt_load answered NRT_UNSUPPORTED_NEFF_VERSION (10): "), "{error}");
        assert!(error.contains("--instance"), "{error}");
        let error = check("nrt_execute", 1202).expect_err("not 0").to_string();
        assert!(error.contains("NRT_EXEC_HW_ERR_NC_UE (1202): the execution unit is lost"), "{error}");
        let error = check("nrt_execute", 8).expect_err("not 0").to_string();
        assert!(error.contains("a status without a name (8)"), "{error}");
    }
}
