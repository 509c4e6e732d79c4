#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-only
#
# Thresholds: what they are tuned by, that they follow the listener, that the operator pins and unpins
# them, that nonsense changes nothing; and what is learned of peace, and kept.
#
# shellcheck disable=SC2030,SC2031 # bats makes subshells of tests
load e2e
load floods

bats_require_minimum_version 1.5.0

setup() {
	lab_up
}

thresholds() { synward_cli -j thresholds | jq -c '.thresholds[0]'; }
thresholds_are() { thresholds | json "$1"; }

# tuned_by BACKLOG: half-open and rate, within a second and the turn of the daemon.
tuned_by() {
	lab_wait_for "thresholds for a backlog of $1" 2 thresholds_are ".backlog == $1 and
		.half_open == $(($1 / 4)) and .half_open_source == \"tuned\" and
		.syn_rate == $(($1 * 2 > 500 ? $1 * 2 : 500)) and .syn_rate_source == \"tuned\""
}

untuned() {
	lab_wait_for "the defaults" 2 thresholds_are '.backlog == null and .half_open == 128 and
		.half_open_source == "default" and .syn_rate == 1000 and .syn_rate_source == "default"'
}

@test "thresholds follow a listener that appears, vanishes and comes back with another backlog" {
	synward_with
	untuned
	serve :: --backlog 128
	tuned_by 128
	row_is '.backlog == 128 and .thresholds == {"half_open": 32, "half_open_source": "tuned", "syn_rate": 500,
		"syn_rate_source": "tuned", "hold_seconds": 30}'
	lab_stop server
	untuned
	serve 0.0.0.0 --backlog 4096
	tuned_by 4096
	lab_serve six --listen "$LAB_SRV6" --port "$PORT" --backlog 1024 # the smaller one decides
	tuned_by 1024
	lab_stop six
	tuned_by 4096
	# And the data path goes by it.
	lab_stop server
	serve :: --backlog 16
	tuned_by 16
	handshakes 4 --count 5 | json '.answered == 5'
	row_is '.armed and .cookies_sent == 1'
	kernel_holds 4
}

# refused KEY VALUE TEXT...: exit 2, one line with these texts, and nothing is changed.
refused() {
	local key=$1 value=$2 before text
	shift 2
	before=$(thresholds)
	run -2 synward_cli set web "$key" -- "$value"
	[[ ${#lines[@]} == 1 ]]
	for text in "$@"; do
		[[ $output == *"$text"* ]] || {
			echo "no '$text' in: $output" >&2
			return 1
		}
	done
	[[ $(thresholds) == "$before" ]]
}

@test "set pins, auto unpins, nonsense is refused with the range" {
	serve :: --backlog 256
	synward_with
	tuned_by 256
	synward_cli set web arm-half-open 400
	thresholds_are '.half_open == 400 and .half_open_source == "pinned" and .syn_rate_source == "tuned"'
	synward_cli set web arm-syn-rate 3000
	thresholds_are '.syn_rate == 3000 and .syn_rate_source == "pinned" and .low_water == 1500'
	synward_cli set web low-water "10%"
	synward_cli set web hold 1m
	thresholds_are '.low_water == 300 and .hold_seconds == 60'
	refused arm-half-open 0 arm-half-open "1 to 8192"
	refused arm-half-open 8193 "1 to 8192"
	refused arm-half-open -1 "1 to 8192"
	refused arm-half-open 4e2 "4e2" "1 to 8192"
	refused arm-half-open "" "1 to 8192"
	refused arm-syn-rate many many "1 to 100000000"
	refused arm-syn-rate 100000001 "1 to 100000000"
	refused hold 0 hold 1s 1h
	refused hold 2h 1h
	refused low-water 101 "1" "100"
	refused colour red colour arm-half-open arm-syn-rate hold low-water
	refused ports 81 ports
	run -2 synward_cli set nobody arm-half-open 400
	[[ $output == *nobody* ]]
	run -2 synward_cli set web arm-half-open
	synward_cli set web arm-half-open auto
	synward_cli set web arm-syn-rate auto
	tuned_by 256
	# What is in force is what the data path arms by.
	synward_cli set web arm-half-open 3
	handshakes 6 --count 4 | json '.answered == 4'
	row_is '.armed and .cookies_sent == 1'
	kernel_holds 3
}

@test "--persist holds after a restart, and its file is a config file" {
	serve :: --backlog 256
	synward_with
	synward_cli set web arm-half-open 77
	synward_cli set web arm-syn-rate 9999 --persist
	synward_cli set web hold 7s --persist
	synward_cli mode web always --persist
	run -0 "$SYNWARDD" --config "$LAB_DIR/synward.conf" --check-config
	[[ $(grep -hv '^[#;]' "$LAB_DIR"/synward.conf.d/*.conf | sort | tr '\n' ' ') == \
		"[service web] [service web] [service web] arm-syn-rate = 9999 hold = 7s mode = always " ]]
	refused arm-half-open 0 "1 to 8192"
	run -2 synward_cli set web arm-half-open 0 --persist
	[[ $(find "$LAB_DIR/synward.conf.d" -type f | wc -l) == 3 ]]
	synward_down
	synward_up_conf
	thresholds_are '.syn_rate == 9999 and .syn_rate_source == "pinned" and .hold_seconds == 7 and .mode == "always" and
		.half_open == 64 and .half_open_source == "tuned"'
	synward_cli set web arm-syn-rate auto --persist # unpins for good
	synward_down
	synward_up_conf
	thresholds_are '.syn_rate == 512 and .syn_rate_source == "tuned" and .hold_seconds == 7'
}

@test "--persist without a config file: changed, said, and exit 1" {
	serve
	synward_up
	run -1 synward_cli set default arm-half-open 77 --persist
	[[ $output == *"config file"* ]]
	thresholds_are '.half_open == 77'
}

learned() { thresholds | jq ".learned_$1"; }

@test "what peace looks like is learned, a flood is not, and it survives a restart" {
	local rate half_open
	serve :: --backlog 1024
	synward_with
	clients_begin --pause-ms 2
	handshakes 4 --count 200 | json '.answered == 200'
	lab_wait_for "something to be learned" 10 thresholds_are '.learned_syn_rate > 1 and .learned_half_open > 0.5'
	clients_end
	thresholds_are '.syn_rate_source == "tuned" and .half_open == 256' # so little changes nothing

	synward_cli set web arm-syn-rate 500
	lab_flood_start flood --dst "$LAB_SRV6" --port "$PORT" --pps 100000 --seconds 60
	synward_wait '.services[0] | .armed and .syn_rate > 50000' 5
	rate=$(learned syn_rate) half_open=$(learned half_open)
	synward_wait '.services[0].cookies_sent > 350000' 10
	lab_signal flood TERM
	lab_wait flood 10
	thresholds_are ".learned_syn_rate <= $rate and .learned_half_open <= $half_open"

	synward_down
	json '.version == 1 and .learned[0].service == "web"' <"$LAB_DIR/state/learned.json"
	synward_up_conf
	[[ $(learned syn_rate) == "$rate" && $(learned half_open) == "$half_open" ]]
	if synward_said learned.json; then return 1; fi
}

@test "a damaged state is ignored and said" {
	local text
	serve
	mkdir "$LAB_DIR/state"
	for text in "" "{" '{"version": 1, "learned": [{"service": "web", "port": 80, "half_open": -1, "syn_rate": 4000}]}' \
		'{"version": 2, "learned": []}' "$(head -c 3000 /dev/urandom | tr -d '\0')"; do
		printf '%s' "$text" >"$LAB_DIR/state/learned.json"
		synward_with
		synward_said "learned.json: is damaged"
		thresholds_are '.learned_syn_rate == 0 and .learned_half_open == 0'
		all_served 4 3
		synward_down
	done
	# It was replaced by a good one.
	json '.version == 1' <"$LAB_DIR/state/learned.json"
	# And this is no damage: what was learned raises the thresholds.
	echo '{"version": 1, "learned": [{"service": "web", "port": 80, "half_open": 400, "syn_rate": 4000}]}' \
		>"$LAB_DIR/state/learned.json"
	synward_with
	thresholds_are '.syn_rate == 16000 and .half_open == 1600 and .learned_syn_rate == 4000'
}
