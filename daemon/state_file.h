/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The files of the state directory, as JSON: read if it is whole, and written so that there is the
 * old one or the new one, never half of one. And what is kept there to be read by people.
 */
#ifndef SYNWARD_STATE_FILE_H
#define SYNWARD_STATE_FILE_H

#include <jansson.h>
#include <linux/types.h>
#include <stdbool.h>
#include <sys/statvfs.h>

/* Returns 0 with *ret the content, NULL when there is no such file; or -errno: -EINVAL for one that
 * is damaged or no regular file. Logs nothing. */
int state_file_read(const char *directory, const char *name, json_t **ret);

/* To a temporary file that is synced and renamed. Makes the directory. Returns 0 or -errno. Logs
 * nothing. */
int state_file_write(const char *directory, const char *name, const json_t *content);

/* The same for any text. */
int state_file_write_text(const char *directory, const char *name, const char *text,
			  size_t nr_bytes);

/* How many of these writes have failed since the start. */
__u64 state_file_write_errors(void);

/* Could a file be written there? Writes nothing. Returns 0, or -errno: -ENOSPC, -EROFS, ... */
int state_file_check(const char *directory);

/* Has it a block and a file left? What is reserved for root is room, if we are. Pure. */
bool state_file_has_room(const struct statvfs *fs, bool is_root);

#endif
