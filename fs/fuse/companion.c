/* SPDX-License-Identifier: Apache-2.0 */
#include "fs/fuse/companion.h"

#include <pthread.h>
#include <sched.h>
#include <stdbool.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "fs/base/alloc.h"
#include "fs/base/clock.h"
#include "fs/base/process_stat.h"

#define CPUS_MAX 4

/* Thick and fast: so many requests, no two of them further apart than the gap. */
#define BURST  8
#define GAP_NS 300000u
/* A client that had to give way to another program for a while comes back to where it was. */
#define LINGER_NS 10000000u

/* The server looks where its client is after so many requests: that costs as much as answering one
 * or two of them, and being apart makes each take several times as long. */
#define LOOK_INTERVAL 64

/*
 * A thread that did not get to run for so long is not needed: its CPU has work, and would do it
 * sooner without. So the threads rest, and longer each time when that was too short.
 */
#define CROWDED_NS  1000000u
#define REST_MIN_NS 10000000u
#define REST_MAX_NS 320000000u

struct companion_thread {
	struct companion *companion;
	pthread_t id;
	int cpu;
	unsigned round;   /* the last one it took part in */
	uint64_t seen_ns; /* atomic: when it got to run last */
};

struct companion {
	struct companion_thread threads[CPUS_MAX];
	unsigned thread_count;
	cpu_set_t cpus; /* all that the process may use */
	uint64_t last_ns;
	unsigned burst; /* requests that came thick and fast until now */
	bool started, active;

	bool resting;                  /* the threads, while the server stays and follows */
	uint64_t rest_ns, rest_end_ns; /* how long, until when */
	uint64_t rested_ns;            /* since when they have not */
	uint64_t woken_ns;

	int home;          /* atomic: where client and server meet */
	uint64_t until_ns; /* atomic: keep busy until then */
	bool crowded;      /* atomic: a thread has found that its CPU has work */
	pthread_mutex_t lock;
	pthread_cond_t wake;
	unsigned round; /* guarded by lock: grows with every activation */
	bool ending;    /* guarded by lock */
};

struct companion *companion_new(void)
{
	struct companion *companion;
	cpu_set_t cpus;
	int count;

	if (sched_getaffinity(0, sizeof cpus, &cpus) < 0)
		return NULL;
	count = CPU_COUNT(&cpus);
	if (count < 2 || count > CPUS_MAX)
		return NULL;
	companion = xcalloc(1, sizeof *companion);
	companion->cpus = cpus;
	pthread_mutex_init(&companion->lock, NULL);
	pthread_cond_init(&companion->wake, NULL);
	return companion;
}

static bool wait_until_wanted(struct companion_thread *thread)
{
	struct companion *companion = thread->companion;
	bool ending;

	pthread_mutex_lock(&companion->lock);
	while (!companion->ending && companion->round == thread->round)
		pthread_cond_wait(&companion->wake, &companion->lock);
	thread->round = companion->round;
	ending = companion->ending;
	pthread_mutex_unlock(&companion->lock);
	return !ending;
}

static bool is_wanted(const struct companion_thread *thread, uint64_t now_ns)
{
	const struct companion *companion = thread->companion;

	return now_ns < __atomic_load_n(&companion->until_ns, __ATOMIC_RELAXED) &&
	       thread->cpu != __atomic_load_n(&companion->home, __ATOMIC_RELAXED);
}

static void keep_busy(struct companion_thread *thread)
{
	uint64_t before = clock_monotonic_ns(), now;

	while (is_wanted(thread, now = clock_monotonic_ns())) {
		if (now - before > CROWDED_NS) {
			__atomic_store_n(&thread->companion->crowded, true, __ATOMIC_RELAXED);
			return;
		}
		__atomic_store_n(&thread->seen_ns, now, __ATOMIC_RELAXED);
		before = now;
		for (int i = 0; i < 32; i++)
			__asm__ volatile("" ::: "memory");
	}
}

static void *run(void *context)
{
	struct companion_thread *thread = context;

	(void)setpriority(PRIO_PROCESS, (id_t)syscall(SYS_gettid), 19);
	while (wait_until_wanted(thread))
		keep_busy(thread);
	return NULL;
}

/* One for each CPU. */
static void start(struct companion *companion)
{
	companion->started = true;
	for (int cpu = 0; cpu < CPU_SETSIZE; cpu++) {
		struct companion_thread *thread = &companion->threads[companion->thread_count];
		pthread_attr_t attr;
		cpu_set_t one;

		if (!CPU_ISSET(cpu, &companion->cpus))
			continue;
		CPU_ZERO(&one);
		CPU_SET(cpu, &one);
		thread->companion = companion;
		thread->cpu = cpu;
		pthread_attr_init(&attr);
		pthread_attr_setstacksize(&attr, 64 << 10);
		pthread_attr_setaffinity_np(&attr, sizeof one, &one);
		if (pthread_create(&thread->id, &attr, run, thread) == 0)
			companion->thread_count++;
		pthread_attr_destroy(&attr);
	}
}

static void wake(struct companion *companion)
{
	if (companion->resting)
		return;
	companion->woken_ns = companion->last_ns;
	__atomic_store_n(&companion->until_ns, companion->last_ns + GAP_NS, __ATOMIC_RELAXED);
	pthread_mutex_lock(&companion->lock);
	companion->round++;
	pthread_cond_broadcast(&companion->wake);
	pthread_mutex_unlock(&companion->lock);
}

/* Stay on this CPU, and have the others kept busy. */
static void settle(struct companion *companion, int home)
{
	cpu_set_t here;

	if (!companion->started)
		start(companion);
	__atomic_store_n(&companion->home, home, __ATOMIC_RELAXED);
	CPU_ZERO(&here);
	CPU_SET(home, &here);
	(void)sched_setaffinity(0, sizeof here, &here);
	wake(companion);
}

static void activate(struct companion *companion)
{
	companion->active = true;
	settle(companion, sched_getcpu());
}

static void deactivate(struct companion *companion)
{
	companion->active = false;
	companion->burst = 0;
	__atomic_store_n(&companion->until_ns, 0, __ATOMIC_RELAXED);
	(void)sched_setaffinity(0, sizeof companion->cpus, &companion->cpus);
}

/* Has each thread had its CPU since it was woken up? One that has not cannot say so itself. */
static bool is_crowded(const struct companion *companion)
{
	if (__atomic_load_n(&companion->crowded, __ATOMIC_RELAXED))
		return true;
	for (unsigned i = 0; i < companion->thread_count; i++) {
		const struct companion_thread *thread = &companion->threads[i];
		uint64_t seen = __atomic_load_n(&thread->seen_ns, __ATOMIC_RELAXED);

		if (seen < companion->woken_ns)
			seen = companion->woken_ns;
		if (thread->cpu != companion->home && companion->last_ns > seen &&
		    companion->last_ns - seen > CROWDED_NS)
			return true;
	}
	return false;
}

static void rest(struct companion *companion)
{
	bool again = companion->last_ns - companion->rested_ns < REST_MIN_NS;
	uint64_t longer = companion->rest_ns * 2;

	if (!again || longer < REST_MIN_NS)
		longer = REST_MIN_NS;
	companion->rest_ns = longer < REST_MAX_NS ? longer : REST_MAX_NS;
	companion->rest_end_ns = companion->last_ns + companion->rest_ns;
	companion->resting = true;
	__atomic_store_n(&companion->until_ns, 0, __ATOMIC_RELAXED);
}

static void end_rest(struct companion *companion)
{
	companion->resting = false;
	companion->rested_ns = companion->last_ns;
	__atomic_store_n(&companion->crowded, false, __ATOMIC_RELAXED);
	wake(companion);
}

static void follow(struct companion *companion, pid_t tid)
{
	uint64_t cpu;

	if (process_stat_field(tid, PROCESS_STAT_PROCESSOR, &cpu) == 0 && cpu < CPU_SETSIZE &&
	    CPU_ISSET(cpu, &companion->cpus) && (int)cpu != companion->home)
		settle(companion, (int)cpu);
}

/* Among those who come thick and fast: where are they, and is there room for the threads? */
static void look_around(struct companion *companion, pid_t client_tid)
{
	if (companion->resting && companion->last_ns >= companion->rest_end_ns)
		end_rest(companion);
	else if (!companion->resting && companion->burst > BURST && is_crowded(companion))
		rest(companion);
	if (client_tid > 0)
		follow(companion, client_tid);
}

void companion_follow(struct companion *companion, int cpu)
{
	if (companion && companion->active && companion->burst % LOOK_INTERVAL == 1 &&
	    cpu != companion->home && CPU_ISSET(cpu, &companion->cpus))
		settle(companion, cpu);
}

bool companion_active(const struct companion *companion)
{
	return companion && companion->active;
}

void companion_look(struct companion *companion, uint64_t now_ns)
{
	if (companion && companion->active && now_ns - companion->last_ns > LINGER_NS)
		deactivate(companion);
}

void companion_note(struct companion *companion, uint64_t now_ns, pid_t client_tid)
{
	if (!companion)
		return;
	companion->burst = now_ns - companion->last_ns < GAP_NS ? companion->burst + 1 : 0;
	companion->last_ns = now_ns;
	if (companion->active && !companion->resting)
		__atomic_store_n(&companion->until_ns, now_ns + GAP_NS, __ATOMIC_RELAXED);
	if (!companion->active && companion->burst >= BURST)
		activate(companion);
	else if (companion->active && companion->burst == BURST)
		wake(companion); /* they have gone to sleep meanwhile */
	else if (companion->active && companion->burst % LOOK_INTERVAL == 1)
		look_around(companion, client_tid);
}

void companion_free(struct companion *companion)
{
	if (!companion)
		return;
	pthread_mutex_lock(&companion->lock);
	companion->ending = true;
	pthread_cond_broadcast(&companion->wake);
	pthread_mutex_unlock(&companion->lock);
	__atomic_store_n(&companion->until_ns, 0, __ATOMIC_RELAXED);
	for (unsigned i = 0; i < companion->thread_count; i++)
		pthread_join(companion->threads[i].id, NULL);
	pthread_mutex_destroy(&companion->lock);
	pthread_cond_destroy(&companion->wake);
	free(companion);
}
