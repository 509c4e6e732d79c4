# SPDX-License-Identifier: GPL-2.0-only
# shellcheck shell=bash
#
# What the benchmarks' reports share, to be sourced: the machine's name, and tables from tab-separated lines.

cpu_model() { sed -n 's/^model name[^:]*: //p;T;q' /proc/cpuinfo; }

# Columns as wide as they must be, the first to the left, the others to the right; an empty line ends a table.
aligned() {
	awk -F '\t' '
		function show(   i, c) {
			for (i = 0; i < nr; i++) {
				printf "%-*s", wide[1], cell[i, 1]
				for (c = 2; c <= columns; c++)
					printf "  %*s", wide[c], cell[i, c]
				print ""
			}
			nr = columns = 0
			split("", wide)
		}
		BEGIN { nr = 0 }
		!NF { show(); print ""; next }
		{
			for (c = 1; c <= NF; c++) {
				cell[nr, c] = $c
				wide[c] = length($c) > wide[c] ? length($c) : wide[c]
			}
			columns = NF
			nr++
		}
		END { show() }'
}
