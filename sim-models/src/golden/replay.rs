use serde::Deserialize;
use sim_core::status::Status;

use super::key::Key;
use super::recorded::Recorded;
use crate::compute::{Compute, Failure};
use crate::recipe::{Recipe, Refusal, Subject};
use crate::signature::Signature;

/// Up to so many bytes of inputs and outputs, a run takes a few microseconds: all it does is hash and copy.
const LIGHT_BYTES: u64 = 64 << 10;

/// Outputs recorded in a file, chosen by the inputs.
///
/// Inputs that no outputs were recorded for end their run with `NRT_EXEC_BAD_INPUT` (chosen here).
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Golden {
    /// The golden file.
    pub file: String,
}

impl Recipe for Golden {
    fn prepare(&self, subject: &Subject<'_>) -> Result<Box<dyn Compute>, Refusal> {
        let named = |Refusal(reason)| Refusal(format!("{}: {reason}", self.file));
        let signature = subject.signature.clone();
        let recorded =
            Recorded::read(subject.files.read(&self.file)?.into_owned(), &signature).map_err(named)?;
        let replay = Replay { file: self.file.clone(), model: subject.name.to_owned(), signature, recorded };
        if replay.recorded.keys().len() == 0 {
            return Err(named(Refusal(format!(
                "it holds no recordings: make some with {}",
                replay.remedy()
            ))));
        }
        Ok(Box::new(replay))
    }
}

/// A model whose outputs are known.
struct Replay {
    file: String,
    model: String,
    signature: Signature,
    recorded: Recorded,
}

impl Replay {
    /// The command that records more.
    fn remedy(&self) -> String {
        let file = &self.file;
        format!(
            "`nrt-sim neff run MODEL.neff --lib /opt/aws/neuron/lib/libnrt.so.1 --inputs INPUTS.safetensors \
             --record {file}` on a machine with the hardware"
        )
    }
}

impl Compute for Replay {
    fn compute(&self, inputs: &[&[u8]], outputs: &mut [&mut [u8]]) -> Result<(), Failure> {
        let key = Key::of(&self.signature, inputs);
        let Some(recorded) = self.recorded.get(key) else {
            let count = match self.recorded.keys().len() {
                1 => "the only recording in it is".to_owned(),
                count => format!("the {count} recordings in it are"),
            };
            let reason = format!(
                "{} has no outputs of {:?} for these inputs, whose hash is {key}; {count} for other inputs. Record \
                 them with {}",
                self.file,
                self.model,
                self.remedy()
            );
            return Err(Failure { status: Status::ExecBadInput, reason });
        };
        outputs.iter_mut().zip(recorded).for_each(|(output, recorded)| output.copy_from_slice(recorded));
        Ok(())
    }

    fn is_light(&self, bytes: u64) -> bool {
        bytes <= LIGHT_BYTES
    }
}
