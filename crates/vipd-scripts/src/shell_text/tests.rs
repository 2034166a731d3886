use super::*;

fn programs(text: &str) -> Vec<String> {
    let named = named_by_text(text).unwrap_or_else(|unclear| panic!("{text}: {unclear}"));
    let run = |named| match named {
        Named::Program(path) | Named::Code(path) => Some(path),
        Named::Argument(_) => None,
    };
    named.into_iter().filter_map(run).collect()
}

#[test]
fn every_command_of_a_text_is_named() {
    for (text, expected) in [
        ("/ww/x.sh > /dev/null", &["/ww/x.sh"][..]),
        ("/ww/x.sh&&/usr/bin/other", &["/ww/x.sh", "/usr/bin/other"]),
        ("test -e /run/x && /ww/x.sh || exit 1", &["/ww/x.sh"]),
        ("if ! /a/b; then /c/d; else /e/f; fi", &["/a/b", "/c/d", "/e/f"]),
        ("for i in 1 2; do /a/b $i; done | /c/d", &["/a/b", "/c/d"]),
        ("(cd /x && /a/b) 2>&1 >/dev/null", &["/a/b"]),
        ("{ /a/b; } >/dev/null 2>&1", &["/a/b"]),
        ("/a/b &>/dev/null", &["/a/b"]),
        ("2>/dev/null /a/b", &["/a/b"]),
        ("LANG=C /a/b", &["/a/b"]),
        ("[[ -f /x && ! -f /y ]] && /a/b", &["/a/b"]),
        ("'/a b/c' | \"/d\"\\ e", &["/a b/c", "/d e"]),
        ("ss -ltn | grep -q :80", &["ss", "grep"]),
        ("! pidof x", &["pidof"]),
        ("/a/b # /c/d", &["/a/b"]),
        ("/a/b\n/c/d", &["/a/b", "/c/d"]),
        ("/a/b & /c/d", &["/a/b", "/c/d"]),
        ("/a/b >&- <&-", &["/a/b"]),
    ] {
        assert_eq!(programs(text), expected, "{text}");
    }
}

#[test]
fn commands_within_words_are_named() {
    assert_eq!(programs("kill -0 $(cat /run/x.pid)"), ["cat"]);
    assert_eq!(programs("kill -0 `/a/b`"), ["/a/b"]);
    assert_eq!(programs("echo \"$(/a/b)\""), ["/a/b"]);
    assert_eq!(programs("x=$(/a/b) && test $((1 + 1)) = ${x}"), ["/a/b"]);
    assert_eq!(programs("diff <(/a/b) <(/c/d)"), ["/a/b", "/c/d", "diff"]);
    assert_eq!(programs("echo $(echo $(/a/b))"), ["/a/b"]);
    assert_eq!(programs("echo > $(/a/b)"), ["/a/b"]);
}

#[test]
fn programs_that_another_program_runs_are_named() {
    for (text, expected) in [
        ("sh -c '/a/b; /c/d' | cat", &["sh", "/a/b", "/c/d", "cat"][..]),
        ("bash -ec \"/a/b\";", &["bash", "/a/b"]),
        ("env X=1 sh -c /a/b;", &["env", "sh", "/a/b"]),
        ("timeout 3 /a/b || true", &["timeout", "/a/b"]),
        ("exec /a/b;", &["/a/b"]),
        ("command /a/b;", &["/a/b"]),
        ("sh /a/b >/dev/null", &["sh", "/a/b"]),
        ("python3 /a/b >/dev/null", &["python3", "/a/b"]),
        (". /a/b && true", &["/a/b"]),
        ("su -c /a/b x;", &["su", "/a/b"]),
    ] {
        assert_eq!(programs(text), expected, "{text}");
    }
    let argv = ["/bin/sh", "-c", "/a/b > /dev/null"].map(str::to_owned);
    let program = |path: &str| Named::Program(path.to_owned());
    assert_eq!(named_by_program(&argv), Ok(vec![program("/bin/sh"), program("/a/b")]));
}

#[test]
fn paths_in_arguments_are_named_as_such() {
    let argument = |path: &str| Named::Argument(path.to_owned());
    let named = named_by_text("ip netns exec x /a/b --hook=/c/d 'system(\"/e/f\")';").unwrap();
    assert_eq!(
        named,
        [Named::Program("ip".to_owned()), argument("/a/b"), argument("/c/d"), argument("/e/f")]
    );
}

#[test]
fn a_word_known_only_at_run_time_is_unclear() {
    use Unclear::*;
    let s = str::to_owned;
    for (text, expected) in [
        ("$(echo /ww/x.sh)", Computed(s("$(…)"))),
        ("X=/ww/x.sh; $X", Computed(s("$X"))),
        ("true && ${X} a", Computed(s("${X}"))),
        ("/ww/* | cat", Computed(s("/ww/*"))),
        ("~/x.sh;", Computed(s("~/x.sh"))),
        ("eval /ww/x.sh", Builtin(s("eval"))),
        ("trap /ww/x.sh EXIT", Builtin(s("trap"))),
        (". $X", Builtin(s("."))),
        ("cat /ww/x.sh | sh", Input(s("sh"))),
        ("bash < /ww/x.sh", Input(s("bash"))),
        ("sh -s < /ww/x.sh", Input(s("sh"))),
        ("sh -c \"$X\"", ComputedArgument(s("sh"))),
        ("xargs $X < /y", ComputedArgument(s("xargs"))),
        ("PATH=/ww x.sh", Variable(s("PATH"))),
        ("env LD_PRELOAD=/ww/x.so true;", Variable(s("LD_PRELOAD"))),
        ("export BASH_ENV=/ww/x; true", Variable(s("BASH_ENV"))),
        ("case $x in a) /ww/x.sh; esac", Syntax(s("case"))),
        ("case $x in a) /ww/x.sh;; esac", Syntax(s(";;"))),
        ("f() { /ww/x.sh; }; f", Syntax(s("("))),
        ("sh << EOF\n/ww/x.sh\nEOF", Syntax(s("<<"))),
        ("((x)) || /ww/x.sh", Syntax(s("(("))),
        ("echo $((`/ww/x`))", Syntax(s("$(("))),
        ("echo ${x:-$(/ww/x)}", Syntax(s("${"))),
        ("$'/ww/x' a", Syntax(s("$'"))),
        ("/a/b 'c", Open),
        ("/a/b $(c", Open),
    ] {
        assert_eq!(named_by_text(text), Err(expected), "{text}");
    }
}

#[test]
fn texts_within_texts_come_to_an_end() {
    let text = format!("{}x{}", "echo $(".repeat(40), ")".repeat(40));
    assert_eq!(named_by_text(&text), Err(Unclear::Deep));
}

proptest::proptest! {
    #[test]
    fn no_text_breaks_the_reader(text in "[a-z/ '\"$(){}\\[\\]`|&;<>#*~=\\\\\n-]{0,60}") {
        let _ = named_by_text(&text);
    }
}
