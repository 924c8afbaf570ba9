/* SPDX-License-Identifier: Apache-2.0 */
#include <sys/file.h>
#include <sys/wait.h>

#include "tests/lib/posix/posix.h"

/* What the call returned in another process: 0, or the error's number. */
static int in_child(int (*run)(void))
{
	int status;
	pid_t pid = fork();

	CHECK(pid >= 0);
	if (pid == 0)
		_exit(run() == 0 ? 0 : errno);
	CHECK(waitpid(pid, &status, 0) == pid && WIFEXITED(status));
	return WEXITSTATUS(status);
}

static int try_exclusive(void)
{
	return flock(open("f", O_RDWR), LOCK_EX | LOCK_NB);
}

static int try_shared(void)
{
	return flock(open("f", O_RDWR), LOCK_SH | LOCK_NB);
}

static void whole_files_are_locked(void)
{
	int fd = open_file("f", O_RDWR | O_CREAT);

	CHECK(flock(fd, LOCK_EX) == 0);
	CHECK(in_child(try_exclusive) == EWOULDBLOCK && in_child(try_shared) == EWOULDBLOCK);
	CHECK(flock(fd, LOCK_SH) == 0);
	CHECK(in_child(try_exclusive) == EWOULDBLOCK && in_child(try_shared) == 0);
	CHECK(flock(fd, LOCK_UN) == 0 && in_child(try_exclusive) == 0);
	CHECK(flock(fd, LOCK_EX) == 0 && close(fd) == 0 && in_child(try_exclusive) == 0);
}

static struct flock range(short type, off_t start, off_t length)
{
	return (struct flock){
		.l_type = type, .l_whence = SEEK_SET, .l_start = start, .l_len = length
	};
}

static int try_range(int command, off_t start)
{
	struct flock lock = range(F_WRLCK, start, 10);

	return fcntl(open("f", O_RDWR), command, &lock);
}

static int try_held(void)
{
	return try_range(F_SETLK, 105);
}

static int try_free(void)
{
	return try_range(F_SETLK, 110);
}

static int try_held_open(void)
{
	return try_range(F_OFD_SETLK, 105);
}

static int ask_holder(void)
{
	struct flock lock = range(F_WRLCK, 0, 0);

	if (fcntl(open("f", O_RDWR), F_GETLK, &lock) < 0)
		return -1;
	errno = 1;
	return lock.l_type == F_WRLCK && lock.l_pid == getppid() && lock.l_start == 100 ? 0 : -1;
}

static void ranges_are_locked(void)
{
	struct flock lock = range(F_WRLCK, 100, 10);
	int fd = open_file("f", O_RDWR | O_CREAT);

	CHECK(fcntl(fd, F_SETLK, &lock) == 0);
	CHECK(in_child(try_held) == EAGAIN && in_child(try_free) == 0);
	CHECK(in_child(ask_holder) == 0);
	lock = range(F_UNLCK, 0, 0);
	CHECK(fcntl(fd, F_SETLK, &lock) == 0 && in_child(try_held) == 0);
	lock = range(F_WRLCK, 100, 10);
	CHECK(fcntl(fd, F_SETLK, &lock) == 0);
	close(open_file("f", O_RDONLY)); /* closing any descriptor lets go of all */
	CHECK(in_child(try_held) == 0);
	CHECK(fcntl(fd, F_OFD_SETLK, &lock) == 0);
	close(open_file("f", O_RDONLY));
	CHECK(in_child(try_held_open) == EAGAIN);
	CHECK(close(fd) == 0 && in_child(try_held_open) == 0);
}

static void waiting_for_a_lock_ends_with_it(void)
{
	struct flock lock = range(F_WRLCK, 0, 1);
	int fd = open_file("f", O_RDWR | O_CREAT), status;
	pid_t pid;

	CHECK(fcntl(fd, F_SETLK, &lock) == 0 && flock(fd, LOCK_EX) == 0);
	pid = fork();
	if (pid == 0) {
		int own = open("f", O_RDWR);

		_exit(fcntl(own, F_SETLKW, &lock) == 0 && flock(own, LOCK_EX) == 0 ? 0 : 1);
	}
	let_time_pass();
	CHECK(waitpid(pid, &status, WNOHANG) == 0);
	CHECK(flock(fd, LOCK_UN) == 0);
	lock.l_type = F_UNLCK;
	CHECK(fcntl(fd, F_SETLK, &lock) == 0);
	lock.l_type = F_WRLCK;
	CHECK(waitpid(pid, &status, 0) == pid && WIFEXITED(status) && WEXITSTATUS(status) == 0);
}

const struct posix_test tests_of_locks[] = {
	{ "flock", whole_files_are_locked },
	{ "fcntl", ranges_are_locked },
	{ "wait", waiting_for_a_lock_ends_with_it },
	{ 0 },
};
