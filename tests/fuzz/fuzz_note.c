/* SPDX-License-Identifier: Apache-2.0 */
/* The note on a step, as it lies in the journal of its state: what decodes is whole. */
#include <stdint.h>
#include <stdlib.h>

#include "builder/step/note.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check_mount(const struct note_mount *mount)
{
	if (mount->mount.target && mount->mount.target[0] != '/')
		abort();
	if (mount->mount.type == RUN_MOUNT_BIND && !mount->mount.source)
		abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct step_note note = { 0 };

	if (step_note_decode(data, size, &note, NULL) < 0)
		return 0;
	if (!note.name || (note.is_run && (!note.cwd || !note.user)))
		abort();
	for (size_t i = 0; i < note.part_count; i++) {
		if (!note.parts[i].name || !note.parts[i].value)
			abort();
	}
	for (size_t i = 0; i < note.mount_count; i++)
		check_mount(&note.mounts[i]);
	step_note_release(&note);
	return 0;
}
