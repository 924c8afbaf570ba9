/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A terminal of the step's own: both ends belong to its /dev/pts, so that it has a name there, and
 * nothing typed into it reaches the terminal of whoever runs the builder.
 */
#include <errno.h>
#include <fcntl.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "builder/sandbox/init/step.h"

int terminal_open(struct step *step, struct error *err)
{
	struct winsize size = { .ws_row = (unsigned short)(step->terminal_size >> 16),
				.ws_col = (unsigned short)step->terminal_size };
	int unlocked = 0;
	int ours = openat(step->dev_fd, "pts/ptmx", O_RDWR | O_NOCTTY | O_CLOEXEC), theirs = -1;

	if (ours >= 0 && ioctl(ours, TIOCSPTLCK, &unlocked) == 0)
		theirs = ioctl(ours, TIOCGPTPEER, O_RDWR | O_NOCTTY | O_CLOEXEC);
	if (theirs < 0 || ioctl(ours, TIOCSWINSZ, &size) < 0)
		return error_errno(err, -errno, "cannot make a terminal");
	/* The group stays that of terminals. */
	if (step->spec.uid && fchown(theirs, step->spec.uid, (gid_t)-1) < 0)
		return error_errno(err, -errno, "cannot give the terminal to user %u",
				   step->spec.uid);
	step->terminal_fd = ours;
	step->stdin_fd = step->stdout_fd = step->stderr_fd = theirs;
	return 0;
}
