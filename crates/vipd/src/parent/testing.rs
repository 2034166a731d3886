//! Shared parts of the parent's tests.

use keepalived_conf::model::Config;
pub(crate) use vipd_testing::TestDirectory;

/// The configuration of an empty file.
pub(crate) fn empty_config() -> Config {
    keepalived_conf::load_str("").config
}
