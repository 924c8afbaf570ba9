/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Frames compressed by threads, handed on in the order they came. The first few are compressed on
 * the spot, so that a small transaction starts no thread. Belongs to one thread.
 */
#pragma once

#include "fs/store/pack/frame.h"

struct frame_encoder;

/* Gets each frame's bytes, in the thread that submits or drains; `lane` is the submitter's word. */
typedef int (*frame_sink_fn)(void *context, unsigned lane, const struct pack_frame *frame,
			     const struct buf *bytes, struct error *err);

struct frame_encoder *frame_encoder_new(frame_sink_fn sink, void *context);
/* Drops what is under way. */
void frame_encoder_free(struct frame_encoder *encoder);
DEFINE_CLEANUP(struct frame_encoder *, frame_encoder_free);

/* Take over what the draft holds, which is empty after. Fails with what the sink failed with. */
int frame_encoder_submit(struct frame_encoder *encoder, unsigned lane, struct frame_draft *draft,
			 struct error *err);
/* The same for a frame that is encoded already. */
int frame_encoder_submit_encoded(struct frame_encoder *encoder, unsigned lane,
				 const struct pack_frame *frame, const void *bytes, size_t size,
				 struct error *err);
/* Until the sink has everything. */
int frame_encoder_drain(struct frame_encoder *encoder, struct error *err);
