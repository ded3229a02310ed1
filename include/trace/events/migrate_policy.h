/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Trace events of the page migration policy: one cut of a migrate_pages() list
 * when it has ended, one request to a copy backend from start to end, and why
 * a request was copied inline instead.
 */
#undef TRACE_SYSTEM
#define TRACE_SYSTEM migrate_policy

#if !defined(_TRACE_MIGRATE_POLICY_H) || defined(TRACE_HEADER_MULTI_READ)
#define _TRACE_MIGRATE_POLICY_H

#include <linux/migrate.h>
#include <linux/migrate_policy.h>
#include <linux/tracepoint.h>

TRACE_EVENT(migrate_cut,

	TP_PROTO(int reason, const char *arm, const char *backend,
		 int succeeded, int failed, u64 cut_ns, u64 first_ns,
		 u64 away_ns),

	TP_ARGS(reason, arm, backend, succeeded, failed, cut_ns, first_ns,
		away_ns),

	TP_STRUCT__entry(
		__string(reason, migrate_reason_names[reason])
		__string(arm, arm)
		__string(backend, backend)
		__field(int, succeeded)
		__field(int, failed)
		__field(u64, cut_ns)
		__field(u64, first_ns)
		__field(u64, away_ns)
	),

	TP_fast_assign(
		__assign_str(reason);
		__assign_str(arm);
		__assign_str(backend);
		__entry->succeeded = succeeded;
		__entry->failed = failed;
		__entry->cut_ns = cut_ns;
		__entry->first_ns = first_ns;
		__entry->away_ns = away_ns;
	),

	TP_printk("reason=%s arm=%s backend=%s succeeded=%d failed=%d cut_ns=%llu first_ns=%llu away_ns=%llu",
		  __get_str(reason), __get_str(arm), __get_str(backend),
		  __entry->succeeded, __entry->failed, __entry->cut_ns,
		  __entry->first_ns, __entry->away_ns)
);

TRACE_EVENT(migrate_copy_start,

	TP_PROTO(const struct migrate_copy_request *req, const char *backend),

	TP_ARGS(req, backend),

	TP_STRUCT__entry(
		__string(reason, migrate_reason_names[req->reason])
		__string(backend, backend)
		__field(unsigned int, folios)
		__field(unsigned long, pages)
	),

	TP_fast_assign(
		__assign_str(reason);
		__assign_str(backend);
		__entry->folios = req->nr_items;
		__entry->pages = req->nr_pages;
	),

	TP_printk("reason=%s backend=%s folios=%u pages=%lu",
		  __get_str(reason), __get_str(backend), __entry->folios,
		  __entry->pages)
);

TRACE_EVENT(migrate_copy_end,

	TP_PROTO(const struct migrate_copy_request *req, const char *backend,
		 unsigned int folios, unsigned long pages, u64 copy_ns),

	TP_ARGS(req, backend, folios, pages, copy_ns),

	TP_STRUCT__entry(
		__string(reason, migrate_reason_names[req->reason])
		__string(backend, backend)
		__field(unsigned int, folios)
		__field(unsigned long, pages)
		__field(unsigned int, failed)
		__field(unsigned int, helpers)
		__field(u64, copy_ns)
		__field(u64, helper_ns)
	),

	TP_fast_assign(
		__assign_str(reason);
		__assign_str(backend);
		__entry->folios = folios;
		__entry->pages = pages;
		__entry->failed = req->nr_items - folios;
		__entry->helpers = req->helpers;
		__entry->copy_ns = copy_ns;
		__entry->helper_ns = req->helper_ns;
	),

	TP_printk("reason=%s backend=%s folios=%u pages=%lu failed=%u helpers=%u copy_ns=%llu helper_ns=%llu",
		  __get_str(reason), __get_str(backend), __entry->folios,
		  __entry->pages, __entry->failed, __entry->helpers,
		  __entry->copy_ns, __entry->helper_ns)
);

TRACE_EVENT(migrate_copy_decline,

	TP_PROTO(int reason, const char *backend, const char *cause,
		 unsigned long pages),

	TP_ARGS(reason, backend, cause, pages),

	TP_STRUCT__entry(
		__string(reason, migrate_reason_names[reason])
		__string(backend, backend)
		__string(cause, cause)
		__field(unsigned long, pages)
	),

	TP_fast_assign(
		__assign_str(reason);
		__assign_str(backend);
		__assign_str(cause);
		__entry->pages = pages;
	),

	TP_printk("reason=%s backend=%s cause=%s pages=%lu",
		  __get_str(reason), __get_str(backend), __get_str(cause),
		  __entry->pages)
);

#endif /* _TRACE_MIGRATE_POLICY_H */

#include <trace/define_trace.h>
