/* SPDX-License-Identifier: Apache-2.0 */
#include "builder/registry/certificates.h"

#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "fs/base/alloc.h"
#include "fs/base/fd.h"
#include "fs/base/strings.h"

/* The user's own come first. */
static void list_places(const char *domain, struct strings *ret)
{
	const char *config = getenv("XDG_CONFIG_HOME"), *home = getenv("HOME");
	cleanup_free char *own = NULL;

	if (config && *config)
		own = xstrdup(config);
	else if (home && *home)
		own = xasprintf("%s/.config", home);
	if (own) {
		strings_add_format(ret, "%s/containers/certs.d/%s", own, domain);
		strings_add_format(ret, "%s/docker/certs.d/%s", own, domain);
	}
	strings_add_format(ret, "/etc/containers/certs.d/%s", domain);
	strings_add_format(ret, "/etc/docker/certs.d/%s", domain);
}

static bool ends_in(const char *name, const char *ending)
{
	size_t length = strlen(name), most = strlen(ending);

	return length > most && strcmp(name + length - most, ending) == 0;
}

static char *readable(const char *dir, const char *name)
{
	char *path = xasprintf("%s/%s", dir, name);

	if (access(path, R_OK) == 0)
		return path;
	free(path);
	return NULL;
}

static void take_client(const char *dir, const char *name, struct certificates *ret)
{
	cleanup_free char *key_name =
		xasprintf("%.*s.key", (int)(strlen(name) - strlen(".cert")), name);
	cleanup_free char *client = readable(dir, name), *key = readable(dir, key_name);

	if (!client || !key)
		return;
	ret->client = take_ptr(&client);
	ret->key = take_ptr(&key);
}

static void look_into(const char *dir, struct certificates *ret)
{
	cleanup_with(strings_release) struct strings names = { 0 };

	if (dir_list(AT_FDCWD, dir, &names) < 0)
		return;
	/* The name that Docker's documentation has, then the others in order. */
	if (!ret->authority && strings_contain(&names, "ca.crt"))
		ret->authority = readable(dir, "ca.crt");
	strings_sort(&names);
	for (size_t i = 0; i < names.count; i++) {
		if (!ret->authority && ends_in(names.items[i], ".crt"))
			ret->authority = readable(dir, names.items[i]);
		if (!ret->client && ends_in(names.items[i], ".cert"))
			take_client(dir, names.items[i], ret);
	}
}

void certificates_find(const char *domain, struct certificates *ret)
{
	cleanup_with(strings_release) struct strings places = { 0 };

	*ret = (struct certificates){ 0 };
	list_places(domain, &places);
	for (size_t i = 0; i < places.count; i++)
		look_into(places.items[i], ret);
}

static char *copy(const char *text)
{
	return text ? xstrdup(text) : NULL;
}

void certificates_copy(struct certificates *ret, const struct certificates *from)
{
	*ret = (struct certificates){ copy(from->authority), copy(from->client), copy(from->key) };
}

void certificates_release(struct certificates *certificates)
{
	free(certificates->authority);
	free(certificates->client);
	free(certificates->key);
	*certificates = (struct certificates){ 0 };
}
