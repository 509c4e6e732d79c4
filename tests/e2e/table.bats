#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-only
#
# One table of verbs and options, in cli/main.c: what help, man page and completion have is what it has, all of it and
# nothing more. The same for the daemon's options. Needs no lab.
#
# shellcheck disable=SC2016 # jq has variables of its own
load e2e

setup() {
	MAN=$BATS_TEST_DIRNAME/../../docs
	"$SYNWARD" help -j >"$BATS_TEST_TMPDIR/table"
	# shellcheck source=dist/synward.bash
	. "$BATS_TEST_DIRNAME/../../dist/synward.bash"
}
teardown() { :; }

table() { jq -r "$1" "$BATS_TEST_TMPDIR/table"; }
section_of() { sed -n "/^# $2\$/,/^# /p" "$MAN/$1"; } # section_of PAGE NAME

# same EXPECTED FOUND: sets of lines, of which the first is not empty.
same() {
	[[ -n $1 ]] && diff <(sort <<<"$1") <(sort <<<"$2") >&2
}

@test "help shows every verb with its words, and no other" {
	same "$(table '.verbs[] | "\(.name) \(.words)" | sub(" $"; "")')" \
		"$("$SYNWARD" help | sed -nE 's/^  ([a-z]+( \[.*\]+|( [A-Z]+)+)?) .*/\1/p')"
	same "$(table '.options[].name')" "$("$SYNWARD" help | grep -oE '^  (-.,|   ) --[a-z-]+' | sed 's/.*--//' &&
		echo help && echo version)" # these two go without saying
}

@test "the man page has every verb with its words, and no other" {
	same "$(table '.verbs[] | "\(.name) \(.words)" | sub(" $"; "")')" \
		"$(section_of synward.1.scd VERBS | sed -nE 's/^\*([a-z]+)\*( _([^_]*)_)?$/\1 \3/p' | sed 's/ $//')"
}

@test "the man page has every option with its value and letter, and no other" {
	same "$(table '.options[] | "\(.name) \(.value // "") \(.letter // "")"')" \
		"$(section_of synward.1.scd OPTIONS | sed -nE 's/^\*--([a-z-]+)\*( _([A-Z]+)_)?(, \*-(.)\*)?$/\1 \3 \5/p')"
}

@test "the man page names a verb's options where it stands, and no other's" {
	local verb own common
	common=$(table '[.verbs[].options[]] as $own | .options[].name | select(. as $o | $own | index($o) | not)')
	while read -r verb; do
		own=$(table ".verbs[] | select(.name == \"$verb\") | .options[]")
		diff <(sort <<<"$own" | sed '/^$/d') <(section_of synward.1.scd VERBS |
			sed -n "/^\\*$verb\\*/,/^\$/p" | grep -oE '\*--[a-z-]+\*' | tr -d '*' | sed 's/^--//' |
			grep -vFx "$common" | sort -u) >&2 || {
			echo "of $verb" >&2
			return 1
		}
	done < <(table '.verbs[].name')
}

@test "the man page of the daemon has every option of its help, and no other" {
	same "$("$SYNWARDD" --help | sed -nE 's/^  (-., )?--([a-z-]+) .*/\2/p')" \
		"$(section_of synwardd.8.scd OPTIONS | sed -nE 's/^\*--([a-z-]+)\*.*/\1/p')"
}

# ---- completion ----------------------------------------------------------------------------------

# complete_with WORD...: the last is the one at hand. A daemon answers that has the services web and mail.
complete_with() {
	# shellcheck disable=SC2034 # the completion reads them
	local COMP_WORDS=(synward "$@") COMP_CWORD=$#
	_synward "$BATS_TEST_TMPDIR/synward" "${*: -1}" "${COMP_WORDS[COMP_CWORD - 1]}"
}

# offers WANTED WORD...: words separated by blanks, in whatever order.
offers() {
	complete_with "${@:2}"
	same "$(tr ' ' '\n' <<<"$1")" "$(printf '%s\n' "${COMPREPLY[@]}")" || {
		echo "behind: ${*:2}" >&2
		return 1
	}
}

with_services() {
	cat >"$BATS_TEST_TMPDIR/synward" <<-END
		#!/bin/bash
		case " \$* " in
		*" status "*) printf 'interface\teth7\nservice\tweb\t80\nservice\tweb\t443\nservice\tmail\t25\n' ;;
		*) exec "$SYNWARD" "\$@" ;;
		esac
	END
	chmod +x "$BATS_TEST_TMPDIR/synward"
}

@test "completion offers the verbs of the table, and the options of each" {
	local verb own common
	with_services
	offers "$(table '[.verbs[].name] | join(" ")')" ""
	common=$(table '[.verbs[].options[]] as $own | [.options[] | select(.name as $o | $own | index($o) | not)
		| "--" + .name, if .letter then "-" + .letter else empty end] | join(" ")')
	while read -r verb; do
		own=$(table "[.verbs[] | select(.name == \"$verb\") | .options[] | \"--\" + .] | join(\" \")")
		offers "$own${own:+ }$common" "$verb" -
		offers "$verb" "$verb"
	done < <(table '.verbs[].name')
}

@test "completion offers what may stand for a word or a value" {
	with_services
	offers "web mail" mode ""
	offers "web" arm w
	offers "web mail" handshakes --service ""
	offers "web mail" handshakes --service = ""
	offers "$(table '[.choices[] | select(.word == "MODE") | .choice] | join(" ")')" mode web ""
	offers "always auto" mod web a
	offers "$(table '[.choices[] | select(.word == "KEY") | .choice] | join(" ")')" --persist set web ""
	offers "syn-recv" handshakes --state s
	offers "list add del" allow ""
	offers "check show" config ""
	offers "eth7 $(basename -a /sys/class/net/* | paste -sd ' ')" attach ""
	offers "eth7" detach eth7
	offers "$MAN/synward.1.scd" config check "$MAN/synward.1"
	offers "monitor mode" help mo
	complete_with mode web auto ""
	((${#COMPREPLY[@]} == 0))
	complete_with nonesuch ""
	((${#COMPREPLY[@]} == 0))
}

@test "what completion offers is taken" {
	local mode key state
	with_services
	while read -r state; do
		run "$SYNWARD" --socket /nonexistent handshakes --state "$state"
		((status == 3)) # a good word, and nobody to ask
	done < <(table '.choices[] | select(.word == "STATE") | .choice')
	while read -r mode; do
		printf '[synward]\ninterfaces = eth0\n[service web]\nports = 80\nmode = %s\n' "$mode" >"$BATS_TEST_TMPDIR/conf"
		"$SYNWARD" config check "$BATS_TEST_TMPDIR/conf"
	done < <(table '.choices[] | select(.word == "MODE") | .choice')
	while read -r key; do
		"$SYNWARD" config show -t "$BATS_TEST_TMPDIR/conf" | cut -f 3 | grep -qFx "$key"
	done < <(table '.choices[] | select(.word == "KEY") | .choice')
}
