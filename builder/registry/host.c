/* SPDX-License-Identifier: Apache-2.0 */
/* Where a registry is to be found: by https, but for this host's own and those named insecure. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "builder/registry/registry_internal.h"
#include "fs/base/alloc.h"
#include "fs/base/error.h"

#define DOCKER_DOMAIN "docker.io"
#define DOCKER_HOST   "registry-1.docker.io"

void registry_host_release(struct registry_host *host)
{
	free(host->domain);
	free(host->base);
	certificates_release(&host->certificates);
	*host = (struct registry_host){ 0 };
}

static void copy(struct registry_host *ret, const struct registry_host *from)
{
	*ret = *from;
	ret->domain = xstrdup(from->domain);
	ret->base = xstrdup(from->base);
	certificates_copy(&ret->certificates, &from->certificates);
}

/* "host", "host:80", "[::1]:80" */
static char *without_port(const char *domain)
{
	const char *colon;

	if (*domain == '[')
		return xstrndup(domain + 1, strcspn(domain + 1, "]"));
	colon = strchr(domain, ':');
	return xstrndup(domain, colon ? (size_t)(colon - domain) : strlen(domain));
}

char *registry_origin_host(const char *origin)
{
	const char *start = strstr(origin, "://");

	return without_port(start ? start + 3 : origin);
}

static bool is_insecure(const struct repository *repository)
{
	cleanup_free char *name = without_port(repository->domain);
	const struct strings *list = &repository->registries->insecure;

	return repository->flags & REPOSITORY_INSECURE ||
	       strings_contain(list, repository->domain) || strings_contain(list, name);
}

struct exchange_certificates registry_trust(const struct registry_host *host)
{
	const struct certificates *found = &host->certificates;

	return (struct exchange_certificates){ found->authority, found->client, found->key };
}

/* ---- asking which it is ---- */

/* 1: something answers there; 0: it does not speak that way. */
static int answers(struct registries *registries, struct exchange_client *client,
		   const struct registry_host *host, struct error *err)
{
	cleanup_with(exchange_answer_release) struct exchange_answer answer = { 0 };
	cleanup_free char *url = xasprintf("%s/v2/", host->base);
	const struct exchange exchange = { .method = "GET",
					   .url = url,
					   .certificates = registry_trust(host),
					   .unverified = host->unverified,
					   .cancel_fd = registries->cancel_fd };
	int r = exchange_perform(client, &exchange, &answer, err);

	if (r == -ECANCELED)
		return r;
	if (r < 0)
		return answer.no_tls || answer.status ? 0 : r;
	/* A server of https says so to those who come without. */
	return answer.status != 400;
}

static int choose(struct registries *registries, struct exchange_client *client,
		  struct registry_host *host, bool loopback, struct error *err)
{
	/* What runs on this host most often has no certificate; what was called insecure may. */
	const char *schemes[] = { loopback ? "http" : "https", loopback ? "https" : "http" };
	struct error problem = { 0 };
	int r = 0;

	for (size_t i = 0; i < 2; i++) {
		free(host->base);
		host->base = xasprintf("%s://%s", schemes[i], host->domain);
		host->unverified = host->insecure && strcmp(schemes[i], "https") == 0;
		r = answers(registries, client, host, &problem);
		if (r != 0)
			break;
	}
	if (r == -ECANCELED && err)
		*err = problem;
	/* What is wrong with the way that was tried last, the request itself will say. */
	if (r != 0)
		return r == -ECANCELED ? r : 0;
	free(host->base);
	host->base = xasprintf("%s://%s", schemes[0], host->domain);
	host->unverified = host->insecure && strcmp(schemes[0], "https") == 0;
	return 0;
}

static int find_out(struct repository *repository, struct exchange_client *client,
		    struct registry_host *ret, struct error *err)
{
	const char *domain = repository->domain;
	cleanup_free char *name = without_port(domain);
	bool loopback = exchange_host_is_loopback(name);

	ret->domain = xstrdup(domain);
	ret->insecure = is_insecure(repository);
	certificates_find(domain, &ret->certificates);
	if (loopback || ret->insecure)
		return choose(repository->registries, client, ret, loopback && !ret->insecure, err);
	ret->base =
		xasprintf("https://%s", strcmp(domain, DOCKER_DOMAIN) == 0 ? DOCKER_HOST : domain);
	return 0;
}

/* ---- remembering ---- */

static bool find_known(struct repository *repository, struct registry_host *ret)
{
	struct registries *registries = repository->registries;
	bool insecure = is_insecure(repository), found = false;

	(void)pthread_mutex_lock(&registries->lock);
	for (size_t i = 0; i < registries->host_count && !found; i++) {
		const struct registry_host *host = &registries->hosts[i];

		found = strcmp(host->domain, repository->domain) == 0 && host->insecure == insecure;
		if (found)
			copy(ret, host);
	}
	(void)pthread_mutex_unlock(&registries->lock);
	return found;
}

int registry_host_find(struct repository *repository, struct exchange_client *client,
		       struct registry_host *ret, struct error *err)
{
	struct registries *registries = repository->registries;
	struct registry_host host = { 0 };
	int r;

	if (find_known(repository, ret))
		return 0;
	r = find_out(repository, client, &host, err);
	if (r < 0) {
		registry_host_release(&host);
		return r;
	}
	copy(ret, &host);
	(void)pthread_mutex_lock(&registries->lock);
	array_reserve_one(registries->hosts, registries->host_count, registries->host_capacity);
	registries->hosts[registries->host_count++] = host;
	(void)pthread_mutex_unlock(&registries->lock);
	return 0;
}
