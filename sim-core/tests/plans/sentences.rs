//! How rules are explained.

use sim_core::fault::Rule;

#[test]
fn each_rule_is_one_sentence_that_says_all_of_it() {
    for (text, sentence) in [
        (
            "core=0\nunit=\"compute\"\nqueue=0\nnth=3\nstatus=1202",
            "The 3rd request on compute queue 0 of core 0 ends with NRT_EXEC_HW_ERR_NC_UE (1202), which \
             kills the unit.",
        ),
        (
            "model=\"mlp*\"\nprobability=0.1\nlate={min=\"2ms\",max=\"5ms\"}\ntimes=3",
            "One in ten runs of model \"mlp*\" takes 2 to 5 ms longer, at most 3 times on each queue.",
        ),
        ("status=1003", "Every request ends with NRT_EXEC_COMPLETED_WITH_NUM_ERR (1003)."),
        (
            "place=\"start\"\ncore=1\nevery=4\nfirst=20\nstatus=1",
            "Every 4th of the first 20 requests on each queue of core 1 does not begin but ends with \
             NRT_FAILURE (1).",
        ),
        (
            "after=10\nfirst=5\nhang=true",
            "Each of the first 5 requests on each queue after the first 10 hangs until the time limit and \
             ends with NRT_TIMEOUT (5), which kills the unit.",
        ),
        (
            "place=\"collective\"\nfirst=1\nstuck=true",
            "The 1st collective operation on each queue never begins, so that what is behind it waits.",
        ),
        (
            "probability=0.35\nlate={mean=\"2ms\",deviation=\"10us\"}",
            "Any request, with a chance of 0.35, takes about 2 ms (deviation 10 us) longer.",
        ),
        (
            "probability=0.01\nlate={median=\"2ms\",sigma=0.5}",
            "One in 100 requests takes longer by a median of 2 ms (sigma 0.5).",
        ),
        (
            "nth=22\nunit=\"tensor-op\"\nqueue=1\nprobability=0.125\nslow=3",
            "The 22nd request on tensor-op queue 1 of each core, with a chance of one in eight, takes 3 \
             times as long.",
        ),
        (
            "operation=\"read\"\nqueue=0\nsize={min=\"1MiB\",max=\"4GiB\"}\nnever=true",
            "Every read of a tensor with 1 MiB to 4 GiB of data on queue 0 of any unit does its work but \
             never completes, so that what is behind it waits.",
        ),
        (
            "core=2\nmodel=\"m\"\ntensor=\"w?\"\nsize=\"64KiB\"\nsequence={min=5}\nstuck=true",
            "Every run of model \"m\" with tensor \"w?\", 64 KiB of data and sequence numbers 5 and up on \
             core 2 never begins, so that what is behind it waits.",
        ),
        (
            "unit=\"compute\"\nfull=true",
            "Every request on compute queue 0 of any core is refused once with NRT_QUEUE_FULL (7) before \
             it is let in.",
        ),
        (
            "core=0\nunit=\"compute\"\nfull={attempts=3}\ntimes=2\nlifetime=\"10ms\"",
            "Every request on compute queue 0 of core 0 is refused 3 times with NRT_QUEUE_FULL (7) before \
             it is let in, at most twice and only in the first 10 ms after the rule was added.",
        ),
        (
            "at=\"5ms\"\nfull={capacity=2}",
            "From 5 ms of simulated time on, every request finds its queue full as soon as 2 requests are \
             on it.",
        ),
        ("full={capacity=0}", "Every request finds its queue full even when it is empty."),
        ("nan=1", "Every run writes NaN for 1 number of its outputs."),
        ("rank=1\nnan=4", "Every run in the process of rank 1 writes NaN for 4 numbers of its outputs."),
        (
            "place=\"tensor-read\"\ntensor=\"w\"\nflip=true",
            "Every read of tensor \"w\" gets 1 bit of its data wrong.",
        ),
        (
            "place=\"tensor-copy\"\nnth=2\nflip=8",
            "The 2nd copy of a tensor on each queue gets 8 bits of its data wrong.",
        ),
        (
            "place=\"tensor-write\"\nunit=\"tensor-op\"\nsize={max=4096}\ntorn=true",
            "Every write of a tensor with at most 4 KiB of data on any tensor-op queue delivers only a \
             first part of its data.",
        ),
        (
            "core=0\nunit=\"collectives\"\nqueue=2\nsignal=\"twice\"\ntimes=1",
            "Every request on collectives queue 2 of core 0 is signalled twice, at most once.",
        ),
        (
            "nth=11\nsignal=\"spurious\"",
            "The 11th request on each queue is signalled when it begins and again when it ends.",
        ),
        (
            "signal={late=\"1ms\"}\nrequire_fired=true",
            "Every request is signalled 1 ms after its completion; a run in which this never happens has \
             failed.",
        ),
        ("nth=1\ncore-busy=true", "The 1st call of nrt_init finds the cores held by another process."),
        (
            "place=\"init\"\nstatus=4\ntimes=2",
            "Every call of nrt_init fails with NRT_RESOURCE (4), at most twice.",
        ),
        (
            "place=\"load\"\nnth=2\nmodel=\"a*\"\nstatus=10",
            "The 2nd load of model \"a*\" on each core fails with NRT_UNSUPPORTED_NEFF_VERSION (10).",
        ),
        (
            "place=\"load\"\ncore=0\nstatus=4\ntimes=1",
            "Every load of a model on core 0 fails with NRT_RESOURCE (4), at most once.",
        ),
        (
            "place=\"allocate\"\nsize={min=\"1GiB\"}\nstatus=4\ntimes=3",
            "Every allocation of at least 1 GiB fails with NRT_RESOURCE (4), at most 3 times on each core.",
        ),
        (
            "place=\"submit\"\nunit=\"tensor-op\"\ndepth=4\nstatus=4",
            "Every request on any tensor-op queue that would be the 4th or later in its queue is refused \
             with NRT_RESOURCE (4).",
        ),
        (
            "core=0\nunit=\"compute\"\nnth=111\nstatus=1205\npersist=true",
            "The 111th request on compute queue 0 of core 0 ends with NRT_EXEC_HW_ERR_REPAIRABLE_HBM_UE \
             (1205), which kills the unit; later processes find the queue as this left it.",
        ),
    ] {
        let rule = Rule::parse(text).unwrap_or_else(|error| panic!("{text}: {error}"));
        assert_eq!(rule.to_string(), sentence);
    }
}

#[test]
fn a_sentence_names_the_rule_it_waits_for() {
    let text = "rule=[{name=\"first\",nth=1,status=1003},{at=\"1s\",until=\"first\",flip=1}]";
    let plan = sim_core::fault::Plan::parse(text).expect("valid");
    assert_eq!(
        plan.rules[1].to_string(),
        "From 1 s of simulated time on and until rule \"first\" has struck on the same queue, every \
         request gets 1 bit of its data wrong."
    );
}
