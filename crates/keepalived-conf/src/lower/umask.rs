//! `umask`.

/// A number in C's spelling (`0177`, `0x7f`, `127`) or names of permission bits joined by `|`.
pub(super) fn umask(text: &str) -> Option<u32> {
    if !text.starts_with(|first: char| first.is_ascii_alphanumeric()) {
        return None;
    }
    let number = if let Some(hex) = text.strip_prefix("0x") {
        u32::from_str_radix(hex, 16).ok()
    } else if let Some(octal) = text.strip_prefix('0').filter(|octal| !octal.is_empty()) {
        u32::from_str_radix(octal, 8).ok()
    } else {
        text.parse().ok()
    };
    if let Some(number) = number {
        return (number <= 0o777).then_some(number);
    }
    text.split('|')
        .map(str::trim)
        .filter(|name| !name.is_empty())
        .try_fold(0, |mask, name| Some(mask | bit(name)?))
}

fn bit(name: &str) -> Option<u32> {
    Some(match name.strip_prefix("S_").unwrap_or(name) {
        "IRUSR" => 0o400,
        "IWUSR" => 0o200,
        "IXUSR" => 0o100,
        "IRWXU" => 0o700,
        "IRGRP" => 0o040,
        "IWGRP" => 0o020,
        "IXGRP" => 0o010,
        "IRWXG" => 0o070,
        "IROTH" => 0o004,
        "IWOTH" => 0o002,
        "IXOTH" => 0o001,
        "IRWXO" => 0o007,
        _ => return None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_umask_is_a_number_or_names() {
        assert_eq!(
            (umask("022"), umask("0x1ff"), umask("8"), umask("0")),
            (Some(0o22), Some(0o777), Some(8), Some(0))
        );
        assert_eq!(umask("IXUSR|IRWXG|IRWXO"), Some(0o177));
        assert_eq!((umask("1000"), umask("foo"), umask("IRWXG|foo")), (None, None, None));
    }
}
