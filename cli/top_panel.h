/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What stands below the table of `synward top`: what is dropped and who attacks, or all that is
 * known of one row. Draws at line @y over @nr_lines at most. Pure.
 */
#ifndef SYNWARD_TOP_PANEL_H
#define SYNWARD_TOP_PANEL_H

#include "canvas.h"
#include "top_model.h"

void top_panel_threats(struct canvas *canvas, int y, int nr_lines, const struct top *top);

/* @row may be NULL: there is none. */
void top_panel_detail(struct canvas *canvas, int y, int nr_lines, const struct top_row *row);

#endif
