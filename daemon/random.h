/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The kernel's randomness, for keys and for what nobody shall foresee.
 */
#ifndef SYNWARD_RANDOM_H
#define SYNWARD_RANDOM_H

#include <errno.h>
#include <stddef.h>
#include <sys/random.h>
#include <sys/types.h>

/* Returns 0; or -EIO, and then @to is not to be used. */
static inline int random_fill(void *to, size_t nr_bytes)
{
	return getrandom(to, nr_bytes, 0) == (ssize_t)nr_bytes ? 0 : -EIO;
}

#endif
