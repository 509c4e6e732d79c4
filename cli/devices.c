/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The verbs that change which devices are protected: attach, confirm, detach. Each may be given
 * again without harm. What is said tells who is far away how to stay in.
 */
#include <stdio.h>
#include <string.h>

#include "cli.h"
#include "client.h"
#include "json.h"
#include "leftovers.h"
#include "proto.h"

/* JSON as it came. Returns whether that is all there is to say. */
static bool say_json(const struct cli *cli, const json_t *reply)
{
	if (cli->format != OUT_JSON && cli->format != OUT_PRETTY)
		return false;
	out_json(cli->format, reply);
	return true;
}

/* ---- attach ---- */

static void say_attached(const char *device, const json_t *reply, __u32 seconds)
{
	const char *keep = json_string_value(json_object_get(reply, "keep"));
	char duration[DURATION_SIZE];

	if (!strcmp(out_text_of(reply, "state"), "absent")) {
		printf("%s is not there; it is attached as soon as it is\n", device);
		return;
	}
	printf("%s is attached in %s mode\n", device, out_text_of(reply, "xdp_mode"));
	if (seconds)
		printf("that is taken back in %s, unless 'synward confirm' follows\n",
		       duration_format(seconds, duration));
	if (keep)
		printf("the next start of synwardd will not know of it; this keeps it: %s\n", keep);
}

enum cli_exit cli_attach(const struct cli *cli, char **words)
{
	json_t *reply __cleanup(cleanup_json) = NULL;
	enum cli_exit end;
	json_t *parameters;
	__u32 seconds = 0;

	if (cli_duration(cli, CLI_CONFIRM, PROTO_CONFIRM_SECONDS_MAX, &seconds))
		return CLI_MISUSE;
	parameters = json_pack("{s:s}", "interface", words[1]);
	if (seconds)
		json_object_set_new(parameters, "seconds", json_integer(seconds));
	end = client_ask(cli, PROTO_ATTACH, parameters, &reply);
	if (end || say_json(cli, reply))
		return end;
	if (cli->format == OUT_TABS)
		printf("attach\t%s\t%s\t%s\n", words[1], out_text_of(reply, "state"),
		       out_text_of(reply, "xdp_mode"));
	else
		say_attached(words[1], reply, seconds);
	return CLI_DONE;
}

/* ---- confirm and detach: those that it was about ---- */

static void say_each(const struct cli *cli, const json_t *reply, const char *verb, const char *text)
{
	const json_t *device;
	size_t i;

	json_array_foreach (json_object_get(reply, "interfaces"), i, device) {
		const char *name = json_string_value(device) ?: "-";

		if (cli->format == OUT_TABS)
			printf("%s\t%s\n", verb, name);
		else
			printf("%s %s\n", name, text);
	}
}

enum cli_exit cli_confirm(const struct cli *cli, char **words)
{
	json_t *reply __cleanup(cleanup_json) = NULL;
	enum cli_exit end = client_ask(cli, PROTO_CONFIRM, json_object(), &reply);

	(void)words;
	if (!end && !say_json(cli, reply))
		say_each(cli, reply, "confirm", "stays attached");
	return end;
}

enum cli_exit cli_detach(const struct cli *cli, char **words)
{
	json_t *parameters = json_object(), *reply __cleanup(cleanup_json) = NULL;
	char why[CLIENT_WHY_SIZE];
	enum cli_exit end;

	if (words[1] && words[2]) {
		json_decref(parameters);
		return cli_misuse(words[2], "is not expected after DEV");
	}
	if (words[1])
		json_object_set_new(parameters, "interface", json_string(words[1]));
	end = client_ask_quietly(cli, PROTO_DETACH, parameters, &reply, why);
	if (end == CLI_NO_DAEMON)
		return leftovers_remove(cli, words[1]);
	if (end)
		fprintf(stderr, "synward: %s\n", why);
	if (end || say_json(cli, reply))
		return end;
	say_each(cli, reply, "detach", "is detached, until 'synward attach' or a restart");
	if (cli->format == OUT_TEXT && !json_array_size(json_object_get(reply, "interfaces")))
		puts("nothing was attached");
	return CLI_DONE;
}
