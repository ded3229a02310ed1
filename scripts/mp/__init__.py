# SPDX-License-Identifier: GPL-2.0-only
"""The harness: what the programs in scripts/ share."""
