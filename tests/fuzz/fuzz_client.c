/* SPDX-License-Identifier: GPL-2.0-only */
/* sources: cli/client.c cli/frame.c cli/handshakes.c cli/lists.c cli/metrics.c cli/monitor.c cli/out.c cli/pcapng.c cli/status.c cli/thresholds.c cli/trace.c cli/trace_view.c */
/*
 * Arbitrary bytes as what answers at the control socket, for the verbs that print a reply. The
 * first byte says which verb and in which format; the rest comes over a real socket, which then
 * closes. A verb that is not satisfied says why, on stderr; as JSON it prints JSON.
 */
#include "fuzz.h"

#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "cli.h"
#include "json.h"

static int connect_to_answer(int fd, const struct sockaddr *address, socklen_t size);

/* The wire itself, but that it finds us where it connects. */
#define connect connect_to_answer
#include "../../cli/wire.c"
#undef connect

#define ANSWER_MAX 65536 /* fits into the socket's buffer */

static const uint8_t *answer;
static size_t answer_bytes;
static int peer = -1;

/* Whoever it is for, our end of a pair answers: all at once, and no more. */
static int connect_to_answer(int fd, const struct sockaddr *address, socklen_t size)
{
	int ends[2];

	(void)address;
	(void)size;
	HOLDS(!socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0, ends));
	HOLDS(write(ends[0], answer, answer_bytes) == (ssize_t)answer_bytes);
	HOLDS(!shutdown(ends[0], SHUT_WR));
	HOLDS(dup2(ends[1], fd) == fd);
	close(ends[1]);
	peer = ends[0];
	return 0;
}

enum cli_exit cli_misuse(const char *word, const char *problem)
{
	fprintf(stderr, "synward: '%s' %s\n", word, problem);
	return CLI_MISUSE;
}

static void check_output(const struct cli *cli, enum cli_exit end, const char *out, const char *err)
{
	json_t *json __cleanup(cleanup_json) = NULL;

	HOLDS(end == CLI_DONE || (*err && err[strlen(err) - 1] == '\n'));
	if (cli->format != OUT_JSON && cli->format != OUT_PRETTY)
		return;
	/* One value behind the other; a reply of Monitor without an event is an empty line. */
	for (out += strspn(out, "\n"); *out; out += strspn(out, "\n")) {
		json_error_t at;

		json_decref(json);
		json = json_loads(out, JSON_DISABLE_EOF_CHECK, &at);
		HOLDS(json);
		out += at.position;
	}
}

/* Runs a verb with its output in memory. */
static void run(cli_verb *verb, const struct cli *cli)
{
	char *words[] = { "deny", "list", NULL }, *out = NULL, *err = NULL;
	FILE *old_out = stdout, *old_err = stderr;
	size_t nr_out, nr_err;
	enum cli_exit end;

	stdout = open_memstream(&out, &nr_out);
	stderr = open_memstream(&err, &nr_err);
	end = verb(cli, words);
	fclose(stdout);
	fclose(stderr);
	stdout = old_out;
	stderr = old_err;
	check_output(cli, end, out, err);
	free(out);
	free(err);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static cli_verb *const verbs[] = { cli_status, cli_thresholds, cli_handshakes,
					   cli_monitor };
	struct cli cli = { .socket_path = "/synward" };

	if (!size || size > ANSWER_MAX)
		return -1;
	cli.format = data[0] >> 2 & 3;
	answer = data + 1;
	answer_bytes = size - 1;
	if (data[0] & 0x40)
		run(cli_trace, &cli);
	else if (data[0] & 0x20)
		run(cli_metrics, &cli);
	else
		run(data[0] & 0x10 ? cli_deny : verbs[data[0] & 3], &cli);
	close(peer);
	return 0;
}
