/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What the command learns from around it: directories, settings, and whether it talks to a
 * terminal. Nothing is read before it is asked for.
 */
#pragma once

#include <stdbool.h>

#include "fs/base/cleanup.h"

struct config;
struct error;
struct strings;

/* What the user may set for good: "key" in config.json, or VARVE_KEY in the environment. */
enum setting {
	SETTING_STORE,             /* directory of the store */
	SETTING_PROGRESS,          /* kind of progress display */
	SETTING_REGISTRY_INSECURE, /* hosts of registries, with commas between them */
	SETTING_COUNT,
};

struct environment {
	const char *store_option; /* --store, or NULL */
	bool debug;               /* --debug */
	char *store;              /* decided on, once somebody asked */
	struct config *config;    /* config.json, likewise */
};

void environment_release(struct environment *environment);
DEFINE_CLEANUP_VALUE(struct environment, environment_release);

/* The key of a setting, as config.json has it. */
const char *setting_key(enum setting setting);

/* 1 and the value, which lives as long as the environment, or 0 when the user has not set it.
 * -EINVAL when config.json is not what it should be. */
int environment_setting(struct environment *environment, enum setting setting, const char **ret,
			struct error *err);

/*
 * Where the store lies, absolute: --store, $VARVE_STORE, "store" of config.json,
 * $XDG_DATA_HOME/varve, ~/.local/share/varve. It need not exist. The text lives as long as the
 * environment.
 */
int environment_store(struct environment *environment, const char **ret, struct error *err);

/* The hosts of SETTING_REGISTRY_INSECURE, added to `ret`. */
int environment_insecure_registries(struct environment *environment, struct strings *ret,
				    struct error *err);

/* The path of config.json, whether it exists or not; the caller frees. */
int environment_config_path(char **ret, struct error *err);

/*
 * Open the directory for what must not outlive the user's processes, made if need be and nobody
 * else's to change: $XDG_RUNTIME_DIR/varve, /run/user/UID/varve, or varve-UID in $TMPDIR or /tmp.
 * A descriptor, or a negative errno.
 */
int environment_open_runtime_dir(struct error *err);

/* $NAME when it is set to something. */
const char *environment_variable(const char *name);
