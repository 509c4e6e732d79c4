// SPDX-License-Identifier: GPL-2.0-only
/*
 * DIRECTORY/learned.json: {"version": 1, "learned": [{"service", "port", "half_open",
 * "syn_rate"}]}.
 */
#include "state.h"

#include <errno.h>
#include <fcntl.h>
#include <math.h>
#include <stdbool.h>
#include <string.h>
#include <sys/stat.h>

#include "json.h"
#include "log.h"

#define STATE_VERSION 1
#define STATE_MODE 0600

static int path_of(const char *directory, const char *suffix, char **ret)
{
	if (asprintf(ret, "%s/learned.json%s", directory, suffix) >= 0)
		return 0;
	*ret = NULL;
	return -ENOMEM;
}

static bool is_sane(double value)
{
	return isfinite(value) && value >= 0 && value <= 1e9;
}

/* Returns whether it is an entry at all. */
static bool take_entry(json_t *entry, struct state_row *rows, size_t nr)
{
	struct baseline learned;
	const char *service;
	json_int_t port;

	if (json_unpack_ex(entry, NULL, JSON_STRICT, "{s:s, s:I, s:F, s:F}", "service", &service,
			   "port", &port, "half_open", &learned.half_open, "syn_rate",
			   &learned.syn_rate) ||
	    !is_sane(learned.half_open) || !is_sane(learned.syn_rate))
		return false;
	for (size_t i = 0; i < nr; i++)
		if (rows[i].port == port && !strcmp(rows[i].service, service))
			rows[i].learned = learned;
	return true;
}

/* All of the file is sane, or none of it is taken. */
static bool take_all(json_t *state, struct state_row *rows, size_t nr)
{
	struct state_row *copy __cleanup(cleanup_free) = malloc(nr * sizeof(*rows) + 1);
	json_t *learned, *entry;
	json_int_t version;
	size_t i;

	if (!copy || json_unpack_ex(state, NULL, JSON_STRICT, "{s:I, s:o}", "version", &version,
				    "learned", &learned))
		return false;
	if (version != STATE_VERSION || !json_is_array(learned))
		return false;
	memcpy(copy, rows, nr * sizeof(*rows));
	json_array_foreach (learned, i, entry)
		if (!take_entry(entry, copy, nr))
			return false;
	memcpy(rows, copy, nr * sizeof(*rows));
	return true;
}

/* Not a pipe that nobody writes to. */
static FILE *open_regular(const char *path)
{
	int fd __cleanup(cleanup_close) = open(path, O_RDONLY | O_NONBLOCK | O_CLOEXEC);
	struct stat st;
	FILE *file;

	if (fd < 0 || fstat(fd, &st))
		return NULL;
	if (!S_ISREG(st.st_mode)) {
		errno = EINVAL;
		return NULL;
	}
	file = fdopen(fd, "r");
	if (file)
		take_fd(&fd);
	return file;
}

int state_load(const char *directory, struct state_row *rows, size_t nr)
{
	json_t *state __cleanup(cleanup_json) = NULL;
	FILE *file __cleanup(cleanup_file) = NULL;
	char *path __cleanup(cleanup_free) = NULL;

	if (path_of(directory, "", &path))
		return -ENOMEM;
	file = open_regular(path);
	if (!file && errno == ENOENT)
		return 0;
	if (!file) {
		log_warn("%s: cannot be read (%m); learning begins anew", path);
		return -EINVAL;
	}
	state = json_loadf(file, JSON_REJECT_DUPLICATES, NULL);
	if (take_all(state, rows, nr))
		return 0;
	log_warn("%s: is damaged or of another version, and ignored; learning begins anew", path);
	return -EINVAL;
}

static json_t *state_json(const struct state_row *rows, size_t nr)
{
	json_t *learned = json_array();

	for (size_t i = 0; i < nr; i++)
		json_array_append_new(learned, json_pack("{s:s, s:i, s:f, s:f}", "service",
							 rows[i].service, "port", (int)rows[i].port,
							 "half_open", rows[i].learned.half_open,
							 "syn_rate", rows[i].learned.syn_rate));
	return json_pack("{s:i, s:o}", "version", STATE_VERSION, "learned", learned);
}

static int write_file(const char *path, const json_t *json)
{
	char *text __cleanup(cleanup_free) = json_dumps(json, JSON_INDENT(1));
	int fd __cleanup(cleanup_close) = -1;
	size_t len, done = 0;

	if (!text)
		return -ENOMEM;
	fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK,
		  STATE_MODE);
	if (fd < 0)
		return -errno;
	for (len = strlen(text); done < len;) {
		ssize_t n = write(fd, text + done, len - done);

		if (n < 0)
			return -errno;
		done += (size_t)n;
	}
	return fsync(fd) ? -errno : 0;
}

static int save(const char *directory, const struct state_row *rows, size_t nr)
{
	json_t *json __cleanup(cleanup_json) = state_json(rows, nr);
	char *path __cleanup(cleanup_free) = NULL;
	char *temporary __cleanup(cleanup_free) = NULL;
	int err = path_of(directory, "", &path) ?: path_of(directory, ".new", &temporary);

	if (err)
		return err;
	if (mkdir(directory, 0700) && errno != EEXIST)
		return -errno;
	err = write_file(temporary, json);
	if (!err && rename(temporary, path))
		err = -errno;
	if (err)
		unlink(temporary);
	return err;
}

int state_save(const char *directory, const struct state_row *rows, size_t nr)
{
	static bool has_failed;
	int err = save(directory, rows, nr);

	if (err && !has_failed)
		log_warn("%s: what was learned cannot be kept there (%s); protection goes on",
			 directory, strerror(-err));
	has_failed = err;
	return err;
}
