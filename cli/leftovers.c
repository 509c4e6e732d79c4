/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * By unlinking alone: what nobody else holds is then detached and freed by the kernel. The
 * directory is a daemon's as long as one runs, and then nothing is touched.
 */
#include "leftovers.h"

#include <errno.h>
#include <limits.h>
#include <net/if.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "../daemon/config.h"
#include "../daemon/pins.h"
#include "cleanup.h"
#include "json.h"

/* ---- where ---- */

static enum cli_exit find_pin_path(const struct cli *cli, char ret[PATH_MAX])
{
	const char *path = cli->options[CLI_CONFIG];
	struct config_errors errors = { 0 };
	struct config config = { 0 };
	int err;

	snprintf(ret, PATH_MAX, "%s", CONFIG_PIN_PATH_DEFAULT);
	if (!path && access(CONFIG_PATH_DEFAULT, F_OK) && errno == ENOENT)
		return CLI_DONE;
	err = config_load(path ?: CONFIG_PATH_DEFAULT, &config, &errors);
	if (!err)
		snprintf(ret, PATH_MAX, "%s", config.pin_path);
	config_errors_print(&errors, stderr, "synward: ");
	config_errors_free(&errors);
	config_free(&config);
	if (!err)
		return CLI_DONE;
	fprintf(stderr, "synward: no synwardd runs, and where one may have left something is not "
			"known without its config: mend it, or name another with --config\n");
	return CLI_FAILED;
}

static enum cli_exit complain(const char *pin_path, int err)
{
	if (err == -EBUSY)
		fprintf(stderr,
			"synward: a synwardd runs that has pin-path %s, but answers at another "
			"control socket: name that with --socket\n",
			pin_path);
	else if (geteuid() && (err == -EACCES || err == -EPERM))
		fprintf(stderr, "synward: only root may remove what is pinned under %s\n",
			pin_path);
	else if (err == -EPERM)
		fprintf(stderr,
			"synward: pin-path %s belongs to others, or others may write to it: no "
			"synwardd has pinned anything there\n",
			pin_path);
	else
		fprintf(stderr, "synward: pin-path %s: %s\n", pin_path, strerror(-err));
	return CLI_FAILED;
}

/* ---- what ---- */

struct removal {
	const struct pins *pins;
	int only;     /* ifindex; 0: all */
	json_t *done; /* names of devices */
	int err;
};

/* A device that is gone has left a number. */
static void note_device(void *arg, int ifindex)
{
	struct removal *removal = arg;
	char name[IF_NAMESIZE];

	if (removal->only && removal->only != ifindex)
		return;
	json_array_append_new(removal->done, if_indextoname((unsigned int)ifindex, name) ?
						     json_string(name) :
						     json_sprintf("ifindex %d", ifindex));
}

/* XDP before TC: nobody shall be answered whose ACK is not taken. */
static int remove_from(struct removal *removal)
{
	int err = pins_each_link(removal->pins, PINS_XDP, note_device, removal);

	if (err)
		return err;
	if (!removal->only)
		return pins_remove(removal->pins);
	return pins_remove_link(removal->pins, PINS_XDP, removal->only) ?:
		       pins_remove_link(removal->pins, PINS_TC, removal->only);
}

static void say(const struct cli *cli, const char *pin_path, const char *device, const json_t *done)
{
	json_t *reply __cleanup(cleanup_json) = json_pack("{s:O}", "interfaces", done);
	const json_t *name;
	size_t i;

	if (cli->format == OUT_JSON || cli->format == OUT_PRETTY) {
		out_json(cli->format, reply);
		return;
	}
	json_array_foreach ((json_t *)done, i, name) {
		if (cli->format == OUT_TABS)
			printf("detach\t%s\n", json_string_value(name));
		else
			printf("%s is detached: what a synwardd left there is gone\n",
			       json_string_value(name));
	}
	if (cli->format == OUT_TEXT && !json_array_size(done))
		printf("no synwardd runs, and none has left anything%s%s under pin-path %s%s\n",
		       device ? " on " : "", device ?: "", pin_path,
		       cli->options[CLI_CONFIG] ? "" :
						  "; --config FILE looks where that file says");
}

enum cli_exit leftovers_remove(const struct cli *cli, const char *device)
{
	json_t *done __cleanup(cleanup_json) = json_array();
	struct removal removal = { .done = done };
	char pin_path[PATH_MAX];
	struct pins *pins = NULL;
	enum cli_exit end;
	int err;

	removal.only = device ? (int)if_nametoindex(device) : 0;
	if (device && !removal.only)
		return cli_misuse(device, "is no device; 'ip link' lists those there are");
	end = find_pin_path(cli, pin_path);
	if (end)
		return end;
	err = pins_open(pin_path, false, &pins);
	removal.pins = pins;
	if (!err)
		err = remove_from(&removal);
	pins_close(pins);
	if (err && err != -ENOENT && err != -EMEDIUMTYPE) /* there is nothing, and cannot be */
		return complain(pin_path, err);
	say(cli, pin_path, device, done);
	return CLI_DONE;
}
