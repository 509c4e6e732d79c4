/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * A drop-in: the file beside the config file that makes one changed key stay. It is there whole or
 * not at all. Nothing here prints.
 */
#ifndef SYNWARD_DROPIN_H
#define SYNWARD_DROPIN_H

struct dropin {
	const char *directory; /* absolute; made if it is absent */
	const char *service, *key, *value;
	const char *command; /* that it is from, for who reads the file */
};

/*
 * Writes DIRECTORY/90-SERVICE-KEY.conf, in place of what was there. Its name is in *ret_path, to be
 * freed, also on failure if there was memory for it. Returns 0 or -errno; -EINVAL: words that make
 * no file name or no line of a config file.
 */
int dropin_write(const struct dropin *dropin, char **ret_path);

#endif
