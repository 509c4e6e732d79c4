/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * `synward top` where there is no terminal: one look a time as lines for a log, as tabs or as JSON.
 */
#ifndef SYNWARD_TOP_LINES_H
#define SYNWARD_TOP_LINES_H

#include "out.h"
#include "top_model.h"

#define TOP_TIME_SIZE 32

/* "2026-11-28T05:20:31Z" */
const char *top_time(char buffer[TOP_TIME_SIZE]);

/* Prints what is new in @top. In text that is one line, of all services together; or one for each
 * port of the only service that is wanted. */
void top_print(enum out_format format, const struct top *top);

#endif
