use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use aws_sdk_s3::Client;
use aws_sdk_s3::config::http::HttpResponse;
use aws_sdk_s3::config::interceptors::BeforeDeserializationInterceptorContextRef;
use aws_sdk_s3::config::{ConfigBag, Intercept, RuntimeComponents};
use aws_sdk_s3::error::{BoxError, ProvideErrorMetadata, SdkError};
use aws_sdk_s3::primitives::{ByteStream, DateTime, DateTimeFormat};
use rekey_rotation::TargetError;

use super::jwks::{Document, Jwks, Over, Published, Version, Written};
use super::place::Place;
use crate::object::invalid;

/// Key sets as objects in S3. Of two writers S3 lets one through
/// ([Conditional writes](https://docs.aws.amazon.com/AmazonS3/latest/userguide/conditional-writes.html)), and a
/// read sees every write that has ended
/// ([Consistency](https://docs.aws.amazon.com/AmazonS3/latest/userguide/Welcome.html#ConsistencyModel)).
#[derive(Clone, Debug)]
pub struct Bucket {
    client: Client,
}

/// The ETag of no object: those of S3 are a digest, or a digest and a count of parts.
const NO_OBJECT: &str = "\"00000000000000000000000000000000-rekey\"";
/// A key set is some kilobytes. What is longer than this is something else.
const LONGEST: i64 = 1 << 20;

impl Bucket {
    /// Over a client whose calls have an end: two of them must fit into a step.
    pub const fn new(client: Client) -> Self {
        Self { client }
    }
}

impl Jwks for Bucket {
    async fn read(&self, place: &Place) -> Result<Option<Published>, TargetError> {
        const CALL: &str = "GetObject";
        let date = Date::default();
        let call = self.client.get_object();
        let call = call.bucket(place.bucket()).key(place.key());
        let object = match call.customize().interceptor(date.clone()).send().await {
            Ok(object) => object,
            Err(error) if code(&error) == Some("NoSuchKey") => return Ok(None),
            Err(error) => return Err(failed(CALL, place, &error)),
        };
        if object
            .content_length()
            .is_none_or(|length| length > LONGEST)
        {
            return Err(invalid(format!(
                "{place} is no key set: it is longer than a mebibyte; correct `jwks`"
            )));
        }
        let version = object.e_tag().map(str::to_owned).map(Version);
        let version = version.ok_or_else(|| {
            TargetError::Internal(format!("{CALL} of {place} was answered without an ETag"))
        })?;
        let written = object.last_modified().copied();
        let body = object.body.collect().await.map_err(|_| {
            TargetError::Unreachable(format!("{CALL} of {place} broke off; this is repeated"))
        })?;
        let text = String::from_utf8(body.to_vec()).map_err(|_| {
            invalid(format!(
                "{place} is no key set: it is no text; correct `jwks`"
            ))
        })?;
        let age = match (date.told(), written) {
            (Some(now), Some(written)) => now.secs().saturating_sub(written.secs()),
            // Without both, whoever has the turn is waited for.
            _ => 0,
        };
        Ok(Some(Published {
            text,
            version,
            age: Duration::from_secs(u64::try_from(age).unwrap_or(0)),
        }))
    }

    async fn write(
        &self,
        place: &Place,
        document: Document,
        over: &Over,
    ) -> Result<Written, TargetError> {
        const CALL: &str = "PutObject";
        let call = self
            .client
            .put_object()
            .bucket(place.bucket())
            .key(place.key())
            .content_type("application/jwk-set+json")
            .cache_control(format!("public, max-age={}", document.max_age))
            .body(ByteStream::from(document.text.into_bytes()));
        let call = match over {
            Over::Nothing => call.if_none_match("*"),
            Over::Version(Version(version)) => call.if_match(version),
            Over::Never => call.if_match(NO_OBJECT),
        };
        match call.send().await {
            Ok(put) => match put.e_tag {
                Some(version) => Ok(Written::Done(Version(version))),
                None => Err(TargetError::Internal(format!(
                    "{CALL} of {place} was answered without an ETag"
                ))),
            },
            Err(error) => match code(&error) {
                // The last one: what was to be replaced is gone.
                Some("PreconditionFailed" | "ConditionalRequestConflict" | "NoSuchKey") => {
                    Ok(Written::Overtaken)
                }
                _ => Err(failed(CALL, place, &error)),
            },
        }
    }
}

/// What S3's clock says when it answers: it is the one that objects are dated by.
#[derive(Clone, Debug, Default)]
struct Date(Arc<Mutex<Option<DateTime>>>);

impl Date {
    fn told(&self) -> Option<DateTime> {
        *self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Intercept for Date {
    fn name(&self) -> &'static str {
        "Date"
    }

    fn read_before_deserialization(
        &self,
        context: &BeforeDeserializationInterceptorContextRef<'_>,
        _: &RuntimeComponents,
        _: &mut ConfigBag,
    ) -> Result<(), BoxError> {
        let date = context.response().headers().get("date");
        let date = date.and_then(|date| DateTime::from_str(date, DateTimeFormat::HttpDate).ok());
        *self.0.lock().unwrap_or_else(PoisonError::into_inner) = date;
        Ok(())
    }
}

fn code<E: ProvideErrorMetadata>(error: &SdkError<E, HttpResponse>) -> Option<&str> {
    let SdkError::ServiceError(answer) = error else {
        return None;
    };
    match answer.err().code() {
        // An answer without a body, as to a HEAD, has its status alone.
        None if answer.raw().status().as_u16() == 412 => Some("PreconditionFailed"),
        code => code,
    }
}

/// What went wrong, by what helps against it. S3's own text is repeated for a refused permission only: it names
/// who may not do what.
fn failed<E>(call: &str, place: &Place, error: &SdkError<E, HttpResponse>) -> TargetError
where
    E: ProvideErrorMetadata,
{
    let SdkError::ServiceError(answer) = error else {
        return TargetError::Unreachable(format!(
            "S3 gave no usable answer to {call} of {place} ({}); in a VPC, check the gateway endpoint for S3 or the NAT gateway",
            transport(error)
        ));
    };
    let Some(code) = code(error) else {
        return TargetError::Unreachable(format!(
            "S3 answered {call} of {place} with status {} and no code",
            answer.raw().status().as_u16()
        ));
    };
    match code {
        "AccessDenied" => TargetError::Permission(format!(
            "{call} of {place} is refused: {}; allow it to the function's role (docs/jwt.md). An object that is gone is refused like this too, where the role may not list the bucket: put an earlier version of it back",
            answer.err().message().unwrap_or(code)
        )),
        "ExpiredToken" | "InvalidAccessKeyId" | "InvalidToken" | "SignatureDoesNotMatch" => {
            TargetError::Permission(format!("{call} of {place} is refused: {code}"))
        }
        "NoSuchBucket" => TargetError::RoleMissing(format!(
            "there is no bucket for {place}; make it, or correct `jwks`"
        )),
        "PermanentRedirect"
        | "TemporaryRedirect"
        | "AuthorizationHeaderMalformed"
        | "IllegalLocationConstraintException" => invalid(format!(
            "the bucket of {place} is in another Region than the function; use one in the same Region"
        )),
        "SlowDown" | "Throttling" | "ThrottlingException" | "RequestLimitExceeded" => {
            TargetError::Busy(format!(
                "S3 throttles {call} of {place}; this is repeated later"
            ))
        }
        _ if answer.raw().status().is_server_error() => TargetError::Unreachable(format!(
            "S3 answered {call} of {place} with {code}; this is repeated later"
        )),
        _ if code.starts_with("KMS.") => TargetError::Permission(format!(
            "{call} of {place} fails at the key that encrypts the bucket: {code}; allow the function's role kms:Decrypt and kms:GenerateDataKey on it, and check that it is enabled"
        )),
        _ => TargetError::Internal(format!("S3 refused {call} of {place} with {code}")),
    }
}

fn transport<E, R>(error: &SdkError<E, R>) -> &'static str {
    match error {
        SdkError::TimeoutError(_) => "no answer in time",
        SdkError::DispatchFailure(_) => "no connection",
        SdkError::ResponseError(_) => "an answer that cannot be read",
        _ => "no request could be made",
    }
}
