# SPDX-License-Identifier: GPL-2.0-only
# shellcheck shell=bash
#
# Completion of synward for bash. Which verbs, options and words there are is synward's to say (`synward help -t`, the
# table that its help is made of), and which services there are, the daemon's that runs: nothing of it stands here.

# In the functions below $table is that table: a kind, a name, and what belongs to it, separated by tabs.
_synward_names() { awk -F '\t' -v kind="$1" '$1 == kind { print $2 }' <<<"$table"; }
_synward_of() { awk -F '\t' -v kind="$1" -v name="$2" '$1 == kind && $2 == name { print $3 }' <<<"$table"; }

# _synward_offer CHOICES WORD
_synward_offer() { mapfile -t COMPREPLY < <(compgen -W "$1" -- "$2"); }

_synward_services() {
	"$program" "${socket[@]}" status -t 2>/dev/null | awk -F '\t' '$1 == "service" { print $2 }' | sort -u
}

# Those that are protected, and all that this namespace has.
_synward_devices() {
	"$program" "${socket[@]}" status -t 2>/dev/null | awk -F '\t' '$1 == "interface" { print $2 }'
	basename -a /sys/class/net/*
}

# _synward_for PLACE WORD: what may stand where the help says SERVICE, MODE, [list|add|del, FILE]], ...
_synward_for() {
	local place=${1//[\[\].]/}
	case $place in
	'') ;;
	FILE | PATH) mapfile -t COMPREPLY < <(compgen -f -- "$2") ;;
	DEV) _synward_offer "$(_synward_devices | sort -u)" "$2" ;;
	SERVICE | NAME) _synward_offer "$(_synward_services)" "$2" ;;
	rotate | *'|'*) _synward_offer "${place//|/ }" "$2" ;;
	*) _synward_offer "$(_synward_of choice "$place")" "$2" ;;
	esac
}

# The verb of that name, or the only one that begins so.
_synward_verb() {
	local verbs
	verbs=$(_synward_names verb)
	if grep -qFx -- "$1" <<<"$verbs"; then
		echo "$1"
	else
		mapfile -t verbs < <(compgen -W "$verbs" -- "$1")
		((${#verbs[@]} != 1)) || echo "${verbs[0]}"
	fi
}

# _synward_options VERB: its own, and those that all verbs have; without a verb, every one.
_synward_options() {
	awk -F '\t' -v verb="$1" '
		$1 == "has" { is_own[$3] = 1; has[$2, $3] = 1 }
		$1 == "option" { name[++nr] = $2; letter[nr] = $4 }
		END {
			for (i = 1; i <= nr; i++) {
				if (verb != "" && is_own[name[i]] && !((verb, name[i]) in has)) continue
				print "--" name[i]
				if (letter[i] != "") print "-" letter[i]
			}
		}' <<<"$table"
}

# The words before the one at hand, without options and their values, into $words and $socket.
_synward_read() {
	local at word
	for ((at = 1; at < COMP_CWORD; at++)); do
		word=${COMP_WORDS[at]}
		if [[ $word != -* ]]; then
			words+=("$word")
		elif [[ $word == --* && -n $(_synward_of option "${word#--}") ]]; then
			at=$((at + 1))
			[[ ${COMP_WORDS[at]} != = ]] || at=$((at + 1))
			[[ $word != --socket ]] || socket=(--socket "${COMP_WORDS[at]}")
		fi
	done
}

_synward() {
	local program=$1 word=$2 before=$3 table verb='' words=() socket=() places=()
	COMPREPLY=()
	table=$("$program" help -t 2>/dev/null) || return 0
	_synward_read
	if [[ $before == = ]]; then # --state=syn is three words
		before=${COMP_WORDS[COMP_CWORD - 2]}
	elif [[ $word == = ]]; then
		word=''
	fi
	((${#words[@]} == 0)) || verb=$(_synward_verb "${words[0]}")
	if [[ $before == --* && -n $(_synward_of option "${before#--}") ]]; then
		_synward_for "$(_synward_of option "${before#--}")" "$word"
	elif [[ $word == -* ]]; then
		_synward_offer "$(_synward_options "$verb")" "$word"
	elif ((${#words[@]} == 0)); then
		_synward_offer "$(_synward_names verb)" "$word"
	else
		read -ra places <<<"$(_synward_of verb "$verb")"
		_synward_for "${places[${#words[@]} - 1]-}" "$word"
	fi
}

complete -F _synward synward
