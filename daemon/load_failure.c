// SPDX-License-Identifier: GPL-2.0-only
/*
 * Each errno of bpf(2) has several causes; which of them it is can often be told by looking at
 * ourselves.
 */
#include "load_failure.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "cleanup.h"
#include "log.h"
#include "state_file.h"
#include "surroundings.h"

#define REMEDY_SIZE 512

static const char *keep_in;
static char heard[LOAD_LOG_MAX + 1]; /* takes no memory before something is said */
static size_t nr_heard;

void load_failure_keep_in(const char *directory)
{
	keep_in = directory;
}

void load_failure_begin(void)
{
	nr_heard = 0;
	heard[0] = '\0';
}

int load_failure_hear(const char *format, va_list args)
{
	char *text __cleanup(cleanup_free) = NULL;
	int length = vasprintf(&text, format, args);
	const char *from = text;
	size_t nr, nr_over;

	if (length < 0) {
		text = NULL;
		return 0;
	}
	nr = (size_t)length;
	if (nr > LOAD_LOG_MAX) {
		from += nr - LOAD_LOG_MAX;
		nr = LOAD_LOG_MAX;
	}
	nr_over = nr_heard + nr > LOAD_LOG_MAX ? nr_heard + nr - LOAD_LOG_MAX : 0;
	memmove(heard, heard + nr_over, nr_heard - nr_over);
	nr_heard -= nr_over;
	memcpy(heard + nr_heard, from, nr + 1);
	nr_heard += nr;
	return length;
}

const char *load_failure_heard(void)
{
	return heard;
}

const char *load_failure_tail(const char *text, size_t nr)
{
	const char *from = text + strlen(text);

	while (from > text && from[-1] == '\n')
		from--;
	for (; from > text; from--)
		if (from[-1] == '\n' && !--nr)
			break;
	return from;
}

/* ---- causes ---- */

static void without_permission(char remedy[REMEDY_SIZE])
{
	char missing[SURROUNDINGS_MISSING_SIZE];

	if (surroundings_missing(surroundings_capabilities(), missing)[0])
		snprintf(remedy, REMEDY_SIZE,
			 "%s missing: run it as root, or with " SURROUNDINGS_NEEDED
			 ", as synwardd.service does",
			 missing);
	else
		snprintf(remedy, REMEDY_SIZE,
			 "it has all capabilities, so something else forbids bpf(2): a seccomp "
			 "filter (under systemd SystemCallFilter= must name bpf, and a container's "
			 "profile must allow it), a user namespace, the kernel's lockdown "
			 "(/sys/kernel/security/lockdown), or a security module ('ausearch -m avc' "
			 "shows SELinux's refusals)");
}

static void without_memory(const struct load_size *size, char remedy[REMEDY_SIZE])
{
	if (size->nr_bytes)
		snprintf(remedy, REMEDY_SIZE,
			 "its maps take %llu MiB, with room for %zu flows: a smaller max-flows "
			 "takes less; or there must be more memory, under systemd also below "
			 "MemoryMax=",
			 (unsigned long long)(size->nr_bytes >> 20) + 1, size->max_flows);
	else
		snprintf(remedy, REMEDY_SIZE,
			 "there must be more memory, under systemd also below MemoryMax=");
}

/* Programs are checked by the verifier, whose refusals are EACCES, EINVAL, E2BIG and others. */
static void remedy_of(int err, const struct load_size *size, char remedy[REMEDY_SIZE])
{
	char missing[SURROUNDINGS_MISSING_SIZE];
	const bool is_privileged = !surroundings_missing(surroundings_capabilities(), missing)[0];

	if (err == -EPERM || (err == -EACCES && !is_privileged))
		without_permission(remedy);
	else if (err == -ENOMEM)
		without_memory(size, remedy);
	else if (err == -ENOSYS)
		snprintf(remedy, REMEDY_SIZE,
			 "this kernel was built without bpf(2): it needs CONFIG_BPF_SYSCALL");
	else
		snprintf(remedy, REMEDY_SIZE,
			 "its verifier does not follow the program: another kernel's may, and the "
			 "log belongs into a report");
}

/* Where all that was heard is kept, or why it is not, in brackets. */
static const char *keep(char *buffer, size_t size)
{
	int err;

	buffer[0] = '\0';
	if (!keep_in || !nr_heard)
		return buffer;
	err = state_file_write_text(keep_in, LOAD_LOG_NAME, heard, nr_heard);
	if (err)
		snprintf(buffer, size, " (the whole log cannot be kept in %s: %s)", keep_in,
			 strerror(-err));
	else
		snprintf(buffer, size, " (all of it is in %s/" LOAD_LOG_NAME ")", keep_in);
	return buffer;
}

void load_failure_explain(const char *what, int err, const struct load_size *size)
{
	char remedy[REMEDY_SIZE], kept[REMEDY_SIZE];

	remedy_of(err, size, remedy);
	keep(kept, sizeof(kept));
	log_err("the kernel refuses %s: %s; %s", what, strerror(-err), remedy);
	if (nr_heard)
		fprintf(stderr, "%slast words%s:\n%s", log_prefix(LOG_ERR), kept,
			load_failure_tail(heard, LOAD_LOG_SHOWN));
}
