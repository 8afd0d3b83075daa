#include "module/process.h"

#include <errno.h>
#include <pthread.h>
#include <unistd.h>

/* Of the process, not of an interpreter: a child has one thread when it writes here. */
static pthread_once_t once = PTHREAD_ONCE_INIT;
static pid_t process;
static int failure;

static void
look(void)
{
    process = getpid();
}

static void
begin(void)
{
    look();
    failure = pthread_atfork(NULL, NULL, look);
}

int
hdpy_process_init(void)
{
    int error = pthread_once(&once, begin);
    errno = error ? error : failure;
    return errno ? -1 : 0;
}

pid_t
hdpy_process(void)
{
    return process;
}
