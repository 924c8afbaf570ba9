/* SPDX-License-Identifier: Apache-2.0 */
/* Pipes, sockets and devices that have names, and being told of changes. */
#include <poll.h>
#include <sys/inotify.h>
#include <sys/socket.h>
#include <sys/sysmacros.h>
#include <sys/un.h>
#include <sys/wait.h>

#include "tests/lib/posix/posix.h"

static void pipes_connect_processes(void)
{
	char text[16];
	int fd;

	CHECK(mkfifo("p", 0640) == 0 && S_ISFIFO(stat_of("p").st_mode));
	CHECK_ERROR(EEXIST, mkfifo("p", 0640));
	CHECK_ERROR(ENXIO, open("p", O_WRONLY | O_NONBLOCK));
	fflush(stdout);
	if (fork() == 0) {
		fd = open("p", O_WRONLY);
		_exit(write(fd, "through", 7) == 7 ? 0 : 1);
	}
	fd = open_file("p", O_RDONLY);
	CHECK(read(fd, text, sizeof text) == 7 && memcmp(text, "through", 7) == 0);
	CHECK(read(fd, text, sizeof text) == 0 && wait(NULL) > 0);
	CHECK(rename("p", "q") == 0 && link("q", "p") == 0 && stat_of("p").st_nlink == 2);
	CHECK(stat_of("p").st_size == 0);
}

static void sockets_connect_processes(void)
{
	struct sockaddr_un address = { .sun_family = AF_UNIX, .sun_path = "socket" };
	int server = socket(AF_UNIX, SOCK_STREAM, 0), client = socket(AF_UNIX, SOCK_STREAM, 0), end;
	char text[16];

	CHECK(bind(server, (struct sockaddr *)&address, sizeof address) == 0);
	CHECK(S_ISSOCK(stat_of("socket").st_mode) && listen(server, 1) == 0);
	CHECK_ERROR(ENXIO, open("socket", O_RDWR));
	CHECK(rename("socket", "moved") == 0);
	CHECK_ERROR(ENOENT, connect(client, (struct sockaddr *)&address, sizeof address));
	snprintf(address.sun_path, sizeof address.sun_path, "moved");
	CHECK(connect(client, (struct sockaddr *)&address, sizeof address) == 0);
	end = accept(server, NULL, NULL);
	CHECK(end >= 0 && write(end, "hello", 5) == 5);
	CHECK(read(client, text, sizeof text) == 5 && memcmp(text, "hello", 5) == 0);
	CHECK_ERROR(EADDRINUSE, bind(socket(AF_UNIX, SOCK_STREAM, 0), (struct sockaddr *)&address,
				     sizeof address));
	CHECK(close(server) == 0 && exists("moved"));
	CHECK_ERROR(ECONNREFUSED, connect(socket(AF_UNIX, SOCK_STREAM, 0),
					  (struct sockaddr *)&address, sizeof address));
}

static void devices_keep_their_numbers(void)
{
	struct stat st;

	if (mknod("null", S_IFCHR | 0640, makedev(1, 3)) < 0) {
		CHECK(errno == EPERM);
		posix_skip("devices cannot be made here");
	}
	st = stat_of("null");
	CHECK(S_ISCHR(st.st_mode) && st.st_rdev == makedev(1, 3) && st.st_size == 0);
	CHECK(mknod("disk", S_IFBLK | 0600, makedev(4095, 1048575)) == 0);
	st = stat_of("disk");
	CHECK(S_ISBLK(st.st_mode) && st.st_rdev == makedev(4095, 1048575));
	CHECK_ERROR(EEXIST, mknod("disk", S_IFBLK | 0600, makedev(1, 1)));
	CHECK(rename("disk", "null") == 0 && stat_of("null").st_rdev == makedev(4095, 1048575));
}

static void plain_files_can_be_made_by_mknod(void)
{
	CHECK(mknod("f", S_IFREG | 0600, 0) == 0 && S_ISREG(stat_of("f").st_mode));
	CHECK(mknod("s", S_IFSOCK | 0600, 0) == 0 && S_ISSOCK(stat_of("s").st_mode));
	CHECK_ERROR(EPERM, mknod("d", S_IFDIR | 0700, 0));
	CHECK_ERROR(EEXIST, mknod("f", S_IFREG | 0600, 0));
}

static void changes_are_told(void)
{
	char events[4096];
	int fd = inotify_init1(IN_NONBLOCK);
	const struct inotify_event *event = (const void *)events;

	CHECK(fd >= 0 && inotify_add_watch(fd, ".", IN_CREATE | IN_DELETE | IN_MOVED_TO) >= 0);
	write_text("f", "x");
	CHECK(read(fd, events, sizeof events) > 0);
	CHECK(event->mask == IN_CREATE && strcmp(event->name, "f") == 0);
	CHECK(rename("f", "g") == 0 && read(fd, events, sizeof events) > 0);
	CHECK(event->mask == IN_MOVED_TO && unlink("g") == 0);
	CHECK(read(fd, events, sizeof events) > 0 && event->mask == IN_DELETE);
}

const struct posix_test tests_of_special[] = {
	{ "pipes", pipes_connect_processes },      { "sockets", sockets_connect_processes },
	{ "devices", devices_keep_their_numbers }, { "mknod", plain_files_can_be_made_by_mknod },
	{ "inotify", changes_are_told },           { 0 },
};
