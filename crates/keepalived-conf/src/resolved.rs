//! Preprocessed lines as text again: one file, with nothing left to look up.

use std::fmt;

use crate::keywords;
use crate::line::{Line, Statement};
use crate::lines::Lines;
use crate::model::HIDDEN;

impl Lines {
    /// The lines as text, indented by their blocks, that can be read as a configuration. Secrets are hidden: what follows a
    /// keyword that [holds one](keywords::holds_secret) is replaced, wherever that word stands in its line.
    ///
    /// ```
    /// use keepalived_conf::{Diagnostics, MemoryFiles, Options, SourceMap, preprocess};
    ///
    /// let text = "$IF=eth0\nvrrp_instance V {\ninterface $IF # the LAN\nauthentication {\nauth_pass hunter2\n}\n}\n";
    /// let files = MemoryFiles::from([("/main.conf", text)]);
    /// let (mut sources, mut findings) = (SourceMap::new(), Diagnostics::new());
    /// let lines = preprocess("/main.conf".as_ref(), &Options::new(&files), &mut sources, &mut findings);
    /// let shown = "\
    /// vrrp_instance V {
    ///     interface eth0
    ///     authentication {
    ///         auth_pass ********
    ///     }
    /// }
    /// ";
    /// assert_eq!(lines.resolved().to_string(), shown);
    /// ```
    pub fn resolved(&self) -> impl fmt::Display {
        Resolved(self)
    }
}

struct Resolved<'a>(&'a Lines);

impl fmt::Display for Resolved<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut depth = 0_usize;
        let mut lines = self.0.iter();
        loop {
            let opens = lines.opens_block();
            match lines.next() {
                None => return Ok(()),
                Some(Line::Words(statement)) => {
                    indent(f, depth)?;
                    write_statement(f, statement)?;
                    f.write_str(if opens { " " } else { "\n" })?;
                    if opens {
                        let _ = lines.next();
                        depth += 1;
                        f.write_str("{\n")?;
                    }
                }
                Some(Line::Open(_)) => {
                    indent(f, depth)?;
                    depth += 1;
                    f.write_str("{\n")?;
                }
                Some(Line::Close(_)) => {
                    depth = depth.saturating_sub(1);
                    indent(f, depth)?;
                    f.write_str("}\n")?;
                }
            }
        }
    }
}

fn write_statement(f: &mut fmt::Formatter<'_>, statement: Statement<'_>) -> fmt::Result {
    let words = statement.words();
    let Some(secret) = words.iter().position(|word| keywords::holds_secret(word.text)) else {
        return f.write_str(statement.raw());
    };
    if secret + 1 == words.len() {
        return f.write_str(statement.raw());
    }
    for word in words.iter().take(secret + 1) {
        if word.quoted { write!(f, "\"{}\" ", word.text)? } else { write!(f, "{} ", word.text)? }
    }
    f.write_str(HIDDEN)
}

/// A text that nests without end must not grow with its square.
fn indent(f: &mut fmt::Formatter<'_>, depth: usize) -> fmt::Result {
    write!(f, "{:width$}", "", width = 4 * depth.min(MAX_DEPTH))
}

const MAX_DEPTH: usize = 8;

#[cfg(test)]
mod tests {
    use crate::keywords::{Arguments, Keyword, all};
    use crate::{Diagnostics, MemoryFiles, Options, SourceMap, load_str, preprocess};

    /// Long enough for every keyword, and of the characters that all of them take.
    const SECRET: &str = "Hunter22Hunter22Hunter22Hunter22";

    fn resolved(text: &str) -> String {
        let files = MemoryFiles::from([("/main.conf", text)]);
        let (mut sources, mut findings) = (SourceMap::new(), Diagnostics::new());
        let lines = preprocess("/main.conf".as_ref(), &Options::new(&files), &mut sources, &mut findings);
        lines.resolved().to_string()
    }

    /// A configuration that says a secret in each way there is for this keyword.
    fn samples(keyword: &Keyword) -> Vec<String> {
        let instance =
            |inner: &str| format!("vrrp_instance V {{\ninterface eth0\nvirtual_router_id 7\n{inner}\n}}\n");
        let real = |inner: &str| {
            format!(
                "virtual_server 192.0.2.1 80 {{\nlb_algo rr\nlb_kind NAT\nprotocol TCP\n\
                 sorry_server 192.0.2.3 80\nsorry_server_check {{\n{inner}\n}}\n\
                 real_server 192.0.2.2 80 {{\n{inner}\n}}\n}}\n"
            )
        };
        let pass = |kind: &str| {
            instance(&format!("version 2\nauthentication {{\nauth_type {kind}\nauth_pass {SECRET}\n}}"))
        };
        let http = |line: &str| real(&format!("HTTP_GET {{\nurl {{\npath /\n}}\n{line}\n}}"));
        let login = |kind: &str| real(&format!("{kind} {{\nlogin lb {SECRET}\n}}"));
        match keyword.name {
            "auth_pass" => vec![pass("PASS"), pass("AH")],
            "key" => vec![
                instance(&format!("auth_hmac {{\nkey 1 ascii:{SECRET}\nactive_key 1\n}}")),
                instance(&format!("auth_hmac {{\nkey 1 {SECRET}\nactive_key 1\n}}")),
            ],
            "smtp_auth" => vec![format!("global_defs {{\nsmtp_auth lb {SECRET}\n}}\n")],
            "basic_auth" => vec![http(&format!("basic_auth lb {SECRET}"))],
            "header" => vec![http(&format!("header \"X-Token: {SECRET}\""))],
            "login" => ["REDIS_CHECK", "MYSQL_CHECK", "PGSQL_CHECK", "LDAP_CHECK"].map(login).to_vec(),
            "password" => vec![
                real(&format!("REDIS_CHECK {{\npassword {SECRET}\n}}")),
                format!("SSL {{\npassword {SECRET}\n}}\n"),
            ],
            other => panic!("{other} holds a secret: say here how it is written"),
        }
    }

    fn secrets() -> impl Iterator<Item = &'static Keyword> {
        all().filter(|keyword| matches!(keyword.arguments, Arguments::Secret(_)))
    }

    #[test]
    fn no_secret_of_any_keyword_is_in_the_resolved_text() {
        assert!(secrets().count() >= 8);
        for text in secrets().flat_map(samples) {
            assert!(text.contains(SECRET));
            let shown = resolved(&text);
            assert!(!shown.contains("unter22") && shown.contains("********"), "{shown}");
            // By way of a definition, and on one line with its block.
            let defined = format!("$S={SECRET}\n{}", text.replace(SECRET, "$S"));
            assert!(!resolved(&defined).contains("unter22"), "{defined}");
            let one_line = text.replace('\n', " ");
            assert!(!resolved(&one_line).contains("unter22"), "{one_line}");
        }
    }

    #[test]
    fn no_secret_of_any_keyword_is_in_a_model_that_hides_them() {
        let mut seen = 0;
        for text in secrets().flat_map(samples) {
            let mut config = load_str(&text).config;
            let whole = serialized(&config);
            config.hide_secrets();
            let hidden = serialized(&config);
            assert!(!says_secret(&hidden), "{text}: {hidden}");
            seen += usize::from(says_secret(&whole));
        }
        // The model does not hold that of SSL.
        assert!(seen >= 11, "{seen}");
    }

    #[cfg(feature = "serde")]
    fn serialized(config: &crate::model::Config) -> String {
        serde_json::to_string(config).unwrap()
    }

    #[cfg(not(feature = "serde"))]
    fn serialized(config: &crate::model::Config) -> String {
        use crate::model::Auth;
        use crate::model::lvs::CheckerKind;
        // `Debug` hides secrets by itself.
        let mut text = String::new();
        for instance in &config.instances {
            let secrets: Vec<String> = match &instance.auth {
                Auth::Password(secret) | Auth::Ah(secret) => vec![format!("{secret:?}")],
                Auth::Hmac(hmac) => hmac.keys.iter().map(|key| format!("{:?}", key.secret)).collect(),
                Auth::None | Auth::UnusableHmac => Vec::new(),
            };
            text.extend(secrets);
        }
        text.extend(config.global.mail.auth.iter().map(|auth| auth.password.as_str()));
        for server in &config.virtual_servers {
            let real = server.real_servers.iter().flat_map(|real| &real.checkers);
            for checker in real.chain(server.sorry_server.iter().flat_map(|sorry| &sorry.checkers)) {
                match &checker.kind {
                    CheckerKind::Http(_, http) => {
                        text.extend([format!("{:?}", http.headers), format!("{:?}", http.basic_auth)]);
                    }
                    CheckerKind::Server(_, server) => text += &server.password,
                    _ => {}
                }
            }
        }
        text
    }

    /// As text, or as a list of octets.
    fn says_secret(text: &str) -> bool {
        let octets: Vec<String> = b"unter22".iter().map(u8::to_string).collect();
        text.contains("unter22") || text.replace(' ', "").contains(&octets.join(","))
    }

    #[test]
    fn the_resolved_text_means_the_same() {
        let text = "$IP=192.0.2\n@other global_defs {\n@other }\nglobal_defs {\n router_id \"a b\" # c\n}\n\
                    vrrp_script S {\n script \"/bin/sh -c 'exit 0'\"\n interval 2\n}\n\
                    $I= \\\nvrrp_instance V_$N { \\\ninterface eth0 \\\nvirtual_router_id $N \\\n\
                    virtual_ipaddress { \\\n${IP}.$N \\\n} \\\ntrack_script { \\\nS weight 5 \\\n} \\\n}\n$N=1\n$I\n$N=2\n$I\n";
        let whole = load_str(text);
        assert_eq!(
            (whole.config.scripts.len(), whole.config.instances.len()),
            (1, 2),
            "{:?}",
            whole.diagnostics
        );
        let shown = resolved(text);
        assert!(!shown.contains('$') && !shown.contains('#') && !shown.contains('@'), "{shown}");
        assert_eq!(load_str(&shown).config, whole.config, "{shown}");
    }

    #[test]
    fn a_damaged_text_is_shown_as_it_is_understood() {
        assert_eq!(resolved("}\n{\na {{\n"), "}\n{\n    a {\n        {\n");
        assert_eq!(
            resolved(&"{\n".repeat(100)).len(),
            100 * 2 + 4 * (0..100).map(|n| n.min(8)).sum::<usize>()
        );
    }
}
