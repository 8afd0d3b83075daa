/* The connection's exclusion: one operation at a time, the others queue first come, first served.
 *
 * The uncontended case is a flag under the GIL (or the connection's guard: module/guard.h). Whoever has to wait leaves a
 * baton in the queue: a locked threading lock (threads; greenlets too, since it is taken from `threading`), or a
 * future of the running loop (tasks). A release hands the lock over directly, so nobody can overtake. */
#ifndef HDPY_LOCK_H
#define HDPY_LOCK_H

#include "module/state.h"
#include "wait/deadline.h"

typedef struct hdpy_lock {
    bool held;
    unsigned long owner; /* thread that holds it; sync only */
    PyObject *waiters;   /* list of batons, oldest first; NULL until somebody waited */
    unsigned suspended;  /* nobody may have it next, for so many reasons ... */
    bool owed;           /* ... and who had it has left */
} hdpy_lock;

/* True when the lock was free and is now ours. */
static inline bool
hdpy_lock_try(hdpy_lock *lock)
{
    if (lock->held)
        return false;
    lock->held = true;
    return true;
}

/* Waits in this thread, until somebody hands over. Use hdpy_lock_acquire(). */
int hdpy_lock_wait(hdpy_state *st, hdpy_lock *lock, unsigned long me, hdpy_deadline deadline);

/* `me`: the thread, to refuse a wait for oneself, or 0 where several greenlets share one. -1: an exception of a signal
 * handler; ProgrammingError: taken by this very thread already; QueryTimeout. */
static inline int
hdpy_lock_acquire(hdpy_state *st, hdpy_lock *lock, unsigned long me, hdpy_deadline deadline)
{
    if (!hdpy_lock_try(lock))
        return hdpy_lock_wait(st, lock, me, deadline);
    lock->owner = me;
    return 0;
}

/* Puts a future in the queue; it gets its result when the lock is ours. */
int hdpy_lock_enqueue(hdpy_lock *lock, PyObject *future);

/* Takes a baton out of the queue; false if it isn't there, which means that it was handed the lock. */
bool hdpy_lock_withdraw(hdpy_lock *lock, PyObject *baton);

/* The task gave up waiting: takes the future out, or passes the lock on if it had been handed over already. */
void hdpy_lock_abandon(hdpy_state *st, hdpy_lock *lock, PyObject *future);

/* Nobody gets the lock, beyond who has it, until it was resumed as often as suspended. */
void hdpy_lock_suspend(hdpy_lock *lock);
void hdpy_lock_resume(hdpy_state *st, hdpy_lock *lock);

/* Hands over to the next in line. Never fails; keeps a current exception. */
void hdpy_lock_release(hdpy_state *st, hdpy_lock *lock);

#endif
