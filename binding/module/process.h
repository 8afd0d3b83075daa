/* Which process this is, without a system call: a forked child has its parent's sockets. */
#ifndef HDPY_PROCESS_H
#define HDPY_PROCESS_H

#include <sys/types.h>

/* -1: the system lets nobody watch forks (errno). To be called once before the first hdpy_process(), by anybody. */
int hdpy_process_init(void);

/* getpid() of this process. */
pid_t hdpy_process(void);

#endif
