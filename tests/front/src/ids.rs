//! Ids of gateways, interfaces and flow logs in a body.
//!
//! They tell whose call it was. Separate from the journal because this is the
//! only place that looks into bodies.
//!
//! **Invariants**: nothing but such an id is ever taken out of a body.

const PREFIXES: [&[u8]; 3] = [b"nat-", b"eni-", b"fl-"];
/// Digits of an id, as EC2 made them before and since 2018.
const DIGITS: [usize; 2] = [8, 17];

/// Every id once, in the order in which they first stand there.
pub(crate) fn ids(body: &[u8]) -> Vec<String> {
    let mut found: Vec<String> = Vec::new();
    for at in 0..body.len() {
        let Some(id) = id_at(&body[at..]) else {
            continue;
        };
        if !found.iter().any(|known| known == id) {
            found.push(id.to_owned());
        }
    }
    found
}

fn id_at(text: &[u8]) -> Option<&str> {
    let prefix = PREFIXES.iter().find(|prefix| text.starts_with(prefix))?;
    let digits = text[prefix.len()..]
        .iter()
        .take_while(|byte| matches!(byte, b'0'..=b'9' | b'a'..=b'f'))
        .count();
    let id = &text[..prefix.len() + digits];
    DIGITS
        .contains(&digits)
        .then(|| str::from_utf8(id).ok())
        .flatten()
}

#[cfg(test)]
mod tests {
    use super::ids;

    #[test]
    fn takes_ids_and_nothing_else() {
        let cases: [(&str, &[&str]); 6] = [
            ("", &[]),
            (
                "Action=CreateFlowLogs&ResourceId.1=eni-0123abcd&Tag.Value=natspike%2Fnat-0123456789abcdef0",
                &["eni-0123abcd", "nat-0123456789abcdef0"],
            ),
            (
                "<item>fl-0123456789abcdef0</item><item>fl-0123456789abcdef0</item>",
                &["fl-0123456789abcdef0"],
            ),
            (
                r#"{"gateway":{"S":"nat-01234567"},"token":{"S":"secret"}}"#,
                &["nat-01234567"],
            ),
            ("nat-0123456 nat-012345678 fl- nat-", &[]),
            ("\u{fc}nat-01234567\u{fc}", &["nat-01234567"]),
        ];
        for (body, expected) in cases {
            assert_eq!(ids(body.as_bytes()), expected, "{body}");
        }
    }
}
