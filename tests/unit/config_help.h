/* SPDX-License-Identifier: GPL-2.0-only */
/* sources: */
/*
 * What the tests of the config share: the least that a file must say, the errors as one text, and a
 * config as one text, so that a row can say all of what must come out.
 */
#ifndef SYNWARD_TEST_CONFIG_HELP_H
#define SYNWARD_TEST_CONFIG_HELP_H

#include <arpa/inet.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cleanup.h"
#include "config.h"

#define MAIN "[synward]\ninterfaces = eth0\n"
#define WEB "[service web]\nports = 80\n"
#define X50 "xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx"

/* A service's line of described(), where only its name and ports are said. 0 = auto. */
#define SERVICE_DEFAULT(name, ports) \
	name " " ports " any mode 2 arm 0 0 hold 30 low 50 in 63 max 4096\n"

static inline char *joined(const struct config_errors *errors)
{
	char *text = NULL;
	size_t nr_bytes;
	FILE *file = open_memstream(&text, &nr_bytes);

	assert_non_null(file);
	config_errors_print(errors, file, "");
	fclose(file);
	return text;
}

static inline void parse_good(const char *text, struct config *config)
{
	struct config_errors errors = { 0 };
	int err = config_parse("f", text, strlen(text), config, &errors);

	config_errors_print(&errors, stderr, "");
	assert_int_equal(err, 0);
}

static inline void describe_service(const struct service *service, FILE *file)
{
	const struct tunables *t = &service->tunables;
	char address[INET6_ADDRSTRLEN];
	size_t i;

	fprintf(file, "%s", service->name);
	for (i = 0; i < service->nr_ports; i++)
		fprintf(file, "%c%u", i ? ',' : ' ', service->ports[i]);
	fprintf(file, "%s", service->any_address ? " any" : "");
	for (i = 0; i < service->nr_addresses; i++)
		fprintf(file, " %s",
			inet_ntop(AF_INET6, &service->addresses[i], address, sizeof(address)));
	fprintf(file, " mode %d arm %u %u hold %u low %u in %u max %u\n", service->mode,
		t->arm_half_open, t->arm_syn_rate, t->hold_seconds, t->low_water_percent,
		t->handshake_timeout_seconds, t->max_half_open);
}

/* The interfaces in a line, then each service in one. */
static inline void assert_described(const struct config *config, const char *expected)
{
	char *text __cleanup(cleanup_free) = NULL;
	size_t nr_bytes, i;
	FILE *file = open_memstream(&text, &nr_bytes);

	assert_non_null(file);
	for (i = 0; i < config->nr_interfaces; i++)
		fprintf(file, "%s%s", i ? " " : "", config->interfaces[i]);
	fputc('\n', file);
	for (i = 0; i < config->nr_services; i++)
		describe_service(&config->services[i], file);
	fclose(file);
	assert_string_equal(text, expected);
}

#endif
