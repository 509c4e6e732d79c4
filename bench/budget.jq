# SPDX-License-Identifier: GPL-2.0-only
#
# What the benchmarks' reports share: a line of a budget, with what must be reached and what is aimed at, and the table
# of them. A line whose `must` is null is an aim alone: it is neither met nor missed.

def median: sort | .[length / 2 | floor];
def hundredth: . * 100 | round / 100;

def line($what; $must; $aim; $is; met): {what: $what, must: $must, aim: $aim, measured: $is,
	is_met: (if $must == null then null else met end)};
def at_most($what; $must; $aim; $is): line($what; $must; $aim; $is; $is <= $must);
def at_least($what; $must; $aim; $is): line($what; $must; $aim; $is; $is >= $must);

def budget_table:
	["budget", "must", "aim", "measured", "met"],
	(.budget[] | [.what, (.must // "-"), .aim, (.measured | hundredth),
		if .is_met == null then "-" elif .is_met then "yes" else "NO" end]);
