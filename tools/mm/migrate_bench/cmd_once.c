// SPDX-License-Identifier: GPL-2.0-only
/*
 * migrate_bench once: run workloads under whatever policy is set, with the
 * wall clock alone. Needs no policy layer: for trying a workload on any kernel.
 */
#include <err.h>
#include <getopt.h>
#include <stdlib.h>
#include <time.h>

#include "bench.h"

static bool run(const struct workload *w, unsigned long times)
{
	bool verified = true;

	for (unsigned long i = 0; i < times; i++) {
		struct timespec a, b;
		struct sample s;

		clock_gettime(CLOCK_MONOTONIC, &a);
		sample_run(w, NULL, &s);
		clock_gettime(CLOCK_MONOTONIC, &b);
		printf("%-16s %6zu of %6zu pages moved in %7.1f ms, %6.1f ms CPU, %6.1f ms with filling and checking, %s\n",
		       w->name, s.place.moved, s.place.present, s.wall_ns / 1e6,
		       s.cpu_ns / 1e6,
		       (b.tv_sec - a.tv_sec) * 1e3 +
		       (b.tv_nsec - a.tv_nsec) / 1e6,
		       s.verified ? "verified" : "NOT VERIFIED");
		fflush(stdout);
		verified &= s.verified;
	}
	return verified;
}

int cmd_once(int argc, char **argv)
{
	static const struct option options[] = {
		{ "times", required_argument, NULL, 't' },
		{ "busy", no_argument, NULL, 'b' },
		{ }
	};
	unsigned long times = 1;
	bool verified = true, busy = false;
	int c;

	while ((c = getopt_long(argc, argv, "", options, NULL)) != -1) {
		if (c == 't')
			times = number_option("--times", optarg, 1, 100000);
		else if (c == 'b')
			busy = true;
		else
			return EXIT_FAILURE;
	}
	if (busy)
		load_start();
	for (int i = optind; i < argc; i++)
		verified &= run(workload_find(argv[i]), times);
	for (size_t i = 0; optind == argc && i < nr_workloads; i++)
		verified &= run(&workloads[i], times);
	if (busy)
		load_stop();
	return verified ? EXIT_SUCCESS : EXIT_FAILURE;
}
