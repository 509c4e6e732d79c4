#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
#
# Runs test suites and says in the end what passed, failed and was skipped. A skip is a test that could not run;
# with SKIP_IS_ERROR=1, as CI sets it, it fails the run.
#
#   tests/check.sh SUITE...     lint unit fuzz prog lab e2e
set -uo pipefail
cd "$(dirname "$0")/.." || exit 1
out=${O:-build}

nr_failed=0 nr_skipped=0 summary=()

# One test program or file: its output is shown, its lines "SKIP: ..." and "# skip" are counted.
run() {
	local name=$1 log=$out/check.log began=$SECONDS status skips
	shift
	printf '== %s\n' "$name"
	"$@" >"$log" 2>&1
	status=$?
	cat "$log"
	skips=$(grep -cE '^SKIP: |^ok .*# skip' "$log")
	nr_skipped=$((nr_skipped + skips))
	if ((status)); then
		nr_failed=$((nr_failed + 1))
		summary+=("FAILED  $name")
	else
		summary+=("ok      $name$( ((skips == 0)) || echo ", $skips skipped"), $((SECONDS - began)) s")
	fi
}

suite() {
	local test corpus dict args
	case $1 in
	lint) run lint tests/lint.sh ;;
	unit) for test in tests/unit/test_*.c; do
		test=${test#tests/unit/} && run "unit ${test%.c}" "$out/unit/${test%.c}"
	done ;;
	fuzz) for test in tests/fuzz/fuzz_*.c; do
		test=$(basename "$test" .c)
		corpus=corpus_${test#fuzz_} dict=tests/fuzz/${test#fuzz_}.dict
		mkdir -p "$out/fuzz/$corpus"
		args=(-max_total_time="${FUZZ_SECONDS:-10}" -timeout=10 -len_control=0 -verbosity=0 -print_final_stats=1
			-artifact_prefix="$out/fuzz/")
		[[ ! -e $dict ]] || args+=(-dict="$dict")
		run "fuzz $test" "$out/fuzz/$test" "${args[@]}" "$out/fuzz/$corpus" "tests/fuzz/$corpus"
	done ;;
	prog) for test in tests/prog/test_*.c; do
		test=${test#tests/prog/} && run "prog ${test%.c}" "$out/prog/${test%.c}"
	done ;;
	lab) run "lab selfcheck" bats --tap tests/lab/selfcheck.bats ;;
	e2e)
		for test in tests/e2e/*.bats; do
			run "e2e $(basename "$test" .bats)" bats --tap "$test"
		done
		# As correct in mode auto, armed, as in always, which is what they run in.
		for test in fib first-ack frames handoff kernelcookie listeners live options outofstate queue restart reuse \
			sockopts stay stray; do
			MODE=auto-armed run "e2e $test, auto" bats --tap "tests/e2e/$test.bats"
		done
		;;
	*)
		echo "check.sh: no suite '$1': lint, unit, fuzz, prog, lab, e2e" >&2
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

nr_kfuncs=$(bpftool btf dump file /sys/kernel/btf/vmlinux | grep -c "'bpf_sk_assign_tcp_reqsk'")
printf '\nkernel %s; bpf_sk_assign_tcp_reqsk (Linux 6.9 or newer), which prog and e2e need: %s\n' \
	"$(uname -r)" "$( ((nr_kfuncs)) && echo there || echo 'missing')"
printf '%s\n' "${summary[@]}"
if ((nr_skipped)); then
	echo "$nr_skipped skipped"
	[[ ${SKIP_IS_ERROR:-0} == 0 ]] || nr_failed=$((nr_failed + nr_skipped))
fi
((nr_failed == 0))
