//! "Did you mean ...?"

/// The candidate most like `word`, if one is near enough to be a plausible slip of the keyboard: one slip for
/// each three characters, where two neighbours swapped count as one. Case alone is no difference.
///
/// ```
/// use keepalived_conf::did_you_mean;
///
/// assert_eq!(did_you_mean("prioritty", ["priority", "preempt"]), Some("priority"));
/// assert_eq!(did_you_mean("Priority", ["priority", "preempt"]), Some("priority"));
/// assert_eq!(did_you_mean("frobnicate", ["priority", "preempt"]), None);
/// ```
pub fn did_you_mean<'a>(word: &str, candidates: impl IntoIterator<Item = &'a str>) -> Option<&'a str> {
    let word: Vec<char> = word.chars().take(LENGTH_LIMIT + 1).flat_map(char::to_lowercase).collect();
    if word.is_empty() || word.len() > LENGTH_LIMIT {
        return None;
    }
    let allowed = (word.len() / 3).clamp(1, 4);
    let distances = candidates.into_iter().filter_map(|candidate| {
        let other: Vec<char> = candidate.chars().flat_map(char::to_lowercase).collect();
        let near = other.len() <= LENGTH_LIMIT && word.len().abs_diff(other.len()) <= allowed;
        // A slip leaves something of a short word standing.
        let distance = near.then(|| distance(&word, &other))?;
        (distance <= allowed && distance < other.len()).then_some((distance, candidate))
    });
    // The name as a second key: the candidates may come in any order.
    distances.min().map(|(_, candidate)| candidate)
}

/// Insertions, deletions, replacements and swaps of neighbours between two words (optimal string alignment).
fn distance(from: &[char], to: &[char]) -> usize {
    let mut before_last: Vec<usize> = Vec::new();
    let mut last: Vec<usize> = (0..=to.len()).collect();
    for (row, &a) in from.iter().enumerate() {
        let mut current = vec![row + 1];
        for (column, &b) in to.iter().enumerate() {
            let replaced = last[column] + usize::from(a != b);
            let mut best = replaced.min(last[column + 1] + 1).min(current[column] + 1);
            if row > 0 && column > 0 && from[row - 1] == b && to[column - 1] == a {
                best = best.min(before_last[column - 1] + 1);
            }
            current.push(best);
        }
        before_last = std::mem::replace(&mut last, current);
    }
    last.last().copied().unwrap_or_default()
}

/// Longer words are no keywords.
const LENGTH_LIMIT: usize = 64;

#[cfg(test)]
mod tests {
    use super::*;

    const KEYWORDS: [&str; 6] =
        ["virtual_router_id", "virtual_ipaddress", "vrrp_instance", "interface", "state", "auth_pass"];

    #[test]
    fn slips_of_the_keyboard_find_their_keyword() {
        for (slip, keyword) in [
            ("virtual_ruoter_id", "virtual_router_id"),
            ("virtual_ip_address", "virtual_ipaddress"),
            ("vrrp-instance", "vrrp_instance"),
            ("interfaces", "interface"),
            ("sttae", "state"),
        ] {
            assert_eq!(did_you_mean(slip, KEYWORDS), Some(keyword));
        }
    }

    #[test]
    fn other_words_find_nothing() {
        for word in ["", "x", "zz", "weight", "{", &"a".repeat(10_000)] {
            assert_eq!(did_you_mean(word, KEYWORDS), None, "{word}");
        }
    }

    #[test]
    fn distances_are_those_of_the_literature() {
        let between = |a: &str, b: &str| distance(&chars(a), &chars(b));
        assert_eq!(between("kitten", "sitting"), 3);
        assert_eq!(between("ab", "ba"), 1);
        assert_eq!(between("ca", "abc"), 3);
        assert_eq!(between("", "abc"), 3);
    }

    fn chars(text: &str) -> Vec<char> {
        text.chars().collect()
    }
}
