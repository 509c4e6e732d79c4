/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The verbs that change a service: set, mode, arm, disarm; and key. Each may be given again without
 * harm.
 * The daemon says what is allowed; with --persist, what it accepted is then written down for its
 * next start.
 */
#include <stdio.h>
#include <string.h>

#include "cli.h"
#include "client.h"
#include "dropin.h"
#include "json.h"
#include "proto.h"

/* The change is made already: whatever fails here is only about the next start. */
static enum cli_exit persist(const json_t *reply, struct dropin *dropin)
{
	char *path __cleanup(cleanup_free) = NULL;
	int err;

	dropin->directory = json_string_value(json_object_get(reply, "drop_in_directory"));
	if (!dropin->directory) {
		fprintf(stderr,
			"synward: changed until synwardd stops, but not kept: it runs without a "
			"config file\n");
		return CLI_FAILED;
	}
	err = dropin_write(dropin, &path);
	if (!err)
		return CLI_DONE;
	fprintf(stderr, "synward: changed until synwardd stops, but not kept: %s: %s\n",
		path ?: dropin->directory, strerror(-err));
	return CLI_FAILED;
}

static enum cli_exit change_key(const struct cli *cli, const char *method, json_t *parameters,
				struct dropin *dropin)
{
	json_t *reply __cleanup(cleanup_json) = NULL;
	enum cli_exit end = client_ask(cli, method, parameters, &reply);

	return end || !cli->options[CLI_PERSIST] ? end : persist(reply, dropin);
}

enum cli_exit cli_set(const struct cli *cli, char **words)
{
	struct dropin dropin = { .service = words[1], .key = words[2], .value = words[3] };
	char *command __cleanup(cleanup_free) = NULL;

	if (asprintf(&command, "synward set %s %s %s --persist", words[1], words[2], words[3]) < 0)
		command = NULL;
	dropin.command = command ?: "synward set --persist";
	return change_key(cli, PROTO_SET,
			  json_pack("{s:s, s:s, s:s}", "service", words[1], "key", words[2],
				    "value", words[3]),
			  &dropin);
}

enum cli_exit cli_mode(const struct cli *cli, char **words)
{
	struct dropin dropin = { .service = words[1], .key = "mode", .value = words[2] };
	char *command __cleanup(cleanup_free) = NULL;

	if (asprintf(&command, "synward mode %s %s --persist", words[1], words[2]) < 0)
		command = NULL;
	dropin.command = command ?: "synward mode --persist";
	return change_key(cli, PROTO_SET_MODE,
			  json_pack("{s:s, s:s}", "service", words[1], "mode", words[2]), &dropin);
}

/* The word may not be left out: nothing is changed by looking. */
enum cli_exit cli_key(const struct cli *cli, char **words)
{
	json_t *reply __cleanup(cleanup_json) = NULL;
	bool at_once = cli->options[CLI_NOW];
	enum cli_exit end;
	json_int_t ms;

	if (!words[1] || strcmp(words[1], "rotate"))
		return cli_misuse(words[1] ?: "key",
				  words[1] ? "is nothing to do with a key; there is rotate" :
					     "needs a word: rotate");
	if (words[2])
		return cli_misuse(words[2], "is not expected after rotate");
	end = client_ask(cli, PROTO_ROTATE_KEY,
			 json_pack("{s:s}", "from", at_once ? "now" : "epoch"), &reply);
	if (end)
		return end;
	ms = json_integer_value(json_object_get(reply, "milliseconds"));
	if (cli->format == OUT_JSON || cli->format == OUT_PRETTY)
		out_json(cli->format, reply);
	else if (cli->format == OUT_TABS)
		printf("key\t%lld\n", (long long)ms);
	else if (at_once)
		puts("another key, now; what was answered before has to begin anew");
	else
		printf("another key in %lld s; what was answered before stays good\n",
		       (long long)(ms + 999) / 1000);
	return CLI_DONE;
}

enum cli_exit cli_arm(const struct cli *cli, char **words)
{
	json_t *reply __cleanup(cleanup_json) = NULL;
	json_t *parameters;
	__u32 seconds = 0;

	if (cli_seconds(cli, PROTO_ARM_SECONDS_MAX, &seconds))
		return CLI_MISUSE;
	parameters = json_pack("{s:s}", "service", words[1]);
	if (seconds)
		json_object_set_new(parameters, "seconds", json_integer(seconds));
	return client_ask(cli, PROTO_ARM, parameters, &reply);
}

enum cli_exit cli_disarm(const struct cli *cli, char **words)
{
	json_t *reply __cleanup(cleanup_json) = NULL;

	return client_ask(cli, PROTO_DISARM, json_pack("{s:s}", "service", words[1]), &reply);
}
