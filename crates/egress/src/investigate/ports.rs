//! Sensitive ports: which they are, whose, and where a login is tried.
//!
//! The list is data (`data/sensitive-ports.toml`, which says what its form is); a
//! user's text of that form changes it.
//!
//! **Invariants.** What a text says that is no port, no service or not there to be
//! left out is refused with its line, and then nothing is changed.

use crate::name::printable;
use serde::{Deserialize, Deserializer, de};
use std::collections::BTreeMap;
use std::fmt;
use toml::Spanned;

/// The list that ships.
const SHIPPED: &str = include_str!("../../data/sensitive-ports.toml");

/// The sensitive ports.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SensitivePorts {
    ports: BTreeMap<u16, SensitivePort>,
}

/// What is behind a port.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SensitivePort {
    /// The service, as people call it: SSH, MySQL, …
    pub service: String,
    /// Many connections a minute are guesses of a password.
    pub login: bool,
}

/// Why a text is no list of sensitive ports.
#[derive(Debug, thiserror::Error)]
pub enum PortsError {
    /// It is no TOML, or not of that form.
    #[error("line {line}: {message}; give ports as 8443 = \"service\" under [ports]")]
    NotPorts {
        /// The line, the first is 1.
        line: usize,
        /// What is wrong there.
        message: String,
    },
    /// A port that the list has not is changed and has no service.
    #[error("line {line}: port {port} has no service; write {port} = {{ service = \"its name\" }}")]
    NoService {
        /// The line, the first is 1.
        line: usize,
        /// The port.
        port: u16,
    },
    /// A port is left out that the list has not.
    #[error("line {line}: port {port} is not in the list; take it out of remove")]
    NotThere {
        /// The line, the first is 1.
        line: usize,
        /// The port.
        port: u16,
    },
    /// Nothing is left.
    #[error("no port is left; leave one in, or leave the list as it ships")]
    Empty,
}

impl PortsError {
    /// The stable name of the error.
    pub fn name(&self) -> &'static str {
        match self {
            PortsError::NotPorts { .. } => "NotSensitivePorts",
            PortsError::NoService { .. } => "NoServiceOfPort",
            PortsError::NotThere { .. } => "UnknownSensitivePort",
            PortsError::Empty => "NoSensitivePorts",
        }
    }
}

impl SensitivePorts {
    /// The list that ships with this version.
    pub fn shipped() -> SensitivePorts {
        let mut shipped = SensitivePorts {
            ports: BTreeMap::new(),
        };
        // A test reads it.
        let _ = shipped.extend(SHIPPED);
        shipped
    }

    /// Changes the list as the text says: adds ports, gives some another service
    /// or login, leaves some out.
    pub fn extend(&mut self, text: &str) -> Result<(), PortsError> {
        let document: Document = toml::from_str(text).map_err(|error| not_ports(&error, text))?;
        let mut ports = self.ports.clone();
        for said in document.remove {
            let line = line(text, said.span().start);
            let port = said.into_inner();
            let before = ports.remove(&port);
            before.ok_or(PortsError::NotThere { line, port })?;
        }
        for (Port(port), said) in document.ports {
            let line = line(text, said.span().start);
            let said = said.into_inner();
            let before = ports.get(&port);
            let service = said
                .service
                .or_else(|| before.map(|before| before.service.clone()));
            let login = said.login.or(before.map(|before| before.login));
            let known = SensitivePort {
                service: service.ok_or(PortsError::NoService { line, port })?,
                login: login.unwrap_or_default(),
            };
            ports.insert(port, known);
        }
        if ports.is_empty() {
            return Err(PortsError::Empty);
        }
        self.ports = ports;
        Ok(())
    }

    /// What is behind the port; `None` where it is not sensitive.
    pub fn get(&self, port: u16) -> Option<&SensitivePort> {
        self.ports.get(&port)
    }

    /// Every sensitive port, in order.
    pub fn iter(&self) -> impl Iterator<Item = (u16, &SensitivePort)> {
        self.ports.iter().map(|(port, known)| (*port, known))
    }
}

fn not_ports(error: &toml::de::Error, text: &str) -> PortsError {
    PortsError::NotPorts {
        line: line(text, error.span().map_or(0, |span| span.start)),
        message: printable(error.message()).unwrap_or_default(),
    }
}

/// The line of a byte.
fn line(text: &str, at: usize) -> usize {
    let before = text.as_bytes().iter().take(at);
    before.filter(|byte| **byte == b'\n').count() + 1
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Document {
    #[serde(default)]
    remove: Vec<Spanned<u16>>,
    #[serde(default)]
    ports: BTreeMap<Port, Spanned<Said>>,
}

/// Keys of TOML are texts.
#[derive(PartialEq, Eq, PartialOrd, Ord)]
struct Port(u16);

impl<'de> Deserialize<'de> for Port {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Port, D::Error> {
        let text = String::deserialize(from)?;
        let refused = || de::Error::custom(format!("{text:?} is no port from 0 to 65535"));
        text.parse().map(Port).map_err(|_| refused())
    }
}

/// What a text says of a port: a service, or a table.
struct Said {
    service: Option<String>,
    login: Option<bool>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct SaidTable {
    service: Option<String>,
    login: Option<bool>,
}

impl<'de> Deserialize<'de> for Said {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Said, D::Error> {
        from.deserialize_any(SaidVisitor)
    }
}

struct SaidVisitor;

impl<'de> de::Visitor<'de> for SaidVisitor {
    type Value = Said;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a service, or a table with service and login")
    }

    fn visit_str<E: de::Error>(self, text: &str) -> Result<Said, E> {
        Ok(Said {
            service: Some(service(text)?),
            login: None,
        })
    }

    fn visit_map<A: de::MapAccess<'de>>(self, map: A) -> Result<Said, A::Error> {
        let table = SaidTable::deserialize(de::value::MapAccessDeserializer::new(map))?;
        Ok(Said {
            service: table.service.as_deref().map(service).transpose()?,
            login: table.login,
        })
    }
}

fn service<E: de::Error>(text: &str) -> Result<String, E> {
    printable(text).ok_or_else(|| E::custom("a service has a name"))
}

#[cfg(test)]
mod tests {
    use super::{SHIPPED, SensitivePorts};

    fn said(text: &str, port: u16) -> Option<(String, bool)> {
        let mut ports = SensitivePorts::shipped();
        ports.extend(text).expect("a list");
        let known = ports.get(port)?;
        Some((known.service.clone(), known.login))
    }

    #[test]
    fn the_list_that_ships_has_the_ports_of_the_old_tool() {
        let mut ports = SensitivePorts::shipped();
        let numbers: Vec<u16> = ports.iter().map(|(port, _)| port).collect();
        assert_eq!(
            numbers,
            [
                21, 22, 23, 25, 53, 135, 137, 138, 139, 445, 1433, 1434, 1521, 3306, 3389, 5432,
                5900, 5984, 6379, 8080, 9200, 11211, 27017, 27018
            ]
        );
        let logins = ports.iter().filter(|(_, known)| known.login);
        let logins: Vec<u16> = logins.map(|(port, _)| port).collect();
        assert_eq!(logins, [21, 22, 23, 445, 3389, 5900]);
        ports.extend(SHIPPED).expect("a list");
        assert_eq!(ports, SensitivePorts::shipped());
        assert_eq!(ports.get(443), None);
    }

    #[test]
    fn a_text_adds_changes_and_leaves_out() {
        for (text, port, expected) in [
            ("", 22, Some(("SSH", true))),
            ("[ports]\n9000 = \"MinIO\"", 9000, Some(("MinIO", false))),
            (
                "[ports]\n9000 = { service = \"MinIO\", login = true }",
                9000,
                Some(("MinIO", true)),
            ),
            ("[ports]\n22 = \"our shell\"", 22, Some(("our shell", true))),
            ("[ports.22]\nlogin = false", 22, Some(("SSH", false))),
            ("remove = [22]", 22, None),
            ("remove = [22]", 23, Some(("Telnet", true))),
            (
                "remove = [22]\n[ports]\n22 = \"another\"",
                22,
                Some(("another", false)),
            ),
            (
                "[ports]\n\"9000\" = \"Min\\u001bIO\"",
                9000,
                Some(("Min IO", false)),
            ),
        ] {
            let expected = expected.map(|(service, login)| (service.to_owned(), login));
            assert_eq!(said(text, port), expected, "{text}");
        }
    }

    #[test]
    fn what_is_no_list_is_refused_with_its_line_and_changes_nothing() {
        for (text, name, message) in [
            (
                "[ports]\n22 = \"SSH\"\n70000 = \"x\"",
                "NotSensitivePorts",
                "line 3: \"70000\" is no port from 0 to 65535",
            ),
            (
                "[ports]\n\nssh = 22",
                "NotSensitivePorts",
                "line 3: \"ssh\" is no port from 0 to 65535",
            ),
            (
                "[ports]\n22 = 22",
                "NotSensitivePorts",
                "line 2: invalid type: integer `22`, expected a service, or a table",
            ),
            (
                "[ports]\n22 = \"SSH\"\n22 = \"SSH\"",
                "NotSensitivePorts",
                "line 3: duplicate key",
            ),
            (
                "[ports]\n1 = \" \"",
                "NotSensitivePorts",
                "line 2: a service has a name",
            ),
            (
                "[ports]\n1 = { name = \"x\" }",
                "NotSensitivePorts",
                "line 2: unknown field `name`",
            ),
            (
                "\n22 = \"SSH\"",
                "NotSensitivePorts",
                "line 2: unknown field `22`, expected `remove` or `ports`",
            ),
            (
                "remove = [\n22,\n-1]",
                "NotSensitivePorts",
                "line 3: invalid value: integer `-1`",
            ),
            ("[ports", "NotSensitivePorts", "line 1: "),
            (
                "[ports]\n1 = { login = true }",
                "NoServiceOfPort",
                "line 2: port 1 has no service",
            ),
            (
                "remove = [\n22,\n443]",
                "UnknownSensitivePort",
                "line 3: port 443 is not in the list",
            ),
            (
                "remove = [22, 22]",
                "UnknownSensitivePort",
                "line 1: port 22 is not in the list",
            ),
        ] {
            let mut ports = SensitivePorts::shipped();
            let error = ports.extend(text).expect_err("no list");
            assert_eq!(error.name(), name, "{text}");
            let said = error.to_string();
            assert!(said.starts_with(message), "{text}: {said}");
            assert_eq!(ports, SensitivePorts::shipped(), "{text}");
        }
    }

    #[test]
    fn a_list_without_a_port_is_refused() {
        let mut ports = SensitivePorts::shipped();
        let all: Vec<String> = ports.iter().map(|(port, _)| port.to_string()).collect();
        let text = format!("remove = [{}]", all.join(", "));
        let error = ports.extend(&text).expect_err("no list");
        assert_eq!(error.name(), "NoSensitivePorts");
    }
}
