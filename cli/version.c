/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * `synward version`: all that a report of a fault should begin with. Without synwardd it says of
 * itself and the kernel what it can, and that is no failure.
 */
#include <stdio.h>
#include <string.h>
#include <sys/utsname.h>

#include "cli.h"
#include "client.h"
#include "json.h"
#include "proto.h"

static const struct out_table version_table = { "version", (const struct out_column[]){
								   OUT_TABS_COLUMN("synward"),
								   OUT_TABS_COLUMN("synwardd"),
								   OUT_TABS_COLUMN("kernel"),
								   OUT_TABS_COLUMN("libbpf"),
								   OUT_END,
							   } };

static void print_text(const json_t *versions, const json_t *status, const char *why)
{
	const char *daemon = out_text_of(versions, "synwardd");
	char uptime[OUT_NUMBER_SIZE];

	printf("synward   %s\n", out_text_of(versions, "synward"));
	if (status)
		printf("synwardd  %s, up %s\n", daemon,
		       out_duration(out_integer_of(status, "uptime_seconds"), uptime));
	else
		printf("synwardd  unknown: %s\n", why);
	printf("kernel    %s\n", out_text_of(versions, "kernel"));
	if (status)
		printf("libbpf    %s\n", out_text_of(versions, "libbpf"));
	if (status && strcmp(daemon, VERSION))
		printf("\nsynwardd is not of the version of synward: restart it after an "
		       "upgrade\n");
}

enum cli_exit cli_version(const struct cli *cli, char **words)
{
	json_t *status __cleanup(cleanup_json) = NULL;
	json_t *versions __cleanup(cleanup_json) = NULL;
	json_t *rows __cleanup(cleanup_json) = NULL;
	char why[CLIENT_WHY_SIZE];
	struct utsname kernel;

	(void)words;
	if (client_ask_quietly(cli, PROTO_STATUS, json_object(), &status, why) == CLI_MISUSE)
		return CLI_MISUSE;
	uname(&kernel);
	versions = json_pack("{s:s, s:s?, s:s, s:s?}", "synward", VERSION, "synwardd",
			     json_string_value(json_object_get(status, "version")), "kernel",
			     kernel.release, "libbpf",
			     json_string_value(json_object_get(status, "libbpf")));
	switch (cli->format) {
	case OUT_JSON:
	case OUT_PRETTY:
		out_json(cli->format, versions);
		break;
	case OUT_TABS:
		rows = json_pack("[O]", versions);
		out_table(OUT_TABS, &version_table, rows);
		break;
	case OUT_TEXT:
		print_text(versions, status, why);
		break;
	}
	return CLI_DONE;
}
