/* SPDX-License-Identifier: GPL-2.0-only */
/* sources: daemon/config*.c */
/*
 * What a reload may change and what it may not, key by key; and a config as text again, which read
 * once more is the same.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <errno.h>

#include "config_help.h"

#define OLD MAIN WEB "[service mail]\nports = 25 465\n"

/* What stands behind "f" in the errors of a reload from OLD; "" when it is allowed. */
static void reload_says(const char *text, const char *wanted)
{
	struct config_errors errors = { 0 };
	struct config old = { 0 }, new = { 0 };
	char *said __cleanup(cleanup_free) = NULL;

	parse_good(OLD, &old);
	parse_good(text, &new);
	assert_int_equal(config_check_reload(&old, &new, &errors), *wanted ? -EINVAL : 0);
	said = joined(&errors);
	assert_string_equal(said, wanted);
	config_errors_free(&errors);
	config_free(&old);
	config_free(&new);
}

#define AT_RESTART "; restart synwardd for that\n"
#define OTHER(key) key " is another one than at the start" AT_RESTART
#define MAIL "[service mail]\nports = 25 465\n"

static void test_allowed(void **state)
{
	(void)state;
	reload_says(OLD, "");
	reload_says(MAIN "synack-per-prefix = 5\nreply = fib\nhold = 1m\n" WEB
			 "addresses = 192.0.2.1\nmode = off\narm-half-open = 7\n"
			 "arm-syn-rate = 8\nlow-water = 9\n" MAIL,
		    "");
}

static void test_fixed(void **state)
{
	(void)state;
	reload_says("[synward]\ninterfaces = eth0 eth1\n" WEB MAIL, OTHER("interfaces"));
	reload_says("[synward]\ninterfaces = eth1\n" WEB MAIL, OTHER("interfaces"));
	reload_says(MAIN "xdp-mode = generic\n" WEB MAIL, OTHER("xdp-mode"));
	reload_says(MAIN "control-socket = /x\n" WEB MAIL, OTHER("control-socket"));
	reload_says(MAIN "pin-path = /sys/fs/bpf/x\n" WEB MAIL, OTHER("pin-path"));
	reload_says(MAIN "on-stop = detach\n" WEB MAIL, OTHER("on-stop"));
	reload_says(MAIN "state-directory = /x\n" WEB MAIL, OTHER("state-directory"));
	reload_says(MAIN "max-flows = 1024\n" WEB MAIL, OTHER("max-flows"));
	reload_says(MAIN "max-flows = 1024\nxdp-mode = native\n" WEB MAIL,
		    OTHER("xdp-mode") OTHER("max-flows"));
	reload_says(MAIN WEB "server-first = yes\n" MAIL,
		    "server-first = yes, for the first service that has it" AT_RESTART);
	reload_says(MAIN WEB "handshake-timeout = 5\n" MAIL,
		    "handshake-timeout of [service web] is another one" AT_RESTART);
	reload_says(MAIN WEB MAIL "max-half-open = 5\n",
		    "max-half-open of [service mail] is another one" AT_RESTART);
}

static void test_services(void **state)
{
	(void)state;
	reload_says(MAIN WEB, "[service mail] is gone" AT_RESTART);
	reload_says(OLD "[service dns]\nports = 53\n", "[service dns] is new" AT_RESTART);
	reload_says(MAIN MAIL WEB, "[service mail] stands where [service web] did" AT_RESTART);
	reload_says(MAIN "[service web]\nports = 81\n" MAIL,
		    "[service web] has other ports" AT_RESTART);
	reload_says(MAIN WEB "[service mail]\nports = 25\n",
		    "[service mail] has other ports" AT_RESTART);
}

/* ---- as text again ---- */

static char path[64];

static int set_up(void **state)
{
	int fd;

	(void)state;
	strcpy(path, "/tmp/synward-test-XXXXXX");
	fd = mkstemp(path);
	return fd < 0 || close(fd);
}

static int tear_down(void **state)
{
	(void)state;
	return unlink(path);
}

static void write_file(const char *text)
{
	FILE *file = fopen(path, "we");

	assert_non_null(file);
	assert_true(fputs(text, file) >= 0);
	assert_int_equal(fclose(file), 0);
}

/* Every line but its place. */
static char *shown(bool with_from)
{
	struct config_errors errors = { 0 };
	struct config_lines lines = { 0 };
	const char *section = NULL;
	char *text = NULL;
	size_t nr_bytes, i;
	FILE *file;
	int err = config_show(path, &lines, &errors);

	config_errors_print(&errors, stderr, "");
	assert_int_equal(err, 0);
	file = open_memstream(&text, &nr_bytes);
	for (i = 0; i < lines.nr; i++) {
		const struct config_line *line = &lines.line[i];

		if (!section || strcmp(section, line->section))
			fprintf(file, "[%s%s]\n", *line->section ? "service " : "synward",
				line->section);
		section = line->section;
		fprintf(file, "%s = %s", line->key, line->value);
		if (with_from)
			fprintf(file, " ; %s",
				strncmp(line->from, path, strlen(path)) ?
					line->from :
					line->from + strlen(path));
		fputc('\n', file);
	}
	fclose(file);
	config_lines_free(&lines);
	return text;
}

#define ALL                                                                                      \
	"[synward]\ninterfaces = eth0 eth1\nxdp-mode = generic\ncontrol-socket = /run/x\n"       \
	"pin-path = /sys/fs/bpf/x\non-stop = detach\nstate-directory = /x\nsynack-per-prefix = " \
	"0\n"                                                                                    \
	"reply = fib\nmax-flows = 2048\n[service web]\nports = 80 8000-8010 443 444\n"           \
	"addresses = 192.0.2.1 2001:db8::1\nmode = off\nserver-first = yes\narm-half-open = 7\n" \
	"arm-syn-rate = auto\nhold = 1m\nlow-water = 9%\nhandshake-timeout = 61s\n"              \
	"max-half-open = 8\n"

static void test_as_it_was_written(void **state)
{
	char *text __cleanup(cleanup_free) = NULL;

	(void)state;
	write_file(ALL);
	text = shown(false);
	assert_string_equal(text, ALL);
}

/* Each key is shown with a value that can be read, and comes back. */
static void test_read_again(void **state)
{
	char *once __cleanup(cleanup_free) = NULL, *twice __cleanup(cleanup_free) = NULL;
	char line[64];
	size_t i;

	(void)state;
	write_file(OLD);
	once = shown(false);
	for (i = 0; config_key(i); i++) {
		snprintf(line, sizeof(line), "\n%s = ", config_key(i));
		if (strcmp(config_key(i), "allow-file") && strcmp(config_key(i), "deny-file"))
			assert_non_null(strstr(once, line));
	}
	write_file(once);
	twice = shown(false);
	assert_string_equal(once, twice);
}

static void test_where_from(void **state)
{
	char *text __cleanup(cleanup_free) = NULL;

	(void)state;
	write_file(MAIN "hold = 1m\n" WEB MAIL "hold = 2m\n");
	text = shown(true);
	assert_non_null(strstr(text, "interfaces = eth0 ; :2\nxdp-mode = auto ; default\n"));
	assert_non_null(strstr(text, "[service web]\nports = 80 ; :5\n"));
	assert_non_null(strstr(text, "hold = 1m ; :3\n")); /* the one in [synward] */
	assert_non_null(strstr(text, "hold = 2m ; :8\n"));
}

static void test_files_are_shown(void **state)
{
	char *text __cleanup(cleanup_free) = NULL;
	char list[80], content[256], wanted[128];
	FILE *file;

	(void)state;
	snprintf(list, sizeof(list), "%s.list", path);
	snprintf(content, sizeof(content), MAIN "allow-file = %s\n" WEB, list);
	snprintf(wanted, sizeof(wanted), "\nallow-file = %s ; :3\n", list);
	file = fopen(list, "we");
	assert_non_null(file);
	fclose(file);
	write_file(content);
	text = shown(true);
	unlink(list);
	assert_non_null(strstr(text, wanted));
	assert_null(strstr(text, "deny-file"));
}

int main(void)
{
#define SHOW(function) cmocka_unit_test_setup_teardown(function, set_up, tear_down)
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_allowed),  cmocka_unit_test(test_fixed),
		cmocka_unit_test(test_services), SHOW(test_as_it_was_written),
		SHOW(test_read_again),           SHOW(test_where_from),
		SHOW(test_files_are_shown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
