/* Preloaded into `chopmark`: counts the calls that leave a trace outside (files, sockets) and, at the one that
 * KILL_AT numbers, ends the process as a power cut would: SIGKILL, nothing runs afterwards.
 *
 * Each write to a file and each sync, rename, link, unlink is one point, before the call. Each send is two: before it, and
 * after it, when the other side has it and nobody here waits for the answer.
 * KILL_LOG names a file that gets one line a point (for a first run without KILL_AT, to see what there is).
 * KILL_EXE is the program that is meant; in every other one that inherits the environment this does nothing.
 * KILL_COUNT names a file in which several processes of that program count together, one after the other.
 * KILL_PARENT, if it is set, takes whoever started the program along, first: a helper's client.
 *
 * Calls that do not go through libc (rustix's renames) are not seen; the ones before and after them are.
 */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <fcntl.h>
#include <limits.h>
#include <signal.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <unistd.h>

static atomic_long count;
static long kill_at = 0;
static int parent_too = 0, meant = 0;
static const char *log_path, *count_path;

__attribute__((constructor)) static void prepare(void)
{
    char exe[PATH_MAX];
    ssize_t length = readlink("/proc/self/exe", exe, sizeof exe - 1);
    const char *wanted = getenv("KILL_EXE"), *at = getenv("KILL_AT");
    if (length < 0 || !wanted) return;
    exe[length] = 0;
    meant = strcmp(exe, wanted) == 0;
    if (!meant) return;
    if (at) kill_at = atol(at);
    parent_too = getenv("KILL_PARENT") != NULL;
    count_path = getenv("KILL_COUNT");
    log_path = getenv("KILL_LOG");
}

/* Adds to a file and says how long it is then. Opened each time: programs close what they do not know, and get its number anew. */
static long append(const char *path, const char *text, size_t length)
{
    int fd = (int)syscall(SYS_openat, AT_FDCWD, path, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600);
    if (fd < 0) return 0;
    syscall(SYS_write, fd, text, length);
    long size = (long)lseek(fd, 0, SEEK_END);
    syscall(SYS_close, fd);
    return size;
}

static void point(const char *what)
{
    if (!meant) return;
    long number = atomic_fetch_add(&count, 1) + 1;
    if (count_path) number = append(count_path, ".", 1);
    if (log_path) {
        char line[64];
        int length = snprintf(line, sizeof line, "%ld %s\n", number, what);
        append(log_path, line, (size_t)length);
    }
    if (kill_at && number == kill_at) {
        if (parent_too) syscall(SYS_kill, getppid(), SIGKILL);
        syscall(SYS_kill, getpid(), SIGKILL);
    }
}

static int is(int fd, mode_t kind)
{
    struct stat about;
    return fstat(fd, &about) == 0 && (about.st_mode & S_IFMT) == kind;
}

#define NEXT(name) \
    static __typeof__(&name) next; \
    if (!next) next = (__typeof__(&name))dlsym(RTLD_NEXT, #name)

/* Sockets: before and after. Files: before. Pipes, terminals and event counters: not at all. */
#define WRITING(fd, call) \
    int socket = meant && is(fd, S_IFSOCK), file = meant && is(fd, S_IFREG); \
    if (socket) point("send"); \
    if (file) point("write"); \
    ssize_t result = call; \
    if (socket) point("sent"); \
    return result

ssize_t write(int fd, const void *data, size_t size) { NEXT(write); WRITING(fd, next(fd, data, size)); }
ssize_t writev(int fd, const struct iovec *parts, int n) { NEXT(writev); WRITING(fd, next(fd, parts, n)); }
ssize_t send(int fd, const void *data, size_t size, int flags) { NEXT(send); WRITING(fd, next(fd, data, size, flags)); }
ssize_t sendmsg(int fd, const struct msghdr *m, int flags) { NEXT(sendmsg); WRITING(fd, next(fd, m, flags)); }
ssize_t sendto(int fd, const void *data, size_t size, int flags, const struct sockaddr *to, socklen_t length)
{
    NEXT(sendto);
    WRITING(fd, next(fd, data, size, flags, to, length));
}
ssize_t pwrite(int fd, const void *data, size_t size, off_t at) { NEXT(pwrite); point("write"); return next(fd, data, size, at); }
ssize_t pwrite64(int fd, const void *data, size_t size, off64_t at) { NEXT(pwrite64); point("write"); return next(fd, data, size, at); }
int fsync(int fd) { NEXT(fsync); point("sync"); return next(fd); }
int fdatasync(int fd) { NEXT(fdatasync); point("sync"); return next(fd); }
int ftruncate64(int fd, off64_t size) { NEXT(ftruncate64); point("truncate"); return next(fd, size); }
int rename(const char *from, const char *to) { NEXT(rename); point("rename"); return next(from, to); }
int renameat(int a, const char *from, int b, const char *to) { NEXT(renameat); point("rename"); return next(a, from, b, to); }
int renameat2(int a, const char *from, int b, const char *to, unsigned flags)
{
    NEXT(renameat2);
    point("rename");
    return next(a, from, b, to, flags);
}
int link(const char *from, const char *to) { NEXT(link); point("link"); return next(from, to); }
int linkat(int a, const char *from, int b, const char *to, int flags) { NEXT(linkat); point("link"); return next(a, from, b, to, flags); }
int unlink(const char *path) { NEXT(unlink); point("unlink"); return next(path); }
int unlinkat(int folder, const char *path, int flags) { NEXT(unlinkat); point("unlink"); return next(folder, path, flags); }
