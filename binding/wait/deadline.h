/* Moments by which something has to be over. */
#ifndef HDPY_DEADLINE_H
#define HDPY_DEADLINE_H

#include <stdint.h>
#include <time.h>

/* Nanoseconds of the monotonic clock; 0: there is no hurry. */
typedef int64_t hdpy_deadline;

enum { HDPY_NEVER_S = 1000 * 1000 * 1000 }; /* seconds that nobody waits for */

static inline int64_t
hdpy_now_ns(void)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (int64_t)t.tv_sec * 1000000000 + t.tv_nsec;
}

/* The moment so many seconds from now. */
static inline hdpy_deadline
hdpy_deadline_in(double seconds)
{
    if (!(seconds < HDPY_NEVER_S))
        return 0;
    return hdpy_now_ns() + (seconds <= 0 ? 0 : (int64_t)(seconds * 1e9));
}

/* At most `longest` milliseconds, fewer if the deadline is nearer; 0 once it has passed. Rounded up, so that a wait
 * doesn't end before it. */
static inline int
hdpy_deadline_left(hdpy_deadline deadline, int longest)
{
    if (deadline == 0)
        return longest;
    int64_t left = (deadline - hdpy_now_ns() + 999999) / 1000000;
    return left <= 0 ? 0 : left < longest ? (int)left : longest;
}

/* The earlier of two. */
static inline hdpy_deadline
hdpy_deadline_first(hdpy_deadline a, hdpy_deadline b)
{
    return b == 0 || (a != 0 && a < b) ? a : b;
}

static inline bool
hdpy_deadline_passed(hdpy_deadline deadline)
{
    return deadline != 0 && hdpy_now_ns() >= deadline;
}

#endif
