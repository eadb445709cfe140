mod firehose;
mod lines;
mod log_group;

use aws_sdk_firehose::error::{ProvideErrorMetadata, SdkError};
use aws_smithy_runtime_api::client::orchestrator::HttpResponse;
use rekey_audit::{Link, Onward, OnwardError};

use crate::connection::Connection;
use crate::fault::{Fault, fault};

use firehose::DeliveryStream;
use log_group::LogGroup;

/// Where the records go besides: a delivery stream of Firehose, a log group, or nowhere. Each record arrives
/// as a line of JSON; a second time when it was sent a second time.
#[derive(Clone, Debug)]
pub struct SiemStream(To);

#[derive(Clone, Debug)]
enum To {
    Nowhere,
    Firehose(DeliveryStream),
    LogGroup(LogGroup),
}

/// An ARN of neither.
#[derive(Clone, Copy, Debug, Eq, PartialEq, thiserror::Error)]
#[error(
    "the stream to the SIEM is the ARN of a delivery stream (arn:aws:firehose:<region>:<account>:deliverystream/<name>) or of a log group (arn:aws:logs:<region>:<account>:log-group:<name>)"
)]
pub struct NoStream;

impl SiemStream {
    /// Takes the ARN of a delivery stream or of a log group; no ARN, or an empty one, is nowhere. `stream` is
    /// the log stream to write in a log group; it is made when it is not there. Makes the client over the
    /// shared connection, in the Region of the ARN.
    ///
    /// # Errors
    /// [`NoStream`].
    pub fn parse(
        connection: &Connection,
        arn: Option<&str>,
        stream: &str,
    ) -> Result<Self, NoStream> {
        let Some(arn) = arn.filter(|arn| !arn.is_empty()) else {
            return Ok(Self(To::Nowhere));
        };
        let mut parts = arn.splitn(6, ':');
        let mut part = || parts.next().ok_or(NoStream);
        let (scheme, partition, service) = (part()?, part()?, part()?);
        let (region, account, resource) = (part()?, part()?, part()?);
        if scheme != "arn" || [partition, region, account].contains(&"") {
            return Err(NoStream);
        }
        let connection = Connection {
            region: region.to_owned(),
            ..connection.clone()
        };
        let to = match service {
            "firehose" => {
                let name = resource.strip_prefix("deliverystream/");
                To::Firehose(DeliveryStream::new(&connection, named(name)?))
            }
            "logs" => {
                // As `Fn::GetAtt Arn` of a log group has it, and as the console does.
                let name = resource.strip_prefix("log-group:");
                let name = name.map(|name| name.strip_suffix(":*").unwrap_or(name));
                To::LogGroup(LogGroup::new(&connection, named(name)?, stream))
            }
            _ => return Err(NoStream),
        };
        Ok(Self(to))
    }
}

/// A name of one piece.
fn named(name: Option<&str>) -> Result<String, NoStream> {
    let name = name.filter(|name| !name.is_empty() && !name.contains(':'));
    name.map(str::to_owned).ok_or(NoStream)
}

impl Onward for SiemStream {
    async fn send(&self, links: &[Link]) -> Result<(), OnwardError> {
        match &self.0 {
            To::Nowhere => Ok(()),
            To::Firehose(stream) => stream.send(links).await,
            To::LogGroup(group) => group.send(links).await,
        }
    }
}

fn failed<E>(service: &str, call: &str, error: &SdkError<E, HttpResponse>) -> OnwardError
where
    E: ProvideErrorMetadata,
{
    OnwardError(match fault(service, error) {
        Fault::Denied(text) => format!("{call}: not allowed: {text}"),
        Fault::Throttled => format!("{call}: throttled"),
        Fault::Unavailable(text) => format!("{call}: {text}"),
        Fault::Refused(code) if code == "ResourceNotFoundException" => {
            format!("{call}: there is no such stream or log group in its Region")
        }
        Fault::Refused(code) => format!("{call}: {code}"),
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::Canned;
    use serde_json::json;

    #[test]
    fn an_arn_of_something_else_is_refused() {
        let aws = Canned::new(|_, _, _| (200, json!({})));
        let parse = |arn: &str| SiemStream::parse(&aws.connection(), Some(arn), "s").map(|_| ());
        for arn in [
            "arn:aws:firehose:eu-west-1:123456789012:deliverystream/siem",
            "arn:aws-cn:logs:cn-north-1:123456789012:log-group:/siem/rekey",
            "arn:aws:logs:eu-west-1:123456789012:log-group:/siem/rekey:*",
            "",
        ] {
            assert_eq!(parse(arn), Ok(()), "{arn}");
        }
        for arn in [
            "siem",
            "arn:aws:kinesis:eu-west-1:123456789012:stream/siem",
            "arn:aws:firehose:eu-west-1:123456789012:deliverystream/",
            "arn:aws:firehose::123456789012:deliverystream/siem",
            "arn:aws:firehose:eu-west-1:123456789012",
            "arn:aws:logs:eu-west-1:123456789012:log-group:siem:log-stream:x",
            "arn:aws:logs:eu-west-1:123456789012:destination:siem",
            "urn:aws:logs:eu-west-1:123456789012:log-group:siem",
        ] {
            assert_eq!(parse(arn), Err(NoStream), "{arn}");
        }
        assert_eq!(aws.calls().len(), 0);
    }
}
