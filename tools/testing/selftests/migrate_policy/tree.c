// SPDX-License-Identifier: GPL-2.0-only
/*
 * The migrate_policy trees for the selftest hostile.c: see tree.h.
 */
#include "tree.h"

#include "ktap.h"
#include "policy.h"

#include <ctype.h>
#include <errno.h>
#include <fcntl.h>
#include <ftw.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

/* Where nftw(3), which takes no argument, puts what it finds. */
static struct tree *found;
static size_t leaks;

static int add_node(const char *path, const struct stat *st, int type,
		    struct FTW *ftw)
{
	struct node *node = &found->nodes[found->nr];

	(void)ftw;
	if (found->nr == TREE_MAX || strlen(path) >= sizeof(node->path))
		return -1;
	snprintf(node->path, sizeof(node->path), "%s", path);
	node->mode = st->st_mode;
	node->directory = type == FTW_D;
	node->setting = !node->directory && st->st_mode & 0222 &&
			!strncmp(path, POLICY_CONFIG, strlen(POLICY_CONFIG));
	node->fd = -1;
	if (node->setting)
		found->files[found->nr_files++] = found->nr;
	found->nr++;
	return 0;
}

static bool find_all(struct tree *tree)
{
	found = tree;
	tree->nr = 0;
	tree->nr_files = 0;
	return !nftw(POLICY_CONFIG, add_node, 16, FTW_PHYS) &&
	       !nftw(POLICY_STATE, add_node, 16, FTW_PHYS);
}

bool tree_open(struct tree *tree)
{
	bool ok = find_all(tree);

	for (size_t i = 0; ok && i < tree->nr; i++) {
		struct node *node = &tree->nodes[i];

		if (!node->setting)
			continue;
		node->judge = judge_of(node->path);
		node->fd = open(node->path, O_RDWR | O_CLOEXEC);
		ok = node->fd >= 0 && !tree_read(node, node->value);
	}
	return ktap_expect(ok && tree->nr_files,
			   "to find and to open all files");
}

void tree_close(struct tree *tree)
{
	for (size_t i = 0; i < tree->nr; i++) {
		if (tree->nodes[i].fd >= 0)
			close(tree->nodes[i].fd);
	}
}

int tree_read(const struct node *node, char value[SYS_VALUE])
{
	ssize_t len = pread(node->fd, value, SYS_VALUE - 1, 0);

	if (len < 0)
		return -errno;
	if (len && value[len - 1] == '\n')
		len--;
	value[len] = '\0';
	return 0;
}

bool tree_as_before(const struct tree *tree)
{
	static struct tree now;
	bool ok = find_all(&now) && now.nr == tree->nr;

	for (size_t i = 0; ok && i < tree->nr; i++)
		ok = !strcmp(tree->nodes[i].path, now.nodes[i].path) &&
		     tree->nodes[i].mode == now.nodes[i].mode;
	return ktap_expect(ok, "the same files with the same modes");
}

bool tree_values_kept(const struct tree *tree)
{
	char value[SYS_VALUE];
	bool ok = true;

	for (size_t i = 0; i < tree->nr_files; i++) {
		const struct node *node = &tree->nodes[tree->files[i]];
		int rc = sys_read(node->path, value, sizeof(value));

		ok &= ktap_expect(!rc && !strcmp(value, node->value),
				  "%s to read \"%s\", not \"%s\" (%d)",
				  node->path, node->value, value, rc);
	}
	return ok;
}

/* 16 digits that begin like the upper half of the address space. */
static bool has_address(const char *text, size_t len)
{
	size_t digits = 0;

	for (size_t i = 0; i <= len; i++) {
		if (i < len && isxdigit((unsigned char)text[i])) {
			digits++;
			continue;
		}
		if (digits == 16 && !strncasecmp(text + i - 16, "ffff", 4) &&
		    strncasecmp(text + i - 16, "ffffffffffffffff", 16))
			return true;
		digits = 0;
	}
	return false;
}

static int look_for_address(const char *path, const struct stat *st, int type,
			    struct FTW *ftw)
{
	static char text[65536];
	int fd = type == FTW_F ? open(path, O_RDONLY | O_NONBLOCK) : -1;
	ssize_t len;

	(void)st;
	(void)ftw;
	if (fd < 0)
		return 0;
	len = read(fd, text, sizeof(text));
	close(fd);
	if (len > 0 && has_address(text, len) && leaks++ < 5)
		ktap_note("%s tells an address", path);
	return 0;
}

bool tree_leaks_nothing(const char *folder)
{
	leaks = 0;
	if (nftw(folder, look_for_address, 16, FTW_PHYS))
		return ktap_expect(false, "to read all of %s", folder);
	return ktap_expect(!leaks, "no address in %s", folder);
}
