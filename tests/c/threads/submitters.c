// run: submitters {neff} -> 0
// run: NRT_SIM_TIME=wall submitters {neff} -> 0
// run: NRT_SIM_FAULTS=rule=[{unit="compute",nth=500,status=1003}] submitters {neff} 500 1003 -> 0
// SPDX-License-Identifier: Apache-2.0 OR MIT
//
// Four threads submit to each queue of two cores (compute 0, tensor operations 0 and 1) all at once, and
// one thread for each queue watches. Every accepted request completes once and in order: numbers are
// given out once and without a gap, a request's status is there before its number is, events add up to
// the requests, and what the last write of a queue wrote is what stays. Arguments 2 and 3: the request
// (from 1) that a fault plan lets end with another status on each compute queue, and which.

#include "../guide/guide.h"

#include <pthread.h>
#include <sched.h>

#define CORES 2
#define QUEUES 3
#define SUBMITTERS 4
#define REQUESTS 1000 // of each thread
#define TOTAL (SUBMITTERS * REQUESTS)

struct request {
    uint64_t value; // what a write writes
    NRT_STATUS status;
};

struct queue {
    int core, number, efd;
    nrta_xu_t xu;
    nrta_seq_t base; // the id with number 0
    nrt_model_t *model;
    struct io io;         // of compute
    nrt_tensor_t *tensor; // of tensor operations
    struct request requests[SUBMITTERS][REQUESTS];
    struct request *by_number[TOTAL + 1]; // set by whoever was given the number
};

static struct queue queues[CORES * QUEUES];
static uint64_t faulty; // its number; 0: none
static NRT_STATUS faulty_status;

struct submitter {
    struct queue *queue;
    int index;
};

static NRT_STATUS schedule(struct queue *q, struct request *r, nrta_seq_t *seq) {
    if (q->xu == NRTA_XU_COMPUTE)
        return nrta_execute_schedule(q->model, q->io.inputs, q->io.outputs, 0, &r->status, seq);
    return nrta_tensor_write(q->tensor, &r->value, 0, sizeof r->value, q->core, q->number, &r->status, seq);
}

static void *submit_all(void *arg) {
    struct submitter *me = (struct submitter *)arg;
    struct queue *q = me->queue;
    uint64_t last = 0;
    for (int i = 0; i < REQUESTS; i++) {
        struct request *r = &q->requests[me->index][i];
        nrta_seq_t seq = 0;
        NRT_STATUS ret;
        double end = seconds() + DEADLINE_S;
        r->value = (uint64_t)(me->index + 1) << 32 | (uint64_t)i;
        r->status = UNTOUCHED;
        while ((ret = schedule(q, r, &seq)) == NRT_QUEUE_FULL) {
            CHECK(q->xu == NRTA_XU_COMPUTE); // the others have no bound
            CHECK(seconds() < end);
            sched_yield();
        }
        OK(ret);
        uint64_t number = NRTA_SEQ_GET_SEQ_NUM(seq);
        CHECK(seq - number == q->base);
        CHECK(number > last && number <= TOTAL);
        last = number;
        // Nobody else was given this number.
        CHECK(__atomic_exchange_n(&q->by_number[number], r, __ATOMIC_ACQ_REL) == NULL);
    }
    return NULL;
}

static NRT_STATUS wanted(const struct queue *q, uint64_t number) {
    return q->xu == NRTA_XU_COMPUTE && number == faulty ? faulty_status : NRT_SUCCESS;
}

// Looks at the queue until all is done; whatever it says is completed must have its status.
static void *watch(void *arg) {
    struct queue *q = (struct queue *)arg;
    double end = seconds() + 3 * DEADLINE_S;
    uint64_t signals = 0;
    for (uint64_t seen = 0; seen < TOTAL;) {
        nrta_seq_t newest;
        OK(nrta_get_sequence((uint32_t)q->core, q->xu, q->number, &newest));
        CHECK(newest >= q->base + seen && newest <= q->base + TOTAL); // never goes back
        for (uint64_t number = NRTA_SEQ_GET_SEQ_NUM(newest); seen < number;) {
            struct request *r;
            seen++;
            CHECK(completed(q->base + seen));
            // Its submitter may not have returned yet.
            while ((r = __atomic_load_n(&q->by_number[seen], __ATOMIC_ACQUIRE)) == NULL) {
                CHECK(seconds() < end);
                sched_yield();
            }
            EXPECT(wanted(q, seen), peek(&r->status));
        }
        signals += drain(q->efd);
        CHECK(signals <= TOTAL);
        CHECK(seconds() < end);
        sched_yield();
    }
    while (signals < TOTAL) { // an event comes after the number
        CHECK(readable(q->efd, DEADLINE_S * 1000));
        signals += drain(q->efd);
    }
    CHECK(signals == TOTAL);
    return NULL;
}

static void queue_open(struct queue *q, nrt_model_t *model, int core, nrta_xu_t xu, int number) {
    q->core = core;
    q->xu = xu;
    q->number = number;
    q->model = model;
    OK(nrta_get_sequence((uint32_t)core, xu, number, &q->base));
    CHECK(NRTA_SEQ_GET_SEQ_NUM(q->base) == 0);
    q->efd = eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC);
    OK(nrta_event_register_xu_completion(core, xu, number, q->efd));
    if (xu == NRTA_XU_COMPUTE) {
        io_open(&q->io, model, core);
        io_fill(&q->io, (unsigned)core);
    } else {
        OK(nrt_tensor_allocate(NRT_TENSOR_PLACEMENT_DEVICE, core, 64, "written", &q->tensor));
    }
}

static void queue_close(struct queue *q) {
    CHECK(drain(q->efd) == 0); // no event too many
    for (int s = 0; s < SUBMITTERS; s++)
        for (int i = 0; i < REQUESTS; i++)
            CHECK(q->requests[s][i].status != UNTOUCHED);
    if (q->xu == NRTA_XU_COMPUTE) {
        uint64_t result = io_result(&q->io);
        CHECK(result == run_blocking(q->model, &q->io, (unsigned)q->core));
        io_close(&q->io);
    } else {
        uint64_t value = 0;
        OK(nrt_tensor_read(q->tensor, &value, 0, sizeof value));
        CHECK(value == q->by_number[TOTAL]->value);
        nrt_tensor_free(&q->tensor);
    }
    OK(nrta_event_register_xu_completion(q->core, q->xu, q->number, -1));
    close(q->efd);
}

int main(int argc, char **argv) {
    nrt_model_t *models[CORES] = {start(argc, argv)};
    models[1] = load_model(argv[1], 1);
    if (argc > 3) {
        faulty = (uint64_t)atoi(argv[2]);
        faulty_status = (NRT_STATUS)atoi(argv[3]);
    }
    for (int core = 0; core < CORES; core++) {
        queue_open(&queues[core * QUEUES], models[core], core, NRTA_XU_COMPUTE, 0);
        queue_open(&queues[core * QUEUES + 1], models[core], core, NRTA_XU_TENSOR_OP, 0);
        queue_open(&queues[core * QUEUES + 2], models[core], core, NRTA_XU_TENSOR_OP, 1);
    }
    static pthread_t threads[CORES * QUEUES][SUBMITTERS + 1];
    static struct submitter submitters[CORES * QUEUES][SUBMITTERS];
    for (int q = 0; q < CORES * QUEUES; q++) {
        CHECK(pthread_create(&threads[q][SUBMITTERS], NULL, watch, &queues[q]) == 0);
        for (int s = 0; s < SUBMITTERS; s++) {
            submitters[q][s] = (struct submitter){&queues[q], s};
            CHECK(pthread_create(&threads[q][s], NULL, submit_all, &submitters[q][s]) == 0);
        }
    }
    for (int q = 0; q < CORES * QUEUES; q++)
        for (int t = 0; t <= SUBMITTERS; t++)
            CHECK(pthread_join(threads[q][t], NULL) == 0);
    for (int q = 0; q < CORES * QUEUES; q++)
        queue_close(&queues[q]);
    OK(nrt_unload(models[0]));
    OK(nrt_unload(models[1]));
    nrt_close();
    return ok();
}
