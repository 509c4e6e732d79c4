/* SPDX-License-Identifier: GPL-2.0-only */
/* sources: daemon/config*.c */
/*
 * The files that a config is made of: the main file f and its drop-ins f.d/NAME. Each row has the
 * files, and the config or the exact errors that must come out. All of it happens in a directory of
 * its own, so that names are short.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <errno.h>
#include <sys/stat.h>
#include <unistd.h>

#include "config_help.h"

#define FILES_MAX 8

struct file {
	const char *name, *text;
};

struct row {
	const char *name;
	struct file files[FILES_MAX];
	const char *expected; /* the config, or the errors */
};

static const struct row accepted[] = {
	{ "a directory without files",
	  { { "f", MAIN WEB } },
	  "eth0\n" SERVICE_DEFAULT("web", "80") },
	{ "a drop-in overrides what it says, and no more",
	  { { "f", MAIN "[service web]\nports = 80\nmode = off\nhold = 5s\n" },
	    { "f.d/a.conf", "[service web]\nmode = monitor\n" } },
	  "eth0\nweb 80 any mode 1 arm 0 0 hold 5 low 50 in 63 max 4096\n" },
	{ "lists are replaced, not extended",
	  { { "f", MAIN "[service web]\nports = 80 81\naddresses = ::1\n[service b]\nports = 9\n" },
	    { "f.d/a.conf", "[synward]\ninterfaces = eth1 eth2\n"
			    "[service web]\nports = 82\naddresses = any\n"
			    "[service b]\naddresses = ::2\n" } },
	  "eth1 eth2\n" SERVICE_DEFAULT(
		  "web", "82") "b 9 ::2 mode 2 arm 0 0 hold 30 low 50 in 63 max 4096\n" },
	{ "a drop-in adds a service",
	  { { "f", MAIN WEB }, { "f.d/a.conf", "[service mail]\nports = 25" } },
	  "eth0\n" SERVICE_DEFAULT("web", "80") SERVICE_DEFAULT("mail", "25") },
	{ "byte order of the names: 10 before 9, B before a",
	  { { "f", MAIN WEB },
	    { "f.d/9.conf", "[service web]\nhold = 9\n" },
	    { "f.d/10.conf", "[service web]\nhold = 10\n" },
	    { "f.d/a.conf", "[service web]\nlow-water = 1\n" },
	    { "f.d/B.conf", "[service web]\nlow-water = 2\n" } },
	  "eth0\nweb 80 any mode 2 arm 0 0 hold 9 low 1 in 63 max 4096\n" },
	{ "other names are not read",
	  { { "f", MAIN WEB },
	    { "f.d/.a.conf", "wrong" },
	    { "f.d/.conf", "wrong" },
	    { "f.d/a.conf~", "wrong" },
	    { "f.d/a.conf.dpkg-old", "wrong" },
	    { "f.d/aconf", "wrong" },
	    { "f.d/README", "wrong" } },
	  "eth0\n" SERVICE_DEFAULT("web", "80") },
	{ "a later [synward] is still only the default of a service",
	  { { "f", MAIN "[service web]\nports = 80\nhold = 5s\n[service b]\nports = 81\n" },
	    { "f.d/a.conf", "[synward]\nhold = 7s\n" } },
	  "eth0\nweb 80 any mode 2 arm 0 0 hold 5 low 50 in 63 max 4096\n"
	  "b 81 any mode 2 arm 0 0 hold 7 low 50 in 63 max 4096\n" },
	{ "what the main file lacks may stand in a drop-in",
	  { { "f", "[service web]\nmode = off\n" },
	    { "f.d/a.conf", "; nothing but a comment" },
	    { "f.d/b.conf", "\xef\xbb\xbf" MAIN },
	    { "f.d/c.conf", WEB } },
	  "eth0\nweb 80 any mode 0 arm 0 0 hold 30 low 50 in 63 max 4096\n" },
	{ "an overlap that a drop-in ends",
	  { { "f", MAIN WEB "[service b]\nports = 80\n" },
	    { "f.d/a.conf", "[service b]\nports = 81\n" } },
	  "eth0\n" SERVICE_DEFAULT("web", "80") SERVICE_DEFAULT("b", "81") },
};

#define PORTS_TWICE(late, early, where)                                       \
	"port 80 of [service " late "] is also in [service " early "] " where \
	", for the same addresses; keep it in one of them\n"

static const struct row refused[] = {
	{ "all errors of all files",
	  { { "f", MAIN "x = 1\n" WEB },
	    { "f.d/a.conf", "\n[service web]\nmode = on\n" },
	    { "f.d/b.conf", "[synward]\nhold = 2h\n[servic web]\n" } },
	  "f:3: unknown key 'x'; keys here are interfaces, xdp-mode, control-socket, pin-path, "
	  "on-stop, "
	  "state-directory, allow-file, deny-file, synack-per-prefix, reply, max-flows, "
	  "arm-half-open, arm-syn-rate, hold, low-water, "
	  "handshake-timeout and max-half-open\n"
	  "f.d/a.conf:3: 'on' is no mode; it is off, monitor, auto or always\n"
	  "f.d/b.conf:2: hold: '2h' is too long; it is 1s to 1h\n"
	  "f.d/b.conf:3: unknown section [servic]; did you mean 'service'? sections are [synward] "
	  "and [service NAME]\n" },
	{ "twice in one drop-in",
	  { { "f", "\n\n" MAIN WEB },
	    { "f.d/a.conf",
	      "\n[service web]\nmode = off\nmode = auto\n[service web]\nhold = 1\n" } },
	  "f.d/a.conf:4: duplicate key 'mode'; the first is on line 3, make one of them\n"
	  "f.d/a.conf:5: duplicate section [service web]; the first is on line 2, make one of "
	  "them\n" },
	{ "a drop-in begins outside of any section",
	  { { "f", MAIN WEB }, { "f.d/a.conf", "hold = 1\n" } },
	  "f.d/a.conf:1: a key before any section; begin with [synward]\n" },
	{ "missing keys are missed where the section first stood",
	  { { "f", "[synward]\nhold = 1\n[service web]\nhold = 1\n" },
	    { "f.d/a.conf", "[service web]\nmode = off\n[service b]\nmode = off\n" },
	    { "f.d/b.conf", "\n\n[service b]\nmode = auto\n" } },
	  "f:1: key 'interfaces' is missing; add 'interfaces = DEV'\n"
	  "f:3: key 'ports' is missing; add 'ports = PORT...'\n"
	  "f.d/a.conf:3: key 'ports' is missing; add 'ports = PORT...'\n" },
	{ "a drop-in's new service overlaps",
	  { { "f", MAIN WEB }, { "f.d/a.conf", "\n[service b]\nports = 80\n" } },
	  "f.d/a.conf:2: " PORTS_TWICE("b", "web", "at f:3") },
	{ "a drop-in moves the first service onto the second",
	  { { "f", MAIN "[service a]\nports = 1\n[service b]\nports = 80\n" },
	    { "f.d/a.conf", "[service b]\nhold = 1\n[service a]\nports = 80\n" },
	    { "f.d/b.conf", "[service a]\nmode = off\n" } },
	  "f.d/a.conf:3: " PORTS_TWICE("a", "b", "at f:5") },
	{ "a drop-in's addresses overlap",
	  { { "f", MAIN WEB "addresses = ::1\n[service b]\nports = 80\naddresses = ::2\n" },
	    { "f.d/a.conf", "[service b]\naddresses = ::1\n" } },
	  "f.d/a.conf:1: " PORTS_TWICE("b", "web", "at f:3") },
	{ "two of one drop-in overlap",
	  { { "f", MAIN WEB },
	    { "f.d/a.conf", "[service web]\nports = 80\n[service b]\nports = 80\n" } },
	  "f.d/a.conf:3: " PORTS_TWICE("b", "web", "on line 1") },
	{ "too many ports with a drop-in's",
	  { { "f", MAIN "[service a]\nports = 5000\n[service b]\nports = 2001-2025\n" },
	    { "f.d/a.conf", "[service a]\nports = 1-1000\n\n" },
	    { "f.d/b.conf", "[service b]\nhold = 1\n" } },
	  "f.d/a.conf:3: 1025 ports over all services; at most 1024 are possible\n" },
	{ "an empty section is one, wherever its keys are",
	  { { "f", MAIN WEB "[service b]\n[service c]\n" },
	    { "f.d/a.conf", "[service b]\nports = 81\n\n[service web]\n" } },
	  "f:5: section [service b] is empty; give it keys or remove it\n"
	  "f:6: section [service c] is empty; give it keys or remove it\n"
	  "f.d/a.conf:4: section [service web] is empty; give it keys or remove it\n" },
	{ "nothing anywhere",
	  { { "f", "\n\n" }, { "f.d/a.conf", "\n\n\n\n" } },
	  "f:2: no section [synward]; add it, with 'interfaces = DEV'\n"
	  "f:2: no service; add [service NAME] with 'ports = PORT...'\n" },
	{ "no main file",
	  { { "f.d/a.conf", "[service web]\nmode = on\n" } },
	  "f: cannot be opened: No such file or directory; write it, or try synwardd with "
	  "--interface DEV --ports LIST\n"
	  "f.d/a.conf:2: 'on' is no mode; it is off, monitor, auto or always\n" },
	{ "the directory is a file",
	  { { "f", MAIN WEB }, { "f.d", "" } },
	  "f.d: cannot be read: Not a directory; it should be a directory of drop-ins\n" },
};

/* ---- a directory of its own ---- */

static void put(const struct file *file)
{
	FILE *stream = fopen(file->name, "we");

	assert_non_null(stream);
	assert_int_equal(fputs(file->text, stream) >= 0, 1);
	assert_int_equal(fclose(stream), 0);
}

static int enter(void **state)
{
	char path[] = "/tmp/synward-test-XXXXXX";

	*state = mkdtemp(path) ? strdup(path) : NULL;
	return *state && !chdir(path) && !mkdir("f.d", 0755) ? 0 : -1;
}

static int leave(void **state)
{
	int failed = rmdir("f.d") || chdir("/") || rmdir(*state);

	free(*state);
	return failed ? -1 : 0;
}

/* The files of a row are there while `check` runs. */
static void with_files(const struct row *row, void (*check)(const struct row *row))
{
	bool is_directory = true;
	size_t i;

	for (i = 0; i < FILES_MAX && row->files[i].name; i++)
		is_directory &= strcmp(row->files[i].name, "f.d") != 0;
	if (!is_directory)
		assert_int_equal(rmdir("f.d"), 0);
	for (i = 0; i < FILES_MAX && row->files[i].name; i++)
		put(&row->files[i]);
	check(row);
	for (i = 0; i < FILES_MAX && row->files[i].name; i++)
		assert_int_equal(unlink(row->files[i].name), 0);
	if (!is_directory)
		assert_int_equal(mkdir("f.d", 0755), 0);
}

static void accepts(const struct row *row)
{
	struct config_errors errors = { 0 };
	struct config config;
	int err = config_load("f", &config, &errors);

	if (err)
		print_error("row: %s\n", row->name);
	config_errors_print(&errors, stderr, "");
	assert_int_equal(err, 0);
	assert_string_equal(config.path, "f");
	assert_described(&config, row->expected);
	config_free(&config);
}

static void refuses(const struct row *row)
{
	struct config_errors errors = { 0 };
	struct config config;
	char *lines;

	memset(&config, 0x5a, sizeof(config));
	assert_int_equal(config_load("f", &config, &errors), -EINVAL);
	assert_int_equal(((unsigned char *)&config)[0], 0x5a);
	lines = joined(&errors);
	if (strcmp(lines, row->expected))
		print_error("row: %s\n", row->name);
	assert_string_equal(lines, row->expected);
	free(lines);
	config_errors_free(&errors);
}

static void test_accepted(void **state)
{
	size_t i;

	(void)state;
	for (i = 0; i < sizeof(accepted) / sizeof(accepted[0]); i++)
		with_files(&accepted[i], accepts);
}

static void test_refused(void **state)
{
	size_t i;

	(void)state;
	for (i = 0; i < sizeof(refused) / sizeof(refused[0]); i++)
		with_files(&refused[i], refuses);
}

static void test_no_directory(void **state)
{
	const struct row row = { "no directory",
				 { { "f", MAIN WEB } },
				 "eth0\n" SERVICE_DEFAULT("web", "80") };

	(void)state;
	assert_int_equal(rmdir("f.d"), 0);
	with_files(&row, accepts);
	assert_int_equal(mkdir("f.d", 0755), 0);
}

/* While one is not known, nothing is said to be missing. */
static void test_unreadable_dropins(void **state)
{
	const struct row row = {
		"drop-ins that cannot be read",
		{ { "f", "[synward]\nhold = 0\n" }, { "f.d/d.conf", "[service b]\nhold = 1\n" } },
		"f:2: hold: '0' is no duration; it is 1s to 1h\n"
		"f.d/a.conf: cannot be read: Is a directory\n"
		"f.d/b.conf: cannot be opened: No such file or directory; a link that leads "
		"nowhere?\n"
		"f.d/c.conf: has more than 1048576 bytes; is this a config file?\n"
		"f.d/e.conf: cannot be opened: Too many levels of symbolic links\n"
	};

	(void)state;
	assert_int_equal(mkdir("f.d/a.conf", 0755), 0);
	assert_int_equal(symlink("/nonexistent/x", "f.d/b.conf"), 0);
	assert_int_equal(symlink("/dev/zero", "f.d/c.conf"), 0);
	assert_int_equal(symlink("e.conf", "f.d/e.conf"), 0);
	with_files(&row, refuses);
	assert_int_equal(rmdir("f.d/a.conf") | unlink("f.d/b.conf") | unlink("f.d/c.conf") |
				 unlink("f.d/e.conf"),
			 0);
}

/* The limit is one file's, not that of all together. */
static void test_large_files(void **state)
{
	static char text[CONFIG_SIZE_MAX + 1] = MAIN WEB;
	const struct row row = { "large files",
				 { { "f", text }, { "f.d/a.conf", text }, { "f.d/b.conf", text } },
				 "eth0\n" SERVICE_DEFAULT("web", "80") };

	(void)state;
	memset(text + strlen(text), '\n', CONFIG_SIZE_MAX - strlen(text));
	with_files(&row, accepts);
}

static void load_refuses(const char *path, const char *line)
{
	struct config_errors errors = { 0 };
	struct config config;

	assert_int_equal(config_load(path, &config, &errors), -EINVAL);
	assert_int_equal(errors.nr_lines, 1);
	assert_string_equal(errors.lines[0], line);
	config_errors_free(&errors);
}

static void test_files(void **state)
{
	(void)state;
	load_refuses(
		"/nonexistent/x",
		"/nonexistent/x: cannot be opened: No such file or directory; write it, or try "
		"synwardd with --interface DEV --ports LIST");
	load_refuses("/", "/: cannot be read: Is a directory");
	load_refuses("/dev/zero", "/dev/zero: has more than 1048576 bytes; is this a config file?");
}

static void test_unreadable_file(void **state)
{
	const struct file file = { "g", MAIN WEB };

	(void)state;
	put(&file);
	assert_int_equal(chmod("g", 0), 0);
	if (geteuid()) /* root may read it */
		load_refuses("g", "g: cannot be opened: Permission denied");
	unlink("g");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_accepted),        cmocka_unit_test(test_refused),
		cmocka_unit_test(test_no_directory),    cmocka_unit_test(test_unreadable_dropins),
		cmocka_unit_test(test_large_files),     cmocka_unit_test(test_files),
		cmocka_unit_test(test_unreadable_file),
	};

	return cmocka_run_group_tests(tests, enter, leave);
}
