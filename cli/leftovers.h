/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What a synwardd that does not run any more has left attached, and its maps.
 */
#ifndef SYNWARD_LEFTOVERS_H
#define SYNWARD_LEFTOVERS_H

#include "cli.h"

/*
 * Remove it: of @device, or all of it, maps too (NULL). Prints what became of it. Where things were
 * pinned is said by the config, --config or the default.
 */
enum cli_exit leftovers_remove(const struct cli *cli, const char *device);

#endif
