//! Markup of a page.

/// Checks that every element that is opened is closed, in order.
///
/// # Panics
/// If one is not, with the elements that are open.
pub fn assert_balanced(page: &str) {
    // Style and script hold no markup.
    let mut open: Vec<&str> = Vec::new();
    let mut rest = page.strip_prefix("<!DOCTYPE html>").expect("a document");
    while let Some(start) = rest.find('<') {
        let end = start + rest[start..].find('>').expect("a tag that ends");
        let tag = &rest[start + 1..end];
        assert!(!tag.contains('<'), "an unescaped < before {tag}");
        let name = tag.trim_start_matches('/').split(|c: char| !c.is_ascii_alphanumeric()).next().unwrap();
        if tag.starts_with('/') {
            assert_eq!(open.pop(), Some(name));
        } else if !["meta", "br"].contains(&name) {
            open.push(name);
        }
        rest = &rest[end + 1..];
        if ["script", "style"].contains(&name) && !tag.starts_with('/') {
            rest = &rest[rest.find("</").expect("an end tag")..];
        }
    }
    assert!(open.is_empty(), "{open:?}");
}

/// The texts of a page, one a line, as they stand between its tags. Style and script are left out.
///
/// # Panics
/// If a tag does not end.
pub fn texts(page: &str) -> String {
    let (mut texts, mut rest) = (String::new(), page);
    while let Some(start) = rest.find('<') {
        let text = rest[..start].trim();
        if !text.is_empty() {
            texts.push_str(text);
            texts.push('\n');
        }
        rest = &rest[start..];
        let is_markup = !["<script", "<style"].iter().any(|tag| rest.starts_with(tag));
        let end = if is_markup { rest.find('>') } else { rest.find("</") };
        rest = &rest[end.expect("a tag that ends") + usize::from(is_markup)..];
    }
    texts
}
