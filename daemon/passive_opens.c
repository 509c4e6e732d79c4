// SPDX-License-Identifier: GPL-2.0-only
/*
 * Two lines begin with "Tcp:", the one with the names, the next with the values in the same order.
 */
#include "passive_opens.h"

#include <errno.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "cleanup.h"

#define FIELD "PassiveOpens"
#define HEAD "Tcp:"
#define LINE_MAX_BYTES 4096

/* The next line that begins so, without the head. */
static bool find_line(FILE *file, char line[LINE_MAX_BYTES])
{
	size_t nr_head = strlen(HEAD);

	while (fgets(line, LINE_MAX_BYTES, file)) {
		if (strncmp(line, HEAD, nr_head))
			continue;
		memmove(line, line + nr_head, strlen(line + nr_head) + 1);
		return true;
	}
	return false;
}

int passive_opens_find(FILE *snmp, __u64 *ret)
{
	char names[LINE_MAX_BYTES], values[LINE_MAX_BYTES];
	char *name, *value, *rest_names = names, *rest_values = values, *end;
	__u64 number;

	if (!find_line(snmp, names) || !find_line(snmp, values))
		return -EINVAL;
	do {
		name = strtok_r(rest_names, " \n", &rest_names);
		value = strtok_r(rest_values, " \n", &rest_values);
		if (!name || !value)
			return -EINVAL;
	} while (strcmp(name, FIELD));
	number = strtoull(value, &end, 10);
	if (*end || *value == '-')
		return -EINVAL;
	*ret = number;
	return 0;
}

int passive_opens_read(__u64 *ret)
{
	FILE *snmp __cleanup(cleanup_file) = fopen("/proc/thread-self/net/snmp", "re");

	return snmp ? passive_opens_find(snmp, ret) : -errno;
}
