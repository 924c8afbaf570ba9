/* SPDX-License-Identifier: Apache-2.0 */
/* The rawjson format: each event as one of BuildKit's SolveStatus objects, on a line of its own. */
#include <string.h>

#include "fs/base/alloc.h"
#include "fs/base/buf.h"
#include "fs/base/digest.h"
#include "tools/json_text.h"
#include "tools/output.h"
#include "tools/progress/display.h"
#include "tools/progress/model.h"
#include "tools/timestamp.h"

/* What readers tell a cancelled vertex by. */
#define CANCELED_TEXT "context canceled"

struct rawjson {
	struct display base;
	struct display_context context;
	bool broken; /* nobody reads it any more */
	struct buf out;
};

static struct rawjson *rawjson_of(struct display *display)
{
	return (struct rawjson *)(void *)display;
}

static void add_time(const struct rawjson *json, struct buf *out, const char *key, uint64_t time_ns)
{
	char text[TIMESTAMP_MAX];

	timestamp_text((int64_t)time_ns + json->context.realtime_offset_ns, text);
	json_add_field(out, key, text);
}

/* Readers know vertices by digest alone, so one that came without gets one. */
static void add_digest(struct buf *out, const struct model_vertex *vertex)
{
	uint8_t digest[DIGEST_SIZE];
	char hex[DIGEST_HEX_SIZE], text[DIGEST_HEX_SIZE + 8];
	cleanup_free char *identity = NULL;

	if (vertex->digest) {
		json_add_string(out, vertex->digest, strlen(vertex->digest));
		return;
	}
	identity = xasprintf("vertex %u", vertex->number);
	digest_bytes(identity, strlen(identity), digest);
	digest_to_hex(digest, hex);
	snprintf(text, sizeof text, "sha256:%s", hex);
	json_add_string(out, text, strlen(text));
}

static void add_inputs(const struct rawjson *json, struct buf *out,
		       const struct model_vertex *vertex)
{
	const struct model *model = json->context.model;
	bool first = true;

	for (size_t i = 0; i < vertex->input_count; i++) {
		unsigned number = vertex->inputs[i];

		if (number == 0 || number > model->vertex_count || !model->vertices[number - 1])
			continue;
		if (first)
			json_add_key(out, "inputs");
		buf_add_char(out, first ? '[' : ',');
		first = false;
		add_digest(out, model->vertices[number - 1]);
	}
	if (!first)
		buf_add_char(out, ']');
}

static void add_vertex(const struct rawjson *json, struct buf *out,
		       const struct model_vertex *vertex)
{
	buf_add_string(out, "{\"vertexes\":[{");
	json_add_key(out, "digest");
	add_digest(out, vertex);
	add_inputs(json, out, vertex);
	if (*vertex->name)
		json_add_field(out, "name", vertex->name);
	if (vertex->started)
		add_time(json, out, "started", vertex->started_ns);
	if (vertex->ended && vertex->started)
		add_time(json, out, "completed", vertex->ended_ns);
	if (vertex->ended && vertex->outcome == EVENT_CACHED)
		buf_add_string(out, ",\"cached\":true");
	if (vertex->ended && vertex->outcome == EVENT_FAILED)
		json_add_field(out, "error", vertex->error);
	if (vertex->ended && vertex->outcome == EVENT_CANCELED) {
		cleanup_free char *text = xasprintf("%s%s%s", vertex->error ? vertex->error : "",
						    vertex->error ? ": " : "", CANCELED_TEXT);

		json_add_field(out, "error", text);
	}
	buf_add_string(out, "}]}\n");
}

static void add_log(const struct rawjson *json, struct buf *out, const struct model_vertex *vertex,
		    const struct event *event)
{
	buf_add_string(out, "{\"logs\":[{");
	json_add_key(out, "vertex");
	add_digest(out, vertex);
	json_add_key(out, "stream");
	buf_add_format(out, "%d", event->stream);
	json_add_key(out, "data");
	json_add_base64(out, event->data, event->size);
	add_time(json, out, "timestamp", event->time_ns);
	buf_add_string(out, "}]}\n");
}

static const struct model_status *find_status(const struct model_vertex *vertex, const char *id)
{
	for (size_t i = vertex->status_count; i > 0; i--) {
		if (strcmp(vertex->statuses[i - 1].id, id) == 0)
			return &vertex->statuses[i - 1];
	}
	return NULL;
}

static void add_status(const struct rawjson *json, struct buf *out,
		       const struct model_vertex *vertex, const struct event *event)
{
	const struct model_status *status = find_status(vertex, event->id ? event->id : "");

	if (!status)
		return;
	buf_add_string(out, "{\"statuses\":[{");
	json_add_field(out, "id", status->id);
	json_add_key(out, "vertex");
	add_digest(out, vertex);
	if (status->total > 0)
		buf_add_format(out, ",\"total\":%llu", (unsigned long long)status->total);
	buf_add_format(out, ",\"current\":%llu", (unsigned long long)status->current);
	add_time(json, out, "timestamp", status->last_ns);
	add_time(json, out, "started", status->first_ns);
	if (status->complete)
		add_time(json, out, "completed", status->last_ns);
	buf_add_string(out, "}]}\n");
}

static void add_encoded(struct buf *out, const char *key, const char *text)
{
	json_add_key(out, key);
	json_add_base64(out, text, strlen(text));
}

static void add_warning(struct buf *out, const struct model *model,
			const struct model_vertex *vertex, const struct event *event)
{
	const struct event_location *at = &event->location;

	buf_add_string(out, "{\"warnings\":[{");
	if (vertex) {
		json_add_key(out, "vertex");
		add_digest(out, vertex);
	}
	json_add_key(out, "level");
	buf_add_char(out, '1');
	add_encoded(out, "short", model->warnings[model->warning_count - 1].summary);
	if (event->detail) {
		buf_add_string(out, ",\"detail\":[");
		json_add_base64(out, event->detail, strlen(event->detail));
		buf_add_char(out, ']');
	}
	if (event->url)
		json_add_field(out, "url", event->url);
	if (at->file) {
		buf_add_string(out, ",\"sourceInfo\":{");
		json_add_field(out, "filename", at->file);
		buf_add_char(out, '}');
	}
	if (at->first_line > 0)
		buf_add_format(out, ",\"range\":[{\"start\":{\"line\":%u},\"end\":{\"line\":%u}}]",
			       at->first_line, at->last_line > 0 ? at->last_line : at->first_line);
	buf_add_string(out, "}]}\n");
}

static void rawjson_event(struct display *display, const struct event *event,
			  struct model_vertex *vertex, uint64_t now_ns)
{
	struct rawjson *json = rawjson_of(display);

	(void)now_ns;
	if (event->type == EVENT_WARNING)
		add_warning(&json->out, json->context.model, vertex, event);
	else if (vertex && event->type == EVENT_LOG)
		add_log(json, &json->out, vertex, event);
	else if (vertex && event->type == EVENT_STATUS)
		add_status(json, &json->out, vertex, event);
	else if (vertex)
		add_vertex(json, &json->out, vertex);
	if (!json->broken && json->out.length > 0)
		json->broken =
			output_write_fd(json->context.fd, json->out.data, json->out.length) < 0;
	buf_clear(&json->out);
}

static void rawjson_tick(struct display *display, uint64_t now_ns)
{
	(void)display;
	(void)now_ns;
}

static bool rawjson_wants_ticks(const struct display *display)
{
	(void)display;
	return false;
}

static void rawjson_free(struct display *display)
{
	struct rawjson *json = rawjson_of(display);

	buf_release(&json->out);
	free(json);
}

struct display *display_rawjson_new(const struct display_context *context)
{
	static const struct display_ops ops = {
		.event = rawjson_event,
		.tick = rawjson_tick,
		.wants_ticks = rawjson_wants_ticks,
		.finish = rawjson_tick,
		.free = rawjson_free,
	};
	struct rawjson *json = xcalloc(1, sizeof *json);

	json->base.ops = &ops;
	json->context = *context;
	return &json->base;
}
