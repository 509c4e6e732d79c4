/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Releases at the end of a scope, for the daemon, the CLI and the tests: `char *text
 * __cleanup(cleanup_free) = NULL;`. What is to outlive the scope is taken out with take_ptr() or
 * take_fd(). Nothing here logs or fails.
 */
#ifndef SYNWARD_CLEANUP_H
#define SYNWARD_CLEANUP_H

#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#define __cleanup(release) __attribute__((cleanup(release)))

#define take_ptr(pointer)                              \
	({                                             \
		__typeof__(pointer) taken = (pointer); \
		(pointer) = NULL;                      \
		taken;                                 \
	})

static inline void cleanup_free(void *variable)
{
	free(*(void **)variable);
}

static inline void cleanup_close(int *fd)
{
	if (*fd >= 0)
		close(*fd);
}

static inline void cleanup_file(FILE **file)
{
	if (*file)
		fclose(*file);
}

static inline int take_fd(int *fd)
{
	int taken = *fd;

	*fd = -1;
	return taken;
}

#endif
