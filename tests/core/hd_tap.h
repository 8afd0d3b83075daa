/* What the C tests share: checks reported in the Test Anything Protocol, bytes placed so that reading past them is
 * caught, and an allocator that counts and fails on demand. One test program is one C file. */
#ifndef HD_TAP_H
#define HD_TAP_H

#include "bytes/base.h"

#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static int tap_tests, tap_failed_tests, tap_failed_checks;

/* Says what is wrong, and goes on; yields the condition. */
#define CHECK(condition) tap_check(!!(condition), __FILE__, __LINE__, "%s", #condition)
#define CHECK_EQ(got, want) tap_check_eq((int64_t)(got), (int64_t)(want), __FILE__, __LINE__, #got)
#define CHECK_SPAN(got, want) tap_check_span((got), (want), __FILE__, __LINE__, #got)
#define RUN(test) tap_run(test, #test)

__attribute__((format(printf, 4, 5))) static inline bool
tap_check(bool good, const char *file, int line, const char *format, ...)
{
    if (!good && ++tap_failed_checks <= 20) {
        va_list args;
        va_start(args, format);
        printf("# %s:%d: ", file, line);
        vprintf(format, args);
        putchar('\n');
        va_end(args);
    }
    return good;
}

static inline bool
tap_check_eq(int64_t got, int64_t want, const char *file, int line, const char *what)
{
    return tap_check(got == want, file, line, "%s is %" PRId64 ", not %" PRId64, what, got, want);
}

static inline bool
tap_check_span(hd_span got, hd_span want, const char *file, int line, const char *what)
{
    bool same = got.n == want.n && (got.n == 0 || memcmp(got.p, want.p, got.n) == 0);
    return tap_check(same, file, line, "%s is \"%.*s\" (%zu bytes), not \"%.*s\" (%zu)", what, (int)got.n,
                     (const char *)got.p, got.n, (int)want.n, (const char *)want.p, want.n);
}

static inline void
tap_run(void (*test)(void), const char *name)
{
    tap_failed_checks = 0;
    test();
    tap_tests++;
    tap_failed_tests += tap_failed_checks != 0;
    printf("%s %d - %s\n", tap_failed_checks ? "not ok" : "ok", tap_tests, name);
}

/* The end of main(). */
static inline int
tap_done(void)
{
    printf("1..%d\n", tap_tests);
    return tap_failed_tests != 0;
}

static inline hd_span
tap_span(const char *s)
{
    return (hd_span){(const uint8_t *)s, strlen(s)};
}

/* A copy in a block of its own and of exactly its size, for the sanitizer to guard; free() it. */
static inline uint8_t *
tap_copy(hd_span s)
{
    uint8_t *p = malloc(s.n ? s.n : 1);
    if (p != NULL && s.n != 0)
        memcpy(p, s.p, s.n);
    return p;
}

typedef struct tap_heap {
    size_t live;    /* blocks */
    size_t calls;   /* requests for memory */
    size_t fail_at; /* the request refused, counted from 1; 0: none */
    bool for_good;  /* and all after it */
    size_t peak;    /* the largest request */
} tap_heap;

static inline void *
tap_resize(void *ctx, void *p, size_t n)
{
    tap_heap *heap = ctx;
    if (n == 0) {
        heap->live--;
        free(p);
        return NULL;
    }
    heap->calls++;
    if (heap->fail_at != 0 && (heap->calls == heap->fail_at || (heap->for_good && heap->calls > heap->fail_at)))
        return NULL;
    heap->peak = n > heap->peak ? n : heap->peak;
    void *q = realloc(p, n);
    heap->live += p == NULL && q != NULL;
    return q;
}

/* Runs a function with the 1st, 2nd, ... last allocation refused, once and for good, and checks that it leaves
 * nothing behind. The function frees what it made and checks for itself that a refusal is reported. */
static inline void
tap_fail_each_allocation(void (*function)(const hd_alloc *alloc))
{
    for (size_t k = 1; k < 100000; k++) {
        tap_heap once = {.fail_at = k}, from_here = {.fail_at = k, .for_good = true};
        function(&(hd_alloc){tap_resize, &once});
        function(&(hd_alloc){tap_resize, &from_here});
        if (!tap_check(once.live == 0 && from_here.live == 0, __FILE__, __LINE__, "leak when allocation %zu fails",
                       k) ||
            once.calls < k)
            return;
    }
}

#endif
