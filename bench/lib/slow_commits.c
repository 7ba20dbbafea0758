/* Makes each wait for the disk five milliseconds longer: LD_PRELOAD=slow_commits.so PROGRAM */
#define _GNU_SOURCE
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

static void wait_for_disk(void) {
    struct timespec delay = {.tv_sec = 0, .tv_nsec = 5000000};
    while (nanosleep(&delay, &delay) != 0) {
    }
}

int fsync(int file) {
    wait_for_disk();
    return (int)syscall(SYS_fsync, file);
}

int fdatasync(int file) {
    wait_for_disk();
    return (int)syscall(SYS_fdatasync, file);
}
