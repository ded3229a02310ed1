// SPDX-License-Identifier: GPL-2.0-only
/*
 * On which machine something was measured, in a few words.
 */
#include <sys/utsname.h>
#include <unistd.h>

#include "cli.h"

void describe_machine(char *text, size_t size)
{
	struct utsname name;
	long cpus = sysconf(_SC_NPROCESSORS_ONLN);

	if (uname(&name))
		snprintf(text, size, "%ld CPUs", cpus);
	else
		snprintf(text, size, "%s, %s %s, %s, %ld CPUs", name.nodename,
			 name.sysname, name.release, name.machine, cpus);
}
