/* Threads that live only for one call, so that a later fork is safe. */

#ifdef __linux__
#define _GNU_SOURCE /* affinity of threads */
#endif

#include "native.h"

#include <stdlib.h>

#ifdef _WIN32
#include <windows.h>
typedef HANDLE Thread;
typedef volatile LONG64 Counter;
#define NEXT(c) ((ptrdiff_t)(InterlockedIncrement64(c) - 1))
#define SET(c, n) InterlockedExchange64(c, n)
#else
#include <pthread.h>
#include <stdatomic.h>
typedef pthread_t Thread;
typedef atomic_llong Counter;
#define NEXT(c) ((ptrdiff_t)atomic_fetch_add(c, 1))
#define SET(c, n) atomic_store(c, n)
#endif

enum { MOST_THREADS = 256 };

typedef struct {
    Work work;
    void *context;
    ptrdiff_t n_items;
    Counter next;
} Queue;

typedef struct {
    Queue *queue;
    int thread, code;
    Thread handle;
} Worker;

static void serve(Worker *worker) {
    Queue *queue = worker->queue;
    for (;;) {
        ptrdiff_t item = NEXT(&queue->next);
        if (item >= queue->n_items) return;
        int code = queue->work(queue->context, item, worker->thread);
        if (code) {
            worker->code = code;
            SET(&queue->next, queue->n_items); /* the other threads need not start new items */
            return;
        }
    }
}

#ifdef _WIN32
static DWORD WINAPI entry(void *worker) {
    serve((Worker *)worker);
    return 0;
}
static int start(Worker *w) {
    w->handle = CreateThread(NULL, 0, entry, w, 0, NULL);
    return w->handle != NULL;
}
static void join(Worker *w) {
    WaitForSingleObject(w->handle, INFINITE);
    CloseHandle(w->handle);
}
#else
static void *entry(void *worker) {
    serve((Worker *)worker);
    return NULL;
}

/* A new thread starts on the core of its parent and may have to wait there until the parent is done.
   So it is started on any other core, and may run on all cores again when the parent waits for it. */
#ifdef __GLIBC__
#include <sched.h>
static int start(Worker *w) {
    cpu_set_t others;
    pthread_attr_t attributes;
    int here = sched_getcpu();
    if (here < 0 || here >= CPU_SETSIZE || sched_getaffinity(0, sizeof others, &others) != 0 ||
        pthread_attr_init(&attributes) != 0)
        return pthread_create(&w->handle, NULL, entry, w) == 0;
    CPU_CLR(here, &others);
    if (CPU_COUNT(&others) > 0) pthread_attr_setaffinity_np(&attributes, sizeof others, &others);
    int code = pthread_create(&w->handle, &attributes, entry, w);
    pthread_attr_destroy(&attributes);
    return code == 0 || pthread_create(&w->handle, NULL, entry, w) == 0;
}
static void join(Worker *w) {
    cpu_set_t all;
    if (sched_getaffinity(0, sizeof all, &all) == 0) pthread_setaffinity_np(w->handle, sizeof all, &all);
    pthread_join(w->handle, NULL);
}
#else
static int start(Worker *w) { return pthread_create(&w->handle, NULL, entry, w) == 0; }
static void join(Worker *w) { pthread_join(w->handle, NULL); }
#endif
#endif

int run_parallel(Work work, void *context, ptrdiff_t n_items, int n_threads) {
    Queue queue = {work, context, n_items, 0};
    if (n_threads > n_items) n_threads = (int)n_items;
    if (n_threads > MOST_THREADS) n_threads = MOST_THREADS;
    Worker own = {&queue, 0, 0, 0};
    Worker *others = NULL;
    int started = 0;
    if (n_threads > 1) others = calloc((size_t)n_threads - 1, sizeof(Worker));
    while (others && started < n_threads - 1) {
        others[started].queue = &queue;
        others[started].thread = started + 1;
        if (!start(&others[started])) break; /* go on with fewer threads */
        started++;
    }
    serve(&own);
    int code = own.code;
    for (int i = 0; i < started; i++) {
        join(&others[i]);
        if (!code) code = others[i].code;
    }
    free(others);
    return code;
}
