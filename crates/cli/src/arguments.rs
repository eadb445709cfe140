use clap::builder::{EnumValueParser, TypedValueParser};
use clap::{Args, Parser, Subcommand, ValueEnum};
use clap_complete::Shell;

use crate::cmd::artifact::Artifact;
use crate::cmd::audit::Audit;
use crate::cmd::doctor::Doctor;
use crate::cmd::impact::Impact;
use crate::cmd::replay::Replay;
use crate::cmd::requesters::Requesters;
use crate::cmd::requests::Requests;
use crate::cmd::retire::Retire;
use crate::cmd::rollback::Rollback;
use crate::cmd::rotate::Rotate;
use crate::cmd::rotation_log::RotationLog;
use crate::cmd::secrets::Secrets;

/// Shows which secrets Rekey looks after and what is due, asks for rotations, retires old credentials early,
/// rolls a rotation back, and verifies the audit trail. It never reads a secret's value.
#[derive(Debug, Parser)]
#[command(
    name = "rekey",
    bin_name = "rekey",
    version,
    max_term_width = 100,
    arg_required_else_help = true,
    after_long_help = AFTER_HELP
)]
pub struct Arguments {
    #[command(flatten)]
    pub(crate) place: Place,
    #[command(flatten)]
    pub(crate) shape: Shape,
    #[command(subcommand)]
    pub(crate) command: Command,
}

const AFTER_HELP: &str = "\
Exit codes:
  0  done, or nothing to report
  1  failed: no connection, no permission, no answer; doctor: something waits for you
  2  the command was not understood
  3  refused or held back; it was not done
  4  doctor: registry and Secrets Manager do not agree; audit verify: a finding

Environment:
  REKEY_STAGE              --stage
  AWS_PROFILE, AWS_REGION  --profile, --region, and all else by which the AWS CLI finds credentials
  AWS_ENDPOINT_URL         --endpoint-url
  AWS_CA_BUNDLE            certificates to trust in place of Amazon's, a PEM file
  NO_COLOR                 --color never
  REKEY_REGISTRY_TABLE     in place of rekey-<stage>-registry
  REKEY_RETIRE_FUNCTION    in place of rekey-<stage>-retire
  REKEY_RETIRE_KEYS_FUNCTION  in place of rekey-<stage>-retire-keys
  REKEY_SWEEP_FUNCTION     in place of rekey-<stage>-sweep
  REKEY_REQUESTS_BUS       in place of rekey-<stage>-requests
  REKEY_AUDIT_TABLE        in place of rekey-<stage>-audit
  REKEY_CHECKPOINT_BUCKET  in place of rekey-<stage>-checkpoints-<account>-<region>
  REKEY_REQUESTER          --as, where a rotation is asked for [default: operators]
  REKEY_GRACE_SECONDS, REKEY_WARNING_SECONDS, REKEY_STUCK_SECONDS, REKEY_RESUME_SECONDS,
  REKEY_HOLD_SECONDS, REKEY_INTERVAL_SECONDS, REKEY_APART_SECONDS, REKEY_APPROVAL_SECONDS
                           the stack's parameters, where they are not the template's defaults

Permissions: the managed policies rekey-<stage>-<region>-reader, -operator and -administrator, and
rekey-<stage>-<region>-requester-<name> for each requester.";

/// Which stack, and as whom.
#[derive(Args, Debug)]
#[command(next_help_heading = "Which stack")]
pub struct Place {
    /// The stage of the stack [env: REKEY_STAGE] [default: dev].
    #[arg(long, global = true, value_name = "STAGE")]
    pub(crate) stage: Option<String>,
    /// The Region of the stack [default: as the AWS CLI finds it].
    #[arg(long, global = true, value_name = "REGION")]
    pub(crate) region: Option<String>,
    /// The profile of ~/.aws/config to speak as [default: as the AWS CLI finds it].
    #[arg(long, global = true, value_name = "PROFILE")]
    pub(crate) profile: Option<String>,
    /// Another endpoint for every service, such as a local cloud's [env: AWS_ENDPOINT_URL].
    #[arg(long, global = true, value_name = "URL")]
    pub(crate) endpoint_url: Option<String>,
}

/// How output looks.
#[derive(Args, Clone, Copy, Debug)]
#[command(next_help_heading = "Output")]
pub struct Shape {
    /// One JSON document on standard output, in the shape that docs/cli.md describes.
    #[arg(long, global = true)]
    pub(crate) json: bool,
    /// Colours.
    #[arg(long, global = true, value_name = "WHEN", default_value = "auto")]
    pub(crate) color: Colour,
    /// Tables without their line of headings.
    #[arg(long, global = true)]
    pub(crate) no_headers: bool,
}

/// When output is coloured.
#[derive(Clone, Copy, Debug, Eq, PartialEq, ValueEnum)]
pub enum Colour {
    /// On a terminal.
    Auto,
    /// Also in a file or a pipe.
    Always,
    /// Never.
    Never,
}

#[derive(Debug, Subcommand)]
pub enum Command {
    /// Look at registered secrets, their versions and who reads them.
    #[command(subcommand)]
    Secrets(Secrets),
    Impact(Impact),
    Rotate(Rotate),
    /// Look at requests for rotations and what became of them, and approve those that wait.
    #[command(subcommand)]
    Requests(Requests),
    Retire(Retire),
    Rollback(Rollback),
    Doctor(Doctor),
    /// Look at requests that could not be understood, and send them back to be worked on.
    #[command(subcommand)]
    Replay(Replay),
    /// Say who may ask for rotations, and look who may.
    #[command(subcommand)]
    Requesters(Requesters),
    /// Look at the audit trail, verify that nobody bent it, and export it.
    #[command(subcommand)]
    Audit(Audit),
    Artifact(Artifact),
    RotationLog(RotationLog),
    /// Print a completion script for a shell.
    #[command(after_long_help = "\
Examples:
  rekey completion bash > ~/.local/share/bash-completion/completions/rekey
  rekey completion zsh  > \"${fpath[1]}/_rekey\"
  rekey completion fish > ~/.config/fish/completions/rekey.fish")]
    Completion {
        /// The shell.
        #[arg(value_parser = EnumValueParser::<Known>::new().map(Shell::from))]
        shell: Shell,
    },
}

/// The shells that a script is printed for.
#[derive(Clone, Copy, Debug, ValueEnum)]
enum Known {
    Bash,
    Zsh,
    Fish,
}

impl From<Known> for Shell {
    fn from(known: Known) -> Self {
        match known {
            Known::Bash => Self::Bash,
            Known::Zsh => Self::Zsh,
            Known::Fish => Self::Fish,
        }
    }
}
