// run: collectives_of_one_rank -> 0
// run: NRT_SIM_TIME=wall:1000 collectives_of_one_rank -> 0
// run: NRT_SIM_FAULTS=rule=[{unit="collectives",core=0,queue=1,nth=3,status=1200}] collectives_of_one_rank 3 1200 -> 0
// SPDX-License-Identifier: Apache-2.0 OR MIT
//
// A world of one: its communicator, its barrier, and collectives on the three queues of a core at once, each with a
// context that is used up when it is scheduled. Arguments 1 and 2: the request (from 1) of queue 1 that a fault plan
// lets fail, and how.

#include "../guide/guide.h"

#define QUEUES 3
#define REQUESTS 4
#define ELEMENTS 256

static uint32_t group[] = {0};
static nrt_cc_comm_t comm = {group, 0, 1, 0, 1, 0};

struct request {
    nrt_tensor_t *in, *out;
    NRT_STATUS status;
    nrta_seq_t seq;
};

static void fill(float *elements, int seed) {
    for (int i = 0; i < ELEMENTS; i++)
        elements[i] = (float)(seed * ELEMENTS + i);
}

static nrt_cc_context_t *prepare(struct request *request, nrt_cc_op_type_t cc_op) {
    nrt_tensor_list_t in = {&request->in, 1}, out = {&request->out, 1};
    nrt_cc_context_t *context = NULL;
    OK(nrta_cc_prepare(&comm, &in, &out, NRT_DTYPE_FLOAT32, NRT_OP_MAX, cc_op, &context));
    CHECK(context != NULL);
    return context;
}

int main(int argc, char **argv) {
    static const nrt_cc_op_type_t ops[] = {NRT_CC_ALLGATHER, NRT_CC_ALLREDUCE, NRT_CC_REDUCESCATTER};
    static struct request requests[QUEUES][REQUESTS];
    int failing = argc > 2 ? atoi(argv[1]) - 1 : REQUESTS, fault = argc > 2 ? atoi(argv[2]) : 0;
    float elements[ELEMENTS], expected[ELEMENTS];
    alarm(12 * DEADLINE_S);
    OK(nrt_init(NRT_FRAMEWORK_TYPE_NO_FW, "", ""));
    OK(nrt_build_global_comm(0, 0, 1));
    OK(nrt_cc_global_comm_init(0, 0, 1));
    OK(nrt_barrier(0, 0, 1));
    fill(expected, 9);
    OK(nrt_all_gather(0, 0, 1, sizeof elements, expected, elements));
    CHECK(memcmp(elements, expected, sizeof elements) == 0);

    int events[QUEUES];
    for (int queue = 0; queue < QUEUES; queue++) {
        events[queue] = eventfd(0, EFD_NONBLOCK);
        OK(nrta_event_register_xu_completion(0, NRTA_XU_COLLECTIVES, queue, events[queue]));
        for (int i = 0; i < REQUESTS; i++) {
            struct request *request = &requests[queue][i];
            OK(nrt_tensor_allocate(NRT_TENSOR_PLACEMENT_DEVICE, 0, sizeof elements, "in", &request->in));
            OK(nrt_tensor_allocate(NRT_TENSOR_PLACEMENT_DEVICE, 0, sizeof elements, "out", &request->out));
            fill(elements, queue * REQUESTS + i);
            OK(nrt_tensor_write(request->in, elements, 0, sizeof elements));
            request->status = UNTOUCHED;
        }
    }
    for (int i = 0; i < REQUESTS; i++)
        for (int queue = 0; queue < QUEUES; queue++) {
            struct request *request = &requests[queue][i];
            nrt_cc_context_t *context = prepare(request, ops[queue]), *copy = context;
            NRT_STATUS ret = nrta_cc_schedule(&context, queue, &request->status, &request->seq);
            if (ret == NRT_EXEC_UNIT_UNRECOVERABLE && queue == 1 && i > failing) {
                CHECK(context == copy && request->status == UNTOUCHED && request->seq == 0);
                continue; // not queued: the context is still ours
            }
            OK(ret);
            CHECK(context == NULL);
            CHECK(request->seq == ((nrta_seq_t)(queue << 4 | NRTA_XU_COLLECTIVES) << 48 | (nrta_seq_t)(i + 1)));
            NRT_STATUS unused = UNTOUCHED;
            nrta_seq_t none = 77;
            EXPECT(NRT_INVALID_HANDLE, nrta_cc_schedule(&copy, queue, &unused, &none)); // used up
            CHECK(unused == UNTOUCHED && none == 77);
        }
    for (int queue = 0; queue < QUEUES; queue++) {
        uint64_t queued = 0, told = 0;
        for (int i = 0; i < REQUESTS; i++)
            queued += requests[queue][i].seq != 0;
        for (; told < queued; told += drain(events[queue]))
            CHECK(readable(events[queue], DEADLINE_S * 1000));
        CHECK(told == queued);
        for (int i = 0; i < REQUESTS; i++) {
            struct request *request = &requests[queue][i];
            bool is_good = queue != 1 || i < failing;
            if (request->seq) {
                CHECK(completed(request->seq));
                CHECK((int)peek(&request->status) ==
                      (is_good ? 0 : i == failing ? fault : NRT_EXEC_UNIT_UNRECOVERABLE));
            }
            fill(expected, queue * REQUESTS + i);
            OK(nrt_tensor_read(request->out, elements, 0, sizeof elements));
            CHECK((memcmp(elements, expected, sizeof elements) == 0) == is_good);
            nrt_tensor_free(&request->in);
            nrt_tensor_free(&request->out);
        }
        OK(nrta_event_register_xu_completion(0, NRTA_XU_COLLECTIVES, queue, -1));
        close(events[queue]);
    }

    // There is nobody else to meet.
    nrt_cc_comm_t pair = comm;
    pair.rank_n = pair.ctx_device_count = 2;
    nrt_tensor_list_t none = {NULL, 0};
    nrt_cc_context_t *context = NULL;
    EXPECT(NRT_FAILURE,
           nrta_cc_prepare(&pair, &none, &none, NRT_DTYPE_FLOAT32, NRT_OP_ADD, NRT_CC_ALLREDUCE, &context));
    CHECK(context == NULL);
    EXPECT(NRT_FAILURE, nrt_barrier(0, 0, 2));
    nrt_close();
    return ok();
}
