//! The CloudFormation macro `natspike-string-to-number`: text to number.
//!
//! ```yaml
//! Threshold:
//!   Fn::Transform:
//!     Name: natspike-string-to-number
//!     Parameters:
//!       Value: !Ref Threshold
//! ```
//!
//! CloudFormation hands intrinsic functions in a macro's parameters over as they are
//! written, so `{"Ref": "Threshold"}` is looked up here among the template's parameter
//! values. Integers are exact or refused; other numbers are the nearest 64-bit float.
//!
//! **Invariants.** The macro knows nothing of what the number is for. Every request has an
//! answer: what is not a number is a failure with one sentence.
//!
//! Shapes of request and answer:
//! <https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/template-macros-author.html>
//!
//! ```
//! use serde_json::json;
//!
//! let answer = string_to_number::answer(&json!({
//!     "requestId": "r-1",
//!     "params": {"Value": {"Ref": "Threshold"}},
//!     "templateParameterValues": {"Threshold": "100000000"},
//! }));
//! assert_eq!(answer["fragment"], json!(100000000));
//! ```

use serde_json::{Number, Value, json};

/// Answers one request of CloudFormation; never fails and never panics.
pub fn answer(event: &Value) -> Value {
    let request = event.get("requestId").cloned().unwrap_or(Value::Null);
    match convert(event) {
        Ok(number) => json!({"requestId": request, "status": "success", "fragment": number}),
        Err(refusal) => {
            json!({"requestId": request, "status": "failure", "errorMessage": refusal.to_string()})
        }
    }
}

/// Why there is no number; the text is what the person who deploys reads.
#[derive(Debug, thiserror::Error, PartialEq, Eq)]
enum Refusal {
    #[error(
        "natspike-string-to-number needs a parameter Value: a text, or a Ref to a template parameter"
    )]
    NoValue,
    #[error(
        "Value refers to {parameter}, which is not a parameter that the template was given; only template parameters can be turned into numbers"
    )]
    NoParameter { parameter: String },
    #[error(
        "Value must be a text or a Ref to a template parameter, not {found}; macros get other intrinsic functions unevaluated"
    )]
    NotText { found: String },
    #[error("a blank text is not a number; give digits such as 100000000")]
    Blank,
    #[error("'{text}' is not a number; give digits such as 100000000 or 0.5")]
    NotNumber { text: String },
    #[error("'{text}' is too large to be kept exactly; give a smaller number")]
    TooLarge { text: String },
}

fn convert(event: &Value) -> Result<Number, Refusal> {
    let value = event
        .get("params")
        .and_then(|params| params.get("Value"))
        .filter(|value| !value.is_null())
        .ok_or(Refusal::NoValue)?;
    match referred_parameter(value) {
        Some(parameter) => number(
            event
                .get("templateParameterValues")
                .and_then(|given| given.get(parameter))
                .filter(|value| !value.is_null())
                .ok_or_else(|| Refusal::NoParameter {
                    parameter: parameter.to_owned(),
                })?,
        ),
        None => number(value),
    }
}

/// The name in `{"Ref": name}`.
fn referred_parameter(value: &Value) -> Option<&str> {
    let function = value.as_object().filter(|map| map.len() == 1)?;
    function.get("Ref")?.as_str()
}

fn number(value: &Value) -> Result<Number, Refusal> {
    match value {
        Value::Number(number) => Ok(number.clone()),
        Value::String(text) => parse(text.trim()),
        Value::Null | Value::Bool(_) | Value::Array(_) | Value::Object(_) => {
            Err(Refusal::NotText {
                found: value.to_string(),
            })
        }
    }
}

fn parse(text: &str) -> Result<Number, Refusal> {
    let not_number = || Refusal::NotNumber {
        text: text.to_owned(),
    };
    if text.is_empty() {
        return Err(Refusal::Blank);
    }
    if let Ok(integer) = text.parse::<i64>() {
        return Ok(integer.into());
    }
    if let Ok(integer) = text.parse::<u64>() {
        return Ok(integer.into());
    }
    let unsigned = text.strip_prefix(['+', '-']).unwrap_or(text);
    if !unsigned.is_empty() && unsigned.bytes().all(|byte| byte.is_ascii_digit()) {
        return Err(Refusal::TooLarge {
            text: text.to_owned(),
        });
    }
    // Rust also reads the words for infinity and not-a-number.
    if !text
        .bytes()
        .all(|byte| matches!(byte, b'0'..=b'9' | b'+' | b'-' | b'.' | b'e' | b'E'))
    {
        return Err(not_number());
    }
    let float = text.parse::<f64>().map_err(|_| not_number())?;
    Number::from_f64(float).ok_or_else(|| Refusal::TooLarge {
        text: text.to_owned(),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(event: &Value, expected: Result<Value, &str>) {
        let answer = answer(event);
        match expected {
            Ok(number) => {
                assert_eq!(answer["status"], "success", "{event}: {answer}");
                // As text, too: 1 and 1.0 are different JSON.
                assert_eq!(
                    answer["fragment"].to_string(),
                    number.to_string(),
                    "{event}"
                );
            }
            Err(sentence) => {
                assert_eq!(answer["status"], "failure", "{event}: {answer}");
                assert_eq!(answer["errorMessage"], sentence, "{event}");
                assert!(answer.get("fragment").is_none());
            }
        }
    }

    fn check_text(text: &str, expected: Result<Value, &str>) {
        check(&json!({"params": {"Value": text}}), expected);
    }

    #[test]
    fn turns_text_into_the_number_it_says() {
        check_text("100000000", Ok(json!(100_000_000)));
        check_text(" 60\n", Ok(json!(60)));
        check_text("007", Ok(json!(7)));
        check_text("+5", Ok(json!(5)));
        check_text("-5", Ok(json!(-5)));
        check_text("0", Ok(json!(0)));
        check_text("9007199254740993", Ok(json!(9_007_199_254_740_993_i64)));
        check_text("18446744073709551615", Ok(json!(u64::MAX)));
        check_text("-9223372036854775808", Ok(json!(i64::MIN)));
        check_text("0.5", Ok(json!(0.5)));
        check_text("-0.1", Ok(json!(-0.1)));
        check_text("100.0", Ok(json!(100.0)));
        check_text("1e8", Ok(json!(1e8)));
        check_text("2.5E-3", Ok(json!(0.0025)));
    }

    #[test]
    fn refuses_text_that_is_not_a_number() {
        for blank in ["", " ", "\t\n"] {
            check_text(
                blank,
                Err("a blank text is not a number; give digits such as 100000000"),
            );
        }
        for text in [
            "12abc",
            "abc",
            "NaN",
            "nan",
            "inf",
            "-inf",
            "infinity",
            "1,000",
            "1_000",
            "0x10",
            "1 2",
            ".",
            "-",
            "+",
            "e5",
            "1e",
            "--1",
            "1.2.3",
            "١٢",
            "${Threshold}",
        ] {
            check_text(
                text,
                Err(&format!(
                    "'{text}' is not a number; give digits such as 100000000 or 0.5"
                )),
            );
        }
    }

    #[test]
    fn refuses_numbers_it_cannot_keep() {
        for text in ["18446744073709551616", "-9223372036854775809", "1e400"] {
            check_text(
                text,
                Err(&format!(
                    "'{text}' is too large to be kept exactly; give a smaller number"
                )),
            );
        }
    }

    #[test]
    fn passes_numbers_through() {
        check(&json!({"params": {"Value": 3}}), Ok(json!(3)));
        check(&json!({"params": {"Value": 0.25}}), Ok(json!(0.25)));
    }

    #[test]
    fn looks_a_reference_up_among_the_template_parameters() {
        let request = |given: Value| json!({"params": {"Value": {"Ref": "Threshold"}}, "templateParameterValues": given});
        check(&request(json!({"Threshold": "42"})), Ok(json!(42)));
        check(&request(json!({"Threshold": 42})), Ok(json!(42)));
        check(
            &request(json!({"Threshold": "much"})),
            Err("'much' is not a number; give digits such as 100000000 or 0.5"),
        );
        check(
            &request(json!({"Threshold": ["1", "2"]})),
            Err(
                "Value must be a text or a Ref to a template parameter, not [\"1\",\"2\"]; macros get other intrinsic functions unevaluated",
            ),
        );
        let unknown = "Value refers to Threshold, which is not a parameter that the template was given; only template parameters can be turned into numbers";
        for given in [
            json!({}),
            json!(null),
            json!({"Threshold": null}),
            json!([]),
        ] {
            check(&request(given), Err(unknown));
        }
    }

    #[test]
    fn refuses_requests_without_a_usable_value() {
        let none = "natspike-string-to-number needs a parameter Value: a text, or a Ref to a template parameter";
        for request in [
            json!(null),
            json!([]),
            json!({}),
            json!({"params": {}}),
            json!({"params": null}),
            json!({"params": {"Value": null}}),
        ] {
            check(&request, Err(none));
        }
        for found in [
            json!(true),
            json!(["1"]),
            json!({"Fn::Sub": "${Threshold}"}),
            json!({"Ref": ["Threshold"]}),
            json!({"Ref": "A", "Other": "B"}),
        ] {
            check(
                &json!({"params": {"Value": found}, "templateParameterValues": {"A": "1"}}),
                Err(&format!(
                    "Value must be a text or a Ref to a template parameter, not {found}; macros get other intrinsic functions unevaluated"
                )),
            );
        }
    }

    #[test]
    fn answers_with_the_id_of_the_request() {
        for value in [json!("1"), json!("one")] {
            let answer = answer(&json!({"requestId": "request-7", "params": {"Value": value}}));
            assert_eq!(answer["requestId"], "request-7");
        }
    }
}
