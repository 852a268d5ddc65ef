//! Names in templates.

use super::Planter;

pub(super) fn plant(planter: &mut Planter<'_>) {
    for (at, text) in planter.texts() {
        for (start, _) in text.match_indices("{{") {
            let Some(len) = text[start..].find("}}") else { continue };
            let inner = &text[start + 2..start + len];
            let words: Vec<&str> = inner.split(' ').collect();
            for (i, word) in
                words.iter().enumerate().filter(|(_, word)| word.starts_with(char::is_alphabetic))
            {
                if words.len() > 1 && i == 0 {
                    continue;
                }
                let mut put = |kind, other: &str| {
                    let mut words = words.clone();
                    words[i] = other;
                    let (before, after) = (&text[..start + 2], &text[start + len..]);
                    planter.put(kind, &at, format!("{before}{}{after}", words.join(" ")));
                };
                put("misspelt name", &format!("{word}x"));
                if let Some((_, field)) = word.split_once('.') {
                    put("wrong state", &format!("success.{field}"));
                    put("wrong state", &format!("token.{field}"));
                }
            }
            let logic = format!("{}#if {inner}{}", &text[..start + 2], &text[start + len..]);
            planter.put("logic in template", &at, logic);
        }
    }
}
