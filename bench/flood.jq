# SPDX-License-Identifier: GPL-2.0-only
#
# All that bench/flood.sh measured, one object a line, into its report; and `tables` of that, for people.
# Defenders are compared within a round, and of that the median is taken; clients that failed are never averaged away.
include "budget";

def stat(f): map(f | values) | if length == 0 then null else {median: median, min: min, max: max} end;
def by_rate: if . == 0 then infinite else . end;

# Of each round what f says of its rows at that rate, by defender; a defender that was not met is null there.
def by_round($pps; f): map(select(.pps == $pps)) | group_by(.round) | map(INDEX(.defender) | f | values);
def share($of; $to): if $of != null and $to > 0 then $of / $to else null end;

# What a SYN's answer costs the core above a bare swap. At the fastest rate the core has no time left and no SYN is lost
# in a ring, so a second divided by the answers is what one costs, generator and veth included; those are the swap's too.
# It is not said of who lets SYNs go unanswered. Answers of the kernel's come back as sk_buffs, which cost the client's
# side of the veth more; that is counted with them.
def answer_ns($defender): by_round(0; .["mac-swap"] as $swap | .[$defender]
	| select($swap.answered_pps > 0 and .answered_pps > 0.95 * .received_pps)
	| 1e9 / .answered_pps - 1e9 / $swap.answered_pps | round);

def rows: . as $all | group_by(.pps, .defender) | map({
	defender: .[0].defender, pps: .[0].pps, offered_pps: stat(.offered_pps), received_pps: stat(.received_pps),
	answered_pps: stat(.answered_pps), served: stat(.served), failed: stat(.failed), p50_us: stat(.p50_us),
	p99_us: stat(.p99_us), cpu_percent: stat(.cpu_percent),
	answer_ns: (.[0] as $row | if $row.pps == 0 and $row.defender != "mac-swap"
		then $all | answer_ns($row.defender) | stat(.) else null end)});

def most_failing($pps): by_round($pps; [.["synward-auto", "synward-always", "synward-generic"].failed]
	| if any(. == null) then null else add end) | max;

def budget: (map(.pps) | max_by(by_rate)) as $highest | [
	at_least("SYNs answered, synward : a bare MAC swap"; 0.85; 0.95; by_round(0;
		share(.["synward-always"].answered_pps; .["mac-swap"].answered_pps)) | median),
	at_least("SYNs answered, synward : the kernel's cookies"; 7; 10; by_round(0;
		share(.["synward-always"].answered_pps; [.["kernel-1", "kernel-2"].answered_pps] | max)) | median),
	at_most("clients failing behind synward, 1 Mpps, worst round"; 0; 0; most_failing(1000000)),
	at_most("clients failing behind synward, highest rate, worst round"; null; 0; most_failing($highest))
	| select(.measured != null)];

def report($machine): {part: "flood"} + $machine + {rows: rows, budget: budget};

# Lines of cells, an empty line between tables. The first cell is text, the others are to the right.
def ms: if . == null then "-" else . / 1000 | hundredth end;
def tables:
	["rate defender", "offered", "received", "answered/s", "(min, max)", "served", "failed", "(max)", "p50/ms", "p99/ms",
		"CPU", "ns above swap"],
	(.rows | sort_by(.pps | by_rate)[] | ["\(if .pps == 0 then "fastest" else .pps end) \(.defender)",
		.offered_pps.median, .received_pps.median, .answered_pps.median, "(\(.answered_pps.min), \(.answered_pps.max))",
		(.served.median // "-"), (.failed.median // "-"), "(\(.failed.max // "-"))",
		(.p50_us.median | ms), (.p99_us.median | ms), "\(.cpu_percent.median)%", (.answer_ns.median // "-")]),
	if .budget == [] then empty else [], budget_table end;
