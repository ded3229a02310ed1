# SPDX-License-Identifier: GPL-2.0-only
"""mp.config: the fragments, and that a lost option is noticed."""

import unittest

from mp import arch, common, config
from mp.common import HarnessError


class ConfigTest(unittest.TestCase):
    """Parsing and comparing."""

    def test_parse(self):
        self.assertEqual(
            config.parse('CONFIG_A=y\n# CONFIG_B is not set\n# a remark\n'
                         'CONFIG_C="x y"\nCONFIG_D=n\n'),
            {"CONFIG_A": "y", "CONFIG_B": "n", "CONFIG_C": '"x y"',
             "CONFIG_D": "n"})

    def test_missing(self):
        wanted = {"CONFIG_A": "y", "CONFIG_B": "n", "CONFIG_C": "y"}
        self.assertEqual(config.missing(wanted, {"CONFIG_A": "y"}),
                         ["CONFIG_C=y"])
        self.assertEqual(config.missing(wanted, {"CONFIG_A": "m",
                                                 "CONFIG_C": "y"}),
                         ["CONFIG_A=y"])
        self.assertEqual(config.missing({"CONFIG_B": "n"},
                                        {"CONFIG_B": "y"}), ["CONFIG_B=n"])

    def test_y_and_n_differ_in_the_policy_alone(self):
        with_layer, without = config.wanted("y"), config.wanted("n")
        differ = {name for name in {**with_layer, **without}
                  if with_layer.get(name, "n") != without.get(name, "n")}
        self.assertEqual(differ, {"CONFIG_MIGRATE_POLICY",
                                  "CONFIG_MIGRATE_COPY_DMA",
                                  "CONFIG_MIGRATE_POLICY_KUNIT_TEST"})

    def test_series_have_their_own_names(self):
        self.assertEqual(config.wanted("y", "6.12")["CONFIG_PROC_SYSCTL"], "y")
        newer = config.wanted("y", "7.3")
        self.assertEqual(newer["CONFIG_PROC_SYSCTL"], "n")
        self.assertEqual(newer["CONFIG_SYSCTL"], "y")

    def test_fragment_of_a_series_follows_its_own(self):
        names = [path.name for path in config.fragments("lockdep", "7.3")]
        self.assertEqual(names[:3], ["base.config", "base-7.3.config",
                                     "torture.config"])

    def test_flavours_have_an_architecture(self):
        def make_args(flavour):
            return arch.arch_of(flavour).make_args
        self.assertEqual(make_args("uml-bench")[0], "ARCH=um")
        self.assertEqual(common.kernel_image("uml").name, "linux")
        self.assertEqual(make_args("y"), [])
        self.assertEqual(common.kernel_image("y").name, "bzImage")
        self.assertEqual(make_args("arm64"),
                         ["ARCH=arm64", "CROSS_COMPILE=aarch64-linux-gnu-"])
        self.assertEqual(common.kernel_image("arm64").name, "Image")

    def test_nothing_disturbs_measuring_in_uml(self):
        options = config.wanted("uml-bench")
        self.assertEqual(options["CONFIG_MIGRATE_COPY_VERIFY"], "n")
        self.assertEqual(options["CONFIG_MIGRATE_COPY_FAULT"], "n")

    def test_unknown_flavour(self):
        with self.assertRaises(HarnessError):
            config.wanted("nonsense")
