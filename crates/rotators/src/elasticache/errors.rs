use aws_sdk_elasticache::error::{ProvideErrorMetadata, SdkError};
use rekey_rotation::TargetError;

/// What a call was answered, as a class and a sentence. AWS's own texts may quote the request and stay here.
pub(super) fn call<E: ProvideErrorMetadata, R>(
    error: &SdkError<E, R>,
    action: &str,
    name: &str,
) -> TargetError {
    let SdkError::ServiceError(service) = error else {
        return TargetError::Unreachable(format!(
            "{action} of ElastiCache was not answered; check the route from the function's subnets to it (an endpoint of the VPC, or a NAT gateway): it is called again later"
        ));
    };
    match service.err().code().unwrap_or_default() {
        "InvalidUserState"
        | "InvalidUserGroupState"
        | "InvalidReplicationGroupState"
        | "InvalidCacheClusterState" => modifying(name),
        "UserNotFound" | "ReplicationGroupNotFoundFault" => TargetError::RoleMissing(format!(
            "{name} does not exist in this account and Region; correct the secret"
        )),
        "AccessDenied" | "AccessDeniedException" | "UnauthorizedOperation" => {
            TargetError::Permission(format!(
                "the rotation function's role may not call elasticache:{action} on {name}; docs/redis.md has the policy"
            ))
        }
        "Throttling"
        | "ThrottlingException"
        | "RequestLimitExceeded"
        | "APICallRateForCustomerExceeded" => TargetError::Busy(format!(
            "ElastiCache throttles {action}; it is called again later"
        )),
        "InvalidParameterValue" | "InvalidParameterCombination" => {
            TargetError::InvalidSecret(format!(
                "ElastiCache does not take the parameters of {action} for {name}: a password has 16 to 128 characters, an AUTH token needs encryption in transit"
            ))
        }
        code => TargetError::Internal(format!("ElastiCache answered {action} with {code}")),
    }
}

pub(super) fn modifying(name: &str) -> TargetError {
    TargetError::Busy(format!(
        "{name} is being modified; this is repeated when it is active"
    ))
}

pub(super) fn brought_forward(name: &str) -> TargetError {
    TargetError::Busy(format!(
        "{name} was given a newer AUTH token than AWSCURRENT's, which is being made the newest again first, so that it is not the one that goes; this is repeated when that is done"
    ))
}

pub(super) fn another_account(name: &str) -> TargetError {
    TargetError::InvalidSecret(format!(
        "`user_arn` of the secret is of another account or Region than {name} that the rotation function finds; nothing was changed: correct the secret, or rotate it with a function of that account and Region"
    ))
}

pub(super) fn another_user(name: &str) -> TargetError {
    TargetError::InvalidSecret(format!(
        "`username` of the secret is not the user name of {name}, so `user_arn` is another user's; nothing was changed: correct the secret"
    ))
}

pub(super) fn another_cache(name: &str, endpoints: &str) -> TargetError {
    TargetError::InvalidSecret(format!(
        "`host` of the secret is no endpoint of {name}, so a login there proves nothing of it; nothing was changed: put one of its endpoints into the secret ({endpoints})"
    ))
}

/// An administrator has said so with a tag on the user.
pub(super) fn asks_for_a_login(name: &str, tag: &str) -> TargetError {
    TargetError::InvalidSecret(format!(
        "{name} has the tag {tag}, so it is changed by who logs in at that cache only, and this secret does not lead there; nothing was changed: the secret needs that name as `host`, and the user's `password`"
    ))
}

/// It has no password that could be rotated.
pub(super) fn authenticated_by(name: &str, by: &str) -> TargetError {
    TargetError::Permission(format!(
        "{name} is authenticated by `{by}` and not by a password, so none can be rotated or taken away; nothing was changed: give it the password of AWSCURRENT (ModifyUser), or end the rotation of this secret"
    ))
}

pub(super) fn no_token(name: &str) -> TargetError {
    TargetError::Permission(format!(
        "{name} has no AUTH token, so none can be rotated or taken away; nothing was changed: give it the one of AWSCURRENT (ModifyReplicationGroup), and have it required"
    ))
}

/// A login there tells nothing.
pub(super) fn open(place: &str, username: &str) -> TargetError {
    TargetError::Permission(format!(
        "{place} lets `{username}` in with any password, so a login proves none; nothing was changed: have a password required there, the one of AWSCURRENT"
    ))
}

pub(super) fn still_taken(name: &str, place: &str) -> TargetError {
    TargetError::Busy(format!(
        "{place} still takes the old password of {name}, which AWS has taken away; this is repeated when it is refused there"
    ))
}

/// The user may not see or end its own connections.
pub(super) fn connections(username: &str, place: &str) -> TargetError {
    TargetError::Permission(format!(
        "`{username}` may not list and end its connections at {place}, so one that came with an old password would live on; add +client|id +client|list +client|kill to its access string, or set `end_connections` to false in the secret to let them live"
    ))
}

pub(super) fn wrong(place: &str, whose: &str) -> TargetError {
    TargetError::WrongPassword(format!(
        "{place} does not take the user name and password of {whose}; put a value that logs in as AWSCURRENT, or rotate again"
    ))
}

pub(super) fn unexpected() -> TargetError {
    TargetError::Internal("ElastiCache's answer has another shape than expected".to_owned())
}
