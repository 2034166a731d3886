//! Addresses on other interfaces than that of the adverts.

use super::*;

#[test]
fn addresses_on_other_interfaces_are_announced_again() {
    let every = |plan: &Plan| first(plan).elsewhere.map(|elsewhere| elsewhere.interval);
    acts("", "garp_extra_if 7", every, None, Some(secs(7)));
    acts_globally("vrrp_garp_extra_if all 9", every, None, Some(secs(9)));
    assert_eq!(every(&plan("vrrp_garp_extra_if 9", "garp_extra_if 0", "")), None);
    let meant = |lines: &str| {
        let plan = of(lines);
        let elsewhere = plan.elsewhere(first(&plan)).unwrap();
        ["eth0", "eth1", "vrrp.51"].map(|name| elsewhere.has(name))
    };
    assert_eq!(meant("garp_extra_if all 7"), [false, true, true]);
    assert_eq!(meant("garp_extra_if 7"), [false, false, false], "nothing was made for it");
    let vmac = "use_vmac vrrp.51\n";
    assert_eq!(meant(&format!("{vmac}garp_extra_if all 7")), [true, true, false]);
    assert_eq!(meant(&format!("{vmac}garp_extra_if 7")), [false, false, false]);
    let base = format!("{vmac}vmac_xmit_base\ngarp_extra_if");
    assert_eq!(meant(&format!("{base} 7")), [false, false, true]);
    assert_eq!(meant(&format!("{base} all 7")), [false, true, true]);
}
