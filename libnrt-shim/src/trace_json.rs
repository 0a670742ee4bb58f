//! The JSON of the system trace, with the keys that the real one has, in their order (observed).

use serde::Serialize;
use sim_core::recorder::{Deed, Record};
use sim_core::seq::Seq;
use sim_core::time::Tick;

/// A number for an event that no other event of the process has.
#[derive(Clone, Copy)]
pub(crate) struct EventId(pub(crate) u64);

/// The number and name of the type of event that a record is told as, if there is one.
pub(crate) fn event_type(deed: Deed) -> Option<(usize, &'static str)> {
    match deed {
        Deed::Run(_) => Some((7, "nc_exec_running")),
        Deed::Read => Some((9, "nrt_tensor_read")),
        Deed::Write => Some((10, "nrt_tensor_write")),
        Deed::Copy | Deed::Collective => None,
    }
}

/// A trace in the making.
pub(crate) struct Document<N> {
    opened_ns: u64,
    lnc: u32,
    next_id: N,
    events: Vec<Event>,
}

#[derive(Serialize)]
struct Trace<'a> {
    events: &'a [Event],
    data_version: u32,
}

#[derive(Serialize)]
struct Event {
    event_type: &'static str,
    phase: &'static str,
    id: u64,
    nc_idx: u8,
    nc_local_id: u8,
    tracking_id: u64,
    thread_id: u32,
    worker_gid: i32,
    data: Data,
    timestamp_ns: u64,
    nrta_seq_id: u64,
}

#[derive(Serialize)]
#[serde(untagged)]
enum Data {
    Begins { device_core_idx: u32, exec_id: u64, nc_timestamp_ns: u64, model_id: u64 },
    Ends { nc_timestamp_ns: u64 },
    Moves { size: u64 },
}

impl<N: Fn() -> EventId> Document<N> {
    /// An empty trace of a device that was opened at `opened_ns` after 1970, with `lnc` physical cores to a
    /// logical core.
    pub(crate) fn new(opened_ns: u64, lnc: u32, next_id: N) -> Document<N> {
        Document { opened_ns, lnc, next_id, events: Vec::new() }
    }

    /// Adds a completed request: a start and a stop, for a run on each of its physical cores.
    pub(crate) fn add(&mut self, record: &Record, name: &'static str) {
        let Some((unit, num)) = Seq::decode(record.seq.raw()) else { return };
        let physical_cores = if matches!(record.deed, Deed::Run(_)) { self.lnc } else { 1 };
        for physical in 0..physical_cores {
            let EventId(counter) = (self.next_id)();
            let device_core_idx = u32::from(unit.core) * self.lnc + physical;
            let (starts, stops) = match record.deed {
                Deed::Run(model_id) => (
                    Data::Begins {
                        device_core_idx,
                        exec_id: num,
                        nc_timestamp_ns: record.begins.0,
                        model_id,
                    },
                    Data::Ends { nc_timestamp_ns: record.ends.0 },
                ),
                Deed::Read | Deed::Write | Deed::Copy | Deed::Collective => {
                    (Data::Moves { size: record.bytes }, Data::Moves { size: record.bytes })
                }
            };
            for (phase, at, data) in [("start", record.begins, starts), ("stop", record.ends, stops)] {
                self.events.push(Event {
                    event_type: name,
                    phase,
                    id: (self.next_id)().0,
                    nc_idx: unit.core,
                    nc_local_id: unit.core,
                    tracking_id: counter | u64::from(unit.core) << 50,
                    thread_id: 0,
                    worker_gid: -1,
                    data,
                    timestamp_ns: self.host_time(at),
                    nrta_seq_id: record.seq.raw(),
                });
            }
        }
    }

    /// Device time as the host's.
    fn host_time(&self, at: Tick) -> u64 {
        self.opened_ns.saturating_add(at.0)
    }

    /// The text.
    pub(crate) fn finish(self) -> String {
        let trace = Trace { events: &self.events, data_version: 2 };
        serde_json::to_string(&trace).expect("a trace has only text and numbers")
    }
}

#[cfg(test)]
mod tests {
    use std::cell::Cell;

    use sim_core::recorder::{Deed, Record};
    use sim_core::seq::{Seq, UnitId, UnitKind};
    use sim_core::status::Status;
    use sim_core::time::Tick;

    use super::{Document, EventId, event_type};

    #[test]
    fn a_run_is_a_pair_of_events_that_share_a_tracking_id() {
        let unit = UnitId { core: 1, kind: UnitKind::Compute, queue: 0 };
        let record = Record {
            seq: Seq::new(unit, 7),
            deed: Deed::Run(10_001),
            bytes: 64,
            begins: Tick(100),
            ends: Tick(150),
            status: Status::Success,
        };
        let next = Cell::new(0);
        let mut json = Document::new(1000, 1, || EventId(next.replace(next.get() + 1)));
        json.add(&record, event_type(record.deed).expect("runs are told").1);
        assert_eq!(
            json.finish(),
            concat!(
                r#"{"events":[{"event_type":"nc_exec_running","phase":"start","id":1,"nc_idx":1,"nc_local_id":1,"#,
                r#""tracking_id":1125899906842624,"thread_id":0,"worker_gid":-1,"data":{"device_core_idx":1,"#,
                r#""exec_id":7,"nc_timestamp_ns":100,"model_id":10001},"timestamp_ns":1100,"#,
                r#""nrta_seq_id":72339069014638599},{"event_type":"nc_exec_running","phase":"stop","id":2,"#,
                r#""nc_idx":1,"nc_local_id":1,"tracking_id":1125899906842624,"thread_id":0,"worker_gid":-1,"#,
                r#""data":{"nc_timestamp_ns":150},"timestamp_ns":1150,"nrta_seq_id":72339069014638599}],"#,
                r#""data_version":2}"#
            )
        );
    }
}
