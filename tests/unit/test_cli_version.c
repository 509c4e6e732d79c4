/* SPDX-License-Identifier: GPL-2.0-only */
/* sources: cli/[a-l]*.c cli/m[e-o]*.c cli/[n-z]*.c daemon/config*.c daemon/pins.c daemon/control.c daemon/control_client.c daemon/control_socket.c daemon/varlink.c daemon/methods*.c daemon/status.c daemon/list_reply.c daemon/lists.c daemon/log.c */
/*
 * `synward version` and `synward reasons`, which know more where synwardd answers and do without
 * where it does not.
 */
#include "cli_world.h"

#include <sys/utsname.h>

#include "names.h"

static const char *kernel(void)
{
	static struct utsname name;

	assert_int_equal(uname(&name), 0);
	return name.release;
}

static void prints_of_kernel(const char *line, const char *format)
{
	char wanted[512];

	snprintf(wanted, sizeof(wanted), format, kernel());
	prints(line, wanted);
}

static void test_version(void **state)
{
	(void)state;
	prints_of_kernel("version", "synward   " VERSION "\nsynwardd  " VERSION
				    ", up 2 h 3 min\nkernel    %s\nlibbpf    1.1\n");
	prints_of_kernel("version -j", "{\"synward\": \"" VERSION "\", \"synwardd\": \"" VERSION
				       "\", \"kernel\": \"%s\", \"libbpf\": \"1.1\"}\n");
	prints_of_kernel("version -t", "version\t" VERSION "\t" VERSION "\t%s\t1.1\n");
	prints("--version", "synward " VERSION "\n");
}

static void test_another_version(void **state)
{
	(void)state;
	prints_of_kernel("version",
			 "synward   " VERSION "\nsynwardd  0.0, up 2 h 3 min\nkernel    %s\n"
			 "libbpf    1.1\n\nsynwardd is not of the version of synward: restart it "
			 "after an upgrade\n");
}

static void test_reasons(void **state)
{
	json_t *all __cleanup(cleanup_json) = NULL;

	(void)state;
	ends("reasons", CLI_DONE, "");
	assert_int_equal(strncmp(world.out, "VERDICT ", 8), 0);
	assert_non_null(strstr(world.out, " PACKETS  FATE "));
	assert_non_null(strstr(world.out, "\nsyn_cookie              30411374  answered  "
					  "SYN answered with a cookie\n"));
	assert_non_null(strstr(world.out, "\nsyn_denied                     0  dropped   "
					  "SYN from a source on the deny list\n"));
	ends("reasons -t", CLI_DONE, "");
	assert_non_null(strstr(world.out, "\nreason\tsyn_cookie\t30411374\tanswered\tSYN "
					  "answered with a cookie\n"));
	ends("reasons -j", CLI_DONE, "");
	all = json_loads(world.out, 0, NULL);
	assert_int_equal(json_array_size(all), NR_REASONS);
	assert_string_equal(
		json_string_value(json_object_get(json_array_get(all, SYN_COOKIE), "name")),
		"syn_cookie");
	assert_int_equal(
		json_integer_value(json_object_get(json_array_get(all, SYN_COOKIE), "packets")),
		30411374);
}

/* A verdict that only synwardd knows is counted, and has no words. */
static void test_newer_reason(void **state)
{
	(void)state;
	ends("reasons -t", CLI_DONE, "");
	assert_non_null(strstr(world.out, "\nreason\tnewer\t0\t-\t-\n"));
}

static void test_no_daemon(void **state)
{
	char wanted[512];

	(void)state;
	daemon_end();
	ends("version", CLI_DONE, "");
	snprintf(wanted, sizeof(wanted),
		 "synward   " VERSION "\nsynwardd  unknown: no synwardd answers at %s;",
		 world.path);
	assert_int_equal(strncmp(world.out, wanted, strlen(wanted)), 0);
	snprintf(wanted, sizeof(wanted), "\nkernel    %s\n", kernel());
	assert_string_equal(strstr(world.out, "\nkernel") ?: "", wanted);
	prints_of_kernel("version -j", "{\"synward\": \"" VERSION "\", \"synwardd\": null, "
				       "\"kernel\": \"%s\", \"libbpf\": null}\n");
	ends("reasons", CLI_DONE, "");
	assert_null(strstr(world.out, "PACKETS"));
	assert_non_null(strstr(world.out, "\nsyn_denied              dropped   SYN from a source"));
	ends("reasons -t", CLI_DONE, "");
	assert_non_null(strstr(world.out, "\nreason\tsyn_denied\t\tdropped\tSYN from a source"));
	ends("reasons --socket=", CLI_MISUSE,
	     "synward: --socket needs a path of 1 to 107 bytes; see 'synward help'\n");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_version, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_reasons, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_no_daemon, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_another_version, set_up_degraded, tear_down),
		cmocka_unit_test_setup_teardown(test_newer_reason, set_up_degraded, tear_down),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
