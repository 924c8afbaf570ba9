/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What a user or an administrator has put beside Docker's or Podman's configuration for one registry:
 * the directory certs.d/HOST:PORT with the certificate of an authority that it is trusted by (*.crt),
 * and who is asking (*.cert with the *.key of the same name).
 */
#pragma once

#include "fs/base/cleanup.h"

/* All zero is none. */
struct certificates {
	char *authority;    /* a file; NULL: those of the system */
	char *client, *key; /* files; NULL: none */
};

/* For a registry as names of images have it. What cannot be read is not there. */
void certificates_find(const char *domain, struct certificates *ret);
void certificates_copy(struct certificates *ret, const struct certificates *from);
void certificates_release(struct certificates *certificates);
DEFINE_CLEANUP_VALUE(struct certificates, certificates_release);
