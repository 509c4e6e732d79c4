/* SPDX-License-Identifier: GPL-2.0-only */
/* sources: daemon/options.c daemon/config*.c daemon/log.c */
/*
 * synwardd's command line: what goes together and what does not; and how many log lines a second
 * has. The line that a wrong word gets goes to stderr, which each row catches in a file.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "cleanup.h"
#include "log.h"
#include "options.h"

#define WORDS_MAX 8

static int parse(const char *const *words, struct options *ret)
{
	char *argv[WORDS_MAX + 2] = { "synwardd" };
	int argc;

	for (argc = 1; words[argc - 1]; argc++)
		argv[argc] = (char *)words[argc - 1];
	return options_parse(argc, argv, ret);
}

static void test_accepted(void **state)
{
	struct options options;

	(void)state;
	assert_int_equal(parse((const char *const[]){ NULL }, &options), 0);
	assert_int_equal(options.verb, OPTIONS_RUN);
	assert_string_equal(options.config_path, "/etc/synward/synward.conf");

	assert_int_equal(
		parse((const char *const[]){ "--check-config", "--config=/x", NULL }, &options), 0);
	assert_int_equal(options.verb, OPTIONS_CHECK);
	assert_string_equal(options.config_path, "/x");

	assert_int_equal(
		parse((const char *const[]){ "--interface", "eth0", "--ports", "80,443", "--mode",
					     "monitor", "--xdp-mode=native", NULL },
		      &options),
		0);
	assert_null(options.config_path);
	assert_string_equal(options.args.interface, "eth0");
	assert_string_equal(options.args.ports, "80,443");
	assert_string_equal(options.args.mode, "monitor");
	assert_string_equal(options.args.xdp_mode, "native");
	assert_null(options.args.control_socket);

	assert_int_equal(parse((const char *const[]){ "--help", "--mode", "x", NULL }, &options),
			 0);
	assert_int_equal(options.verb, OPTIONS_HELP);
}

/* Words that are refused, and what the line begins with. */
static const struct {
	const char *words[WORDS_MAX];
	const char *begin;
} refusals[] = {
	{ { "--config" }, "synwardd: --config needs a value;" },
	{ { "--bogus" }, "synwardd: --bogus is no option" },
	{ { "--ports", "1", "-z" }, "synwardd: -z is no option" },
	{ { "--check-config=3" },
	  "synwardd: --check-config=3 is no option that is known, or takes no value;" },
	{ { "eth0" }, "synwardd: eth0 is not expected;" },
	{ { "--interface", "a" }, "synwardd: --interface needs --ports LIST too;" },
	{ { "--ports", "1" }, "synwardd: --ports needs --interface DEV too;" },
	{ { "--mode", "off" }, "synwardd: --mode goes with --interface and --ports;" },
	{ { "--config", "x", "--xdp-mode", "auto" }, "synwardd: --xdp-mode goes with" },
	{ { "--control-socket", "/x" }, "synwardd: --control-socket goes with" },
	{ { "--config", "x", "--interface", "a", "--ports", "1" }, "synwardd: --config says all;" },
};

static void test_refused(void **state)
{
	size_t i;

	(void)state;
	for (i = 0; i < sizeof(refusals) / sizeof(refusals[0]); i++) {
		FILE *file = tmpfile();
		int saved = dup(STDERR_FILENO), err;
		char line[256] = "", rest[8];
		struct options options;

		assert_non_null(file);
		dup2(fileno(file), STDERR_FILENO);
		err = parse(refusals[i].words, &options);
		dup2(saved, STDERR_FILENO);
		close(saved);
		assert_int_equal(err, -EINVAL);
		rewind(file);
		assert_non_null(fgets(line, sizeof(line), file));
		assert_null(fgets(rest, sizeof(rest), file)); /* one line */
		line[strlen(refusals[i].begin)] = '\0';
		assert_string_equal(line, refusals[i].begin);
		fclose(file);
	}
}

/* What --help says of defaults, and what they are. */
static void test_defaults(void **state)
{
	char *usage __cleanup(cleanup_free) = NULL;
	struct config_errors errors = { 0 };
	struct options options;
	struct config config;
	size_t nr_bytes;
	FILE *file = open_memstream(&usage, &nr_bytes);

	(void)state;
	assert_non_null(file);
	options_usage(file);
	fclose(file);
	assert_non_null(strstr(usage, "--mode MODE            off, monitor, auto or always "
				      "(default auto)\n"));
	assert_int_equal(
		parse((const char *const[]){ "--interface=eth0", "--ports=80", NULL }, &options),
		0);
	assert_int_equal(options_config(&options, &config, &errors), 0);
	assert_int_equal(config.services[0].mode, SVC_AUTO);
	config_free(&config);
}

static void test_log_limit(void **state)
{
	struct log_limit limit = { 0 };
	unsigned int nr_left_out = 99;
	int i;

	(void)state;
	for (i = 0; i < LOG_LINES_PER_SECOND; i++) {
		assert_true(log_allow(&limit, 5, &nr_left_out));
		assert_int_equal(nr_left_out, 0);
	}
	for (i = 0; i < 3; i++)
		assert_false(log_allow(&limit, 5, &nr_left_out));
	assert_true(log_allow(&limit, 6, &nr_left_out));
	assert_int_equal(nr_left_out, 3);
	assert_true(log_allow(&limit, 6, &nr_left_out));
	assert_int_equal(nr_left_out, 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_accepted),
		cmocka_unit_test(test_refused),
		cmocka_unit_test(test_defaults),
		cmocka_unit_test(test_log_limit),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
