//! What CloudTrail tells about Secrets Manager on the default bus: who called it, and what it did by itself.
//!
//! After the CloudTrail User Guide, "CloudTrail record contents" and "CloudTrail userIdentity element", and
//! the Secrets Manager User Guide, "AWS CloudTrail entries for Secrets Manager". Neither promises the shape of
//! one entry, so only what names an entry is asked for, and a text is read as it stands. Nothing else is
//! kept: an unknown field may be anything, and `errorMessage` may repeat what a caller sent.

use crate::envelope::Detail;
use crate::object::object;
use crate::text::{Actor, Arn, ClientRequestToken, Identifier, SecretId, StagingLabel, UserAgent};
use crate::timestamp::Timestamp;
use crate::topic::DetailType;

object! {
    /// A call of Secrets Manager, or something that it did by itself, as CloudTrail recorded it. CloudTrail
    /// delivers an entry at least once; `event_id` tells a repeat.
    pub struct TrailRecord {
        required {
            /// The operation (`GetSecretValue`), or what Secrets Manager did (`RotationSucceeded`).
            event_name as "eventName": Identifier,
            /// The id of the entry.
            event_id as "eventID": Identifier,
            /// When the call was done.
            event_time as "eventTime": Timestamp,
        }
        optional {
            /// `secretsmanager.amazonaws.com`.
            event_source as "eventSource": String,
            /// Why the call was refused; absent when it was not.
            error_code as "errorCode": String,
            /// Who called.
            identity as "userIdentity": TrailIdentity,
            /// What was asked for.
            request as "requestParameters": TrailRequest,
            /// What was answered, to a call that changes something.
            response as "responseElements": TrailResponse,
            /// What Secrets Manager adds, as a rule to what it did by itself.
            additional as "additionalEventData": TrailAddition,
            /// The address the call came from, or the service that made it.
            source_ip as "sourceIPAddress": String,
            /// The program that called, as it called itself.
            user_agent as "userAgent": String,
            /// The id of the call.
            request_id as "requestID": String,
            /// Whether the operation changes nothing.
            read_only as "readOnly": bool,
        }
    }
}

object! {
    /// What was asked for, as far as it is about which secret and which version. No entry holds a value.
    pub struct TrailRequest {
        required {}
        optional {
            /// The secret, by name or ARN, as the caller wrote it.
            secret_id as "secretId": String,
            /// The name that a new secret should have.
            name: String,
            /// The version that was asked for.
            version_id as "versionId": String,
            /// The label that was asked for, or that should move.
            version_stage as "versionStage": String,
            /// The labels that a new version should have.
            version_stages as "versionStages": Vec<String>,
            /// The id that a new version should have.
            client_request_token as "clientRequestToken": String,
            /// The version that a label should move to.
            move_to_version_id as "moveToVersionId": String,
            /// The version that a label should leave.
            remove_from_version_id as "removeFromVersionId": String,
            /// After how many days a deleted secret is gone.
            recovery_window_in_days as "recoveryWindowInDays": u32,
            /// Whether a deleted secret is gone at once.
            force_delete as "forceDeleteWithoutRecovery": bool,
        }
    }
}

object! {
    /// What was answered.
    pub struct TrailResponse {
        required {}
        optional {
            /// The secret.
            arn: String,
            /// The other spelling of `arn`, before February 2024.
            arn_as_before as "aRN": String,
            /// Its friendly name.
            name: String,
            /// The version that was made.
            version_id as "versionId": String,
        }
    }
}

object! {
    /// What Secrets Manager adds.
    pub struct TrailAddition {
        required {}
        optional {
            /// The ARN of the secret.
            secret_id as "SecretId": String,
        }
    }
}

object! {
    /// Who called.
    pub struct TrailIdentity {
        required {}
        optional {
            /// What kind of identity it is (`AssumedRole`, `IAMUser`, `AWSService`).
            kind as "type": String,
            /// The caller's ARN. Of a role, that of the session.
            arn: String,
            /// The caller's unique id.
            principal_id as "principalId": String,
            /// The caller's account.
            account_id as "accountId": String,
            /// The name of the user.
            user_name as "userName": String,
            /// The AWS service that made the call.
            invoked_by as "invokedBy": String,
            /// How the caller came by its credentials.
            session as "sessionContext": TrailSession,
        }
    }
}

object! {
    /// How a caller came by its credentials.
    pub struct TrailSession {
        required {}
        optional {
            /// The role, or the user, whose credentials they are.
            issuer as "sessionIssuer": TrailIssuer,
        }
    }
}

object! {
    /// Whose credentials a session has.
    pub struct TrailIssuer {
        required {}
        optional {
            /// `Role`, as a rule.
            kind as "type": String,
            /// Its ARN, with its path.
            arn: String,
            /// Its name.
            user_name as "userName": String,
        }
    }
}

/// How long a deleted secret can be restored when the caller does not say, in days (API reference of
/// `DeleteSecret`).
const RECOVERY_WINDOW: u32 = 30;
const DAY: i64 = 24 * 60 * 60;

impl TrailRecord {
    /// The ARN of the secret, where the entry says it: in the answer, in what Secrets Manager added, or in
    /// what was asked for.
    #[must_use]
    pub fn secret_arn(&self) -> Option<Arn> {
        let answered = self
            .response
            .as_ref()
            .and_then(|response| response.arn.as_ref().or(response.arn_as_before.as_ref()));
        let added = || self.additional.as_ref()?.secret_id.as_ref();
        let asked = || self.request.as_ref()?.secret_id.as_ref();
        [answered, added(), asked()]
            .into_iter()
            .flatten()
            .filter(|id| id.starts_with("arn:"))
            .find_map(|id| Arn::new(id.as_str()).ok())
    }

    /// The secret by whatever the entry calls it: its ARN, or else its name.
    #[must_use]
    pub fn secret_id(&self) -> Option<SecretId> {
        if let Some(arn) = self.secret_arn() {
            return SecretId::new(arn.as_str()).ok();
        }
        let answered = || self.response.as_ref()?.name.as_ref();
        let asked = || self.request.as_ref()?.secret_id.as_ref();
        let new = || self.request.as_ref()?.name.as_ref();
        [answered(), asked(), new()]
            .into_iter()
            .flatten()
            .find_map(|id| SecretId::new(id.as_str()).ok())
    }

    /// The version that the entry is about: the one that was made, asked for, or given a label. Of a
    /// rotation it is the end of the id that Secrets Manager gives it, `Rotation-<ARN>-<version>`, which is
    /// not documented, and was seen (AWS Database Blog, "Multi-user secrets rotation for Amazon RDS").
    #[must_use]
    pub fn version_id(&self) -> Option<ClientRequestToken> {
        let answered = || self.response.as_ref()?.version_id.as_deref();
        let request = self.request.as_ref();
        let asked = || request?.version_id.as_deref();
        let moved = || request?.move_to_version_id.as_deref();
        let token = || request?.client_request_token.as_deref();
        let arn = self.secret_arn();
        let rotation = || {
            let id = self.request_id.as_deref()?.strip_prefix("Rotation-")?;
            id.strip_prefix(arn.as_ref()?.as_str())?.strip_prefix('-')
        };
        [answered(), asked(), moved(), token(), rotation()]
            .into_iter()
            .flatten()
            .find_map(|id| ClientRequestToken::new(id).ok())
    }

    /// The label that was asked for, or moved.
    #[must_use]
    pub fn stage(&self) -> Option<StagingLabel> {
        StagingLabel::new(self.request.as_ref()?.version_stage.as_deref()?).ok()
    }

    /// The caller as AWS names it: its ARN, or else the service it is, or else its unique id.
    #[must_use]
    pub fn actor(&self) -> Option<Actor> {
        let caller = self.identity.as_ref()?;
        [&caller.arn, &caller.invoked_by, &caller.principal_id]
            .into_iter()
            .flatten()
            .find_map(|text| Actor::new(text.as_str()).ok())
    }

    /// The caller as people name it: its role, or else its user, the AWS service, its unique id.
    #[must_use]
    pub fn service(&self) -> Option<Identifier> {
        let caller = self.identity.as_ref()?;
        let role = self.issuer().and_then(|issuer| issuer.user_name.as_ref());
        let others = [&caller.user_name, &caller.invoked_by, &caller.principal_id];
        role.into_iter()
            .chain(others.into_iter().flatten())
            .find_map(|text| Identifier::new(text.as_str()).ok())
    }

    /// The ARN of the caller's role, with the role's path, which the ARN of a session does not have.
    #[must_use]
    pub fn role_arn(&self) -> Option<Arn> {
        Arn::new(self.issuer()?.arn.as_deref()?).ok()
    }

    /// The program that called, within the limits of our own events.
    #[must_use]
    pub fn user_agent(&self) -> Option<UserAgent> {
        UserAgent::clipped(self.user_agent.as_deref()?)
    }

    /// When the secret of a `DeleteSecret` is gone for good. CloudTrail writes `deletionDate` in a form for
    /// people (`May 3, 2018 5:51:02 PM`), so it is reckoned from the time of the call and its window.
    #[must_use]
    pub fn deletion_due(&self) -> Option<Timestamp> {
        if self.event_name.as_str() != "DeleteSecret" || self.error_code.is_some() {
            return None;
        }
        let request = self.request.as_ref();
        let at_once = request.and_then(|request| request.force_delete) == Some(true);
        let asked = request.and_then(|request| request.recovery_window_in_days);
        let days = if at_once {
            0
        } else {
            asked.unwrap_or(RECOVERY_WINDOW)
        };
        Timestamp::of_unix(self.event_time.unix() + i64::from(days) * DAY).ok()
    }

    fn issuer(&self) -> Option<&TrailIssuer> {
        self.identity.as_ref()?.session.as_ref()?.issuer.as_ref()
    }
}

impl Detail for TrailRecord {
    const DETAIL_TYPE: DetailType = DetailType::ApiCall;

    /// A call and what Secrets Manager did by itself have one shape.
    fn is_in(detail_type: &str) -> bool {
        [DetailType::ApiCall, DetailType::ServiceEvent]
            .iter()
            .any(|known| known.as_str() == detail_type)
    }
}
