//! What tests of the parent share.

use keepalived_conf::model::Config;
pub(crate) use vipd_testing::TestDirectory;

/// What an empty file means.
pub(crate) fn empty_config() -> Config {
    keepalived_conf::load_str("").config
}
