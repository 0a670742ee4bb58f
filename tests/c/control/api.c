// run: api {neff} -> 0
// run: NRT_SIM_TIME=manual api {neff} -> 0
// run: NRT_SIM_TIME=wall:0.01 api {neff} -> 0
// SPDX-License-Identifier: Apache-2.0 OR MIT
//
// The control of the simulated device as a program uses it that is made for the vendor's library, too: each function is
// looked up, none is linked. Every wrong argument has its status, and changes nothing.

#ifndef _GNU_SOURCE
#define _GNU_SOURCE // for dlvsym
#endif

#include "../guide/guide.h"

#include <dlfcn.h>
#include <sys/wait.h>

#include <nrt_sim/nrt_sim.h>

#define QUEUE 0u, (uint32_t)NRTA_XU_COMPUTE, 0

static struct {
    __typeof__(nrt_sim_inject) *inject;
    __typeof__(nrt_sim_clear) *clear;
    __typeof__(nrt_sim_get_rule_count) *get_rule_count;
    __typeof__(nrt_sim_get_rule) *get_rule;
    __typeof__(nrt_sim_read_journal) *read_journal;
    __typeof__(nrt_sim_pause) *pause;
    __typeof__(nrt_sim_resume) *resume;
    __typeof__(nrt_sim_step) *step;
    __typeof__(nrt_sim_heal) *heal;
    __typeof__(nrt_sim_get_queue) *get_queue;
    __typeof__(nrt_sim_get_time) *get_time;
    __typeof__(nrt_sim_advance) *advance;
    __typeof__(nrt_sim_step_time) *step_time;
    __typeof__(nrt_sim_wait_idle) *wait_idle;
} sim;

static void *look_up(const char *name) {
    void *found = dlsym(RTLD_DEFAULT, name);
    CHECK(found != NULL);
    CHECK(dlvsym(RTLD_DEFAULT, name, "NRT_SIM_1.0") == found);
    CHECK(dlvsym(RTLD_DEFAULT, name, "NRT_2.0.0") == NULL);
    return found;
}

static void look_all_up(void) {
    sim.inject = look_up("nrt_sim_inject");
    sim.clear = look_up("nrt_sim_clear");
    sim.get_rule_count = look_up("nrt_sim_get_rule_count");
    sim.get_rule = look_up("nrt_sim_get_rule");
    sim.read_journal = look_up("nrt_sim_read_journal");
    sim.pause = look_up("nrt_sim_pause");
    sim.resume = look_up("nrt_sim_resume");
    sim.step = look_up("nrt_sim_step");
    sim.heal = look_up("nrt_sim_heal");
    sim.get_queue = look_up("nrt_sim_get_queue");
    sim.get_time = look_up("nrt_sim_get_time");
    sim.advance = look_up("nrt_sim_advance");
    sim.step_time = look_up("nrt_sim_step_time");
    sim.wait_idle = look_up("nrt_sim_wait_idle");
}

// Where the runtime is not open, that comes before all that is wrong with arguments.
static void expect_everywhere(NRT_STATUS status) {
    uint64_t number = 7;
    nrt_sim_rule_t rule;
    nrt_sim_queue_t queue;
    char text[8] = "as it is";
    size_t length = 7;
    EXPECT(status, sim.inject("status = 5", &number));
    EXPECT(status, sim.inject(NULL, NULL));
    EXPECT(status, sim.clear(NULL));
    EXPECT(status, sim.get_rule_count(&number));
    EXPECT(status, sim.get_rule_count(NULL));
    EXPECT(status, sim.get_rule(0, &rule, sizeof rule));
    EXPECT(status, sim.read_journal(&number, text, sizeof text, &length));
    EXPECT(status, sim.pause(QUEUE));
    EXPECT(status, sim.pause(99, 99, 99));
    EXPECT(status, sim.resume(QUEUE));
    EXPECT(status, sim.step(QUEUE, 1, &number));
    EXPECT(status, sim.heal(QUEUE));
    EXPECT(status, sim.get_queue(QUEUE, &queue, sizeof queue));
    EXPECT(status, sim.get_time(&number));
    EXPECT(status, sim.advance(1));
    EXPECT(status, sim.step_time(&number));
    EXPECT(status, sim.wait_idle());
    CHECK(number == 7 && length == 7 && memcmp(text, "as it is", sizeof text) == 0);
}

static uint64_t rule_count(void) {
    uint64_t count = 0;
    OK(sim.get_rule_count(&count));
    return count;
}

static nrt_sim_rule_t rule_of(uint64_t id) {
    nrt_sim_rule_t rule;
    memset(&rule, 0xff, sizeof rule);
    OK(sim.get_rule(id, &rule, sizeof rule));
    return rule;
}

static nrt_sim_queue_t compute_queue(void) {
    nrt_sim_queue_t queue;
    memset(&queue, 0xff, sizeof queue);
    OK(sim.get_queue(QUEUE, &queue, sizeof queue));
    CHECK(queue.reserved == 0);
    return queue;
}

static uint64_t now(void) {
    uint64_t ns = UINT64_MAX;
    OK(sim.get_time(&ns));
    return ns;
}

static void wrong_queues_are_refused(void) {
    static const struct {
        uint32_t core, xu;
        int queue;
    } wrong[] = {{99, 1, 0}, {UINT32_MAX, 1, 0}, {0, 3, 0}, {0, UINT32_MAX, 0}, {0, 1, 1}, {0, 1, -1}, {0, 0, 2}};
    nrt_sim_queue_t queue;
    uint64_t stepped = 7;
    for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++) {
        EXPECT(NRT_INVALID, sim.pause(wrong[i].core, wrong[i].xu, wrong[i].queue));
        EXPECT(NRT_INVALID, sim.resume(wrong[i].core, wrong[i].xu, wrong[i].queue));
        EXPECT(NRT_INVALID, sim.step(wrong[i].core, wrong[i].xu, wrong[i].queue, 1, &stepped));
        EXPECT(NRT_INVALID, sim.heal(wrong[i].core, wrong[i].xu, wrong[i].queue));
        EXPECT(NRT_INVALID,
               sim.get_queue(wrong[i].core, wrong[i].xu, wrong[i].queue, &queue, sizeof queue));
    }
    EXPECT(NRT_INVALID, sim.step(QUEUE, 1, &stepped)); // it is not paused
    CHECK(stepped == 7);
    OK(sim.resume(QUEUE));
    EXPECT(NRT_INVALID, sim.get_queue(QUEUE, NULL, sizeof queue));
    CHECK(!compute_queue().paused);
}

static void wrong_rules_are_refused(void) {
    static const char *const wrong[] = {
        "", "status", "status = 0", "unit = \"gpu\"\nstatus = 5", "nth = 0\nstatus = 5", "[[rule]]", "{ status = 5",
        "rule = [{status = 5}, {status = 6}]", "\xff", "name = \"a\"\nuntil = \"no such rule\"\nstatus = 5",
    };
    uint64_t before = rule_count(), number = 7;
    nrt_sim_rule_t rule;
    for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++)
        EXPECT(NRT_INVALID, sim.inject(wrong[i], &number));
    EXPECT(NRT_INVALID, sim.inject(NULL, &number));
    EXPECT(NRT_INVALID, sim.clear("no such rule"));
    EXPECT(NRT_INVALID, sim.clear(""));
    OK(sim.clear(NULL)); // there are none
    EXPECT(NRT_INVALID, sim.get_rule_count(NULL));
    EXPECT(NRT_INVALID, sim.get_rule(before, &rule, sizeof rule));
    EXPECT(NRT_INVALID, sim.get_rule(UINT64_MAX, &rule, sizeof rule));
    CHECK(number == 7 && rule_count() == before);
}

static void wrong_places_are_refused(void) {
    uint64_t cursor = 0;
    char text[512];
    size_t length = 7;
    EXPECT(NRT_INVALID, sim.read_journal(NULL, text, sizeof text, &length));
    EXPECT(NRT_INVALID, sim.read_journal(&cursor, NULL, sizeof text, &length));
    EXPECT(NRT_INVALID, sim.read_journal(&cursor, text, sizeof text, NULL));
    EXPECT(NRT_RESOURCE, sim.read_journal(&cursor, text, 0, &length));
    CHECK(length == 7 && cursor == 0);
    EXPECT(NRT_INVALID, sim.get_time(NULL));
}

// The queue is full at exactly its capacity, and is let through request by request.
static void a_paused_queue_fills_and_is_stepped(nrt_model_t *model, struct io *io) {
    NRT_STATUS rets[9];
    nrta_seq_t seq = 0;
    uint64_t stepped = 0, before = compute_queue().completed;
    OK(sim.pause(QUEUE));
    OK(sim.pause(QUEUE)); // twice is once
    for (int i = 0; i < 9; i++)
        rets[i] = UNTOUCHED;
    for (int i = 0; i < 8; i++)
        OK(nrta_execute_schedule(model, io->inputs, io->outputs, 0, &rets[i], &seq));
    EXPECT(NRT_QUEUE_FULL, nrta_execute_schedule(model, io->inputs, io->outputs, 0, &rets[8], &seq));
    nrt_sim_queue_t queue = compute_queue();
    CHECK(queue.capacity == 8 && queue.paused && !queue.dead && !queue.held);
    CHECK(queue.submitted == before + 8 && queue.completed == before);
    CHECK(!completed(seq) && peek(&rets[0]) == UNTOUCHED);

    OK(sim.step(QUEUE, 0, &stepped));
    CHECK(stepped == 0);
    OK(sim.step(QUEUE, 3, &stepped));
    CHECK(stepped == 3 && compute_queue().completed == before + 3);
    CHECK(peek(&rets[2]) == NRT_SUCCESS && peek(&rets[3]) == UNTOUCHED);
    OK(sim.step(QUEUE, 1, NULL));
    EXPECT(NRT_TIMEOUT, sim.wait_idle());
    OK(sim.resume(QUEUE));
    OK(sim.wait_idle());
    queue = compute_queue();
    CHECK(queue.completed == before + 8 && !queue.paused && queue.running == 0);
    CHECK(queue.running_ends_ns == UINT64_MAX);
    for (int i = 0; i < 8; i++)
        CHECK(peek(&rets[i]) == NRT_SUCCESS);
    CHECK(rets[8] == UNTOUCHED);
}

// An injected rule strikes, is counted, stands in the journal, and what it has broken can be healed.
static void a_rule_strikes_and_the_unit_is_healed(nrt_model_t *model, struct io *io) {
    NRT_STATUS ret = UNTOUCHED;
    nrta_seq_t seq;
    uint64_t id = UINT64_MAX, other = UINT64_MAX, cursor = 0, count = rule_count();
    size_t length = 7;
    char text[4096], first[8];

    OK(sim.inject("name = \"fatal\"\nunit = \"compute\"\ncore = 0\nfirst = 1\nstatus = 1202\nrequire_fired = true", &id));
    OK(sim.inject("{ name = \"other\", unit = \"compute\", nth = 1000, status = 5 }", &other));
    EXPECT(NRT_INVALID, sim.inject("name = \"fatal\"\nstatus = 5", NULL)); // the name is taken
    CHECK(id == count && other == count + 1 && rule_count() == count + 2);
    nrt_sim_rule_t rule = rule_of(id);
    CHECK(rule.armed == 1 && rule.require_fired == 1 && rule.fired == 0 && strcmp(rule.name, "fatal") == 0);
    OK(sim.read_journal(&cursor, text, sizeof text, &length));
    CHECK(cursor == 0 && length == 0 && text[0] == 0);

    seq = submit(model, io, &ret);
    wait_for(seq);
    CHECK(peek(&ret) == NRT_EXEC_HW_ERR_NC_UE && compute_queue().dead);
    EXPECT(NRT_EXEC_UNIT_UNRECOVERABLE, nrta_execute_schedule(model, io->inputs, io->outputs, 0, &ret, &seq));
    rule = rule_of(id);
    CHECK(rule.matched == 1 && rule.struck == 1 && rule.fired == 1 && rule.armed == 0);
    CHECK(rule_of(other).fired == 0 && rule_of(other).armed == 1);

    nrt_sim_rule_t part;
    memset(&part, 0xff, sizeof part);
    OK(sim.get_rule(id, &part, sizeof part.matched)); // as older programs have it
    CHECK(part.matched == 1 && part.struck == UINT64_MAX);
    OK(sim.get_rule(id, &part, 0));
    nrt_sim_queue_t some;
    memset(&some, 0xff, sizeof some);
    OK(sim.get_queue(QUEUE, &some, 2 * sizeof(uint64_t)));
    CHECK(some.submitted == some.completed && some.capacity == UINT64_MAX);

    EXPECT(NRT_RESOURCE, sim.read_journal(&cursor, first, sizeof first, &length));
    CHECK(cursor == 0 && length == 0);
    OK(sim.read_journal(&cursor, text, sizeof text, &length));
    CHECK(cursor == 1 && length == strlen(text) && text[length - 1] == '\n' && !strstr(text, "}\n{"));
    CHECK(strstr(text, "\"rule\":\"fatal\"") && strstr(text, "\"status\":1202"));
    char exact[4096];
    uint64_t again = 0;
    EXPECT(NRT_RESOURCE, sim.read_journal(&again, exact, length, &length)); // no room for the zero byte
    OK(sim.read_journal(&again, exact, strlen(text) + 1, &length));
    CHECK(again == 1 && strcmp(exact, text) == 0);
    OK(sim.read_journal(&cursor, text, 1, &length));
    CHECK(cursor == 1 && length == 0 && text[0] == 0);

    OK(sim.heal(QUEUE));
    CHECK(!compute_queue().dead);
    ret = UNTOUCHED;
    wait_for(submit(model, io, &ret));
    CHECK(peek(&ret) == NRT_SUCCESS);
    OK(sim.clear("fatal"));
    EXPECT(NRT_INVALID, sim.clear("fatal"));
    CHECK(rule_of(id).name[0] == 0 && rule_of(id).fired == 1 && rule_of(other).armed == 1);
    OK(sim.clear(NULL));
    CHECK(rule_of(other).armed == 0 && rule_count() == count + 2);
}

static void what_is_held_up_is_healed(nrt_model_t *model, struct io *io, const char *verdict) {
    NRT_STATUS ret = UNTOUCHED;
    char rule[128];
    snprintf(rule, sizeof rule, "unit = \"compute\"\nfirst = 1\n%s", verdict);
    OK(sim.inject(rule, NULL));
    nrta_seq_t seq = submit(model, io, &ret);
    EXPECT(NRT_TIMEOUT, sim.wait_idle());
    nrt_sim_queue_t queue = compute_queue();
    CHECK(queue.held && queue.running == NRTA_SEQ_GET_SEQ_NUM(seq) && queue.running_ends_ns == UINT64_MAX);
    CHECK(!completed(seq) && peek(&ret) == UNTOUCHED);
    OK(sim.heal(QUEUE));
    OK(sim.wait_idle());
    CHECK(completed(seq) && peek(&ret) == NRT_SUCCESS && !compute_queue().held);
    OK(sim.clear(NULL));
}

static void time_moves_on(nrt_model_t *model, struct io *io, bool is_manual) {
    NRT_STATUS ret = UNTOUCHED;
    uint64_t before = now(), event = 7;
    OK(sim.advance(0));
    OK(sim.advance(2000000));
    CHECK(now() >= before + 2000000);
    if (!is_manual) {
        EXPECT(NRT_INVALID, sim.step_time(&event));
        CHECK(event == 7);
        return;
    }
    EXPECT(NRT_QUEUE_EMPTY, sim.step_time(&event));
    CHECK(event == 7 && now() == before + 2000000);
    NRT_STATUS second = UNTOUCHED;
    submit(model, io, &ret);
    nrta_seq_t seq = submit(model, io, &second);
    OK(sim.step_time(NULL));
    CHECK(!completed(seq - 1) || now() > before + 2000000);
    while (sim.step_time(&event) == NRT_SUCCESS)
        CHECK(event == now());
    CHECK(event > before + 2000000 && compute_queue().completed == NRTA_SEQ_GET_SEQ_NUM(seq));
}

static void a_child_cannot_control(void) {
    pid_t child = fork();
    int status = -1;
    CHECK(child >= 0);
    if (child == 0) {
        expect_everywhere(NRT_FAILURE);
        _exit(0);
    }
    CHECK(waitpid(child, &status, 0) == child);
    CHECK(WIFEXITED(status) && WEXITSTATUS(status) == 0);
}

int main(int argc, char **argv) {
    const char *time = getenv("NRT_SIM_TIME");
    look_all_up();
    expect_everywhere(NRT_UNINITIALIZED);
    nrt_model_t *model = start(argc, argv);
    struct io io;
    io_open(&io, model, 0);
    io_fill(&io, 1);

    wrong_queues_are_refused();
    wrong_rules_are_refused();
    wrong_places_are_refused();
    OK(sim.wait_idle());
    a_paused_queue_fills_and_is_stepped(model, &io);
    a_rule_strikes_and_the_unit_is_healed(model, &io);
    what_is_held_up_is_healed(model, &io, "stuck = true");
    what_is_held_up_is_healed(model, &io, "never = true");
    time_moves_on(model, &io, time && strcmp(time, "manual") == 0);
    a_child_cannot_control();

    NRT_STATUS ret = UNTOUCHED;
    OK(sim.pause(QUEUE));
    submit(model, &io, &ret);
    nrt_close(); // does not wait for a resumption
    CHECK(ret == NRT_SUCCESS);
    expect_everywhere(NRT_CLOSED);
    OK(nrt_init(NRT_FRAMEWORK_TYPE_NO_FW, "", ""));
    CHECK(rule_count() == 0 && !compute_queue().paused);
    nrt_close();
    return ok();
}
