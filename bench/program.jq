# SPDX-License-Identifier: GPL-2.0-only
#
# All that bench/program.sh measured, one object a line, into its report; and `tables` of that, for people.
# A row of several turns is the median of them; worlds are compared within a turn, and of that the median is taken.

include "budget";

def rows: reduce .[] as $r ({}; .["\($r.world) \($r.name) \($r.family) \($r.vlans)"] += [$r])
	| [.[] | (.[0] | {world, name, family, vlans}) + {
		ns: map(.ns) | median, ns_min: map(.ns_min) | min, ns_max: map(.ns_max) | max,
		floor_ns: map(.floor_ns) | median, turns: length, rounds: .[0].rounds, packets: .[0].packets}];

def compared($world; $base): [.[] | select(.turn > 0 and .vlans == 0)] as $all
	| [$all[] | select(.world == $world) as $w | $all[]
		| select(.world == $base and .turn == $w.turn and .name == $w.name and .family == $w.family)
		| {name, family, more_ns: ($w.ns - .ns), ratio: ($w.ns / ([.ns, 1] | max))}]
	| group_by([.name, .family])[] | {world: $world, base: $base, name: .[0].name, family: .[0].family,
		more_ns: map(.more_ns) | median, ratio: map(.ratio) | median | hundredth};

# Of both families the worse, where the line names none.
def ns($report; $world; $names; $families): [$report.rows[]
	| select(.world == $world and .vlans == 0 and (.name | IN($names[])) and (.family | IN($families[]))) | .ns] | max;
def most($report; $world; $base; $name; $field): [$report.compared[]
	| select(.world == $world and .base == $base and .name == $name)[$field]] | max;

def budget: . as $r | [
	at_most("SYN, IPv4, ns"; 50; 40; ns($r; "plain"; ["syn-linux"]; [4])),
	at_most("SYN, IPv6, ns"; 70; 55; ns($r; "plain"; ["syn-linux"]; [6])),
	at_most("SYN, IPv4, 10^5 flows, ns"; 50; 40; ns($r; "flows-100000"; ["syn-linux"]; [4])),
	at_most("SYN, IPv4, 10^6 flows, ns"; 90; 60; ns($r; "flows-1000000"; ["syn-linux"]; [4])),
	at_most("ACK of one of 10^5 flows, ns"; 20; 10; ns($r; "flows-100000"; ["ack-known-flow"]; [4, 6])),
	at_most("bogus ACK, ns"; 110; 80; ns($r; "plain"; ["ack-bogus", "ack-bogus-no-timestamps"]; [4, 6])),
	at_most("unprotected or UDP, ns"; 5; 3; ns($r; "plain"; ["tcp-unprotected", "udp"]; [4, 6])),
	at_most("SYN, what lists add, ns"; 15; 8; most($r; "lists"; "plain"; "syn-linux"; "more_ns")),
	at_most("SYN, to one of 1000 services : of 1"; 1.2; 1;
		most($r; "one-of-1000-services"; "plain"; "syn-linux"; "ratio")),
	at_most("SYN, 10^6 flows : 10"; 1.2; 1; most($r; "flows-1000000"; "flows-10"; "syn-linux"; "ratio")),
	at_least("SYN, two cores : one (the floor: \($r.two_cores.floor.times | hundredth))"; 1.8; 1.95; $r.two_cores.synward.times)];

def report($machine): [.[] | select(.world)] as $measured
	| {part: "program"} + $machine + {rounds: $measured[0].rounds, rows: ($measured | rows), compared: [$measured
		| compared("lists"; "plain"), compared("1000-services"; "plain"),
		compared("one-of-1000-services"; "plain"), compared("flows-10"; "plain"),
		compared("flows-100000"; "plain"), compared("flows-1000000"; "flows-10")],
		two_cores: (.[] | select(.name == "two-cores"))}
	| . + {budget: budget};

# Lines of cells, an empty line between tables. The first cell is text, the others are numbers.
def tables:
	["ns above the floor", "family", "tags", "median", "least", "most"],
	(.rows[] | ["\(.world) \(.name)", .family, .vlans, .ns, .ns_min, .ns_max]), [],
	["compared, in the same turn", "family", "ns more", "ratio"],
	(.compared[] | ["\(.world) : \(.base), \(.name)", .family, .more_ns, .ratio]), [],
	["two cores, \(.two_cores.row)", "one, Mpps", "two, Mpps", "times"],
	(.two_cores | ("floor", "synward") as $of | [$of, (.[$of] | (.pps_one, .pps_two) / 1e6 | hundredth),
		(.[$of].times | hundredth)]), [],
	budget_table;
