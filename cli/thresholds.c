/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * `synward thresholds`: what arms each service, who says so, and what the daemon has learned of
 * peace.
 */
#include <stdio.h>

#include "cli.h"
#include "client.h"
#include "json.h"
#include "proto.h"

static const struct out_table threshold_table = {
	"threshold",
	(const struct out_column[]){
		OUT_COLUMN("SERVICE", "name"),
		OUT_COLUMN("PORT", "port"),
		OUT_TABS_COLUMN("mode"),
		OUT_COLUMN("BACKLOG", "backlog"),
		OUT_COLUMN("HALF-OPEN", "half_open"),
		OUT_COLUMN("FROM", "half_open_source"),
		OUT_COLUMN("LEARNED", "learned_half_open"),
		OUT_COLUMN("SYN/S", "syn_rate"),
		OUT_COLUMN("FROM", "syn_rate_source"),
		OUT_COLUMN("LEARNED", "learned_syn_rate"),
		OUT_COLUMN("LOW-WATER", "low_water"),
		OUT_TABS_COLUMN("hold_seconds"),
		OUT_TEXT_COLUMN("HOLD", "hold"),
		OUT_TABS_COLUMN("handshake_timeout_seconds"),
		OUT_TABS_COLUMN("max_half_open"),
		OUT_END,
	},
};

enum cli_exit cli_thresholds(const struct cli *cli, char **words)
{
	json_t *reply __cleanup(cleanup_json) = NULL;
	enum cli_exit end = client_ask(cli, PROTO_THRESHOLDS, json_object(), &reply);
	char hold[OUT_NUMBER_SIZE];
	json_t *rows, *row;
	size_t i;

	(void)words;
	if (end)
		return end;
	if (cli->format == OUT_JSON || cli->format == OUT_PRETTY) {
		out_json(cli->format, reply);
		return CLI_DONE;
	}
	rows = json_object_get(reply, "thresholds");
	json_array_foreach (rows, i, row) {
		const json_int_t seconds = json_integer_value(json_object_get(row, "hold_seconds"));

		json_object_set_new(row, "hold", json_string(out_duration(seconds, hold)));
	}
	out_table(cli->format, &threshold_table, rows);
	return CLI_DONE;
}
