/* SPDX-License-Identifier: GPL-2.0-only */
/* sources: daemon/config*.c */
/*
 * Arbitrary text as a config file: there comes either a config in which every value is in its
 * range, or at least one error, and every error names the file and a line that it has. The same
 * text gives the same again, and so does the text with a comment behind it. The first line is also
 * taken for a key and a value that come while the daemon runs.
 */
#include "fuzz.h"

#include <errno.h>
#include <string.h>

#include "cleanup.h"
#include "config.h"

#define FILE_NAME "fuzz.conf"
#define COMMENT "\n; nothing\n"
#define TEXT_MAX 65536

/* What one parse came to, as text. */
static void describe_tunables(const struct tunables *t, FILE *to)
{
	HOLDS(t->arm_half_open <= ARM_HALF_OPEN_MAX && t->arm_syn_rate <= ARM_SYN_RATE_MAX);
	HOLDS(t->hold_seconds >= 1 && t->hold_seconds <= HOLD_MAX_SECONDS);
	HOLDS(t->low_water_percent >= 1 && t->low_water_percent <= 100);
	HOLDS(t->handshake_timeout_seconds >= 1 &&
	      t->handshake_timeout_seconds <= HANDSHAKE_TIMEOUT_MAX_SECONDS);
	HOLDS(t->max_half_open >= 1 && t->max_half_open <= ARM_HALF_OPEN_MAX);
	fprintf(to, "%u %u %u %u %u %u\n", t->arm_half_open, t->arm_syn_rate, t->hold_seconds,
		t->low_water_percent, t->handshake_timeout_seconds, t->max_half_open);
}

static void describe_service(const struct service *s, FILE *to)
{
	HOLDS(*s->name && strlen(s->name) <= SERVICE_NAME_MAX);
	HOLDS(s->nr_ports && s->nr_ports <= ROWS_MAX);
	HOLDS(s->any_address == !s->nr_addresses);
	HOLDS(s->mode <= SVC_ALWAYS);
	fprintf(to, "[%s] mode %d first %d ports", s->name, (int)s->mode, s->server_first);
	for (size_t i = 0; i < s->nr_ports; i++) {
		HOLDS(s->ports[i]);
		fprintf(to, " %u", s->ports[i]);
	}
	for (size_t i = 0; i < s->nr_addresses; i++)
		fprintf(to, " %08x%08x%08x%08x", s->addresses[i].word[0], s->addresses[i].word[1],
			s->addresses[i].word[2], s->addresses[i].word[3]);
	describe_tunables(&s->tunables, to);
}

static void describe(const struct config *config, FILE *to)
{
	HOLDS(config->nr_interfaces && config->nr_services && config->nr_services <= ROWS_MAX);
	HOLDS(config->xdp_mode <= XDP_MODE_GENERIC && config->on_stop <= ON_STOP_DETACH);
	HOLDS(config->synack_per_prefix <= SYNACK_CAP_MAX);
	HOLDS(config->max_flows >= MAX_FLOWS_LEAST && config->max_flows <= MAX_FLOWS_MOST);
	HOLDS(!(config->max_flows & (config->max_flows - 1)));
	HOLDS(config->control_socket[0] == '/' && config->pin_path[0] == '/');
	fprintf(to, "%s %s %s %s %s %u %d %d %d %u\n", config->control_socket, config->pin_path,
		config->state_directory ?: "-", config->allow_file ?: "-", config->deny_file ?: "-",
		config->synack_per_prefix, config->reply_by_route, (int)config->xdp_mode,
		(int)config->on_stop, config->max_flows);
	for (size_t i = 0; i < config->nr_interfaces; i++) {
		HOLDS(config->interfaces[i][0]);
		fprintf(to, "%s\n", config->interfaces[i]);
	}
	for (size_t i = 0; i < config->nr_services; i++)
		describe_service(&config->services[i], to);
}

/* "fuzz.conf:12: what is wrong", and there is a line 12. An empty file has a line 1. */
static void check_error(const char *line, unsigned long nr_lines)
{
	const char *number = line + strlen(FILE_NAME ":");
	unsigned long at;
	char *end;

	HOLDS(!strncmp(line, FILE_NAME ":", strlen(FILE_NAME ":")));
	HOLDS(*number >= '1' && *number <= '9');
	at = strtoul(number, &end, 10);
	HOLDS(at <= (nr_lines ?: 1));
	HOLDS(end[0] == ':' && end[1] == ' ' && end[2]);
	HOLDS(!strchr(line, '\n'));
}

static unsigned long count_lines(const char *text, size_t size)
{
	unsigned long nr = 0;

	for (size_t i = 0; i < size; i++)
		nr += text[i] == '\n' || i + 1 == size;
	return nr;
}

/* What comes of the text: all of the config, or all errors. */
static char *outcome(const char *text, size_t size)
{
	struct config config = { 0 };
	struct config_errors errors = { 0 };
	char *said = NULL;
	size_t nr_bytes;
	FILE *to = open_memstream(&said, &nr_bytes);
	int err = config_parse(FILE_NAME, text, size, &config, &errors);

	HOLDS(to && (err == 0 || err == -EINVAL));
	HOLDS((err != 0) == (errors.nr_lines != 0));
	HOLDS(!errors.nr_left_out || errors.nr_lines == CONFIG_ERRORS_MAX);
	for (size_t i = 0; i < errors.nr_lines; i++)
		check_error(errors.lines[i], count_lines(text, size));
	config_errors_print(&errors, to, "");
	if (!err)
		describe(&config, to);
	config_errors_free(&errors);
	config_free(&config);
	fclose(to);
	return said;
}

/* Errors that stand at the last line move to the comment, those that count lines are the same. */
static void check_comment(const char *text, size_t size, const char *was)
{
	char *longer __cleanup(cleanup_free) = malloc(size + sizeof(COMMENT));
	char *now __cleanup(cleanup_free) = NULL;

	memcpy(longer, text, size);
	memcpy(longer + size, COMMENT, sizeof(COMMENT) - 1);
	now = outcome(longer, size + sizeof(COMMENT) - 1);
	if (strncmp(was, FILE_NAME, strlen(FILE_NAME)))
		HOLDS(!strcmp(was, now));
	else
		HOLDS(!strncmp(now, FILE_NAME, strlen(FILE_NAME)));
}

/* "KEY=VALUE", the first line. */
static void check_tune(const char *text, size_t size)
{
	size_t nr_line = memchr(text, '\n', size) ? strcspn(text, "\n") : size;
	char *key __cleanup(cleanup_free) = strndup(text, nr_line);
	char *value = key + strcspn(key, "=");
	struct service service = { 0 }, before;
	struct config_errors errors = { 0 };
	FILE *nowhere = fmemopen(NULL, 256, "w");
	int err;

	if (*value)
		*value++ = '\0';
	service_init(&service);
	before = service;
	err = config_tune(key, value, &service.tunables, &errors);
	HOLDS(err == 0 || err == -EINVAL);
	HOLDS(errors.nr_lines == (err ? 1 : 0));
	HOLDS(!err || !memcmp(&before.tunables, &service.tunables, sizeof(before.tunables)));
	describe_tunables(&service.tunables, nowhere);
	fclose(nowhere);
	config_errors_free(&errors);
	service_free(&service);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	/* Ends where its block ends, so that the sanitizer sees the first byte read behind it. */
	char *text __cleanup(cleanup_free) = malloc(size);
	char *said __cleanup(cleanup_free) = NULL;
	char *again __cleanup(cleanup_free) = NULL;
	char *string __cleanup(cleanup_free) = NULL;

	if (size > TEXT_MAX)
		return -1;
	if (size)
		memcpy(text, data, size);
	said = outcome(text, size);
	again = outcome(text, size);
	HOLDS(!strcmp(said, again));
	check_comment(text, size, said);
	string = strndup(text ?: "", size);
	check_tune(string, strlen(string));
	return 0;
}
