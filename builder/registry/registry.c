/* SPDX-License-Identifier: Apache-2.0 */
#include "builder/registry/registry.h"

#include <stdlib.h>

#include "builder/registry/registry_internal.h"
#include "fs/base/alloc.h"

struct registries *registries_new(const struct strings *insecure, int cancel_fd)
{
	struct registries *registries = xcalloc(1, sizeof *registries);

	if (insecure)
		strings_add_all(&registries->insecure, insecure);
	registries->cancel_fd = cancel_fd;
	(void)pthread_mutex_init(&registries->lock, NULL);
	(void)pthread_mutex_init(&registries->names, NULL);
	(void)pthread_cond_init(&registries->arrived, NULL);
	return registries;
}

void registries_free(struct registries *registries)
{
	if (!registries)
		return;
	for (size_t i = 0; i < registries->host_count; i++)
		registry_host_release(&registries->hosts[i]);
	free(registries->hosts);
	for (size_t i = 0; i < registries->client_count; i++)
		exchange_client_free(registries->clients[i]);
	free(registries->clients);
	strings_release(&registries->authorizations);
	strings_release(&registries->insecure);
	(void)pthread_mutex_destroy(&registries->lock);
	(void)pthread_mutex_destroy(&registries->names);
	(void)pthread_cond_destroy(&registries->arrived);
	free(registries);
}

void registries_lock_names(struct registries *registries)
{
	(void)pthread_mutex_lock(&registries->names);
}

void registries_unlock_names(struct registries *registries)
{
	(void)pthread_mutex_unlock(&registries->names);
}

struct repository *repository_new(struct registries *registries, const char *domain,
				  const char *path, unsigned flags)
{
	struct repository *repository = xcalloc(1, sizeof *repository);

	repository->registries = registries;
	repository->domain = xstrdup(domain);
	repository->path = xstrdup(path);
	repository->flags = flags;
	repository->cancel_fd = registries->cancel_fd;
	repository->scope =
		xasprintf("repository:%s:%s", path, flags & REPOSITORY_PUSH ? "pull,push" : "pull");
	repository->key = xasprintf("%s %s", domain, repository->scope);
	return repository;
}

int repository_cancel_fd(const struct repository *repository)
{
	return repository->cancel_fd;
}

void repository_set_cancel_fd(struct repository *repository, int cancel_fd)
{
	repository->cancel_fd = cancel_fd;
}

void repository_free(struct repository *repository)
{
	if (!repository)
		return;
	free(repository->domain);
	free(repository->path);
	free(repository->scope);
	free(repository->key);
	free(repository);
}
