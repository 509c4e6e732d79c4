/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * How a drop-in comes to be: written under a name that the daemon does not read, made durable, and
 * renamed. Whether the value is good was for the daemon to say; here only what would make it
 * another line or another file is refused.
 */
#include "dropin.h"

#include <ctype.h>
#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

#include "cleanup.h"

#define LINE_MAX_BYTES 197 /* of a config file */

static bool is_one_line(const char *text)
{
	for (; *text; text++)
		if (iscntrl((unsigned char)*text))
			return false;
	return true;
}

static bool is_name(const char *text)
{
	return *text && !strchr(text, '/') && is_one_line(text);
}

static char *comment_of(const struct dropin *dropin)
{
	char *comment;

	return asprintf(&comment, "# written by: %s\n", dropin->command) < 0 ? NULL : comment;
}

static char *setting_of(const struct dropin *dropin)
{
	char *setting;

	return asprintf(&setting, "%s = %s\n", dropin->key, dropin->value) < 0 ? NULL : setting;
}

static int text_of(const struct dropin *dropin, char **ret)
{
	char *comment __cleanup(cleanup_free) = comment_of(dropin);
	char *setting __cleanup(cleanup_free) = setting_of(dropin);
	char *text;

	if (!comment || !setting)
		return -ENOMEM;
	if (!*dropin->value || !is_one_line(dropin->value) || !is_one_line(dropin->command) ||
	    strlen(comment) > LINE_MAX_BYTES + 1 || strlen(setting) > LINE_MAX_BYTES + 1)
		return -EINVAL;
	if (asprintf(&text, "%s[service %s]\n%s", comment, dropin->service, setting) < 0)
		return -ENOMEM;
	*ret = text;
	return 0;
}

static int write_all(int fd, const char *text)
{
	size_t nr_left = strlen(text);
	ssize_t nr;

	while (nr_left) {
		nr = write(fd, text, nr_left);
		if (nr < 0 && errno != EINTR)
			return -errno;
		text += nr > 0 ? nr : 0;
		nr_left -= nr > 0 ? (size_t)nr : 0;
	}
	return 0;
}

/* Readable for all, whatever the umask of who changes a key. */
static int make_directory(const char *path)
{
	if (!mkdir(path, 0755))
		return chmod(path, 0755) < 0 ? -errno : 0;
	return errno == EEXIST ? 0 : -errno;
}

static int sync_directory(const char *path)
{
	int fd __cleanup(cleanup_close) = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);

	return fd < 0 || fsync(fd) < 0 ? -errno : 0;
}

/* The file with that text, under `path` once it is durable. `template` ends in XXXXXX. */
static int replace(char *template, const char *path, const char *text)
{
	int fd __cleanup(cleanup_close) = mkostemp(template, O_CLOEXEC);
	int err;

	if (fd < 0)
		return -errno;
	err = write_all(fd, text);
	if (!err && (fchmod(fd, 0644) < 0 || fsync(fd) < 0 || rename(template, path) < 0))
		err = -errno;
	if (err)
		unlink(template);
	return err;
}

int dropin_write(const struct dropin *dropin, char **ret_path)
{
	char *template __cleanup(cleanup_free) = NULL;
	char *text __cleanup(cleanup_free) = NULL;
	int err;

	if (asprintf(ret_path, "%s/90-%s-%s.conf", dropin->directory, dropin->service,
		     dropin->key) < 0) {
		*ret_path = NULL;
		return -ENOMEM;
	}
	if (!is_name(dropin->service) || !is_name(dropin->key) || dropin->directory[0] != '/')
		return -EINVAL;
	err = text_of(dropin, &text);
	if (err)
		return err;
	if (asprintf(&template, "%s.XXXXXX", *ret_path) < 0) {
		template = NULL;
		return -ENOMEM;
	}
	err = make_directory(dropin->directory);
	if (err)
		return err;
	err = replace(template, *ret_path, text);
	return err ?: sync_directory(dropin->directory);
}
