//! The registry of diagnostic codes: each is declared once, with what it means.
//!
//! A finding shows its code in brackets: `error[unknown-keyword]: ...`. `cargo xtask tidy` fails on a code that is not
//! declared here.

mod first_half;
mod second_half;

/// A diagnostic code and what it means.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Code {
    /// The code, as findings show it.
    pub name: &'static str,
    /// Its meaning, and the action that is taken.
    pub explanation: &'static str,
}

/// The declaration of a code.
///
/// ```
/// let code = keepalived_conf::codes::find("undefined-name").unwrap();
/// assert_eq!(code.explanation, "A `$NAME` is used that no line before defines.");
/// assert_eq!(keepalived_conf::codes::find("no-such-code"), None);
/// ```
pub fn find(name: &str) -> Option<&'static Code> {
    let half = if name < "m" { first_half::CODES } else { second_half::CODES };
    half.binary_search_by_key(&name, |code| code.name).ok().and_then(|place| half.get(place))
}

/// All codes, in alphabetical order.
pub fn all() -> impl Iterator<Item = &'static Code> {
    first_half::CODES.iter().chain(second_half::CODES)
}

const fn code(name: &'static str, explanation: &'static str) -> Code {
    Code { name, explanation }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn codes_are_in_order_and_explained_in_sentences() {
        assert!(all().map(|code| code.name).is_sorted_by(|one, next| one < next));
        for code in all() {
            assert!(find(code.name) == Some(code) && code.explanation.ends_with('.'), "{}", code.name);
        }
    }
}
