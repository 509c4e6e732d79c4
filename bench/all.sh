#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
#
# The three benchmarks, one after another, and $O/bench.json with all that they found.
set -euo pipefail
bench_root=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
export O=${O:-$bench_root/build}
# shellcheck source=bench/report.sh
source "$bench_root/bench/report.sh"
parts=(program flood traffic)

for part in "${parts[@]}"; do
	printf '\n== %s\n' "$part"
	"$bench_root/bench/$part.sh"
done
jq -n --arg kernel "$(uname -r)" --arg cpu "$(cpu_model)" \
	--argjson cpus "$(nproc --all)" --slurpfile program "$O/bench-program.json" --slurpfile flood "$O/bench-flood.json" \
	--slurpfile traffic "$O/bench-traffic.json" '{machine: {cpu: $cpu, cpus: $cpus, kernel: $kernel, device: "veth"},
	program: $program[0], flood: $flood[0], traffic: $traffic[0]}' >"$O/bench.json"
printf '\nall of it as JSON: %s\n' "$O/bench.json"
