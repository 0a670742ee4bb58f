// run: NRT_SIM_TIME=manual NRT_SIM_MODELS=model=[{time="50ms"}] modes {neff} -> 0
// run: NRT_SIM_TIME=free NRT_SIM_MODELS=model=[{time="50ms"}] modes {neff} -> 0
// run: NRT_SIM_TIME=wall NRT_SIM_MODELS=model=[{time="50ms"}] modes {neff} -> 0
// run: NRT_SIM_TIME=wall:0.1 NRT_SIM_MODELS=model=[{time="50ms"}] modes {neff} -> 0
// SPDX-License-Identifier: Apache-2.0 OR MIT
//
// What submitting, polling, events and blocking calls do in each mode of time. A run takes 50 ms.
#include "mode.h"

#define RUN_MS 50
#define RUNS 3

static nrt_model_t *model;
static struct io io;
static NRT_STATUS status[RUNS];
static nrta_seq_t seq[RUNS];
static double begin; // of the latest runs

static void submit_runs(void) {
    begin = seconds();
    for (int i = 0; i < RUNS; i++) {
        status[i] = UNTOUCHED;
        seq[i] = submit(model, &io, &status[i]);
    }
}

static void have_succeeded(void) {
    for (int i = 0; i < RUNS; i++)
        CHECK(status[i] == NRT_SUCCESS);
}

// In manual time nothing happens however long the program does something else.
static void must_stand_still(int efd) {
    if (mode != MANUAL)
        return;
    uint64_t before = now();
    for (int i = 0; i < 1000; i++)
        CHECK(!readable(efd, 0));
    CHECK(now() == before);
    for (int i = 0; i < RUNS; i++)
        CHECK(peek(&status[i]) == UNTOUCHED);
}

static void by_polling(void) {
    uint64_t before = now();
    submit_runs();
    CHECK(mode == WALL || now() == before);
    if (mode == MANUAL) {
        // Each look that finds nothing new moves time to the next event, and shows what came of it.
        CHECK(!completed(seq[2]));
        CHECK(status[0] == NRT_SUCCESS && status[1] == UNTOUCHED);
        CHECK(completed(seq[0]) && completed(seq[0])); // known by now
        CHECK(status[1] == UNTOUCHED);
        CHECK(!completed(seq[2]));
        CHECK(status[1] == NRT_SUCCESS && status[2] == UNTOUCHED);
        CHECK(completed(seq[2]));
    } else {
        for (int i = 0; i < RUNS; i++) {
            wait_for(seq[i]);
            must_have_taken(begin, RUN_MS * (i + 1));
        }
    }
    must_have_passed(before, RUN_MS * RUNS);
    have_succeeded();
}

static void by_sequence(void) {
    submit_runs();
    nrta_seq_t last = seq[0] - 1, seen;
    double end = seconds() + DEADLINE_S;
    for (int looks = 1; last < seq[RUNS - 1]; looks++, last = seen) {
        seen = last_completed(0);
        CHECK(seen >= last && seconds() < end);
        // What was known before the runs were submitted is no news, so each look finds the next.
        CHECK(mode != MANUAL || seen == seq[looks - 1]);
        CHECK(mode == WALL || seen <= last + 1);
        if (seen >= seq[0])
            must_have_taken(begin, RUN_MS * (double)(seen - seq[0] + 1));
    }
    have_succeeded();
    for (int i = 0; i < 3; i++)
        CHECK(last_completed(0) == last); // there is nothing to move time to
}

static void by_event(void) {
    int efd = eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC);
    CHECK(efd >= 0);
    OK(nrta_event_register_xu_completion(0, NRTA_XU_COMPUTE, 0, efd));
    submit_runs();
    OK(nrta_event_register_seq_id_completion(seq[RUNS - 1], efd)); // a second signal for the last
    must_stand_still(efd);
    if (mode == MANUAL) {
        CHECK(!completed(seq[2]) && readable(efd, 0) && drain(efd) == 1);
        CHECK(!completed(seq[2]) && readable(efd, 0) && drain(efd) == 1);
        CHECK(completed(seq[2]) && readable(efd, 0) && drain(efd) == 2);
    } else {
        // Nobody looks: a program that only sleeps in poll() is woken.
        for (uint64_t told = 0; told < RUNS + 1;) {
            CHECK(readable(efd, DEADLINE_S * 1000));
            told += drain(efd);
            must_have_taken(begin, RUN_MS * (double)(told < RUNS ? told : RUNS));
        }
        CHECK(completed(seq[2])); // at the first look
    }
    have_succeeded();
    OK(nrta_event_register_xu_completion(0, NRTA_XU_COMPUTE, 0, -1));
    close(efd);
}

static void by_waiting(void) {
    uint64_t before = now();
    begin = seconds();
    OK(nrt_execute(model, io.inputs, io.outputs));
    must_have_taken(begin, RUN_MS);

    submit_runs();
    OK(nrt_async_drain_queued_execs(0));
    must_have_taken(begin, RUN_MS * RUNS);
    must_have_passed(before, RUN_MS * (1 + RUNS));
    have_succeeded();
}

// Limits of nrt_tensor_check_output_completion, in microseconds.
static void by_counting(void) {
    nrt_tensor_t *out = NULL;
    for (uint64_t i = 0; i < io.count; i++)
        if (!io.is_input[i])
            out = io.tensors[i];
    OK(nrt_tensor_reset_output_completion(out));
    uint64_t before = now();
    begin = seconds();
    EXPECT(NRT_TIMEOUT, nrt_tensor_check_output_completion(out, 20000, 1));
    must_have_taken(begin, 20);
    must_have_passed(before, 20);
    if (mode == FREE)
        CHECK(seconds() - begin >= 0.02); // an idle program has no simulated time, so the limit is real
    if (mode == MANUAL)
        EXPECT(NRT_TIMEOUT, nrt_tensor_check_output_completion(out, -1, 1)); // nothing is left that could count

    submit_runs();
    if (mode == MANUAL) {
        // To the microsecond, and to the last moment.
        EXPECT(NRT_TIMEOUT, nrt_tensor_check_output_completion(out, RUN_MS * 1000 - 1, 1));
        OK(nrt_tensor_check_output_completion(out, 1, 1));
        CHECK(status[0] == NRT_SUCCESS && status[1] == UNTOUCHED);
        OK(nrt_tensor_check_output_completion(out, 0, 2)); // no limit at all is a look, which moves time
        CHECK(status[1] == NRT_SUCCESS && status[2] == UNTOUCHED);
    }
    OK(nrt_tensor_check_output_completion(out, -1, RUNS));
    must_have_taken(begin, RUN_MS * RUNS);
    must_have_passed(before, 20 + RUN_MS * RUNS);
    OK(nrt_async_drain_queued_execs(0)); // the count comes before the status
    have_succeeded();
}

int main(int argc, char **argv) {
    read_mode();
    model = start(argc, argv);
    io_open(&io, model, 0);
    io_fill(&io, 1);
    by_polling();
    by_sequence();
    by_event();
    by_waiting();
    by_counting();
    CHECK(mode == MANUAL ? threads() == 1 : threads() > 1);
    io_close(&io);
    OK(nrt_unload(model));
    nrt_close();
    return ok();
}
