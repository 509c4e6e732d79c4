/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Which files a config is made of: PATH, then what packages and provisioning drop into PATH.d,
 * which overrides it. Every file is read, so that one run tells all errors; a file that cannot be
 * read is one.
 */
#include "config.h"

#include <dirent.h>
#include <errno.h>
#include <string.h>

#include "cleanup.h"
#include "config_file.h"

#define DROPIN_SUFFIX ".conf"

/* All of the file into `text`, which has room for CONFIG_SIZE_MAX + 1 bytes. Returns 0, or -EINVAL
 * after an error. */
static int text_read(const struct config_place *place, const char *remedy, char *text,
		     size_t *ret_nr_bytes)
{
	FILE *file __cleanup(cleanup_file) = fopen(place->file, "re");
	size_t nr_bytes;

	if (!file) {
		config_complain(place, "cannot be opened: %m%s", errno == ENOENT ? remedy : "");
		return -EINVAL;
	}
	nr_bytes = fread(text, 1, CONFIG_SIZE_MAX + 1, file);
	if (ferror(file)) {
		config_complain(place, "cannot be read: %m");
		return -EINVAL;
	}
	if (nr_bytes > CONFIG_SIZE_MAX) {
		config_complain(place, "has more than %d bytes; is this a config file?",
				CONFIG_SIZE_MAX);
		return -EINVAL;
	}
	*ret_nr_bytes = nr_bytes;
	return 0;
}

/* Returns 0 or -ENOMEM, as parse_file(). */
static int load_file(struct parse *parse, const char *path, const char *remedy)
{
	const struct config_place place = { path, 0, parse->errors };
	char *text __cleanup(cleanup_free) = malloc(CONFIG_SIZE_MAX + 1);
	size_t nr_bytes;

	if (!text)
		return -ENOMEM;
	if (text_read(&place, remedy, text, &nr_bytes)) {
		parse->is_partial = true;
		return 0;
	}
	return parse_file(parse, path, text, nr_bytes);
}

/* ---- drop-ins ---- */

static int is_dropin(const struct dirent *entry)
{
	size_t length = strlen(entry->d_name), nr_suffix = strlen(DROPIN_SUFFIX);

	return entry->d_name[0] != '.' && length > nr_suffix &&
	       !strcmp(entry->d_name + length - nr_suffix, DROPIN_SUFFIX);
}

/* Not alphasort(), which would ask the locale. */
static int by_bytes(const struct dirent **one, const struct dirent **other)
{
	return strcmp((*one)->d_name, (*other)->d_name);
}

static int load_dropin(struct parse *parse, const char *directory, const char *name)
{
	char *path __cleanup(cleanup_free) = NULL;

	if (asprintf(&path, "%s/%s", directory, name) < 0) {
		path = NULL;
		return -ENOMEM;
	}
	return load_file(parse, path, "; a link that leads nowhere?");
}

static int load_dropins(struct parse *parse, const char *directory)
{
	const struct config_place place = { directory, 0, parse->errors };
	struct dirent **entries;
	int i, nr, err = 0;

	nr = scandir(directory, &entries, is_dropin, by_bytes);
	if (nr < 0 && errno == ENOENT)
		return 0;
	if (nr < 0) {
		config_complain(&place, "cannot be read: %m; it should be a directory of drop-ins");
		parse->is_partial = true;
		return 0;
	}
	for (i = 0; i < nr; i++) {
		if (!err)
			err = load_dropin(parse, directory, entries[i]->d_name);
		free(entries[i]);
	}
	free(entries);
	return err;
}

/* Returns 0 or -ENOMEM; errors are for parse_finish() to see. */
static int load_all(struct parse *parse, const char *path)
{
	char *directory __cleanup(cleanup_free) = NULL;
	int err;

	parse->config.path = strdup(path);
	if (!parse->config.path)
		return -ENOMEM;
	if (asprintf(&directory, "%s.d", path) < 0) {
		directory = NULL;
		return -ENOMEM;
	}
	err = load_file(parse, path,
			"; write it, or try synwardd with --interface DEV --ports LIST");
	if (!err)
		err = load_dropins(parse, directory);
	return err ? err : parse_lists(parse);
}

int config_load(const char *path, struct config *ret, struct config_errors *errors)
{
	struct parse parse __cleanup(parse_free) = { 0 };
	int err = parse_init(&parse, errors);

	if (!err)
		err = load_all(&parse, path);
	return err ? err : parse_finish(&parse, ret);
}

int config_show(const char *path, struct config_lines *ret, struct config_errors *errors)
{
	struct parse parse __cleanup(parse_free) = { 0 };
	struct config config __cleanup(config_free) = { 0 };
	int err = parse_init(&parse, errors);

	if (!err)
		err = load_all(&parse, path);
	if (!err)
		err = parse_finish(&parse, &config);
	if (!err)
		err = config_lines_make(&parse, &config, ret);
	return err;
}

int config_parse(const char *name, const char *text, size_t nr_bytes, struct config *ret,
		 struct config_errors *errors)
{
	struct parse parse __cleanup(parse_free) = { 0 };
	int err = parse_init(&parse, errors);

	if (!err)
		err = parse_file(&parse, name, text, nr_bytes);
	return err ? err : parse_finish(&parse, ret);
}
