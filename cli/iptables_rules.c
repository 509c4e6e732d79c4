// SPDX-License-Identifier: GPL-2.0-only
/*
 * A line of iptables-save is words; what is understood becomes a match of nft's, and any other
 * condition one that may hold: {"xt": ...}.
 */
#include "iptables_rules.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "cleanup.h"
#include "json.h"

#define WORDS_MAX 128

struct reader {
	const char *family, *tool;
	char table[64]; /* as iptables calls it */
	char place[80]; /* beside nft's tables */
	json_t *to;
};

/* ---- words ---- */

/* Cuts `line` into words in place; "a \"b" is one. */
static size_t words_of(char *line, char *words[WORDS_MAX])
{
	size_t nr = 0;

	while (nr < WORDS_MAX) {
		char *to;
		bool is_quoted;

		line += strspn(line, " ");
		if (!*line)
			break;
		is_quoted = *line == '"';
		line += is_quoted;
		words[nr++] = to = line;
		while (*line && *line != (is_quoted ? '"' : ' ')) {
			if (is_quoted && *line == '\\' && line[1])
				line++;
			*to++ = *line++;
		}
		line += !!*line;
		*to = '\0';
	}
	return nr;
}

/* ---- conditions ---- */

static json_t *payload(const char *protocol, const char *field)
{
	return json_pack("{s:{s:s, s:s}}", "payload", "protocol", protocol, "field", field);
}

static json_t *about(const char *kind, const char *key)
{
	return json_pack("{s:{s:s}}", kind, "key", key);
}

/* left and right are taken over. */
static void add_match(json_t *expr, bool is_not, json_t *left, json_t *right)
{
	json_array_append_new(expr, json_pack("{s:{s:s, s:o, s:o}}", "match", "op",
					      is_not ? "!=" : "==", "left", left, "right", right));
}

static void add_unknown(json_t *expr, const char *word)
{
	json_array_append_new(expr, json_pack("{s:s}", "xt", word));
}

/* "80", "8000:8010" */
static json_t *port_of(const char *text)
{
	int from = 0, to = 0, nr = sscanf(text, "%d:%d", &from, &to);

	return nr == 2 ? json_pack("{s:[i,i]}", "range", from, to) :
	       nr == 1 ? json_integer(from) :
			 json_string(text);
}

/* Words between commas, each in lower case, as a set. */
static json_t *list_of(const char *text, json_t *(*one_of)(const char *text))
{
	char *copy __cleanup(cleanup_free) = strdup(text);
	char *rest = copy, *one;
	json_t *all = json_array();

	while (rest && (one = strsep(&rest, ",")))
		json_array_append_new(all, one_of(one));
	return json_pack("{s:o}", "set", all);
}

static json_t *lower_of(const char *text)
{
	char word[32];
	size_t i;

	for (i = 0; i < sizeof(word) - 1 && text[i]; i++)
		word[i] = text[i] >= 'A' && text[i] <= 'Z' ? (char)(text[i] + 'a' - 'A') : text[i];
	word[i] = '\0';
	return json_string(word);
}

/* "192.0.2.0/24" */
static json_t *network_of(const char *text)
{
	const char *slash = strchr(text, '/');

	if (!slash || strspn(slash + 1, "0123456789") != strlen(slash + 1))
		return json_string(text);
	return json_pack("{s:{s:s#, s:i}}", "prefix", "addr", text, (int)(slash - text), "len",
			 atoi(slash + 1));
}

/* "eth+" is nft's "eth*". */
static json_t *device_of(const char *text)
{
	char name[32];
	size_t length = (size_t)snprintf(name, sizeof(name), "%s", text);

	if (length && length < sizeof(name) && name[length - 1] == '+')
		name[length - 1] = '*';
	return json_string(name);
}

static json_t *flags_of(const char *text)
{
	json_t *set = list_of(text, lower_of);
	json_t *flags = json_incref(json_object_get(set, "set"));

	json_decref(set);
	if (!strcmp(text, "ALL") || !strcmp(text, "NONE")) {
		json_decref(flags);
		return json_integer(*text == 'A' ? 0x3f : 0);
	}
	return flags;
}

static void add_flags(json_t *expr, bool is_not, const char *mask, const char *value)
{
	add_match(expr, is_not,
		  json_pack("{s:[o,o]}", "&", payload("tcp", "flags"), flags_of(mask)),
		  flags_of(value));
}

/* Modules whose options count packets. */
static bool is_limit(const char *module)
{
	static const char *const limits[] = { "limit", "hashlimit", "connlimit", "recent",
					      "quota" };

	for (size_t i = 0; i < sizeof(limits) / sizeof(limits[0]); i++)
		if (!strcmp(limits[i], module))
			return true;
	return false;
}

/* Modules whose options are all read here. */
static bool is_transparent(const char *module)
{
	static const char *const known[] = { "tcp",   "multiport", "conntrack",
					     "state", "addrtype",  "comment" };

	for (size_t i = 0; i < sizeof(known) / sizeof(known[0]); i++)
		if (!strcmp(known[i], module))
			return true;
	return false;
}

static void add_module(json_t *expr, const char *module)
{
	if (is_limit(module))
		json_array_append_new(expr, json_pack("{s:s}", "limit", module));
	else if (!is_transparent(module))
		add_unknown(expr, module);
}

static bool is(const char *word, const char *a, const char *b)
{
	return !strcmp(word, a) || !strcmp(word, b);
}

/* One condition from words[0] on. Returns how many words it was. */
static size_t add_condition(const struct reader *r, json_t *expr, bool is_not, char **words,
			    size_t nr)
{
	const char *word = words[0], *value = nr > 1 ? words[1] : "";

	if (is(word, "-p", "--protocol"))
		add_match(expr, is_not, about("meta", "l4proto"), json_string(value));
	else if (is(word, "-d", "--destination"))
		add_match(expr, is_not, payload(r->family, "daddr"), network_of(value));
	else if (is(word, "-s", "--source"))
		add_match(expr, is_not, payload(r->family, "saddr"), network_of(value));
	else if (is(word, "-i", "--in-interface"))
		add_match(expr, is_not, about("meta", "iifname"), device_of(value));
	else if (is(word, "--dport", "--dports"))
		add_match(expr, is_not, payload("tcp", "dport"), list_of(value, port_of));
	else if (is(word, "--ctstate", "--state"))
		add_match(expr, is_not, about("ct", "state"), list_of(value, lower_of));
	else if (!strcmp(word, "--dst-type"))
		add_match(expr, is_not,
			  json_pack("{s:{s:s, s:[s]}}", "fib", "result", "type", "flags", "daddr"),
			  list_of(value, lower_of));
	else if (!strcmp(word, "--comment"))
		return 2;
	else if (is(word, "-m", "--match"))
		add_module(expr, value);
	else if (!strcmp(word, "--syn")) {
		add_flags(expr, is_not, "FIN,SYN,RST,ACK", "SYN");
		return 1;
	} else if (!strcmp(word, "--tcp-flags") && nr > 2) {
		add_flags(expr, is_not, value, words[2]);
		return 3;
	} else {
		add_unknown(expr, word);
		return 1;
	}
	return 2;
}

/* ---- targets ---- */

static bool has_chain(const struct reader *r, const char *name)
{
	const json_t *item;
	size_t i;

	json_array_foreach (r->to, i, item) {
		const json_t *chain = json_object_get(item, "chain");

		if (chain && json_object_get(chain, "tool") &&
		    !strcmp(json_string_value(json_object_get(chain, "name")), name) &&
		    !strcmp(json_string_value(json_object_get(chain, "table")), r->place) &&
		    !strcmp(json_string_value(json_object_get(chain, "family")), r->family))
			return true;
	}
	return false;
}

/* Whatever is no chain and not listed here lets a packet go on. */
static void add_target(const struct reader *r, json_t *expr, bool is_goto, char **words, size_t nr)
{
	static const char *const targets[][2] = {
		{ "ACCEPT", "accept" }, { "DROP", "drop" },         { "REJECT", "reject" },
		{ "RETURN", "return" }, { "QUEUE", "queue" },       { "NFQUEUE", "queue" },
		{ "DNAT", "dnat" },     { "REDIRECT", "redirect" }, { "NETMAP", "dnat" },
		{ "TPROXY", "tproxy" }, { "NOTRACK", "notrack" },   { "SYNPROXY", "synproxy" },
		{ "TARPIT", "drop" },
	};
	const char *target = nr ? words[0] : "";

	for (size_t i = 0; i < sizeof(targets) / sizeof(targets[0]); i++)
		if (!strcmp(targets[i][0], target))
			json_array_append_new(expr, json_pack("{s:{}}", targets[i][1]));
	if (!strcmp(target, "CT") && nr > 1 && !strcmp(words[1], "--notrack"))
		json_array_append_new(expr, json_pack("{s:{}}", "notrack"));
	if (has_chain(r, target))
		json_array_append_new(
			expr, json_pack("{s:{s:s}}", is_goto ? "goto" : "jump", "target", target));
}

/* ---- lines ---- */

static void add_rule(const struct reader *r, const char *line)
{
	char *copy __cleanup(cleanup_free) = strdup(line);
	char *words[WORDS_MAX], *shown __cleanup(cleanup_free) = NULL;
	size_t nr = copy ? words_of(copy, words) : 0, at = 2;
	json_t *expr = json_array();

	while (at < nr && !is(words[at], "-j", "--jump") && !is(words[at], "-g", "--goto")) {
		bool is_not = !strcmp(words[at], "!");

		at += is_not;
		at += add_condition(r, expr, is_not, words + at, nr - at);
	}
	if (at < nr)
		add_target(r, expr, is(words[at], "-g", "--goto"), words + at + 1, nr - at - 1);
	if (nr > 1 && asprintf(&shown, "-t %s %s", r->table, line) >= 0)
		json_array_append_new(r->to, json_pack("{s:{s:s, s:s, s:s, s:O, s:s, s:s}}", "rule",
						       "family", r->family, "table", r->place,
						       "chain", words[1], "expr", expr, "tool",
						       r->tool, "iptables", shown));
	json_decref(expr);
}

static const char *hook_of(const char *chain)
{
	return !strcmp(chain, "PREROUTING") ? "prerouting" :
	       !strcmp(chain, "INPUT")      ? "input" :
					      NULL;
}

/* Of the tables, in the order in which a packet meets them. */
static int priority_of(const char *table)
{
	static const struct {
		const char *table;
		int priority;
	} known[] = { { "raw", -300 }, { "mangle", -150 }, { "nat", -100 }, { "security", 50 } };

	for (size_t i = 0; i < sizeof(known) / sizeof(known[0]); i++)
		if (!strcmp(known[i].table, table))
			return known[i].priority;
	return 0;
}

/* ":INPUT DROP [0:0]" */
static void add_chain(const struct reader *r, const char *line)
{
	char name[64], policy[16];
	const char *hook;
	json_t *chain;

	if (sscanf(line, ":%63s %15s", name, policy) != 2)
		return;
	chain = json_pack("{s:s, s:s, s:s, s:s}", "family", r->family, "table", r->place, "name",
			  name, "tool", r->tool);
	if (*policy != '-' && !strcmp(r->table, "nat"))
		json_object_set_new(chain, "type", json_string("nat"));
	hook = hook_of(name);
	if (hook) {
		json_object_set_new(chain, "hook", json_string(hook));
		json_object_set_new(chain, "prio", json_integer(priority_of(r->table)));
		json_object_set_new(chain, "policy", lower_of(policy));
	}
	json_array_append_new(r->to, json_pack("{s:o}", "chain", chain));
}

/* What nft said of this table; of a legacy one it knows nothing. */
static void forget_table(const struct reader *r)
{
	for (size_t i = json_array_size(r->to); i-- > 0;) {
		const json_t *item = json_array_get(r->to, i);
		const json_t *of = json_object_get(item, "chain") ?: json_object_get(item, "rule");

		if (of && !json_object_get(of, "tool") &&
		    !strcmp(json_string_value(json_object_get(of, "family")) ?: "", r->family) &&
		    !strcmp(json_string_value(json_object_get(of, "table")) ?: "", r->place))
			json_array_remove(r->to, i);
	}
}

void iptables_add(const char *text, bool is_v6, bool is_legacy, json_t *nftables)
{
	static const char *const tools[2][2] = { { "iptables", "iptables-legacy" },
						 { "ip6tables", "ip6tables-legacy" } };
	struct reader r = { .family = is_v6 ? "ip6" : "ip",
			    .tool = tools[is_v6][is_legacy],
			    .to = nftables };
	char *copy __cleanup(cleanup_free) = strdup(text);
	char *rest = copy, *line;

	while (rest && (line = strsep(&rest, "\n"))) {
		if (*line == '*') {
			snprintf(r.table, sizeof(r.table), "%s", line + 1);
			snprintf(r.place, sizeof(r.place), "%s%s", is_legacy ? "legacy " : "",
				 r.table);
			forget_table(&r);
		} else if (*line == ':') {
			add_chain(&r, line);
		} else if (!strncmp(line, "-A ", 3)) {
			add_rule(&r, line);
		}
	}
}
