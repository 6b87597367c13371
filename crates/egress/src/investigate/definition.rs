//! What each analysis asks, as data: which records, told apart by what.
//!
//! The local fold, Logs Insights and SQL all follow these definitions. Which records
//! is said in the filter language; `@subject`, `@inside` and `@sensitive` are what
//! the user names.
//!
//! **Invariants.** Where a subject is named, every analysis is of records with it at
//! one end; that is no part of a definition.

/// An analysis, by the name that users type.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Analysis {
    /// By protocol and action.
    TrafficSummary,
    /// Who connects to the subject's port 22.
    SshInbound,
    /// Whom the subject's port 22 answers.
    SshResponse,
    /// Whose port 22 the subject connects to.
    SshOutbound,
    /// What external ends send to the subject.
    ExternalInbound,
    /// What the subject sends to external ends.
    ExternalOutbound,
    /// Both, by action.
    ExternalSummary,
    /// Both, by ends and port.
    TopExternal,
    /// Everything on one port.
    PortSpecific,
    /// Connections to sensitive ports, both ways.
    SensitivePorts,
    /// What was rejected.
    Rejected,
    /// Traffic with addresses of lists.
    CidrConnections,
    /// One sender that tries many ports or many receivers.
    PortScan,
    /// One sender that tries one login port again and again.
    BruteForce,
    /// Connections at regular intervals.
    Beaconing,
    /// Far more sent to a new external end than received.
    Exfiltration,
    /// Many rejected records a minute.
    RejectStorms,
    /// External ends that were not there at the beginning.
    FirstSeen,
    /// Inside ends with the most bytes, over time.
    TopTalkers,
}

/// What rows are told apart by.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Dimension {
    /// The sender.
    Source,
    /// The receiver.
    Destination,
    /// The sender's port.
    SourcePort,
    /// The receiver's port.
    DestinationPort,
    /// IANA's number of the protocol.
    Protocol,
    /// ACCEPT or REJECT.
    Action,
    /// The AWS service of the sender.
    SourceService,
    /// The AWS service of the receiver.
    DestinationService,
}

/// One question of an analysis.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Definition {
    /// The analysis.
    pub analysis: Analysis,
    /// Which of its answers, where it has several.
    pub view: Option<&'static str>,
    /// A heading.
    pub title: &'static str,
    /// One sentence that says what is in it.
    pub about: &'static str,
    /// Which records, in the filter language.
    pub select: &'static str,
    /// What rows are told apart by.
    pub by: &'static [Dimension],
}

impl Definition {
    /// One sentence that says what is in it; `port` is that of port-specific.
    pub fn says(&self, port: Option<u16>) -> String {
        match (self.analysis, port) {
            (Analysis::PortSpecific, Some(port)) => {
                format!("Records with port {port} at either end, by both ends.")
            }
            _ => self.about.to_owned(),
        }
    }
}

impl Analysis {
    /// Every analysis, in the order in which they are shown.
    pub const ALL: [Analysis; 19] = [
        Analysis::TrafficSummary,
        Analysis::SshInbound,
        Analysis::SshResponse,
        Analysis::SshOutbound,
        Analysis::ExternalInbound,
        Analysis::ExternalOutbound,
        Analysis::ExternalSummary,
        Analysis::TopExternal,
        Analysis::PortSpecific,
        Analysis::SensitivePorts,
        Analysis::Rejected,
        Analysis::CidrConnections,
        Analysis::PortScan,
        Analysis::BruteForce,
        Analysis::Beaconing,
        Analysis::Exfiltration,
        Analysis::RejectStorms,
        Analysis::FirstSeen,
        Analysis::TopTalkers,
    ];

    /// The name that users type.
    pub const fn name(self) -> &'static str {
        match self {
            Analysis::TrafficSummary => "traffic-summary",
            Analysis::SshInbound => "ssh-inbound",
            Analysis::SshResponse => "ssh-response",
            Analysis::SshOutbound => "ssh-outbound",
            Analysis::ExternalInbound => "external-inbound",
            Analysis::ExternalOutbound => "external-outbound",
            Analysis::ExternalSummary => "external-summary",
            Analysis::TopExternal => "top-external",
            Analysis::PortSpecific => "port-specific",
            Analysis::SensitivePorts => "sensitive-ports",
            Analysis::Rejected => "rejected",
            Analysis::CidrConnections => "cidr-connections",
            Analysis::PortScan => "port-scan",
            Analysis::BruteForce => "brute-force",
            Analysis::Beaconing => "beaconing",
            Analysis::Exfiltration => "exfiltration",
            Analysis::RejectStorms => "reject-storms",
            Analysis::FirstSeen => "first-seen",
            Analysis::TopTalkers => "top-talkers",
        }
    }

    /// What it answers, in one line.
    pub const fn summary(self) -> &'static str {
        match self {
            Analysis::TrafficSummary => "how much, by protocol and action",
            Analysis::SshInbound => "who sends to port 22 of the subject",
            Analysis::SshResponse => "whom port 22 of the subject answers",
            Analysis::SshOutbound => "to whose port 22 the subject sends",
            Analysis::ExternalInbound => "what external ends send to the subject",
            Analysis::ExternalOutbound => "what the subject sends to external ends",
            Analysis::ExternalSummary => "both, by action",
            Analysis::TopExternal => "both, by sender, receiver and port",
            Analysis::PortSpecific => "who uses the port of --port, at either end",
            Analysis::SensitivePorts => {
                "who sends to sensitive ports (SSH, RDP, databases, ...) of the subject, to whose it \
                 sends, what it replies"
            }
            Analysis::Rejected => "what was rejected, by sender, receiver and port",
            Analysis::CidrConnections => "traffic with addresses of lists (--cidrs) and of AWS",
            Analysis::PortScan => "who tries many ports or many receivers within a minute",
            Analysis::BruteForce => "who tries a login port again and again",
            Analysis::Beaconing => "connections to external ends at regular intervals",
            Analysis::Exfiltration => "uploads to new external ends that send little back",
            Analysis::RejectStorms => "many rejected records a minute, by sender and by receiver",
            Analysis::FirstSeen => "external ends that were not there at the beginning",
            Analysis::TopTalkers => "who moves most, over time",
        }
    }

    /// Whether it finds what is strange, by a rule that has thresholds.
    pub fn is_rule(self) -> bool {
        let is_question = matches!(self, Analysis::CidrConnections | Analysis::TopTalkers);
        !is_question && self.definitions().next().is_none()
    }

    /// Its questions; none for those that are rules of their own.
    pub fn definitions(self) -> impl Iterator<Item = &'static Definition> {
        let of = move |definition: &&Definition| definition.analysis == self;
        DEFINITIONS.iter().filter(of)
    }
}

use Dimension::{
    Action, Destination, DestinationPort, DestinationService, Protocol, Source, SourcePort,
    SourceService,
};

/// External: one end is investigated, the other is not inside.
const EXTERNAL: &str = "(dst in @subject and not src in @inside) \
                        or (src in @subject and not dst in @inside)";

/// Every question that is a selection and a sum.
pub const DEFINITIONS: &[Definition] = &[
    Definition {
        analysis: Analysis::TrafficSummary,
        view: None,
        title: "Traffic by protocol and action",
        about: "All records.",
        select: "",
        by: &[Protocol, Action],
    },
    Definition {
        analysis: Analysis::SshInbound,
        view: None,
        title: "SSH inbound",
        about: "What was sent to port 22 of the subject, by sender.",
        select: "dst in @subject and dstport = 22",
        by: &[Source, Action],
    },
    Definition {
        analysis: Analysis::SshResponse,
        view: None,
        title: "SSH responses",
        about: "What port 22 of the subject sent, by receiver.",
        select: "src in @subject and srcport = 22",
        by: &[Destination, Action],
    },
    Definition {
        analysis: Analysis::SshOutbound,
        view: None,
        title: "SSH outbound",
        about: "What the subject sent to port 22 of others, by receiver.",
        select: "src in @subject and dstport = 22",
        by: &[Destination, Action],
    },
    Definition {
        analysis: Analysis::ExternalInbound,
        view: None,
        title: "External inbound",
        about: "What external ends sent to the subject, by sender.",
        select: "dst in @subject and not src in @inside",
        by: &[Source, Action, SourceService],
    },
    Definition {
        analysis: Analysis::ExternalOutbound,
        view: None,
        title: "External outbound",
        about: "What the subject sent to external ends, by receiver.",
        select: "src in @subject and not dst in @inside",
        by: &[Destination, Action, DestinationService],
    },
    Definition {
        analysis: Analysis::ExternalSummary,
        view: None,
        title: "External traffic by action",
        about: "What the subject and external ends sent each other.",
        select: EXTERNAL,
        by: &[Action],
    },
    Definition {
        analysis: Analysis::TopExternal,
        view: None,
        title: "External traffic by ends and port",
        about: "What the subject and external ends sent each other, by sender, receiver and \
                receiver's port.",
        select: EXTERNAL,
        by: &[Source, Destination, DestinationPort, Action],
    },
    Definition {
        analysis: Analysis::PortSpecific,
        view: None,
        title: "Traffic by port",
        about: "All records, by both ends and their ports; --port names one.",
        select: "",
        by: &[Source, Destination, SourcePort, DestinationPort, Action],
    },
    Definition {
        analysis: Analysis::SensitivePorts,
        view: Some("inbound"),
        title: "Sensitive ports, inbound",
        about: "What was sent to sensitive ports of the subject, by sender.",
        select: "dst in @subject and dstport in @sensitive",
        by: &[Source, DestinationPort, Action],
    },
    Definition {
        analysis: Analysis::SensitivePorts,
        view: Some("outbound"),
        title: "Sensitive ports, outbound",
        about: "What the subject sent to sensitive ports of others, by receiver.",
        select: "src in @subject and dstport in @sensitive",
        by: &[Destination, DestinationPort, Action],
    },
    Definition {
        analysis: Analysis::SensitivePorts,
        view: Some("reply"),
        title: "Sensitive ports, replies",
        about: "What sensitive ports of the subject sent, by receiver.",
        select: "src in @subject and srcport in @sensitive",
        by: &[Destination, SourcePort, Action],
    },
    Definition {
        analysis: Analysis::Rejected,
        view: None,
        title: "Rejected",
        about: "What security groups, network ACLs or closed connections rejected.",
        select: "action = REJECT",
        by: &[Source, Destination, DestinationPort, Protocol],
    },
];
