/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What was learned survives a restart: one JSON file in the state directory. It is a convenience;
 * nothing about it stops protection. A file that is damaged, or of another version, is left aside
 * with a warning, and learning begins anew.
 */
#ifndef SYNWARD_STATE_H
#define SYNWARD_STATE_H

#include <stddef.h>

#include "snapshot.h"

struct state_row {
	const char *service;
	__u16 port;
	struct baseline learned;
};

/* Fill in what the file knows of these rows; others stay as they are. Logs. Returns 0, also when
 * there is no file; -EINVAL for one that is ignored; or -ENOMEM. */
int state_load(const char *directory, struct state_row *rows, size_t nr);

/* Write them: to a temporary file that is synced and renamed. Makes the directory. Logs the first
 * of several failures. Returns 0 or -errno. */
int state_save(const char *directory, const struct state_row *rows, size_t nr);

#endif
