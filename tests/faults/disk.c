/*
 * A disk that fails. The library is preloaded into the server, and looks for the file $FAULTS at each write. If the file
 * is empty, every write fails with EIO. If it contains a number, the process is killed at that write, counted since the
 * file was created.
 */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <sys/types.h>
#include <unistd.h>

#define REAL(function) ((__typeof__(&function))dlsym(RTLD_NEXT, #function))

static int fails(void) {
    static atomic_int writes;
    const char *path = getenv("FAULTS");
    int order = path ? open(path, O_RDONLY | O_CLOEXEC) : -1;
    if (order < 0) return 0;
    char text[16] = "";
    int at = read(order, text, sizeof text - 1) > 0 ? atoi(text) : 0;
    close(order);
    if (at == 0) {
        errno = EIO;
        return 1;
    }
    if (atomic_fetch_add(&writes, 1) + 1 == at) kill(getpid(), SIGKILL);
    return 0;
}

/* Sockets and pipes are not on the disk. */
static int is_on_disk(int file) {
    struct stat status;
    return fstat(file, &status) == 0 && (S_ISREG(status.st_mode) || S_ISDIR(status.st_mode));
}

ssize_t write(int file, const void *bytes, size_t count) {
    return is_on_disk(file) && fails() ? -1 : REAL(write)(file, bytes, count);
}

ssize_t pwrite(int file, const void *bytes, size_t count, off_t offset) {
    return fails() ? -1 : REAL(pwrite)(file, bytes, count, offset);
}

ssize_t pwrite64(int file, const void *bytes, size_t count, off64_t offset) {
    return fails() ? -1 : REAL(pwrite64)(file, bytes, count, offset);
}

int ftruncate64(int file, off64_t length) {
    return fails() ? -1 : REAL(ftruncate64)(file, length);
}

int fsync(int file) {
    return fails() ? -1 : REAL(fsync)(file);
}

int fdatasync(int file) {
    return fails() ? -1 : REAL(fdatasync)(file);
}

int rename(const char *from, const char *to) {
    return fails() ? -1 : REAL(rename)(from, to);
}
