//! Include patterns: `{a,b}` alternatives and globs.

/// One alternative of an include pattern.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Alternative {
    /// The pattern in the notation of the `glob` crate.
    pub(super) pattern: String,
    /// Without `*`, `?` and `[`: the name of one file, backslashes resolved.
    pub(super) plain: Option<String>,
}

/// Most alternatives of one pattern; more are left out.
const ALTERNATIVES_LIMIT: usize = 1024;

/// Resolves `{a,b}`, nested ones too, into alternatives from left to right.
pub(super) fn alternatives(pattern: &str) -> Vec<Alternative> {
    let mut texts = vec![String::new()];
    expand(pattern, &mut texts, 0);
    texts.iter().map(|text| alternative(text)).collect()
}

/// Whether the pattern has alternatives at all.
pub(super) fn has_alternatives(pattern: &str) -> bool {
    braces(pattern).is_some()
}

/// Appends every alternative of `pattern` to every text.
fn expand(pattern: &str, texts: &mut Vec<String>, depth: usize) {
    let Some((before, inner, after)) = braces(pattern).filter(|_| depth < 64) else {
        for text in texts {
            text.push_str(pattern);
        }
        return;
    };
    let mut all = Vec::new();
    for choice in split_top_level(inner) {
        let mut some = texts.clone();
        for text in &mut some {
            text.push_str(before);
        }
        expand(choice, &mut some, depth + 1);
        all.extend(some);
        if all.len() >= ALTERNATIVES_LIMIT {
            break;
        }
    }
    all.truncate(ALTERNATIVES_LIMIT);
    *texts = all;
    expand(after, texts, depth + 1);
}

/// The first `{...}`, apart: before, inside, after. `{}` is text.
fn braces(pattern: &str) -> Option<(&str, &str, &str)> {
    let mut from = 0;
    loop {
        let open = from + pattern.get(from..)?.find('{')?;
        let rest = pattern.get(open + 1..)?;
        let mut depth = 0_u32;
        let close = rest.bytes().position(|byte| {
            match byte {
                b'{' => depth += 1,
                b'}' if depth == 0 => return true,
                b'}' => depth -= 1,
                _ => {}
            }
            false
        })?;
        if close > 0 {
            return Some((pattern.get(..open)?, rest.get(..close)?, rest.get(close + 1..)?));
        }
        from = open + 2;
    }
}

fn split_top_level(inner: &str) -> impl Iterator<Item = &str> {
    let mut depth = 0_u32;
    inner.split(move |character| {
        match character {
            '{' => depth += 1,
            '}' => depth = depth.saturating_sub(1),
            _ => {}
        }
        character == ',' && depth == 0
    })
}

/// From shell notation (`\*` is a star) to the `glob` crate's (`[*]` is).
fn alternative(text: &str) -> Alternative {
    let (mut pattern, mut plain, mut is_plain) = (String::new(), String::new(), true);
    let mut characters = text.chars();
    while let Some(character) = characters.next() {
        match character {
            '\\' => {
                let literal = characters.next().unwrap_or('\\');
                plain.push(literal);
                pattern.push_str(&glob::Pattern::escape(literal.encode_utf8(&mut [0; 4])));
            }
            '*' | '?' | '[' => {
                is_plain = false;
                // Two stars mean "any depth" to the `glob` crate, one star to a shell.
                if character != '*' || !pattern.ends_with('*') {
                    pattern.push(character);
                }
            }
            '^' if pattern.ends_with('[') => pattern.push('!'),
            _ => {
                plain.push(character);
                pattern.push(character);
            }
        }
    }
    Alternative { pattern, plain: is_plain.then_some(plain) }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn expanded(pattern: &str) -> Vec<String> {
        alternatives(pattern).into_iter().map(|alternative| alternative.pattern).collect()
    }

    #[test]
    fn alternatives_come_from_left_to_right() {
        assert_eq!(expanded("a.conf"), ["a.conf"]);
        assert_eq!(expanded("{b,a}.conf"), ["b.conf", "a.conf"]);
        assert_eq!(expanded("x{a,b{1,2}}{,y}"), ["xa", "xb1", "xb2", "xay", "xb1y", "xb2y"]);
        assert_eq!(expanded("a{}{b,c}"), ["a{}b", "a{}c"]);
        assert_eq!(expanded("a{b"), ["a{b"]);
    }

    #[test]
    fn their_number_is_bounded() {
        assert!(expanded(&"{a,b}".repeat(60)).len() <= ALTERNATIVES_LIMIT);
        assert_eq!(expanded(&"{".repeat(1000)).len(), 1);
    }

    #[test]
    fn a_backslash_takes_the_meaning_from_a_wildcard() {
        let escaped = Alternative { pattern: "a[*]".into(), plain: Some("a*".into()) };
        assert_eq!(alternatives(r"a\*"), [escaped]);
        assert_eq!(alternatives("a[^b]")[0], Alternative { pattern: "a[!b]".into(), plain: None });
        assert_eq!(expanded("**.conf"), ["*.conf"]);
    }
}
