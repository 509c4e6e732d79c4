/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * synward-exporter: what synwardd counts, over HTTP, for Prometheus. A process of its own, with no
 * privilege but that of connecting to the control socket, so that nothing that speaks HTTP to the
 * world runs where the privileges are. It runs until SIGTERM or SIGINT.
 */
#include <errno.h>
#include <getopt.h>
#include <poll.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <sys/signalfd.h>
#include <systemd/sd-daemon.h>
#include <unistd.h>

#include "cleanup.h"
#include "http.h"
#include "listen.h"
#include "proto.h"

enum { DONE = 0, FAILED = 1, MISUSE = 2 };

struct options {
	const char *listen; /* NULL: not given */
	const char *socket_path;
};

static int misuse(const char *word, const char *problem)
{
	fprintf(stderr, "synward-exporter: %s %s; see --help\n", *word ? word : "''", problem);
	return MISUSE;
}

static void help(void)
{
	printf("Usage: synward-exporter [OPTION...]\n\n"
	       "  What synwardd counts, over HTTP, for Prometheus: /metrics\n\n"
	       "      --listen ADDRESS:PORT  where to (default %s);\n"
	       "                             not with a socket that systemd hands over\n"
	       "      --socket PATH          the control socket of synwardd (default\n"
	       "                             %s)\n"
	       "  -h, --help\n"
	       "  -V, --version\n\n"
	       "Exit status: 0 done, 1 failed, 2 misuse.\n",
	       LISTEN_DEFAULT, PROTO_SOCKET_DEFAULT);
}

/* Returns whether to go on; *ret_end is the exit status if not. */
static bool options_read(int argc, char **argv, struct options *options, int *ret_end)
{
	static const struct option known[] = { { "listen", required_argument, NULL, 'l' },
					       { "socket", required_argument, NULL, 's' },
					       { "help", no_argument, NULL, 'h' },
					       { "version", no_argument, NULL, 'V' },
					       { 0 } };
	int option, at;

	*ret_end = DONE;
	opterr = 0;
	while (at = optind ?: 1, (option = getopt_long(argc, argv, "+:hV", known, NULL)) >= 0) {
		switch (option) {
		case 'l':
			options->listen = optarg;
			break;
		case 's':
			options->socket_path = optarg;
			break;
		case 'h':
			help();
			return false;
		case 'V':
			puts("synward-exporter " VERSION);
			return false;
		default:
			*ret_end = misuse(argv[at], option == ':' ? "needs a value" :
								    "is no option that is known");
			return false;
		}
	}
	if (optind < argc)
		*ret_end = misuse(argv[optind], "is not expected");
	else if (!*options->socket_path || strlen(options->socket_path) > PROTO_PATH_MAX)
		*ret_end = misuse("--socket", "needs a path of 1 to 107 bytes");
	return *ret_end == DONE;
}

/* The signals that end us, as a file; one that closes while we write to it ends nothing. */
static int signals_open(void)
{
	sigset_t signals;

	sigemptyset(&signals);
	sigaddset(&signals, SIGTERM);
	sigaddset(&signals, SIGINT);
	if (signal(SIGPIPE, SIG_IGN) == SIG_ERR || sigprocmask(SIG_BLOCK, &signals, NULL) < 0)
		return -1;
	return signalfd(-1, &signals, SFD_CLOEXEC | SFD_NONBLOCK);
}

static int serve(struct http *http, int signals_fd)
{
	struct pollfd ready[] = { { .fd = http_fd(http), .events = POLLIN },
				  { .fd = signals_fd, .events = POLLIN } };

	while (!ready[1].revents) {
		if (poll(ready, 2, http_timeout_ms(http)) < 0 && errno != EINTR) {
			perror("synward-exporter: poll");
			return FAILED;
		}
		http_run(http);
	}
	return DONE;
}

int main(int argc, char **argv)
{
	struct options options = { .socket_path = PROTO_SOCKET_DEFAULT };
	int signals_fd __cleanup(cleanup_close) = -1;
	struct scrape *scrape;
	struct http *http;
	int listen_fd, end, err;

	if (!options_read(argc, argv, &options, &end))
		return end;
	err = listen_open(options.listen, &listen_fd);
	if (err)
		return err == -EINVAL ? MISUSE : FAILED;
	signals_fd = signals_open();
	if (signals_fd < 0) {
		perror("synward-exporter: signals");
		return FAILED;
	}
	scrape = scrape_new(options.socket_path);
	if (!scrape)
		perror("synward-exporter");
	http = scrape ? http_open(listen_fd, scrape) : NULL;
	end = FAILED;
	if (http) {
		fputs("synward-exporter: ready\n", stderr);
		sd_notify(0, "READY=1");
		end = serve(http, signals_fd);
	}
	http_close(http);
	scrape_free(scrape);
	return end;
}
