/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What planning was told about images. A file that is planned for several platforms asks for the
 * same image several times, and has to get the same answer, without anybody looking twice.
 */
#pragma once

#include "builder/plan/plan.h"

struct image_memo {
	struct plan_images plan;
	struct plan_images *source;
	struct remembered_image *items;
	size_t count, capacity;
};

void image_memo_init(struct image_memo *memo, struct plan_images *source);
void image_memo_release(struct image_memo *memo);
