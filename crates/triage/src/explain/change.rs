//! The part of a value that a change changed: a structure of twenty members tells a reader nothing if one of them differs.

/// Both texts without what stands around the members that differ. Where nothing differs, both as they are.
pub(crate) fn changed_part<'a>(before: &'a str, after: &'a str) -> (&'a str, &'a str) {
    if before == after {
        return (before, after);
    }
    let same = |(one, other): &(u8, u8)| one == other;
    let prefix = before.bytes().zip(after.bytes()).take_while(same).count();
    let begin = member_begin(&before.as_bytes()[..prefix]);
    let most = before.len().min(after.len()) - prefix;
    let suffix = before.bytes().rev().zip(after.bytes().rev()).take(most).take_while(same).count();
    let part = |text: &'a str| {
        let end = member_end(text.as_bytes(), begin, text.len() - suffix);
        text.get(begin..end).unwrap_or(text)
    };
    (part(before), part(after))
}

/// Where the member begins that the last byte of `text` belongs to: behind the last comma or opening bracket before it that
/// a space follows, as `Debug` writes them.
fn member_begin(text: &[u8]) -> usize {
    let is_border = |pair: &[u8]| matches!(pair, [b',' | b'{', b' ']);
    text.windows(2).rposition(is_border).map_or(0, |at| at + 2)
}

/// Where the member that begins at `begin` ends, at `least` or behind it: before the comma or bracket that is not its own.
fn member_end(text: &[u8], begin: usize, least: usize) -> usize {
    let mut depth = 0_usize;
    for (at, byte) in text.iter().enumerate().skip(begin) {
        match byte {
            b'{' | b'(' | b'[' => depth += 1,
            b'}' | b')' | b']' if depth > 0 => depth -= 1,
            b'}' | b')' | b']' | b',' if depth == 0 && at >= least => return trimmed(text, at),
            _ => {}
        }
    }
    text.len()
}

fn trimmed(text: &[u8], end: usize) -> usize {
    text[..end].iter().rposition(|byte| *byte != b' ').map_or(end, |last| last + 1)
}

#[cfg(test)]
mod tests {
    use super::changed_part;

    #[test]
    fn only_the_member_that_differs_is_left() {
        for (before, after, told) in [
            (
                "Account { nonce: 0, balances: {}, energy: None }",
                "Account { nonce: 0, balances: {TOS: 1}, energy: None }",
                ("balances: {}", "balances: {TOS: 1}"),
            ),
            ("Some(Version { at: 3, value: 5 })", "Some(Version { at: 3, value: 7 })", ("value: 5", "value: 7")),
            ("{ a: 1, b: 2, c: 3 }", "{ a: 1, b: 4, c: 5 }", ("b: 2, c: 3", "b: 4, c: 5")),
            ("5", "12", ("5", "12")),
            ("None", "Some(1)", ("None", "Some(1)")),
        ] {
            assert_eq!(changed_part(before, after), told);
        }
    }

    #[test]
    fn equal_texts_stay_whole() {
        assert_eq!(changed_part("Account { nonce: 0 }", "Account { nonce: 0 }").0, "Account { nonce: 0 }");
    }
}
