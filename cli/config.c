// SPDX-License-Identifier: GPL-2.0-only
/*
 * The config files as the daemon would read them, by its own reader, whether it runs or not; and
 * the word to the one that runs to read them again.
 */
#include <stdbool.h>
#include <stdio.h>
#include <string.h>

#include "../daemon/config.h"
#include "cli.h"
#include "client.h"
#include "json.h"
#include "proto.h"

static const struct out_column columns[] = { OUT_COLUMN("SECTION", "section"),
					     OUT_COLUMN("KEY", "key"), OUT_COLUMN("VALUE", "value"),
					     OUT_COLUMN("FROM", "from"), OUT_END };
static const struct out_table table = { "key", columns };

static enum cli_exit complain(const char *path, int err, struct config_errors *errors)
{
	config_errors_print(errors, stderr, "synward: ");
	if (!errors->nr_lines)
		fprintf(stderr, "synward: %s: %s\n", path, strerror(-err));
	config_errors_free(errors);
	return CLI_FAILED;
}

static void print_errors(const struct cli *cli, const char *path,
			 const struct config_errors *errors)
{
	json_t *lines = json_array(), *all __cleanup(cleanup_json) = NULL;

	for (size_t i = 0; i < errors->nr_lines; i++)
		json_array_append_new(lines, json_string(errors->lines[i]) ?: json_null());
	all = json_pack("{s:s, s:i, s:o}", "file", path, "errors_left_out",
			(int)errors->nr_left_out, "errors", lines);
	out_json(cli->format, all);
}

/* For people errors go to stderr, for programs into the JSON. */
static enum cli_exit check(const struct cli *cli, const char *path)
{
	const bool is_json = cli->format == OUT_JSON || cli->format == OUT_PRETTY;
	struct config_errors errors = { 0 };
	struct config config = { 0 };
	int err = config_load(path, &config, &errors);

	if (is_json)
		print_errors(cli, path, &errors);
	if (err)
		return complain(path, err, &errors);
	config_free(&config);
	if (!is_json)
		printf("%s: ok\n", path);
	return CLI_DONE;
}

static json_t *line_json(const struct config_line *line)
{
	return json_pack("{s:s, s:s, s:s, s:s}", "section",
			 *line->section ? line->section : "synward", "key", line->key, "value",
			 line->value, "from", line->from);
}

/* As a file would have it, which it could be but for the length of lines. */
static void show_text(const struct config_lines *lines)
{
	const char *section = NULL;

	for (size_t i = 0; i < lines->nr; i++) {
		const struct config_line *line = &lines->line[i];
		char setting[64];

		if (!section || strcmp(section, line->section))
			printf("%s[%s%s]\n", section ? "\n" : "",
			       *line->section ? "service " : "synward", line->section);
		section = line->section;
		snprintf(setting, sizeof(setting), "%s = ", line->key);
		printf("%s%-*s ; %s\n", setting, (int)(46 - strlen(setting)), line->value,
		       line->from);
	}
}

static enum cli_exit show_json(enum out_format format, const struct config_lines *lines)
{
	json_t *rows = json_array();
	json_t *all __cleanup(cleanup_json) = json_pack("{s:o}", "keys", rows);

	for (size_t i = 0; i < lines->nr; i++) {
		if (json_array_append_new(rows, line_json(&lines->line[i]))) {
			fputs("synward: a value is no valid UTF-8\n", stderr);
			return CLI_FAILED;
		}
	}
	if (format == OUT_TABS)
		out_table(format, &table, rows);
	else
		out_json(format, all);
	return CLI_DONE;
}

static enum cli_exit show(const struct cli *cli, const char *path)
{
	struct config_errors errors = { 0 };
	struct config_lines lines = { 0 };
	enum cli_exit end = CLI_DONE;
	int err = config_show(path, &lines, &errors);

	if (err)
		end = complain(path, err, &errors);
	else if (cli->format == OUT_TEXT)
		show_text(&lines);
	else
		end = show_json(cli->format, &lines);
	config_lines_free(&lines);
	return end;
}

enum cli_exit cli_config(const struct cli *cli, char **words)
{
	const char *path = words[1] && words[2] ? words[2] : CONFIG_PATH_DEFAULT;

	if (words[1] && words[2] && words[3])
		return cli_misuse(words[3], "is not expected after the file");
	if (!words[1] || !strcmp(words[1], "show"))
		return show(cli, path);
	if (!strcmp(words[1], "check"))
		return check(cli, path);
	return cli_misuse(words[1], "is not expected after config, which has check and show");
}

enum cli_exit cli_reload(const struct cli *cli, char **words)
{
	json_t *reply __cleanup(cleanup_json) = NULL;

	(void)words;
	return client_ask(cli, PROTO_RELOAD, json_object(), &reply);
}
