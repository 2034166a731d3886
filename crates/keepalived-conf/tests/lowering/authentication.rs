//! Passwords, and keys of `auth_hmac`.

use super::*;

#[test]
fn passwords_are_eight_octets() {
    let auth = |pass| instance(&format!("authentication {{\nauth_type PASS\nauth_pass {pass}\n}}"));
    assert_eq!(only(&auth("abc")).auth, Auth::Password(*b"abc\0\0\0\0\0"));
    let long = auth("123456789");
    assert_eq!(only(&long).auth, Auth::Password(*b"12345678"));
    assert!(has(&long, "password-length"));
    assert!(!format!("{:?}", long.config).contains("123"), "a dump shows no secret");
}

#[test]
fn authentication_is_ignored_where_it_does_not_exist() {
    for lines in ["version 3", "strict_mode\naccept"] {
        let loaded = instance(&format!("{lines}\nauthentication {{\nauth_type PASS\nauth_pass x\n}}"));
        assert_eq!(only(&loaded).auth, Auth::None, "{lines}");
        assert!(has(&loaded, "auth-ignored"));
    }
    assert_eq!(only(&instance("authentication {\nauth_pass x\n}")).auth, Auth::None);
    assert_eq!(
        only(&instance("authentication {\nauth_type AH\nauth_pass x\n}")).auth,
        Auth::Ah(*b"x\0\0\0\0\0\0\0")
    );
}

#[test]
fn the_keys_of_auth_hmac_are_numbered_and_one_of_them_signs() {
    let text = "auth_hmac {\nkey 1 0123456789012345678901234567890123456789\n\
                key 7 hex:000102030405060708090a0b0c0d0e0f000102030405060708090a0b0c0d0e0f\n active_key 7\n";
    let loaded = instance(&format!("{text}}}"));
    assert!(loaded.diagnostics.is_empty(), "{:?}", loaded.diagnostics);
    let Auth::Hmac(hmac) = &only(&loaded).auth else { panic!("{:?}", only(&loaded).auth) };
    assert_eq!((hmac.active, hmac.mode, hmac.window), (7, HmacMode::Enforce, Some(Duration::from_secs(5))));
    assert_eq!(hmac.active_key().unwrap().secret, [0..16, 0..16].into_iter().flatten().collect::<Vec<u8>>());
    assert_eq!(hmac.key(1).unwrap().secret.len(), 40);
    assert!(!format!("{:?}", loaded.config).contains("01234"), "a dump shows no secret");

    let of = |lines: &str| match &only(&instance(&format!("{lines}\n{text}\n}}"))).auth {
        Auth::Hmac(hmac) => hmac.clone(),
        other => panic!("{other:?}"),
    };
    assert_eq!(of("advert_int 4").window, Some(Duration::from_secs(12)));
    let of = |lines: &str| match &only(&instance(&format!("{text}\n{lines}\n}}"))).auth {
        Auth::Hmac(hmac) => hmac.clone(),
        other => panic!("{other:?}"),
    };
    assert_eq!(of("anti_replay monotonic\ntime_window 9").window, None);
    assert_eq!(of("time_window 9").window, Some(Duration::from_secs(9)));
    assert_eq!(of("mode permissive").mode, HmacMode::Permissive);
    assert_eq!(of("mode receive-only").mode, HmacMode::ReceiveOnly);
}

#[test]
fn an_instance_whose_auth_hmac_cannot_be_used_is_an_error_and_takes_no_part() {
    let key = "key 1 0123456789012345678901234567890123456789";
    for lines in
        [key, &format!("{key}\nactive_key 2"), "key 1 short\nactive_key 1", "key 0 x\nactive_key 1", "key 1"]
    {
        let loaded = instance(&format!("auth_hmac {{\n{lines}\n}}"));
        assert_eq!((&only(&loaded).auth, has(&loaded, "auth-hmac")), (&Auth::UnusableHmac, true), "{lines}");
        assert_eq!((exit_code(&loaded.diagnostics), loaded.usable), (5, Ok(())));
    }
    let strict = format!("strict_mode\naccept\nauth_hmac {{\n{key}\nactive_key 1\nmode permissive\n}}");
    let loaded = instance(&strict);
    let Auth::Hmac(hmac) = &only(&loaded).auth else { panic!("{:?}", only(&loaded).auth) };
    assert_eq!((hmac.mode, has(&loaded, "auth-hmac")), (HmacMode::Enforce, true));
}

#[test]
fn a_key_may_stand_in_a_file_of_its_own() {
    let load = |content: &str| {
        let text = "vrrp_instance V {\ninterface eth0\nvirtual_router_id 1\nauth_hmac {\nkey 1 file:/run/key\nactive_key 1\n}\n\
                    virtual_ipaddress {\n192.0.2.1\n}\n}\n";
        let files = MemoryFiles::from([("a.conf", text), ("/run/key", content)]);
        keepalived_conf::load(Path::new("a.conf"), &Options::new(&files))
    };
    let loaded = load("0123456789abcdef0123456789abcdef\r\n");
    let Auth::Hmac(hmac) = &only(&loaded).auth else { panic!("{:?}", only(&loaded).auth) };
    assert_eq!(hmac.keys[0].secret, b"0123456789abcdef0123456789abcdef");
    let empty = load("\n");
    assert_eq!((&only(&empty).auth, has(&empty, "auth-hmac")), (&Auth::UnusableHmac, true));
}
