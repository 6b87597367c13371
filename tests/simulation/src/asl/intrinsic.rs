//! Intrinsic functions (`States.Format('{} of {}', $.a, 3)`).
//!
//! **Invariants.** A function that is not in [`Function::NAMED`] is refused.

use super::path::Path;
use super::{Failure, Refusal};
use serde_json::Value;

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Function {
    Array,
    ArrayGetItem,
    ArrayLength,
    Format,
    JsonToString,
    MathAdd,
    StringSplit,
    StringToJson,
}

impl Function {
    /// Name, function and how many arguments at least and at most.
    const NAMED: [(&'static str, Function, usize, usize); 8] = [
        ("States.Array", Function::Array, 0, usize::MAX),
        ("States.ArrayGetItem", Function::ArrayGetItem, 2, 2),
        ("States.ArrayLength", Function::ArrayLength, 1, 1),
        ("States.Format", Function::Format, 1, usize::MAX),
        ("States.JsonToString", Function::JsonToString, 1, 1),
        ("States.MathAdd", Function::MathAdd, 2, 2),
        ("States.StringSplit", Function::StringSplit, 2, 2),
        ("States.StringToJson", Function::StringToJson, 1, 1),
    ];
}

/// A call of an intrinsic function.
#[derive(Debug)]
pub(crate) struct Call {
    function: Function,
    arguments: Vec<Argument>,
}

#[derive(Debug)]
enum Argument {
    Constant(Value),
    Path(Path),
    Call(Call),
}

impl Call {
    pub(crate) fn parse(place: &str, text: &str) -> Result<Call, Refusal> {
        let mut reader = Reader {
            place,
            text,
            rest: text,
        };
        let call = reader.call()?;
        if reader.rest.trim().is_empty() {
            Ok(call)
        } else {
            Err(reader.refuse("something follows the call"))
        }
    }

    pub(crate) fn value(&self, document: &Value, context: &Value) -> Result<Value, Failure> {
        let arguments: Vec<Value> = self
            .arguments
            .iter()
            .map(|argument| match argument {
                Argument::Constant(value) => Ok(value.clone()),
                Argument::Path(path) => path.get(document, context),
                Argument::Call(call) => call.value(document, context),
            })
            .collect::<Result<_, _>>()?;
        apply(self.function, &arguments).map_err(|reason| {
            Failure::new(
                "States.IntrinsicFailure",
                format!("{:?} of {arguments:?}: {reason}", self.function),
            )
        })
    }
}

fn apply(function: Function, arguments: &[Value]) -> Result<Value, String> {
    match (function, arguments) {
        (Function::Array, items) => Ok(Value::Array(items.to_vec())),
        (Function::ArrayGetItem, [Value::Array(items), index]) => index
            .as_u64()
            .and_then(|index| items.get(usize::try_from(index).ok()?))
            .cloned()
            .ok_or_else(|| "no such item".to_owned()),
        (Function::ArrayLength, [Value::Array(items)]) => Ok(items.len().into()),
        (Function::Format, [Value::String(template), values @ ..]) => format_text(template, values),
        (Function::JsonToString, [value]) => Ok(Value::String(value.to_string())),
        (Function::MathAdd, [a, b]) => match (a.as_i64(), b.as_i64()) {
            (Some(a), Some(b)) => Ok((a + b).into()),
            _ => Err("needs two whole numbers".to_owned()),
        },
        (Function::StringSplit, [Value::String(text), Value::String(at)]) => Ok(Value::Array(
            text.split(|c| at.contains(c))
                .filter(|part| !part.is_empty())
                .map(Value::from)
                .collect(),
        )),
        (Function::StringToJson, [Value::String(text)]) => {
            serde_json::from_str(text).map_err(|error| error.to_string())
        }
        _ => Err("arguments of other types".to_owned()),
    }
}

/// Fills each `{}`; `\{`, `\}` and `\\` stand for themselves.
fn format_text(template: &str, values: &[Value]) -> Result<Value, String> {
    let mut out = String::new();
    let mut values = values.iter();
    let mut letters = template.chars().peekable();
    while let Some(letter) = letters.next() {
        match letter {
            '\\' => out.extend(letters.next()),
            '{' if letters.peek() == Some(&'}') => {
                letters.next();
                match values.next().ok_or("more {} than values")? {
                    Value::String(text) => out.push_str(text),
                    value @ (Value::Null | Value::Bool(_) | Value::Number(_)) => {
                        out.push_str(&value.to_string());
                    }
                    _ => return Err("objects and arrays cannot be formatted".to_owned()),
                }
            }
            '{' | '}' => return Err("a brace of its own must be escaped".to_owned()),
            letter => out.push(letter),
        }
    }
    if values.next().is_some() {
        return Err("more values than {}".to_owned());
    }
    Ok(Value::String(out))
}

struct Reader<'a> {
    place: &'a str,
    text: &'a str,
    rest: &'a str,
}

impl Reader<'_> {
    fn refuse(&self, reason: &str) -> Refusal {
        Refusal::new(self.place, format!("{}: {reason}", self.text))
    }

    fn call(&mut self) -> Result<Call, Refusal> {
        let (name, rest) = self
            .rest
            .split_once('(')
            .ok_or_else(|| self.refuse("neither a path nor a call"))?;
        let known = Function::NAMED.iter().find(|known| known.0 == name.trim());
        let Some((_, function, least, most)) = known else {
            return Err(self.refuse("this function is not implemented"));
        };
        self.rest = rest.trim_start();
        let mut arguments = Vec::new();
        if let Some(rest) = self.rest.strip_prefix(')') {
            self.rest = rest;
        } else {
            loop {
                arguments.push(self.argument()?);
                self.rest = self.rest.trim_start();
                if let Some(rest) = self.rest.strip_prefix(',') {
                    self.rest = rest.trim_start();
                } else if let Some(rest) = self.rest.strip_prefix(')') {
                    self.rest = rest;
                    break;
                } else {
                    return Err(self.refuse("an argument does not end"));
                }
            }
        }
        if !(*least..=*most).contains(&arguments.len()) {
            return Err(self.refuse("another number of arguments"));
        }
        Ok(Call {
            function: *function,
            arguments,
        })
    }

    fn argument(&mut self) -> Result<Argument, Refusal> {
        if let Some(rest) = self.rest.strip_prefix('\'') {
            let mut text = String::new();
            let mut letters = rest.char_indices();
            while let Some((at, letter)) = letters.next() {
                match letter {
                    '\'' => {
                        self.rest = &rest[at + 1..];
                        return Ok(Argument::Constant(Value::String(text)));
                    }
                    // Braces keep their escape: Format reads it.
                    '\\' => match letters.next() {
                        Some((_, brace @ ('{' | '}' | '\\'))) => {
                            text.push('\\');
                            text.push(brace);
                        }
                        Some((_, other)) => text.push(other),
                        None => break,
                    },
                    letter => text.push(letter),
                }
            }
            return Err(self.refuse("a text does not end"));
        }
        if self.rest.starts_with("States.") {
            return self.call().map(Argument::Call);
        }
        let end = self
            .rest
            .find([',', ')'])
            .ok_or_else(|| self.refuse("an argument does not end"))?;
        let (word, rest) = self.rest.split_at(end);
        self.rest = rest;
        let word = word.trim();
        if word.starts_with('$') {
            return Path::parse(self.place, word).map(Argument::Path);
        }
        match serde_json::from_str(word) {
            Ok(value @ (Value::Null | Value::Bool(_) | Value::Number(_))) => {
                Ok(Argument::Constant(value))
            }
            _ => Err(self.refuse("an argument is not understood")),
        }
    }
}
