/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Why an order of the operator's is not followed, in a line for him.
 */
#ifndef SYNWARD_REFUSE_H
#define SYNWARD_REFUSE_H

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>

/* *ret_why is to be freed. Returns @err, or -ENOMEM. */
__attribute__((format(printf, 3, 4))) static inline int refuse(char **ret_why, int err,
							       const char *format, ...)
{
	va_list args;

	va_start(args, format);
	if (vasprintf(ret_why, format, args) < 0) {
		*ret_why = NULL;
		err = -ENOMEM;
	}
	va_end(args);
	return err;
}

#endif
