// SPDX-License-Identifier: GPL-2.0-only
/*
 * CAP_SYS_ADMIN stands for all of them: bpf_token_capable(), kernel/bpf/token.c.
 */
#include "surroundings.h"

#include <errno.h>
#include <linux/capability.h>
#include <stdio.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "cleanup.h"
#include "log.h"

#define BIT(capability) (1ULL << (capability))

static const struct {
	const char *name;
	__u64 bit;
} needed[] = {
	{ "CAP_BPF", BIT(CAP_BPF) },
	{ "CAP_NET_ADMIN", BIT(CAP_NET_ADMIN) },
	{ "CAP_PERFMON", BIT(CAP_PERFMON) },
};

#define NR_NEEDED (sizeof(needed) / sizeof(needed[0]))

__u64 surroundings_capabilities(void)
{
	struct __user_cap_header_struct header = { .version = _LINUX_CAPABILITY_VERSION_3 };
	struct __user_cap_data_struct data[_LINUX_CAPABILITY_U32S_3] = {};

	if (syscall(SYS_capget, &header, data))
		return ~0ULL;
	return (__u64)data[1].effective << 32 | data[0].effective;
}

const char *surroundings_missing(__u64 capabilities, char buffer[SURROUNDINGS_MISSING_SIZE])
{
	const char *names[NR_NEEDED] = { NULL };
	size_t nr = 0, length = 0;

	for (size_t i = 0; i < NR_NEEDED; i++)
		if (!(capabilities & (needed[i].bit | BIT(CAP_SYS_ADMIN))))
			names[nr++] = needed[i].name;
	buffer[0] = '\0';
	for (size_t i = 0; i < nr; i++)
		length += (size_t)snprintf(buffer + length, SURROUNDINGS_MISSING_SIZE - length,
					   "%s%s",
					   !i          ? "" :
					   i + 1 == nr ? " and " :
							 ", ",
					   names[i]);
	if (nr)
		snprintf(buffer + length, SURROUNDINGS_MISSING_SIZE - length, " %s",
			 nr == 1 ? "is" : "are");
	return buffer;
}

/* "monotonic      86400         0" */
long long surroundings_clock_offset(const char *text)
{
	const char *line = strstr(text, "monotonic");
	long long seconds = 0;

	if (line && sscanf(line, "monotonic %lld", &seconds) != 1)
		return 0;
	return seconds;
}

/* No file: no time namespaces. */
static long long clock_offset(void)
{
	FILE *file __cleanup(cleanup_file) = fopen("/proc/self/timens_offsets", "re");
	char text[256] = "";

	if (file)
		text[fread(text, 1, sizeof(text) - 1, file)] = '\0';
	return surroundings_clock_offset(text);
}

int surroundings_check(void)
{
	char missing[SURROUNDINGS_MISSING_SIZE];
	long long seconds = clock_offset();

	if (seconds) {
		log_err("the monotonic clock of this time namespace is off by %lld s from the "
			"kernel's, by which the data path goes: start synwardd outside of it",
			seconds);
		return -EXDEV;
	}
	if (surroundings_missing(surroundings_capabilities(), missing)[0])
		log_warn("%s missing, without which the kernel takes no program: run synwardd as "
			 "root, or with " SURROUNDINGS_NEEDED ", as synwardd.service does",
			 missing);
	return 0;
}
