/* Moments by which something has to be over. */
#ifndef HDPY_DEADLINE_H
#define HDPY_DEADLINE_H

#include <stdint.h>
#include <time.h>

/* Milliseconds of the monotonic clock; 0: there is no hurry. */
typedef int64_t hdpy_deadline;

static inline int64_t
hdpy_now_ms(void)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (int64_t)t.tv_sec * 1000 + t.tv_nsec / 1000000;
}

/* At most `longest` milliseconds, fewer if the deadline is nearer; 0 once it has passed. */
static inline int
hdpy_deadline_left(hdpy_deadline deadline, int longest)
{
    if (deadline == 0)
        return longest;
    int64_t left = deadline - hdpy_now_ms();
    return left <= 0 ? 0 : left < longest ? (int)left : longest;
}

static inline bool
hdpy_deadline_passed(hdpy_deadline deadline)
{
    return deadline != 0 && hdpy_now_ms() >= deadline;
}

#endif
