/* SPDX-License-Identifier: GPL-2.0-only */
/* sources: daemon/config*.c */
/*
 * The man page of the config against the daemon: every key is in it and no other, what it says to
 * be the default is it, and a range holds where it ends.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <errno.h>

#include "config_help.h"

static char page[65536];

static int read_page(void **state)
{
	FILE *file = fopen("docs/synward.conf.5.scd", "re");
	size_t nr_bytes;

	(void)state;
	if (!file)
		return -1;
	nr_bytes = fread(page, 1, sizeof(page) - 1, file);
	fclose(file);
	page[nr_bytes] = '\0';
	return nr_bytes == sizeof(page) - 1;
}

/* An entry of the page: "\n*key* = range\n\ttext". Returns where it ends, or NULL: there are no
 * more. */
struct entry {
	char key[32], range[64], text[1024];
};

static const char *entry_next(const char *at, struct entry *ret)
{
	size_t nr;

	while ((at = strstr(at, "\n*"))) {
		if (sscanf(at, "\n*%31[a-z-]* = %63[^\n]", ret->key, ret->range) == 2)
			break;
		at++;
	}
	if (!at)
		return NULL;
	at = strchr(at + 1, '\n');
	nr = strstr(at, "\n\n") - at;
	assert_in_range(nr, 1, sizeof(ret->text) - 1);
	snprintf(ret->text, sizeof(ret->text), "%.*s", (int)nr, at);
	return at;
}

static bool is_key(const char *name)
{
	size_t i;

	for (i = 0; config_key(i); i++)
		if (!strcmp(config_key(i), name))
			return true;
	return false;
}

static void test_keys(void **state)
{
	const char *at = page;
	struct entry entry;
	size_t nr = 0, i;
	char title[64];

	(void)state;
	while ((at = entry_next(at, &entry))) {
		if (!is_key(entry.key))
			fail_msg("synward.conf(5) has %s, which is no key", entry.key);
		nr++;
	}
	for (i = 0; config_key(i); i++) {
		snprintf(title, sizeof(title), "\n*%s* = ", config_key(i));
		if (!strstr(page, title))
			fail_msg("%s is not in synward.conf(5)", config_key(i));
	}
	assert_int_equal(nr, i);
}

/* A config that says this alone, in the section that takes it. Returns as config_parse() does. */
static int parse_key(const char *key, const char *value, struct config *ret)
{
	static const char *const texts[] = { MAIN "%s = %s\n" WEB, MAIN WEB "%s = %s\n" };
	size_t i;
	int err = -EINVAL;

	for (i = 0; i < sizeof(texts) / sizeof(texts[0]) && err; i++) {
		struct config_errors errors = { 0 };
		char text[256];

		snprintf(text, sizeof(text), texts[i], key, value);
		err = config_parse("f", text, strlen(text), ret, &errors);
		config_errors_free(&errors);
	}
	return err;
}

static void all_of(const struct config *config, char **ret)
{
	size_t nr_bytes;
	FILE *file = open_memstream(ret, &nr_bytes);

	assert_non_null(file);
	fprintf(file, "%d %d %s %s %s %s %s %u %d %u\n", (int)config->xdp_mode,
		(int)config->on_stop, config->control_socket, config->pin_path,
		config->state_directory, config->allow_file ?: "-", config->deny_file ?: "-",
		config->synack_per_prefix, config->reply_by_route, config->max_flows);
	fprintf(file, "%d ", config->services[0].server_first);
	describe_service(&config->services[0], file);
	fclose(file);
}

/* Saying it changes nothing. Two keys have no default: they are required. */
static void test_defaults(void **state)
{
	char *plain __cleanup(cleanup_free) = NULL;
	struct config config;
	const char *at = page;
	struct entry entry;

	(void)state;
	parse_good(MAIN WEB, &config);
	all_of(&config, &plain);
	config_free(&config);
	while ((at = entry_next(at, &entry))) {
		const char *words = strstr(entry.text, "Default:");
		char *said __cleanup(cleanup_free) = NULL;
		char value[64];

		if (!words && strcmp(entry.key, "interfaces") && strcmp(entry.key, "ports"))
			fail_msg("%s has no default", entry.key);
		if (!words || !strncmp(words, "Default: none.", 14))
			continue;
		assert_int_equal(sscanf(words, "Default: _%63[^_]_.", value), 1);
		if (parse_key(entry.key, value, &config))
			fail_msg("%s = %s is refused", entry.key, value);
		all_of(&config, &said);
		config_free(&config);
		if (strcmp(said, plain))
			fail_msg("%s = %s is not the default", entry.key, value);
	}
}

static void takes(const char *key, const char *value, bool is_taken)
{
	struct config config;
	int err = parse_key(key, value, &config);

	if (!err)
		config_free(&config);
	if (!err != is_taken)
		fail_msg("%s = %s is %s", key, value, err ? "refused" : "taken");
}

/* Both ends are taken, less and more are not. */
static void test_ranges(void **state)
{
	const char *at = page;
	struct entry entry;
	size_t nr = 0;

	(void)state;
	while ((at = entry_next(at, &entry))) {
		const char *range = strpbrk(entry.range, "_");
		char least[24], most[24], beyond[32];

		if (!range || sscanf(range, "_%23[^_]_ to _%23[^_]_", least, most) != 2)
			continue;
		takes(entry.key, least, true);
		takes(entry.key, most, true);
		snprintf(beyond, sizeof(beyond), "%d%s", atoi(most) + 1,
			 most + strspn(most, "0123456789"));
		takes(entry.key, beyond, false);
		snprintf(beyond, sizeof(beyond), "%d", atoi(least) - 1);
		takes(entry.key, beyond, !strncmp(entry.range, "0, or", 5));
		nr++;
	}
	assert_int_equal(nr, 8);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_keys),
		cmocka_unit_test(test_defaults),
		cmocka_unit_test(test_ranges),
	};

	return cmocka_run_group_tests(tests, read_page, NULL);
}
