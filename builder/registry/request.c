/* SPDX-License-Identifier: Apache-2.0 */
/* Requests to a registry, until there is an answer that counts. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "builder/registry/challenge.h"
#include "builder/registry/registry_internal.h"
#include "fs/base/alloc.h"
#include "fs/base/error.h"

#define REDIRECTIONS_MAX 10
#define COMPLAINT_MAX    ((size_t)16 << 10)

/* A request on its way. */
struct asking {
	struct repository *repository;
	struct exchange_client *client;
	const struct registry_request *request;
	struct exchange_answer *answer;
	struct registry_host host;
	char *url, *home;    /* where it is asked now; the origin of the registry */
	char *authorization; /* NULL: nobody */
	struct buf complaint;
	unsigned tries, redirections, renewals;
};

/* ---- clients ---- */

struct exchange_client *registries_take_client(struct registries *registries, struct error *err)
{
	struct exchange_client *client = NULL;

	(void)pthread_mutex_lock(&registries->lock);
	if (registries->client_count)
		client = registries->clients[--registries->client_count];
	(void)pthread_mutex_unlock(&registries->lock);
	if (!client && exchange_client_new(&client, err) < 0)
		return NULL;
	return client;
}

void registries_give_client(struct registries *registries, struct exchange_client *client)
{
	(void)pthread_mutex_lock(&registries->lock);
	array_reserve_one(registries->clients, registries->client_count,
			  registries->client_capacity);
	registries->clients[registries->client_count++] = client;
	(void)pthread_mutex_unlock(&registries->lock);
}

/* ---- one try ---- */

static int take(void *context, long status, const void *data, size_t size)
{
	struct asking *asking = context;
	const struct registry_request *request = asking->request;

	if (status >= 200 && status < 300)
		return request->take ? request->take(request->context, status, data, size) : 0;
	/* The rest of a long complaint is not missed. */
	if (asking->complaint.length + size <= COMPLAINT_MAX)
		buf_append(&asking->complaint, data, size);
	return 0;
}

static void tell(void *context, uint64_t current, uint64_t total)
{
	const struct registry_request *request = ((struct asking *)context)->request;

	if (request->progress)
		request->progress(request->context, current, total);
}

/* At its own registry, and nowhere else: 1 or 0. */
static int is_home(const struct asking *asking, struct error *err)
{
	cleanup_free char *origin = NULL;
	int r = exchange_url_origin(asking->url, &origin, err);

	return r < 0 ? r : strcmp(origin, asking->home) == 0;
}

static int ask_once(struct asking *asking, struct error *err)
{
	const struct registry_request *request = asking->request;
	cleanup_with(strings_release) struct strings headers = { 0 };
	struct exchange exchange = { .method = request->method,
				     .url = asking->url,
				     .headers = &headers,
				     .cancel_fd = asking->repository->cancel_fd,
				     .fd = -1,
				     .take = take,
				     .progress = tell,
				     .context = asking };
	int home = is_home(asking, err), r;

	if (home < 0)
		return home;
	if (request->headers)
		strings_add_all(&headers, request->headers);
	if (home && asking->authorization)
		strings_add_format(&headers, "Authorization: %s", asking->authorization);
	if (home)
		exchange.certificates = registry_trust(&asking->host);
	exchange.unverified = home && asking->host.unverified;
	if (request->body) {
		exchange.has_body = true;
		exchange.data = request->body->data;
		exchange.fd = request->body->fd;
		exchange.size = request->body->size;
		exchange.once = request->once;
	}
	buf_clear(&asking->complaint);
	r = request->begin ? request->begin(request->context, &headers) : 0;
	return r < 0 ? error_errno(err, r, "cannot begin")
		     : exchange_perform(asking->client, &exchange, asking->answer, err);
}

/* ---- what to do next ---- */

static bool is_redirection(long status)
{
	return status == 301 || status == 302 || status == 303 || status == 307 || status == 308;
}

static int redirect(struct asking *asking, struct error *err)
{
	const char *method = asking->request->method;
	long status = asking->answer->status;
	bool reads = strcmp(method, "GET") == 0 || strcmp(method, "HEAD") == 0;
	const char *to = asking->answer->redirect;

	if (!to || (!reads && status != 307 && status != 308))
		return error_set(err, -EPROTO, "a redirection (%ld) that leads nowhere", status);
	if (++asking->redirections > REDIRECTIONS_MAX)
		return error_set(err, -EPROTO, "more than %d redirections", REDIRECTIONS_MAX);
	if (strncmp(asking->url, "https://", 8) == 0 && strncmp(to, "https://", 8) != 0)
		return error_set(err, -EPROTO, "a redirection to '%.200s' gives up encryption", to);
	free(asking->url);
	asking->url = xstrdup(to);
	return 1;
}

static int renew(struct asking *asking, struct error *err)
{
	char *fresh = NULL;
	int r = authorization_renew(asking->repository, asking->client, &asking->host,
				    asking->answer, asking->authorization, &fresh, err);

	if (r < 0)
		return r;
	asking->renewals++;
	free(asking->authorization);
	asking->authorization = fresh;
	return 1;
}

static int refuse(struct asking *asking, struct error *err)
{
	cleanup_with(buf_release) struct buf words = { 0 };
	long status = asking->answer->status;
	const char *usual = "no reason given";
	int code = -EPROTO;

	registry_words(asking->complaint.data, asking->complaint.length, &words);
	if (status == 404 || status == 410) {
		code = -ENOENT;
		usual = "not found";
	}
	if (status == 401 || status == 403) {
		code = -EACCES;
		usual = "not allowed";
	}
	return error_set(err, code, "it answers %ld: %s", status,
			 words.length ? buf_string(&words) : usual);
}

/* 1: once more; 0: that was it. */
static int judge(struct asking *asking, int r, struct error *err)
{
	long status = asking->answer->status;
	int home;

	if (asking->answer->may_pass && !asking->request->once &&
	    exchange_wait(asking->repository->cancel_fd, ++asking->tries))
		return 1;
	if (r < 0)
		return r;
	if (status >= 200 && status < 300)
		return 0;
	if (is_redirection(status))
		return redirect(asking, err);
	home = is_home(asking, err);
	if (home < 0)
		return home;
	/* A token that was kept may be too old, and the one after it is new. */
	if (status == 401 && home && asking->renewals < 2)
		return renew(asking, err);
	return refuse(asking, err);
}

static int set_up(struct asking *asking, struct error *err)
{
	const struct registry_request *request = asking->request;
	int r = registry_host_find(asking->repository, asking->client, &asking->host, err);

	if (r == 0)
		r = exchange_url_origin(asking->host.base, &asking->home, err);
	if (r < 0)
		return r;
	asking->url = request->url ? xstrdup(request->url)
				   : xasprintf("%s/v2/%s/%s", asking->host.base,
					       asking->repository->path, request->path);
	asking->authorization = authorization_get(asking->repository);
	return 0;
}

static void asking_release(struct asking *asking)
{
	if (asking->client)
		registries_give_client(asking->repository->registries, asking->client);
	registry_host_release(&asking->host);
	free(asking->url);
	free(asking->home);
	free(asking->authorization);
	buf_release(&asking->complaint);
}
DEFINE_CLEANUP_VALUE(struct asking, asking_release);

static void add_advice(struct error *problem, const char *advice)
{
	cleanup_free char *words = xstrdup(problem->text);

	(void)error_set(problem, problem->code, "%s; %s", words, advice);
}

static void advise_trust(const struct repository *repository, struct error *problem)
{
	cleanup_free char *advice = xasprintf(
		"the certificate of the authority that vouches for %s goes to "
		"~/.config/containers/certs.d/%s/ca.crt or /etc/docker/certs.d/%s/ca.crt, or "
		"SSL_CERT_FILE names it",
		repository->domain, repository->domain, repository->domain);

	add_advice(problem, advice);
}

int registry_request(struct repository *repository, const struct registry_request *request,
		     struct exchange_answer *ret, struct error *err)
{
	cleanup_with(asking_release) struct asking asking = { .repository = repository,
							      .request = request,
							      .answer = ret };
	struct error problem = { 0 };
	int r = -EIO;

	asking.client = registries_take_client(repository->registries, &problem);
	if (asking.client)
		r = set_up(&asking, &problem);
	else
		r = problem.code;
	while (r >= 0) {
		r = judge(&asking, ask_once(&asking, &problem), &problem);
		if (r <= 0)
			break;
	}
	if (r == 0)
		return 0;
	if (r == -EACCES)
		add_advice(&problem, "'docker login' or 'podman login' tells who you are");
	if (ret->untrusted)
		advise_trust(repository, &problem);
	if (err)
		*err = problem;
	if (r == -ECANCELED)
		return error_set(err, r, "cancelled");
	return error_prefix(err, r, "%s: %s", repository->domain, request->what);
}
