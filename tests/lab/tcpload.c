// SPDX-License-Identifier: GPL-2.0-only
/*
 * Real clients: connect, ask, verify the whole reply, close, with the kernel's own sockets, in one
 * or more threads. Decides when a connection counts as served: only when every byte of the reply
 * was there and right within the timeout. Connect times include SYN retransmissions; a failure is
 * counted under the step and the errno that ended it ("connect:ETIMEDOUT" is our own deadline too).
 */
#include <getopt.h>
#include <jansson.h>
#include <math.h>
#include <pthread.h>
#include <stdlib.h>
#include <time.h>

#include "args.h"
#include "tcpload_client.h"

#define NR_CAUSES 32
#define MAX_THREADS 1024

struct cause {
	char name[48];
	uint64_t count;
};

/* Shared by all threads. */
struct load {
	struct args args;
	uint64_t deadline_ns;
	pthread_mutex_t lock;
	uint64_t started, served, failed;
	struct cause causes[NR_CAUSES];
	uint32_t *connect_us;
	size_t nr_connects, max_connects;
};

static void misuse(const char *what)
{
	fprintf(stderr,
		"tcpload: %s\n"
		"usage: tcpload --dst ADDR --port N [--count N | --seconds S] [--concurrency N=1]\n"
		"               [--timeout-ms N=3000] [--http PATH | --echo BYTES=64 | "
		"--read BYTES]\n"
		"               [--bind ADDR] [--source-port N] [--reuseport] [--pause-ms N=0] "
		"[-j]\n"
		"               [--md5 KEY] [--fastopen] [--mptcp] [--vanish]\n"
		"--pause-ms: so long each of the --concurrency waits before its next one.\n"
		"--fastopen: the first 64 KB go with connect(), in the SYN if the kernel knows "
		"how.\n"
		"--vanish: each ends without a FIN, as if its host were gone.\n",
		what);
	exit(2);
}

static void read_arg(struct args *args, int which, const char *text, const char **ret_bind)
{
	switch (which) {
	case 'd':
		args->dst_text = text;
		break;
	case 'p':
		args->port = (unsigned int)args_number(text, 65535);
		break;
	case 'c':
		args->count = args_number(text, UINT64_MAX);
		break;
	case 's':
		args->seconds = args_seconds(text);
		break;
	case 'n':
		args->concurrency = (unsigned int)args_number(text, MAX_THREADS);
		break;
	case 't':
		args->timeout_ms = (unsigned int)args_number(text, 3600000);
		break;
	case 'h':
		args->http = text;
		break;
	case 'e':
		args->echo = args_number(text, 1 << 30);
		break;
	case 'r':
		args->echo = args_number(text, 1 << 30);
		args->is_reading = true;
		break;
	case 'b':
		*ret_bind = text;
		break;
	case 'S':
		args->source_port = (unsigned int)args_number(text, 65535);
		break;
	case 'P':
		args->pause_ms = (unsigned int)args_number(text, 60000);
		break;
	case '5':
		args->md5_key = text;
		break;
	case 'u':
		args->is_reuseport = true;
		break;
	case 'f':
		args->is_fastopen = true;
		break;
	case 'M':
		args->is_mptcp = true;
		break;
	case 'v':
		args->is_vanishing = true;
		break;
	case 'j':
		args->is_json = true;
		break;
	default:
		misuse("unknown option");
	}
}

static void read_args(struct args *args, int argc, char **argv)
{
	static const struct option options[] = {
		{ "dst", 1, NULL, 'd' },
		{ "port", 1, NULL, 'p' },
		{ "count", 1, NULL, 'c' },
		{ "seconds", 1, NULL, 's' },
		{ "concurrency", 1, NULL, 'n' },
		{ "timeout-ms", 1, NULL, 't' },
		{ "http", 1, NULL, 'h' },
		{ "echo", 1, NULL, 'e' },
		{ "bind", 1, NULL, 'b' },
		{ "source-port", 1, NULL, 'S' },
		{ "pause-ms", 1, NULL, 'P' },
		{ "json", 0, NULL, 'j' },
		{ "read", 1, NULL, 'r' },
		{ "md5", 1, NULL, '5' },
		{ "reuseport", 0, NULL, 'u' },
		{ "fastopen", 0, NULL, 'f' },
		{ "vanish", 0, NULL, 'v' },
		{ "mptcp", 0, NULL, 'M' },
		{ 0 },
	};
	const char *bind_text = NULL;
	int which;

	while ((which = getopt_long(argc, argv, "j", options, NULL)) != -1)
		read_arg(args, which, optarg, &bind_text);
	if (optind < argc)
		misuse(argv[optind]);
	if (!args->dst_text || !args->port || !args->concurrency)
		misuse("--dst and --port are needed");
	if (!args->count)
		args->count = args->seconds > 0 ? UINT64_MAX : 1;
	args->dst_len = args_sockaddr(args->dst_text, args->port, &args->dst);
	if (!bind_text && args->source_port)
		bind_text = args->dst.ss_family == AF_INET6 ? "::" : "0.0.0.0";
	if (bind_text)
		args->bind_len = args_sockaddr(bind_text, args->source_port, &args->bind);
}

/* ---- all of them -------------------------------------------------------------------------------
 */

/* Under the lock. */
static void load_count_cause(struct load *load, const char *step, int err)
{
	char name[sizeof(load->causes[0].name)];
	const char *error = strerrorname_np(-err);
	int i;

	snprintf(name, sizeof(name), "%s:%s", step, error ? error : "unknown");
	for (i = 0; i < NR_CAUSES - 1; i++)
		if (!load->causes[i].count || !strcmp(load->causes[i].name, name))
			break;
	memcpy(load->causes[i].name, name, sizeof(name));
	load->causes[i].count++;
}

/* Under the lock. */
static void load_note_connect(struct load *load, uint64_t us)
{
	if (load->nr_connects == load->max_connects) {
		size_t more = load->max_connects ? load->max_connects * 2 : 4096;
		uint32_t *grown = realloc(load->connect_us, more * sizeof(*grown));

		if (!grown)
			return;
		load->connect_us = grown;
		load->max_connects = more;
	}
	load->connect_us[load->nr_connects++] = us < UINT32_MAX ? (uint32_t)us : UINT32_MAX;
}

static bool load_take(struct load *load)
{
	bool is_taken;

	pthread_mutex_lock(&load->lock);
	is_taken = !is_stopped && load->started < load->args.count &&
		   (!load->deadline_ns || monotonic_ns() < load->deadline_ns);
	load->started += is_taken;
	pthread_mutex_unlock(&load->lock);
	return is_taken;
}

/* A signal ends it. */
static void load_pause(const struct load *load)
{
	const struct timespec pause = timespec_of(load->args.pause_ms * 1000000ull);

	if (load->args.pause_ms && !is_stopped)
		nanosleep(&pause, NULL);
}

static void *load_thread(void *arg)
{
	struct load *load = arg;

	while (load_take(load)) {
		struct client client = { .args = &load->args, .fd = -1 };
		int err;

		client.deadline_ns = monotonic_ns() + load->args.timeout_ms * 1000000ull;
		err = client_run(&client);
		pthread_mutex_lock(&load->lock);
		if (client.connect_us)
			load_note_connect(load, client.connect_us);
		if (err)
			load_count_cause(load, client.step, err);
		load->served += !err;
		load->failed += !!err;
		pthread_mutex_unlock(&load->lock);
		load_pause(load);
	}
	return NULL;
}

static int by_value(const void *a, const void *b)
{
	uint32_t x = *(const uint32_t *)a, y = *(const uint32_t *)b;

	return (x > y) - (x < y);
}

/* The smallest value that at least this share of the connects does not exceed. */
static uint32_t load_quantile(const struct load *load, double share)
{
	size_t rank = (size_t)ceil(share * (double)load->nr_connects);

	return load->nr_connects ? load->connect_us[rank ? rank - 1 : 0] : 0;
}

static void load_report(struct load *load)
{
	json_t *errors = json_object(), *all;
	int i;

	if (load->nr_connects)
		qsort(load->connect_us, load->nr_connects, sizeof(*load->connect_us), by_value);
	for (i = 0; i < NR_CAUSES && load->causes[i].count; i++)
		json_object_set_new(errors, load->causes[i].name,
				    json_integer((json_int_t)load->causes[i].count));
	if (!load->args.is_json) {
		printf("served %llu, failed %llu; connect p50 %u us, p99 %u us, max %u us",
		       (unsigned long long)load->served, (unsigned long long)load->failed,
		       load_quantile(load, 0.5), load_quantile(load, 0.99), load_quantile(load, 1));
		for (i = 0; i < NR_CAUSES && load->causes[i].count; i++)
			printf("%s %s %llu", i ? "," : ";", load->causes[i].name,
			       (unsigned long long)load->causes[i].count);
		printf("\n");
		json_decref(errors);
		return;
	}
	all = json_pack("{s:I, s:I, s:{s:i, s:i, s:i}, s:o}", "served", (json_int_t)load->served,
			"failed", (json_int_t)load->failed, "connect_us", "p50",
			(int)load_quantile(load, 0.5), "p99", (int)load_quantile(load, 0.99), "max",
			(int)load_quantile(load, 1), "errors", errors);
	json_dumpf(all, stdout, JSON_PRESERVE_ORDER);
	printf("\n");
	json_decref(all);
}

static void on_signal(int sig)
{
	(void)sig;
	is_stopped = 1;
}

int main(int argc, char **argv)
{
	static pthread_t threads[MAX_THREADS];
	struct load load = { .args = { .concurrency = 1, .timeout_ms = 3000, .echo = 64 },
			     .lock = PTHREAD_MUTEX_INITIALIZER };
	struct sigaction stop = { .sa_handler = on_signal };
	unsigned int i, nr = 0;

	read_args(&load.args, argc, argv);
	sigaction(SIGINT, &stop, NULL);
	sigaction(SIGTERM, &stop, NULL);
	if (load.args.seconds > 0)
		load.deadline_ns = monotonic_ns() + (uint64_t)(load.args.seconds * 1e9);
	for (i = 0; i < load.args.concurrency; i++)
		nr += !pthread_create(&threads[nr], NULL, load_thread, &load);
	if (!nr) {
		fprintf(stderr, "tcpload: cannot start a thread\n");
		return 1;
	}
	for (i = 0; i < nr; i++)
		pthread_join(threads[i], NULL);
	load_report(&load);
	free(load.connect_us);
	return 0;
}
