//! Turns the HTML of a shop's description into one line of plain text.

use std::borrow::Cow;

/// Elements within a line: their tags part no words.
const INLINE: [&str; 17] = [
    "a", "abbr", "b", "big", "code", "em", "font", "i", "mark", "s", "small", "span", "strong",
    "sub", "sup", "u", "wbr",
];
/// Elements whose content is not for reading.
const UNREAD: [&str; 2] = ["script", "style"];

/// The text of `html` without tags and comments, its entities decoded, with single spaces. What
/// only looks like a tag, or never ends, is text.
pub(crate) fn text_of(html: &str) -> String {
    let last_ends = LastEnds {
        tag: html.rfind('>'),
        comment: html.rfind("-->"),
    };
    let mut text = String::with_capacity(html.len());
    let mut offset = 0;
    while let Some(found) = html[offset..].find('<') {
        let start = offset + found;
        text.push_str(&html[offset..start]);

        match Markup::at(html, start, last_ends) {
            Some(markup) => {
                if markup.parts_words {
                    text.push(' ');
                }
                offset = start + markup.length;
            }
            None => {
                text.push('<');
                offset = start + 1;
            }
        }
    }
    text.push_str(&html[offset..]);

    let decoded: Cow<'_, str> = htmlize::unescape(&text);
    let words: Vec<&str> = decoded.split_whitespace().collect();
    words.join(" ")
}

/// The offsets of the last ends in a text. They are looked for once: a text may have beginnings
/// only, and thousands of them.
#[derive(Debug, Clone, Copy)]
struct LastEnds {
    tag: Option<usize>,
    comment: Option<usize>,
}

/// A tag with what belongs to it, or a comment.
struct Markup {
    /// Its length in bytes.
    length: usize,
    /// Words before and after it are two.
    parts_words: bool,
}

impl Markup {
    /// The markup that begins at this offset.
    fn at(html: &str, start: usize, last_ends: LastEnds) -> Option<Markup> {
        let html = &html[start..];
        if html.starts_with("<!--") {
            last_ends.comment.filter(|end| *end > start)?;
            let length = html.find("-->")? + "-->".len();
            return Some(Markup {
                length,
                parts_words: false,
            });
        }

        let is_end = html.starts_with("</");
        let name = html[1..].strip_prefix('/').unwrap_or(&html[1..]);
        if !name.starts_with(|c: char| c.is_ascii_alphabetic() || c == '!' || c == '?') {
            return None;
        }
        last_ends.tag.filter(|end| *end > start)?;
        let length = html.find('>')? + 1;
        let name = name.split(|c: char| !c.is_ascii_alphanumeric()).next()?;
        let name = name.to_ascii_lowercase();

        if !is_end && UNREAD.contains(&&*name) {
            return Some(Markup {
                length: end_of_unread(html, length, &name),
                parts_words: true,
            });
        }
        Some(Markup {
            length,
            parts_words: !INLINE.contains(&&*name),
        })
    }
}

/// The offset behind the content of a script or a style, before its own end tag; the end of the
/// text where it has none.
fn end_of_unread(html: &str, from: usize, name: &str) -> usize {
    let mut offset = from;
    while let Some(found) = html[offset..].find("</") {
        let end = offset + found;
        let tag = &html.as_bytes()[end + "</".len()..];
        if tag
            .get(..name.len())
            .is_some_and(|tag| tag.eq_ignore_ascii_case(name.as_bytes()))
        {
            return end;
        }
        offset = end + "</".len();
    }
    html.len()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tags_go_and_their_text_stays() {
        for (html, text) in [
            ("Mild", "Mild"),
            ("", ""),
            ("<p>Mild</p>", "Mild"),
            ("<p>Mild</p><p>Green</p>", "Mild Green"),
            ("<b>M</b>ild<br/>and\n\n  <EM>green</EM>", "Mild and green"),
            (
                "<ul>\n<li>Organic</li>\n<li>100&nbsp;g</li></ul>",
                "Organic 100 g",
            ),
            (
                "Tea &amp; Cake &#8211; caf&eacute; &lt;b&gt;",
                "Tea & Cake – café <b>",
            ),
            ("<!-- wp:paragraph --><p>Mild</p><!-- /wp -->", "Mild"),
            (
                "<style>p { color: red }</style>Mild<script>if (a</b) x()</script>",
                "Mild",
            ),
            ("<SCRIPT>never ended", ""),
            ("5 < 6 and 7 > 6, I <3 tea", "5 < 6 and 7 > 6, I <3 tea"),
            ("Mild <b", "Mild <b"),
            ("<!-- open", "<!-- open"),
            ("&#0; &#xD800; &unknown; &", "\u{FFFD} \u{FFFD} &unknown; &"),
            ("<é>", "<é>"),
        ] {
            assert_eq!(text_of(html), text, "{html}");
        }
    }

    #[test]
    fn hostile_html_takes_no_time() {
        for piece in ["<", "<a", "<!--", "<script>", "</", "< ", "&", "<script></"] {
            for end in ["", ">"] {
                let html = piece.repeat(256 * 1024 / piece.len()) + end;
                assert!(text_of(&html).len() <= html.len());
            }
        }
    }
}
