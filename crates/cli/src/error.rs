use std::io;

use crate::exit::Exit;

/// Why a run ended without doing what was asked.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The command asks for something that cannot be.
    #[error("{0}")]
    Usage(String),
    /// A question, and nobody at a terminal to answer it.
    #[error("this changes a credential, and there is nobody to ask")]
    NobodyToAsk,
    /// A person said no.
    #[error("not confirmed; nothing was changed")]
    Declined,
    /// No record of this name.
    #[error("{name} is not registered in the stage {stage}")]
    NotRegistered {
        /// What was asked for.
        name: String,
        /// The stage.
        stage: String,
        /// Registered names that look like it.
        near: Vec<String>,
    },
    /// The secret has no such version.
    #[error("{name} has no version {number}")]
    NoSuchVersion {
        /// The secret.
        name: String,
        /// What was asked for.
        number: u32,
        /// The highest number that it has.
        highest: u32,
    },
    /// Rekey refuses, here or in the function.
    #[error("refused ({class}): {message}")]
    Refused {
        /// The error class.
        class: String,
        /// What happened and what to do.
        message: String,
        /// What else to do, a line at a time.
        advice: Vec<String>,
    },
    /// AWS refused for lack of permission.
    #[error("not allowed: {what}")]
    Denied {
        /// The call.
        what: String,
        /// The managed policy that allows it.
        policy: String,
    },
    /// A function or a table that is not there.
    #[error("{what} is not there")]
    NoStack {
        /// The resource.
        what: String,
        /// The stage that was looked for.
        stage: String,
        /// The Region that was looked in.
        region: String,
    },
    /// A function failed.
    #[error("the function {function} failed ({class}): {message}")]
    Function {
        /// Its name.
        function: String,
        /// The error class.
        class: String,
        /// What happened.
        message: String,
    },
    /// Nothing to speak to AWS with.
    #[error("{what}")]
    Connection {
        /// What is missing.
        what: String,
        /// What to do.
        advice: String,
    },
    /// It did not come to the end that was asked for.
    #[error("{what}")]
    Advised {
        /// What happened.
        what: String,
        /// What to do, a line at a time.
        advice: Vec<String>,
    },
    /// No usable answer.
    #[error("{0}")]
    Unavailable(String),
    /// Standard output or error is closed.
    #[error("the output cannot be written: {0}")]
    Output(#[from] io::Error),
}

impl Error {
    /// The number that the process ends with.
    #[must_use]
    pub fn exit(&self) -> Exit {
        match self {
            Self::Usage(_) | Self::NobodyToAsk => Exit::Usage,
            Self::Refused { .. } => Exit::Refused,
            // Whoever reads has seen enough (`rekey secrets list | head`).
            Self::Output(error) if error.kind() == io::ErrorKind::BrokenPipe => Exit::Ok,
            Self::Declined
            | Self::NotRegistered { .. }
            | Self::NoSuchVersion { .. }
            | Self::Denied { .. }
            | Self::NoStack { .. }
            | Self::Function { .. }
            | Self::Connection { .. }
            | Self::Advised { .. }
            | Self::Unavailable(_)
            | Self::Output(_) => Exit::Failed,
        }
    }

    /// What to do, a line at a time.
    #[must_use]
    pub fn advice(&self) -> Vec<String> {
        match self {
            Self::NobodyToAsk => vec!["say --yes when you are sure".into()],
            Self::NotRegistered { name, near, .. } => not_registered(name, near),
            Self::NoSuchVersion { name, highest, .. } => vec![format!(
                "its highest is {highest}; see: rekey secrets versions {name}"
            )],
            Self::Denied { policy, .. } => vec![format!(
                "the managed policy {policy} allows it; attach it to your role or user"
            )],
            Self::NoStack { stage, region, .. } => vec![
                format!(
                    "looked for the stage {stage} in {region}; say --stage, --region or --profile"
                ),
                "infra/README.md says how to deploy".into(),
            ],
            Self::Function { function, .. } => {
                vec![format!("its log is in /aws/lambda/{function}")]
            }
            Self::Connection { advice, .. } => vec![advice.clone()],
            Self::Refused { advice, .. } | Self::Advised { advice, .. } => advice.clone(),
            Self::Usage(_) | Self::Declined | Self::Unavailable(_) | Self::Output(_) => Vec::new(),
        }
    }
}

fn not_registered(name: &str, near: &[String]) -> Vec<String> {
    let mut lines = Vec::new();
    if !near.is_empty() {
        lines.push(format!("did you mean {}?", near.join(", ")));
    }
    lines.push("a secret registers itself by its tag rekey:owner:".into());
    lines.push(format!(
        "aws secretsmanager tag-resource --secret-id {name} --tags Key=rekey:owner,Value=<who looks after it>"
    ));
    lines
}
