//! The report as a custom notification of Amazon Q Developer in chat
//! applications, for Slack and Microsoft Teams:
//! <https://docs.aws.amazon.com/chatbot/latest/adminguide/custom-notifs.html>.
//!
//! **Invariants.** Every limit of that page always holds; what does not fit ends
//! with an ellipsis. Names are other people's texts: they make no markup and
//! mention nobody.

use super::mail::{Occasion, Page};
use super::{Report, Verdict, changed, text};
use serde_json::{Value, json};
use std::io::{self, Write};

/// Characters of a title, at the most.
pub const MAX_TITLE: usize = 250;
/// Characters of a description, at the most.
pub const MAX_DESCRIPTION: usize = 8_000;
/// Characters of a next step, at the most.
pub const MAX_STEP: usize = 350;
/// Characters of a keyword, at the most.
pub const MAX_KEYWORD: usize = 75;
/// Next steps, at the most; AWS names no number.
const STEPS: usize = 5;
/// Keywords, at the most; AWS names no number.
const KEYWORDS: usize = 6;

/// What kind of event it is, for whoever sorts them.
const EVENT_TYPE: &str = "natspike.recording";

/// Writes the notification on a recording; those of one thread stand together.
pub fn write(
    report: &Report,
    occasion: &Occasion,
    thread: &str,
    out: &mut dyn Write,
) -> io::Result<()> {
    serde_json::to_writer_pretty(&mut *out, &value(report, occasion, thread))?;
    out.write_all(b"\n")
}

/// The notification on a recording; those of one thread stand together.
pub fn value(report: &Report, occasion: &Occasion, thread: &str) -> Value {
    let subject = super::mail::subject(report, &occasion.gateway);
    let subject = cut(&plain(&subject), MAX_TITLE);
    json!({
        "version": "1.0",
        "source": "custom",
        "id": thread,
        "content": {
            "textType": "client-markdown",
            "title": subject,
            "description": cut(&description(report, occasion), MAX_DESCRIPTION),
            "nextSteps": steps(report),
            "keywords": keywords(report, occasion),
        },
        "metadata": {
            "threadId": thread,
            "summary": subject,
            "eventType": EVENT_TYPE,
            "relatedResources": [plain(&occasion.gateway)],
            "additionalContext": context(report, occasion),
        },
    })
}

/// The answer, then what changed, then where there is more.
fn description(report: &Report, occasion: &Occasion) -> String {
    let mut parts = Vec::new();
    match report.verdict.sentence() {
        Some(sentence) => parts.push(plain(sentence)),
        None => {
            let answer = text::answer(report);
            let lines = answer.map(|(label, said)| format!("*{label}:* {}", plain(&said)));
            parts.push(lines.join("\n"));
        }
    }
    if report.verdict == Verdict::Traffic {
        parts.extend(changed::sentences(report).iter().map(|said| plain(said)));
    }
    if occasion.by_hand {
        parts.push("Recording started by hand.".to_owned());
    }
    parts.push(plain(&occasion.ending));
    parts.extend(occasion.page.as_ref().map(Page::link));
    parts.join("\n\n")
}

/// What to do, each with what to type where both fit.
fn steps(report: &Report) -> Vec<String> {
    let step = |finding: &crate::Finding| {
        let sentence = plain(&finding.sentence);
        let typed = text::typed(finding).next();
        let whole = typed.map(|action| format!("{sentence} `{}`", plain(&action.text)));
        match whole {
            Some(whole) if whole.chars().count() <= MAX_STEP => whole,
            _ => cut(&sentence, MAX_STEP),
        }
    };
    report.findings.iter().take(STEPS).map(step).collect()
}

/// What one would look for: gateway, region, services.
fn keywords(report: &Report, occasion: &Occasion) -> Vec<String> {
    let services = report.services.iter();
    let services = services.filter_map(|row| row.aws_service.as_deref());
    [occasion.gateway.as_str(), report.region.as_str()]
        .into_iter()
        .chain(services)
        .take(KEYWORDS)
        .map(|word| cut(&plain(word), MAX_KEYWORD))
        .collect()
}

/// Figures by name, as text.
fn context(report: &Report, occasion: &Occasion) -> Value {
    let hourly = report.spend.hourly.map(|hourly| hourly.cost.to_string());
    let coverage = report.coverage.map(|coverage| coverage.share().to_string());
    let (begun, by) = match occasion.by_hand {
        true => ("startedBy", super::Recorded::BY_HAND.to_owned()),
        false => ("alarm", plain(&occasion.alarm)),
    };
    let mut context = json!({
        "stack": plain(&occasion.stack),
        (begun): by,
        "region": plain(&report.region),
        "logGroup": plain(&occasion.log_group),
        "processedBytes": report.bytes.processed.to_string(),
        "cost": report.processing_cost.to_string(),
        "currency": report.rate.currency,
    });
    for (name, figure) in [("costPerHour", hourly), ("coverage", coverage)] {
        if let Some(figure) = figure {
            context[name] = figure.into();
        }
    }
    context
}

/// Without what chat clients take for markup, mentions or links.
fn plain(text: &str) -> String {
    let letter = |letter: char| match letter {
        '<' => '‹',
        '>' => '›',
        '*' | '`' | '~' | '|' => '\'',
        '[' => '(',
        ']' => ')',
        '@' => '＠',
        letter if letter.is_control() => ' ',
        letter => letter,
    };
    text.chars().map(letter).collect()
}

/// At most so many characters.
fn cut(text: &str, most: usize) -> String {
    if text.chars().count() <= most {
        return text.to_owned();
    }
    let kept: String = text.chars().take(most - 1).collect();
    format!("{kept}…")
}

#[cfg(test)]
mod tests {
    use super::{cut, plain};

    #[test]
    fn what_is_too_long_ends_with_an_ellipsis() {
        for (text, most, expected) in [
            ("", 3, ""),
            ("abc", 3, "abc"),
            ("abcd", 3, "ab…"),
            ("äöüß", 3, "äö…"),
        ] {
            assert_eq!(cut(text, most), expected);
        }
    }

    #[test]
    fn names_mention_nobody() {
        for (text, expected) in [
            ("<!channel> @here", "‹!channel› ＠here"),
            ("*bold* `code` a_b", "'bold' 'code' a_b"),
            ("[click](x)\n", "(click)(x) "),
        ] {
            assert_eq!(plain(text), expected);
        }
    }
}
