#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-only
#
# Metrics as Prometheus sees them: their format, what a flood does to them, that dashboard, alerts and man page name
# none that is not there, and the dashboard's queries in a real Prometheus.
#
# shellcheck disable=SC2154,SC2030,SC2031 # $families is in e2e; bats makes subshells of tests
load e2e
load exporter

dashboard=$BATS_TEST_DIRNAME/../../dist/grafana/synward.json
rules=$BATS_TEST_DIRNAME/../../dist/prometheus/synward.rules.yml

metrics() { synward_cli metrics; }

# value SAMPLE: of that name with these labels.
value() { metrics | awk -v sample="$1" '$1 == sample { print $2; n++ } END { exit n != 1 }'; }

# The names of ours in what is read.
names_in() { grep -oE '\bsynward_[a-z0-9_]+' | sort -u; }

# names_are_there FILE: each is a name of the output; recording rules have a colon and are not matched.
names_are_there() {
	local named missing
	named=$(names_in <"$1")
	(($(wc -l <<<"$named") >= 9))
	missing=$(comm -23 <(echo "$named") <(metrics | grep -v '^#' | names_in))
	[[ -z $missing ]] || {
		echo "in $1, but not in the output: $missing" >&2
		return 1
	}
}

@test "promtool has nothing to say against the metrics, in peace and in a flood" {
	local text
	synward_with
	text=$(promtool check metrics <<<"$(metrics)" 2>&1)
	[[ -z $text ]] || { echo "$text" >&2 && return 1; }
	lab_flood --dst "$LAB_SRV4" --port "$PORT" --pps 5000 --seconds 1 -j
	metrics | promtool check metrics
}

@test "a line for each number of the status, and the same value" {
	local status
	serve
	synward_with
	all_served 4 3
	status=$(synward_status)
	[[ $(value synward_up) == 1 ]]
	[[ $(value "synward_build_info{version=\"$(jq -r .version <<<"$status")\"}") == 1 ]]
	[[ $(value 'synward_service_served_total{service="web",port="80"}') == 3 ]]
	[[ $(value 'synward_service_syns_total{service="web",port="80"}') == 3 ]]
	[[ $(value 'synward_service_threshold_half_open{service="web",port="80"}') == \
		"$(jq '.services[0].thresholds.half_open' <<<"$status")" ]]
	[[ $(value 'synward_service_info{service="web",port="80",mode="auto",path="cookie"}') == 1 ]]
	[[ $(value 'synward_interface_answers{interface="srv0"}') == 1 ]]
	[[ $(value 'synward_packets_total{reason="syn_peace",fate="passed"}') == 3 ]]
	[[ $(metrics | grep -c '^synward_packets_total{') == "$(jq '.reasons | length' <<<"$status")" ]]
}

@test "a flood moves the counters, and the attack is told" {
	serve
	synward_with "hold = 1s"
	[[ $(value 'synward_service_attacks_total{service="web",port="80"}') == 0 ]]
	lab_flood_start flood --dst "$LAB_SRV4" --port "$PORT" --pps 20000 --seconds 3 -j
	synward_wait '.services[0].attacked and .services[0].armed' 3
	[[ $(value 'synward_service_attacked{service="web",port="80"}') == 1 ]]
	[[ $(value 'synward_service_armed{service="web",port="80"}') == 1 ]]
	lab_wait flood 10
	(($(value 'synward_service_cookies_sent_total{service="web",port="80"}') > 30000))
	(($(value 'synward_packets_total{reason="syn_cookie",fate="answered"}') > 30000))
	(($(value 'synward_service_half_open_memory_bytes{service="web",port="80"}') > 1000000))
	[[ $(value 'synward_service_attacks_total{service="web",port="80"}') == 1 ]]
	synward_wait '.services[0] | (.attacked or .armed) | not' 20
	[[ $(value 'synward_service_attacked{service="web",port="80"}') == 0 ]]
	[[ $(value 'synward_service_armed_remaining_seconds{service="web",port="80"}') == 0 ]]
}

@test "mode monitor: attacked, and not armed" {
	serve
	synward_with "mode = monitor"
	lab_flood_start flood --dst "$LAB_SRV4" --port "$PORT" --pps 5000 --seconds 20
	synward_wait '.services[0] | .attacked and (.armed | not)' 10
	lab_stop flood
}

@test "another format is refused, and without a daemon there is no text" {
	local status=0
	synward_with
	synward_cli -j metrics 2>"$LAB_DIR/said" || status=$?
	((status == 2)) && grep -q 'one format' "$LAB_DIR/said"
	synward_down
	status=0
	synward_cli metrics >"$LAB_DIR/text" 2>"$LAB_DIR/said" || status=$?
	((status == 3)) && [[ ! -s $LAB_DIR/text ]] && grep -q 'no synwardd answers' "$LAB_DIR/said"
}

@test "the dashboard, the alerts and the man page name only metrics that there are" {
	synward_with
	names_are_there "$dashboard"
	names_are_there "$BATS_TEST_DIRNAME/../../docs/synward-exporter.8.scd"
	names_are_there "$rules"
	names_are_there "$BATS_TEST_DIRNAME/../metrics/rules.test.yml"
}

@test "the alerts fire where they should, and not in peace" {
	promtool check rules "$rules"
	promtool test rules "$BATS_TEST_DIRNAME/../metrics/rules.test.yml"
}

# ---- in a real Prometheus ----------------------------------------------------------------------

prometheus_up() {
	cat >"$LAB_DIR/prometheus.yml" <<-END
		global: { scrape_interval: 1s, evaluation_interval: 1s }
		rule_files: [ "$(realpath "$rules")" ]
		scrape_configs:
		  - job_name: synward
		    static_configs: [ { targets: [ "127.0.0.1:$HTTP_PORT" ] } ]
	END
	lab_spawn prometheus lab_s prometheus --config.file="$LAB_DIR/prometheus.yml" \
		--storage.tsdb.path="$LAB_DIR/tsdb" --web.listen-address=127.0.0.1:9090
	lab_wait_for "Prometheus to be ready" 30 lab_s curl -sf http://127.0.0.1:9090/-/ready
}

# query EXPRESSION: the result of it as JSON; an error of Prometheus' fails.
query() {
	lab_s curl -s --max-time 10 http://127.0.0.1:9090/api/v1/query --data-urlencode "query=$1" |
		jq -ce 'if .status == "success" then .data.result else error(.error) end'
}

gives() { query "$1" | jq -e "$2"; } # gives EXPRESSION JQ

# The dashboard's expressions, one a line, as Grafana asks them with everything chosen.
expressions() {
	jq -r '.panels[].targets[].expr, .annotations.list[].expr' "$dashboard" |
		sed 's/[$]__rate_interval/10s/g; s/[$]instance/.*/g; s/[$]service/.*/g'
}

@test "the dashboard's queries have an answer in a real Prometheus, while a flood goes on" {
	local expression nr=0
	serve
	synward_with
	exporter_up
	prometheus_up
	lab_flood_start flood --dst "$LAB_SRV4" --port "$PORT" --pps 20000 --seconds 60 -j
	loads 4 --count 20 | json '.served == 20'
	lab_wait_for "cookies in Prometheus" 20 gives \
		'rate(synward_service_cookies_sent_total[10s])' 'length == 1 and (.[0].value[1] | tonumber) > 5000'
	lab_wait_for "the alert" 20 gives 'ALERTS{alertname="SynwardAttack", alertstate="firing", service="web"}' 'length == 1'
	# a deny list gives drops, so that no panel is empty for want of them
	synward_cli deny add 198.18.0.0/16
	lab_wait_for "drops in Prometheus" 20 gives 'rate(synward_packets_total{reason="syn_denied"}[10s]) > 0' 'length == 1'
	while read -r expression; do
		nr=$((nr + 1))
		[[ $expression != *'$'* ]] || { echo "a variable is left: $expression" >&2 && return 1; }
		query "$expression" | json 'length > 0' || { echo "no answer: $expression" >&2 && return 1; }
	done < <(expressions)
	((nr > 20))
	query 'up{job="synward"} == 1 and synward_up == 1' | json 'length == 1'
	lab_signal flood TERM
	# The daemon away: the scrape is well, the daemon is not.
	synward_down
	lab_wait_for "synward_up 0" 20 gives 'synward_up == 0' 'length == 1'
	query 'up{job="synward"}' | json '.[0].value[1] == "1"'
	lab_stop prometheus
	lab_stop exporter
}
