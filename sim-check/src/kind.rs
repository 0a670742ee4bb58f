//! The kinds of findings: what each is called, how sure it is, and what to do about it.

/// How sure a finding is, and how much it matters.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, serde::Serialize, serde::Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Class {
    /// The program does what the documentation forbids: on another day, or on hardware, it goes wrong.
    Error,
    /// It may be meant so, or be known to the program in a way that nobody else can see.
    Warning,
    /// Right, but slower than it need be.
    Advice,
}

impl Class {
    /// The word for it.
    pub fn name(self) -> &'static str {
        match self {
            Class::Error => "error",
            Class::Warning => "warning",
            Class::Advice => "advice",
        }
    }
}

/// Everything that is the same for all findings of a kind.
#[derive(Debug)]
pub struct About {
    /// Its id, which never changes.
    pub id: &'static str,
    /// How sure it is.
    pub class: Class,
    /// What is wrong.
    pub title: &'static str,
    /// What was missing.
    pub missing: &'static str,
    /// What to do.
    pub fix: &'static str,
    /// The clause of the migration guide, or of the header.
    pub clause: &'static str,
}

macro_rules! kinds {
    ($($(#[$doc:meta])* $name:ident = $id:literal $class:ident $title:literal missing $missing:literal fix $fix:literal
       clause $clause:literal;)*) => {
        /// A kind of finding.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub enum Kind { $($(#[$doc])* $name,)* }

        impl Kind {
            /// All kinds: errors, then warnings, then advice.
            pub const ALL: &[Kind] = &[$(Kind::$name),*];

            /// What is known of it.
            pub fn about(self) -> &'static About {
                match self {
                    $(Kind::$name => &About {
                        id: $id, class: Class::$class, title: $title, missing: $missing, fix: $fix, clause: $clause,
                    },)*
                }
            }
        }
    };
}

kinds! {
    /// Read after write, on different queues.
    QueueRaw = "SIM-QUEUE-RAW" Error
        "a request reads bytes that a request of another queue writes"
        missing "nothing that the host observed says that the writer was done when the reader was submitted"
        fix "confirm the completion of the first request before submitting the second"
        clause "guide, common issues: stale data";
    /// Write after read, on different queues.
    QueueWar = "SIM-QUEUE-WAR" Error
        "a request writes bytes that a request of another queue still reads"
        missing "nothing that the host observed says that the reader was done when the writer was submitted"
        fix "confirm the completion of the first request, or write to another tensor"
        clause "guide, step 3";
    /// Write after write, on different queues.
    QueueWaw = "SIM-QUEUE-WAW" Error
        "two requests of different queues write the same bytes"
        missing "nothing that the host observed says which of them is the last"
        fix "confirm the completion of the first request, or write to different tensors"
        clause "guide, step 3";
    /// The host reads what a request writes.
    HostRaw = "SIM-HOST-RAW" Error
        "a blocking call reads bytes that a request writes"
        missing "nothing that the host observed says that the request was done"
        fix "confirm the completion of the request before reading; only implicit async mode waited for it"
        clause "guide, common issues: stale data";
    /// The host writes what a request reads.
    HostWar = "SIM-HOST-WAR" Error
        "a blocking call writes bytes that a request still reads"
        missing "nothing that the host observed says that the request was done"
        fix "confirm the completion of the request before its inputs are overwritten, or use a second set of tensors"
        clause "guide, step 3";
    /// The host writes what a request writes.
    HostWaw = "SIM-HOST-WAW" Error
        "a blocking call writes bytes that a request writes"
        missing "nothing that the host observed says which of them is the last"
        fix "confirm the completion of the request before writing the same bytes"
        clause "guide, step 3";
    /// Host memory in use by two.
    BufferShared = "SIM-BUFFER-SHARED" Error
        "a buffer of the host is used twice at once, and at least one use writes it"
        missing "nothing that the host observed says that the first use was over"
        fix "confirm the completion of the first request before using its buffer, or give each request its own"
        clause "nrt_async.h, nrta_tensor_read and nrta_tensor_write";
    /// A source buffer was overwritten.
    BufferChanged = "SIM-BUFFER-CHANGED" Error
        "the source buffer of a write changed before the host had observed its completion"
        missing "the device may read the buffer at any time until then"
        fix "leave the buffer alone until the completion of the write is confirmed"
        clause "nrt_async.h, nrta_tensor_write";
    /// A source buffer is not mapped any more.
    BufferFreed = "SIM-BUFFER-FREED" Error
        "the buffer of a request was freed before the host had observed its completion"
        missing "the device may use the buffer at any time until then"
        fix "free the buffer when the completion of the request is confirmed"
        clause "nrt_async.h, nrta_tensor_write";
    /// Two requests have one status variable.
    StatusShared = "SIM-STATUS-SHARED" Error
        "two requests under way have the same status variable"
        missing "the completion of the first was not observed, so its status is lost when the second ends"
        fix "give each request under way a status variable of its own"
        clause "guide, step 4";
    /// A status variable was overwritten.
    StatusChanged = "SIM-STATUS-CHANGED" Error
        "the status variable of a request was overwritten before the host had observed its completion"
        missing "the variable is the runtime's until then"
        fix "initialise the variable before the submission and leave it alone until the completion is confirmed"
        clause "guide, step 2, note";
    /// A status variable on the stack is gone.
    StatusScope = "SIM-STATUS-SCOPE" Error
        "the function has returned whose local variable is the status of a request"
        missing "the runtime writes it upon completion, into whatever is there then"
        fix "keep the status where it lives until the completion is confirmed"
        clause "guide, step 2, note";
    /// A status variable is not mapped any more.
    StatusFreed = "SIM-STATUS-FREED" Error
        "the memory of a request's status was given back before the host had observed its completion"
        missing "the variable must be retained until then"
        fix "free it when the completion is confirmed"
        clause "guide, step 2, note";
    /// A tensor was freed.
    TensorFreed = "SIM-TENSOR-FREED" Error
        "a tensor was freed while a read, write, copy or collective uses it"
        missing "the completion of the request was not observed"
        fix "free the tensor when the completion is confirmed"
        clause "nrt_async.h: the tensors must live until the request is over";
    /// The bytes of a tensor were replaced.
    TensorReplaced = "SIM-TENSOR-REPLACED" Error
        "a tensor got another buffer while a request uses it"
        missing "the completion of the request was not observed, and the old bytes are freed"
        fix "attach the buffer when the completion is confirmed"
        clause "nrt.h, nrt_tensor_attach_buffer";
    /// An eventfd was closed.
    EventClosed = "SIM-EVENT-CLOSED" Error
        "an eventfd was closed while a request was to signal it"
        missing "the completion was not observed, and the registration was not ended"
        fix "wait for the signal, or register a negative descriptor, before closing it"
        clause "guide, step 3, option B";
    /// The number of an eventfd is something else now.
    EventReused = "SIM-EVENT-REUSED" Error
        "the descriptor that a request was to signal is another file by now"
        missing "the eventfd was closed and its number used again before the completion was observed"
        fix "wait for the signal, or register a negative descriptor, before closing it"
        clause "guide, step 3, option B";
    /// A dead unit is used again and again.
    DeadUnit = "SIM-UNIT-DEAD" Error
        "a thread goes on submitting to an execution unit that it was told is dead"
        missing "NRT_EXEC_UNIT_UNRECOVERABLE was not acted on"
        fix "stop using the unit, and initialise the runtime anew, most simply by restarting the process"
        clause "guide, step 4, note";
    /// A tensor of a run was freed.
    TensorFreedRun = "SIM-TENSOR-FREED-RUN" Warning
        "a tensor was freed while a run uses it"
        missing "the completion of the run was not observed; that the runtime keeps the memory was observed, not documented"
        fix "free the tensor when the completion is confirmed"
        clause "nrt.h, nrt_tensor_free";
    /// A set was destroyed.
    SetDestroyed = "SIM-SET-DESTROYED" Warning
        "a tensor set was destroyed while a run that was submitted with it is under way"
        missing "the completion of the run was not observed; that sets are read at submission was observed, not documented"
        fix "destroy the set when the completion is confirmed"
        clause "nrt_async.h, nrta_execute_schedule";
    /// A model was unloaded.
    ModelUnloaded = "SIM-MODEL-UNLOADED" Warning
        "a model was unloaded while its runs are under way"
        missing "their completion was not observed; nrt_unload waits for them, however long that takes"
        fix "confirm the completion of all runs before unloading the model"
        clause "nrt.h, nrt_unload";
    /// Only the depth of a queue orders two requests.
    DepthOrder = "SIM-ORDER-BY-DEPTH" Warning
        "only the depth of a queue says that a request was done when its bytes were used again"
        missing "that a full queue took another request implies it, but the host observed no completion"
        fix "confirm the completion; the depth of a queue is a setting that may grow"
        clause "guide, step 5";
    /// A completion that nobody looked at.
    NeverSeen = "SIM-STATUS-UNSEEN" Warning
        "the completion of a request was never observed before the runtime was closed"
        missing "its status cannot have been checked in time"
        fix "confirm the completion of each request and look at its status"
        clause "guide, steps 3 and 4";
    /// Failures without consequence.
    StatusIgnored = "SIM-STATUS-IGNORED" Warning
        "requests failed one after another, and the program submitted on as if nothing had happened"
        missing "nothing that the program did shows that it looked at the status"
        fix "check the status of each request after its completion, and stop or recover"
        clause "guide, step 4";
    /// Bytes that a failed request should have written are read.
    FailedResult = "SIM-RESULT-FAILED" Warning
        "bytes are read that a request was to write which failed"
        missing "nothing has written them since"
        fix "check the status of the request before its results are used"
        clause "guide, step 4";
    /// A number that was never issued.
    Unissued = "SIM-SEQ-UNISSUED" Warning
        "the program waits for a request that was never submitted"
        missing "the queue has not issued that number"
        fix "use the sequence id that the schedule call returned with NRT_SUCCESS"
        clause "guide, step 2";
    /// An id of no queue.
    Foreign = "SIM-SEQ-FOREIGN" Warning
        "the program asks about a sequence id that names no queue of this process"
        missing "no schedule call has returned it"
        fix "use the sequence id that the schedule call returned with NRT_SUCCESS, and ask the process that got it"
        clause "guide, step 2";
    /// The number 0.
    Zero = "SIM-SEQ-ZERO" Warning
        "the program asks about sequence number 0, which is no request and counts as completed"
        missing "the id is from a schedule call that failed, or from an idle queue"
        fix "use the sequence id only if the schedule call returned NRT_SUCCESS"
        clause "guide, step 2";
    /// Another queue is looked at than was submitted to.
    OtherUnit = "SIM-SEQ-OTHER-UNIT" Warning
        "the program looks at a queue that has no requests, while its requests on another are not observed"
        missing "ids of different units cannot be compared"
        fix "call nrta_get_sequence with the core, unit and queue of the request that is waited for"
        clause "guide, step 3, option A";
    /// A refused request was never submitted again.
    FullDropped = "SIM-FULL-DROPPED" Warning
        "a request that was refused with NRT_QUEUE_FULL was never submitted again"
        missing "the call has queued nothing"
        fix "wait for at least one completion, then submit the request again"
        clause "guide, step 5";
    /// Spinning on a full queue.
    FullSpin = "SIM-FULL-SPIN" Warning
        "the program submits to a full queue again and again without looking at completions"
        missing "only a completion makes room"
        fix "wait for a completion, by an eventfd or nrta_get_sequence, before the next attempt"
        clause "guide, step 5";
    /// Objects that are alive at the close.
    LeakClose = "SIM-LEAK-CLOSE" Warning
        "tensors, tensor sets or models are alive when the runtime is closed"
        missing "their memory was held to the end"
        fix "free what was allocated, unload what was loaded"
        clause "nrt.h, nrt_close";
    /// The process ended without closing.
    ExitOpen = "SIM-EXIT-OPEN" Warning
        "the process ends without nrt_close"
        missing "requests under way end nowhere"
        fix "call nrt_close before the end of the program"
        clause "nrt.h, nrt_close";
    /// A suppression for nothing.
    Unmatched = "SIM-SUPPRESSION-UNUSED" Warning
        "a suppression matches no finding"
        missing "the program has changed, or the suppression is mistyped"
        fix "remove the suppression"
        clause "docs/hazards.md, suppressions";
    /// The queue runs empty between submissions.
    Drained = "SIM-PERF-DRAINED" Advice
        "a compute queue is empty whenever the next run is submitted"
        missing "the device idles while the host prepares the next run"
        fix "keep 2 to 3 runs in flight, each with tensors of its own"
        clause "guide, step 1; best practices: 2 to 3 requests in flight";
    /// Units that could work at the same time do not.
    Serial = "SIM-PERF-SERIAL" Advice
        "requests of different units that share no bytes run one after the other"
        missing "the host waits for one before it submits the next"
        fix "submit both, then wait for both"
        clause "guide, task overview: independent scheduling";
    /// Polling without pause.
    HotPoll = "SIM-PERF-POLL" Advice
        "a thread polls without pause for long"
        missing "it uses a whole CPU to wait"
        fix "wait on an eventfd, or pause between two looks"
        clause "guide, step 3, option B";
    /// Much polling and no events.
    NoEvents = "SIM-PERF-EVENTS" Advice
        "the program polls much and has never registered an eventfd"
        missing "each look costs a call, and learns of the completion late"
        fix "register an eventfd for each request or for the queue, recommended for production"
        clause "guide, step 3, option B";
}

impl Kind {
    /// Its id.
    pub fn id(self) -> &'static str {
        self.about().id
    }

    /// How sure it is.
    pub fn class(self) -> Class {
        self.about().class
    }

    /// The section of the documentation on it.
    pub fn section(self) -> String {
        format!("docs/hazards.md#{}", self.id().to_lowercase())
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::Kind;

    #[test]
    fn ids_are_distinct_and_classes_come_in_order() {
        let ids: BTreeSet<_> = Kind::ALL.iter().map(|kind| kind.id()).collect();
        assert_eq!(ids.len(), Kind::ALL.len());
        assert!(Kind::ALL.is_sorted_by_key(|kind| kind.class()));
    }
}
