/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * DIRECTORY/NAME, and DIRECTORY/NAME.new while it is written.
 */
#include "state_file.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <unistd.h>

#include "json.h"

#define STATE_MODE 0600

static __u64 nr_write_errors;

static int path_of(const char *directory, const char *name, const char *suffix, char **ret)
{
	if (asprintf(ret, "%s/%s%s", directory, name, suffix) >= 0)
		return 0;
	*ret = NULL;
	return -ENOMEM;
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

int state_file_read(const char *directory, const char *name, json_t **ret)
{
	FILE *file __cleanup(cleanup_file) = NULL;
	char *path __cleanup(cleanup_free) = NULL;
	json_t *content;

	if (path_of(directory, name, "", &path))
		return -ENOMEM;
	file = open_regular(path);
	if (!file && errno != ENOENT)
		return -errno;
	content = file ? json_loadf(file, JSON_REJECT_DUPLICATES, NULL) : NULL;
	if (file && !content)
		return -EINVAL;
	*ret = content;
	return 0;
}

static int write_file(const char *path, const char *text, size_t nr_bytes)
{
	int fd __cleanup(cleanup_close) =
		open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK,
		     STATE_MODE);
	size_t done = 0;

	if (fd < 0)
		return -errno;
	while (done < nr_bytes) {
		ssize_t n = write(fd, text + done, nr_bytes - done);

		if (n < 0)
			return -errno;
		done += (size_t)n;
	}
	return fsync(fd) ? -errno : 0;
}

static int replace_file(const char *directory, const char *name, const char *text, size_t nr_bytes)
{
	char *path __cleanup(cleanup_free) = NULL;
	char *temporary __cleanup(cleanup_free) = NULL;
	int err =
		path_of(directory, name, "", &path) ?: path_of(directory, name, ".new", &temporary);

	if (err)
		return err;
	if (mkdir(directory, 0700) && errno != EEXIST)
		return -errno;
	err = write_file(temporary, text, nr_bytes);
	if (!err && rename(temporary, path))
		err = -errno;
	if (err)
		unlink(temporary);
	return err;
}

int state_file_write_text(const char *directory, const char *name, const char *text,
			  size_t nr_bytes)
{
	int err = replace_file(directory, name, text, nr_bytes);

	nr_write_errors += err != 0;
	return err;
}

__u64 state_file_write_errors(void)
{
	return nr_write_errors;
}

int state_file_write(const char *directory, const char *name, const json_t *content)
{
	char *text __cleanup(cleanup_free) = json_dumps(content, JSON_INDENT(1));

	return text ? state_file_write_text(directory, name, text, strlen(text)) : -ENOMEM;
}

/* One with 0 of either in all has no such limit. */
bool state_file_has_room(const struct statvfs *fs, bool is_root)
{
	const fsblkcnt_t blocks = is_root ? fs->f_bfree : fs->f_bavail;
	const fsfilcnt_t files = is_root ? fs->f_ffree : fs->f_favail;

	return (!fs->f_blocks || blocks) && (!fs->f_files || files);
}

int state_file_check(const char *directory)
{
	struct statvfs fs;

	if (faccessat(AT_FDCWD, directory, W_OK | X_OK, AT_EACCESS) || statvfs(directory, &fs))
		return -errno;
	return state_file_has_room(&fs, !geteuid()) ? 0 : -ENOSPC;
}
