/* SPDX-License-Identifier: GPL-2.0-only */
/* sources: daemon/notify.c */
/*
 * What systemd hears: each word as it wants it, and a status only when it is another one.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "notify.h"

#define RELOADING "RELOADING=1\nMONOTONIC_USEC="

static char directory[64], path[80];
static int manager; /* what systemd would hold */

static int set_up(void **state)
{
	struct sockaddr_un address = { .sun_family = AF_UNIX };

	(void)state;
	strcpy(directory, "/tmp/synward-test-XXXXXX");
	assert_non_null(mkdtemp(directory));
	snprintf(path, sizeof(path), "%s/notify", directory);
	memcpy(address.sun_path, path, strlen(path) + 1);
	manager = socket(AF_UNIX, SOCK_DGRAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
	assert_return_code(bind(manager, (struct sockaddr *)&address, sizeof(address)), 0);
	return setenv("NOTIFY_SOCKET", path, 1);
}

static int tear_down(void **state)
{
	(void)state;
	close(manager);
	unlink(path);
	return rmdir(directory);
}

/* The next message; "" when there is none. A datagram is there when send() returns. */
static const char *heard(void)
{
	static char text[1024];
	ssize_t nr = recv(manager, text, sizeof(text) - 1, 0);

	text[nr > 0 ? nr : 0] = '\0';
	return text;
}

static void test_life(void **state)
{
	(void)state;
	notify_ready();
	assert_string_equal(heard(), "READY=1");
	notify_reloading();
	assert_memory_equal(heard(), RELOADING, strlen(RELOADING));
	notify_stopping();
	assert_string_equal(heard(), "STOPPING=1\nSTATUS=stopping");
	assert_string_equal(heard(), "");
}

static void test_status_when_it_changes(void **state)
{
	char long_word[2000];

	(void)state;
	notify_status(0, 3, NULL);
	assert_string_equal(heard(), "STATUS=0 of 3 service ports armed");
	notify_status(0, 3, NULL);
	assert_string_equal(heard(), "");
	notify_status(2, 3, NULL);
	assert_string_equal(heard(), "STATUS=2 of 3 service ports armed");
	notify_status(2, 3, "the TC half is not attached");
	assert_string_equal(heard(),
			    "STATUS=no interface can answer SYNs: the TC half is not attached");
	memset(long_word, 'x', sizeof(long_word) - 1);
	long_word[sizeof(long_word) - 1] = '\0';
	notify_status(2, 3, long_word);
	assert_int_equal(strlen(heard()), 511);
}

static void test_without_systemd(void **state)
{
	(void)state;
	unsetenv("NOTIFY_SOCKET");
	notify_ready();
	notify_status(1, 1, NULL);
	assert_string_equal(heard(), "");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_life, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_status_when_it_changes, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_without_systemd, set_up, tear_down),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
