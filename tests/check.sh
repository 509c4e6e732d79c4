#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
#
# Runs test suites and says in the end what passed, failed and was skipped. A skip is a test that could not run;
# with SKIP_IS_ERROR=1, as CI sets it, it fails the run. Tests with real traffic share the machine with whatever else
# runs there: a file of those that fails is run once more in the end, and is UNSTEADY, with both outputs to read, if it
# passes then.
#
#   tests/check.sh SUITE...     lint unit fuzz stat prog lab e2e
set -uo pipefail
cd "$(dirname "$0")/.." || exit 1
out=${O:-build}

nr_failed=0 nr_skipped=0 summary=() again=()

# run VERDICT NAME CMD... : one test program or file: its output is shown, its lines "SKIP: ..." and "# skip" are
# counted. Returns as it did; VERDICT is said of what passed.
run() {
	local verdict=$1 name=$2 log=$out/check.log began=$SECONDS status skips
	printf '== %s\n' "$name"
	"${@:3}" >"$log" 2>&1
	status=$?
	cat "$log"
	((status == 0)) || return "$status"
	skips=$(grep -cE '^SKIP: |^ok .*# skip' "$log")
	nr_skipped=$((nr_skipped + skips))
	summary+=("$verdict $name$( ((skips == 0)) || echo ", $skips skipped"), $((SECONDS - began)) s")
}

failed() {
	nr_failed=$((nr_failed + 1))
	summary+=("FAILED   $1")
}

# must NAME CMD... : passes the first time.
must() { run "ok      " "$@" || failed "$1"; }

# traffic MODE NAME FILE : a bats file, which may have a second try.
traffic() { MODE=$1 run "ok      " "$2" bats --tap "$3" || again+=("$@"); }

try_again() {
	local i
	for ((i = 0; i < ${#again[@]}; i += 3)); do
		MODE=${again[i]} run UNSTEADY "${again[i + 1]}" bats --tap "${again[i + 2]}" || failed "${again[i + 1]}"
	done
}

suite() {
	local test corpus dict args
	case $1 in
	lint) must lint tests/lint.sh ;;
	unit) for test in tests/unit/test_*.c; do
		test=${test#tests/unit/} && must "unit ${test%.c}" "$out/unit/${test%.c}"
	done ;;
	fuzz) for test in tests/fuzz/fuzz_*.c; do
		test=$(basename "$test" .c)
		corpus=corpus_${test#fuzz_} dict=tests/fuzz/${test#fuzz_}.dict
		mkdir -p "$out/fuzz/$corpus"
		args=(-max_total_time="${FUZZ_SECONDS:-10}" -timeout=10 -len_control=0 -verbosity=0 -print_final_stats=1
			-artifact_prefix="$out/fuzz/")
		[[ ! -e $dict ]] || args+=(-dict="$dict")
		must "fuzz $test" "$out/fuzz/$test" "${args[@]}" "$out/fuzz/$corpus" "tests/fuzz/$corpus"
	done ;;
	stat) must stat "$out/prog/stat" bpf/stat.budget ;;
	prog) for test in tests/prog/test_*.c; do
		test=${test#tests/prog/} && must "prog ${test%.c}" "$out/prog/${test%.c}"
	done ;;
	lab) traffic "" "lab selfcheck" tests/lab/selfcheck.bats ;;
	e2e)
		for test in tests/e2e/*.bats; do
			traffic "" "e2e $(basename "$test" .bats)" "$test"
		done
		# As correct in mode auto, armed, as in always, which is what they run in.
		for test in fib first-ack frames handoff kernelcookie listeners live options outofstate queue restart reuse \
			sockopts stay stray; do
			traffic auto-armed "e2e $test, auto" "tests/e2e/$test.bats"
		done
		;;
	*)
		echo "check.sh: no suite '$1': lint, unit, fuzz, stat, prog, lab, e2e" >&2
		exit 2
		;;
	esac
}

if ((EUID != 0)); then
	echo "check.sh: namespaces and BPF need root: sudo make check" >&2
	exit 1
fi
for name in "$@"; do
	suite "$name"
done
try_again

nr_kfuncs=$(bpftool btf dump file /sys/kernel/btf/vmlinux | grep -c "'bpf_sk_assign_tcp_reqsk'")
printf '\nkernel %s; bpf_sk_assign_tcp_reqsk (Linux 6.9 or newer), which prog and e2e need: %s\n' \
	"$(uname -r)" "$( ((nr_kfuncs)) && echo there || echo 'missing')"
printf '%s\n' "${summary[@]}"
if ((nr_skipped)); then
	echo "$nr_skipped skipped"
	[[ ${SKIP_IS_ERROR:-0} == 0 ]] || nr_failed=$((nr_failed + nr_skipped))
fi
((nr_failed == 0))
