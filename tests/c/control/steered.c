// SPDX-License-Identifier: Apache-2.0 OR MIT
//
// Does what the lines of its stdin say, and answers each with a line that begins with "> ": so that a test can control
// the device from outside between any two steps.

#include "../guide/guide.h"

#include <signal.h>
#include <sys/wait.h>

#define REQUESTS_MAX 1024

static NRT_STATUS statuses[REQUESTS_MAX];
static nrta_seq_t seqs[REQUESTS_MAX];
static int submitted, drained;

// Submits `most` requests, or so many as there is room for.
static int submit_up_to(nrt_model_t *model, struct io *io, int most) {
    int count = 0;
    for (; count < most && submitted < REQUESTS_MAX; count++, submitted++) {
        statuses[submitted] = UNTOUCHED;
        NRT_STATUS ret = nrta_execute_schedule(model, io->inputs, io->outputs, 0, &statuses[submitted],
                                               &seqs[submitted]);
        if (ret == NRT_QUEUE_FULL || ret == NRT_EXEC_UNIT_UNRECOVERABLE)
            break;
        OK(ret);
    }
    return count;
}

static void drain_all(void) {
    fputs("> statuses", stdout);
    for (; drained < submitted; drained++) {
        wait_for(seqs[drained]);
        printf(" %d", (int)peek(&statuses[drained]));
    }
    puts("");
}

// A child that lives until the other end of its stdin is closed, as servers that fork workers have it.
static void fork_child(void) {
    pid_t child = fork();
    CHECK(child >= 0);
    if (child == 0) {
        EXPECT(NRT_FAILURE, nrt_init(NRT_FRAMEWORK_TYPE_NO_FW, "", ""));
        printf("> child %d\n", (int)getpid());
        fflush(stdout);
        struct pollfd hangup = {STDIN_FILENO, 0, 0}; // the lines there are our parent's
        poll(&hangup, 1, -1);
        _exit(0);
    }
}

int main(int argc, char **argv) {
    setvbuf(stdout, NULL, _IOLBF, 0);
    setvbuf(stdin, NULL, _IONBF, 0);
    signal(SIGPIPE, SIG_DFL); // ends us if a socket of the library's ever raises it
    nrt_model_t *model = start(argc, argv);
    alarm(0); // the test ends our stdin, and so us, if it fails
    struct io io;
    io_open(&io, model, 0);
    io_fill(&io, 1);
    printf("> ready %d\n", (int)getpid());
    char line[64];
    while (fgets(line, sizeof line, stdin)) {
        int count = 0;
        if (sscanf(line, "submit %d", &count) == 1) {
            printf("> accepted %d\n", submit_up_to(model, &io, count));
        } else if (strcmp(line, "drain\n") == 0) {
            drain_all();
        } else if (strcmp(line, "completed\n") == 0) {
            printf("> completed %d\n", (int)NRTA_SEQ_GET_SEQ_NUM(last_completed(0)));
        } else if (strcmp(line, "fork\n") == 0) {
            fork_child();
        } else if (strcmp(line, "close\n") == 0) {
            nrt_close();
            puts("> closed");
        } else if (strcmp(line, "init\n") == 0) {
            model = start(argc, argv);
            alarm(0);
            io_open(&io, model, 0);
            io_fill(&io, 1);
            puts("> initialised");
        } else {
            check_failed(__FILE__, __LINE__, line, "is not known");
        }
    }
    return 0;
}
