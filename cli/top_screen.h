/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * `synward top` on a terminal, until somebody quits.
 */
#ifndef SYNWARD_TOP_SCREEN_H
#define SYNWARD_TOP_SCREEN_H

#include "cli.h"
#include "top_model.h"

/* @top has a first status. @count = 0: no end. */
enum cli_exit top_screen(const struct cli *cli, struct top *top, double interval,
			 unsigned long count);

#endif
