/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Which words the command line has and which exclude each other: a config file says everything, the
 * quick start stands in for one, and mixing the two would leave open which of them holds.
 */
#include "options.h"

#include <errno.h>
#include <getopt.h>
#include <string.h>

enum { OPT_CONFIG = 256, OPT_CHECK, OPT_INTERFACE, OPT_PORTS, OPT_MODE, OPT_XDP_MODE, OPT_SOCKET };

static const struct option long_options[] = {
	{ "config", required_argument, NULL, OPT_CONFIG },
	{ "check-config", no_argument, NULL, OPT_CHECK },
	{ "interface", required_argument, NULL, OPT_INTERFACE },
	{ "ports", required_argument, NULL, OPT_PORTS },
	{ "mode", required_argument, NULL, OPT_MODE },
	{ "xdp-mode", required_argument, NULL, OPT_XDP_MODE },
	{ "control-socket", required_argument, NULL, OPT_SOCKET },
	{ "help", no_argument, NULL, 'h' },
	{ "version", no_argument, NULL, 'V' },
	{ NULL, 0, NULL, 0 },
};

void options_usage(FILE *file)
{
	fputs("Usage: synwardd [--config FILE] [--check-config]\n"
	      "       synwardd --interface DEV --ports LIST [--mode MODE] [--xdp-mode MODE] "
	      "[--control-socket PATH]\n"
	      "Protects TCP listeners from SYN floods, in the foreground, until SIGTERM or "
	      "SIGINT.\n"
	      "\n"
	      "  --config FILE          read FILE (default " CONFIG_PATH_DEFAULT
	      "), then FILE.d/*.conf\n"
	      "  --check-config         read the config, report every error, and stop\n"
	      "\n"
	      "Without a config file:\n"
	      "  --interface DEV        the device to protect; several are separated by commas\n"
	      "  --ports LIST           the ports to protect, as in 80,443,8000-8010\n"
	      "  --mode MODE            off, monitor, auto or always (default auto)\n"
	      "  --xdp-mode MODE        auto, native or generic (default auto)\n"
	      "  --control-socket PATH  where synward finds the daemon\n"
	      "\n"
	      "  -h, --help             show this\n"
	      "  -V, --version          show the version\n",
	      file);
}

static int misuse(const char *word, const char *problem)
{
	fprintf(stderr, "synwardd: %s %s; see 'synwardd --help'\n", word, problem);
	return -EINVAL;
}

static int take_option(int option, const char *word, struct options *options)
{
	switch (option) {
	case OPT_CONFIG:
		options->config_path = optarg;
		return 0;
	case OPT_CHECK:
		options->verb = OPTIONS_CHECK;
		return 0;
	case OPT_INTERFACE:
		options->args.interface = optarg;
		return 0;
	case OPT_PORTS:
		options->args.ports = optarg;
		return 0;
	case OPT_MODE:
		options->args.mode = optarg;
		return 0;
	case OPT_XDP_MODE:
		options->args.xdp_mode = optarg;
		return 0;
	case OPT_SOCKET:
		options->args.control_socket = optarg;
		return 0;
	case 'h':
		options->verb = OPTIONS_HELP;
		return 0;
	case 'V':
		options->verb = OPTIONS_VERSION;
		return 0;
	case ':':
		return misuse(word, "needs a value");
	default:
		return misuse(word, "is no option that is known, or takes no value");
	}
}

/* The quick start is whole, or absent. */
static int check_together(struct options *options)
{
	const struct config_args *args = &options->args;

	if (options->verb == OPTIONS_HELP || options->verb == OPTIONS_VERSION)
		return 0;
	if (options->config_path && (args->interface || args->ports))
		return misuse("--config",
			      "says all; leave out --interface and --ports, or the file");
	if (args->interface && !args->ports)
		return misuse("--interface", "needs --ports LIST too");
	if (args->ports && !args->interface)
		return misuse("--ports", "needs --interface DEV too");
	if (args->interface)
		return 0;
	if (args->mode)
		return misuse(
			"--mode",
			"goes with --interface and --ports; a config file has it in [service]");
	if (args->xdp_mode)
		return misuse(
			"--xdp-mode",
			"goes with --interface and --ports; a config file has it in [synward]");
	if (args->control_socket)
		return misuse(
			"--control-socket",
			"goes with --interface and --ports; a config file has it in [synward]");
	if (!options->config_path)
		options->config_path = CONFIG_PATH_DEFAULT;
	return 0;
}

int options_parse(int argc, char **argv, struct options *ret)
{
	struct options options = { .verb = OPTIONS_RUN };
	int option, err, at;

	opterr = 0;
	optind = 0; /* glibc: begin anew */
	for (;;) {
		at = optind ?: 1;
		option = getopt_long(argc, argv, "+:hV", long_options, NULL);
		if (option < 0)
			break;
		err = take_option(option, at < argc ? argv[at] : "", &options);
		if (err)
			return err;
	}
	if (optind < argc)
		return misuse(argv[optind], "is not expected");
	err = check_together(&options);
	if (err)
		return err;
	*ret = options;
	return 0;
}

int options_config(const struct options *options, struct config *ret, struct config_errors *errors)
{
	if (options->config_path)
		return config_load(options->config_path, ret, errors);
	return config_from_args(&options->args, ret, errors);
}
