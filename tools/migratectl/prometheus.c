// SPDX-License-Identifier: GPL-2.0-only
/*
 * The counters in the text format of Prometheus, for node_exporter's textfile
 * collector. Times are seconds, as the format's naming rules want it. Reasons
 * and backends count the same pages, so each has metrics of its own: a sum
 * over all labels is right.
 */
#include "stat.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#define PREFIX	"migrate_policy_"

static const struct {
	enum mpol_type type;
	const char *label;
	const char *whose;
} families[] = {
	{ MPOL_REASON, "reason", "of a migration reason" },
	{ MPOL_BACKEND, "backend", "of a copy backend" },
};

static void print_label_value(FILE *file, const char *text)
{
	for (; *text; text++) {
		if (*text == '\n')
			fputs("\\n", file);
		else
			fprintf(file, "%s%c",
				*text == '\\' || *text == '"' ? "\\" : "", *text);
	}
}

static void print_label(FILE *file, const char *label, const char *value)
{
	fprintf(file, "%s=\"", label);
	print_label_value(file, value);
	fputc('"', file);
}

static void print_head(FILE *file, const char *metric, const char *type,
		       const char *help)
{
	fprintf(file, "# HELP %s %s\n# TYPE %s %s\n", metric, help, metric,
		type);
}

static void metric_name(size_t family, size_t counter, char *name, size_t size)
{
	const struct mpol_counter_info *info = &mpol_counter_table[counter];
	int length = (int)strlen(info->name);

	if (info->unit == MPOL_NS)
		length -= (int)strlen("_ns");
	snprintf(name, size, PREFIX "%s_%.*s%s_total", families[family].label,
		 length, info->name, info->unit == MPOL_NS ? "_seconds" : "");
}

static void print_value(FILE *file, size_t counter, uint64_t value)
{
	if (mpol_counter_table[counter].unit == MPOL_NS)
		fprintf(file, " %" PRIu64 ".%09" PRIu64 "\n",
			value / 1000000000, value % 1000000000);
	else
		fprintf(file, " %" PRIu64 "\n", value);
}

static void print_metric(FILE *file, size_t family, size_t counter,
			 const struct selection *objects,
			 const struct mpol_counters *counters)
{
	char name[64], help[128];
	bool first = true;

	metric_name(family, counter, name, sizeof(name));
	snprintf(help, sizeof(help), "%s, %s",
		 mpol_counter_table[counter].help, families[family].whose);
	for (size_t i = 0; i < objects->count; i++) {
		if (objects->object[i].type != families[family].type ||
		    counters[i].absent[counter])
			continue;
		if (first)
			print_head(file, name, "counter", help);
		first = false;
		fprintf(file, "%s{", name);
		print_label(file, families[family].label,
			    objects->object[i].name);
		fputc('}', file);
		print_value(file, counter, counters[i].value[counter]);
	}
}

/* One series a reason whose labels are its settings; its value says nothing. */
static int print_policy(struct cli *cli, FILE *file,
			const struct mpol_object *reason)
{
	struct mpol_settings settings;

	if (mpol_load(cli->mpol, reason, &settings))
		return mpol_failure(cli);
	fputs(PREFIX "reason_info{", file);
	print_label(file, "reason", reason->name);
	for (size_t i = 0; i < settings.count; i++) {
		fputc(',', file);
		print_label(file, settings.setting[i].key,
			    settings.setting[i].value);
	}
	fputs("} 1\n", file);
	mpol_settings_free(&settings);
	return CLI_DONE;
}

static int print_policies(struct cli *cli, FILE *file,
			  const struct selection *objects)
{
	bool first = true;
	int ret = CLI_DONE;

	for (size_t i = 0; !ret && i < objects->count; i++) {
		if (objects->object[i].type != MPOL_REASON)
			continue;
		if (first)
			print_head(file, PREFIX "reason_info", "gauge",
				   "policy of a migration reason, as labels");
		first = false;
		ret = print_policy(cli, file, &objects->object[i]);
	}
	return ret;
}

static int print_state(struct cli *cli, FILE *file)
{
	static const struct {
		const char *name;
		const char *metric;
		const char *type;
		const char *help;
	} states[] = {
		{ "enabled", PREFIX "enabled", "gauge",
		  "0 after migrate_policy=off on the kernel command line" },
		{ "generation", PREFIX "generation_total", "counter",
		  "changes of policy that took effect" },
	};
	const struct mpol_object global = { .type = MPOL_GLOBAL };
	uint64_t value;

	for (size_t i = 0; i < ARRAY_SIZE(states); i++) {
		if (mpol_counter(cli->mpol, &global, states[i].name, &value))
			return mpol_failure(cli);
		print_head(file, states[i].metric, states[i].type,
			   states[i].help);
		fprintf(file, "%s %" PRIu64 "\n", states[i].metric, value);
	}
	return CLI_DONE;
}

static int load_all(struct cli *cli, const struct selection *objects,
		    struct mpol_counters *counters)
{
	for (size_t i = 0; i < objects->count; i++)
		if (mpol_load_counters(cli->mpol, &objects->object[i],
				       &counters[i]))
			return mpol_failure(cli);
	return CLI_DONE;
}

static int print_all(struct cli *cli, FILE *file,
		     const struct selection *objects,
		     struct mpol_counters *counters)
{
	int ret = load_all(cli, objects, counters);

	if (!ret)
		ret = print_state(cli, file);
	if (!ret)
		ret = print_policies(cli, file, objects);
	for (size_t family = 0; !ret && family < ARRAY_SIZE(families); family++)
		for (size_t i = 0; i < MPOL_COUNTERS; i++)
			print_metric(file, family, i, objects, counters);
	return ret;
}

char *prometheus_text(struct cli *cli, const struct selection *objects)
{
	struct mpol_counters *counters = calloc(objects->count + 1,
						sizeof(*counters));
	char *text = NULL;
	size_t size;
	FILE *file = open_memstream(&text, &size);
	int ret;

	if (!counters || !file)
		exit(failed("out of memory"));
	ret = print_all(cli, file, objects, counters);
	if (fclose(file))
		exit(failed("out of memory"));
	free(counters);
	if (!ret)
		return text;
	free(text);
	return NULL;
}
