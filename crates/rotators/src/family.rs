//! Kinds that one deployment rotates, behind one type: a value of a family is a rotator, and its list finds the
//! one that a secret asks for. Each family is a type of its own, so that a program which names one family links
//! the drivers of no other.

use rekey_rotation::{KIND_TAG, SecretValue, TargetError};
use serde_json::Value;

use crate::catalogue::{Family, entry};
use crate::object::Object;

/// Finds the one whose kind the tag names, or else the field `engine` of the value.
pub(crate) fn find<'a, T>(
    members: &'a [T],
    kind: impl Fn(&T) -> &'static str,
    tag: Option<&str>,
    value: &SecretValue,
) -> Result<&'a T, TargetError> {
    let kinds = || {
        let kinds: Vec<&str> = members.iter().map(&kind).collect();
        kinds.join(", ")
    };
    let engine = engine(value);
    if let Some(tag) = tag {
        let found = members.iter().find(|member| kind(member) == tag);
        // A database's secret that is tagged as something else by mistake: its target would never hear of it.
        if engine.is_some_and(|engine| contradicts(tag, &engine)) && found.is_some() {
            return Err(TargetError::InvalidSecret(format!(
                "the tag {KIND_TAG} and the field `engine` of the secret's value name different kinds; correct the one that is wrong"
            )));
        }
        return found.ok_or_else(|| {
            let elsewhere = entry(tag).map(|entry| elsewhere(entry.family));
            TargetError::InvalidSecret(format!(
                "the tag {KIND_TAG} names no kind that this function rotates; it must be one of: {}{}",
                kinds(),
                elsewhere.unwrap_or_default(),
            ))
        });
    }
    let engine = engine.unwrap_or_default();
    let found = members.iter().find(|member| {
        let engines = entry(kind(member)).map_or(&[][..], |entry| entry.engines);
        engines.contains(&engine.as_str())
    });
    found.ok_or_else(|| {
        TargetError::InvalidSecret(format!(
            "the secret has no tag {KIND_TAG}, and the field `engine` of its value names no kind that this function rotates; give it the tag with one of: {}",
            kinds(),
        ))
    })
}

/// Whether the field `engine` names another kind than the tag does. ElastiCache runs one of two engines: their names
/// say nothing against it.
fn contradicts(tag: &str, engine: &str) -> bool {
    let engines = match tag {
        "elasticache-user" | "elasticache-auth" => &["redis", "valkey"],
        tag => entry(tag).map_or(&[][..], |entry| entry.engines),
    };
    !engines.contains(&engine)
}

/// The field `engine` in lower case, if it is there. It names a kind of software and is no secret; it is not
/// repeated in a text all the same.
fn engine(value: &SecretValue) -> Option<String> {
    let object = Object::parse(value).ok()?;
    match object.field("engine") {
        Some(Value::String(text)) => Some(text.to_lowercase()),
        _ => None,
    }
}

fn elsewhere(family: Family) -> String {
    format!(
        ". That kind is rotated by the function of the family `{}`: set the secret's rotation function to it",
        family.as_str()
    )
}

/// Defines a family: an enum with a variant for each rotator, which is a rotator itself, and what is held at
/// the target of each. What a driver needs while it waits is on the heap: a step of one kind should not be as
/// large as the largest of them all.
macro_rules! family {
    (
        $(#[$doc:meta])*
        $kinds:ident of $one:ident, held as $held:ident { $($variant:ident($rotator:ty)),+ $(,)? }
    ) => {
        $(#[$doc])*
        pub struct $kinds {
            members: Vec<$one>,
        }

        impl $kinds {
            /// The kinds that are rotated, each once.
            pub fn new(members: Vec<$one>) -> Self {
                Self { members }
            }

            /// The names of the kinds.
            pub fn names(&self) -> Vec<&'static str> {
                self.members.iter().map(Rotator::kind).collect()
            }
        }

        impl Kinds for $kinds {
            type One = $one;

            fn of(&self, tag: Option<&str>, value: &SecretValue) -> Result<&$one, TargetError> {
                find(&self.members, Rotator::kind, tag, value)
            }
        }

        #[doc = concat!("One kind of [`", stringify!($kinds), "`].")]
        pub enum $one {
            $(
                #[doc = concat!("See [`", stringify!($rotator), "`].")]
                $variant($rotator),
            )+
        }

        #[doc = concat!("What a kind of [`", stringify!($kinds), "`] holds at its target.")]
        pub struct $held<T>(T);

        const _: () = {
            pub enum Hold {
                $($variant(<$rotator as Rotator>::Hold),)+
            }

            // One family's kinds differ in size, and another's do not.
            #[allow(
                clippy::large_enum_variant,
                reason = "there is one at a time, for the length of an order"
            )]
            pub enum Seized {
                $($variant(<$rotator as Revoker>::Seized),)+
            }

            fn mixed_up<T>() -> Result<T, TargetError> {
                Err(TargetError::Internal("the lock of another kind was given".to_owned()))
            }

            impl Rotator for $one {
                type Hold = $held<Hold>;

                fn kind(&self) -> &'static str {
                    match self { $(Self::$variant(it) => it.kind(),)+ }
                }

                fn overlap(&self, current: &SecretValue) -> Result<Overlap, TargetError> {
                    match self { $(Self::$variant(it) => it.overlap(current),)+ }
                }

                fn next<R: TryCryptoRng>(
                    &self,
                    current: &SecretValue,
                    occasion: Occasion,
                    randomness: &mut R,
                ) -> Result<SecretValue, TargetError> {
                    match self { $(Self::$variant(it) => it.next(current, occasion, randomness),)+ }
                }

                fn superuser(&self, current: &SecretValue) -> Result<Option<SecretId>, TargetError> {
                    match self { $(Self::$variant(it) => it.superuser(current),)+ }
                }

                async fn lock(&self, credentials: Credentials<'_>) -> Result<$held<Hold>, TargetError> {
                    match self {
                        $(Self::$variant(it) => {
                            Box::pin(it.lock(credentials)).await.map(|hold| $held(Hold::$variant(hold)))
                        })+
                    }
                }

                async fn set(
                    &self,
                    $held(hold): $held<Hold>,
                    credentials: Credentials<'_>,
                ) -> Result<(), TargetError> {
                    match (self, hold) {
                        $((Self::$variant(it), Hold::$variant(hold)) => Box::pin(it.set(hold, credentials)).await,)+
                        #[allow(unreachable_patterns, reason = "a family may have one kind")]
                        _ => mixed_up(),
                    }
                }

                async fn test(&self, pending: &SecretValue) -> Result<(), TargetError> {
                    match self { $(Self::$variant(it) => Box::pin(it.test(pending)).await,)+ }
                }

                async fn probe(
                    &self,
                    current: &SecretValue,
                    superuser: Option<&SecretValue>,
                ) -> Result<(), TargetError> {
                    match self { $(Self::$variant(it) => Box::pin(it.probe(current, superuser)).await,)+ }
                }
            }

            impl Revoker for $one {
                type Seized = $held<Seized>;

                fn kinship(&self, old: &SecretValue, other: &SecretValue) -> Result<Kinship, TargetError> {
                    match self { $(Self::$variant(it) => it.kinship(old, other),)+ }
                }

                fn kept_until(
                    &self,
                    old: &SecretValue,
                    current: &SecretValue,
                    switched_at: Option<i64>,
                ) -> Result<Option<i64>, TargetError> {
                    match self { $(Self::$variant(it) => it.kept_until(old, current, switched_at),)+ }
                }

                async fn seize(&self, revocation: Revocation<'_>) -> Result<$held<Seized>, TargetError> {
                    match self {
                        $(Self::$variant(it) => {
                            Box::pin(it.seize(revocation)).await.map(|seized| $held(Seized::$variant(seized)))
                        })+
                    }
                }

                async fn sessions(
                    &self,
                    $held(seized): &mut $held<Seized>,
                    revocation: Revocation<'_>,
                ) -> Result<u32, TargetError> {
                    match (self, seized) {
                        $((Self::$variant(it), Seized::$variant(seized)) => Box::pin(it.sessions(seized, revocation)).await,)+
                        #[allow(unreachable_patterns, reason = "a family may have one kind")]
                        _ => mixed_up(),
                    }
                }

                async fn revoke(
                    &self,
                    $held(seized): &mut $held<Seized>,
                    revocation: Revocation<'_>,
                ) -> Result<u32, TargetError> {
                    match (self, seized) {
                        $((Self::$variant(it), Seized::$variant(seized)) => Box::pin(it.revoke(seized, revocation)).await,)+
                        #[allow(unreachable_patterns, reason = "a family may have one kind")]
                        _ => mixed_up(),
                    }
                }

                async fn try_login(
                    &self,
                    value: &SecretValue,
                    moment: Moment<'_>,
                ) -> Result<Login, TargetError> {
                    match self { $(Self::$variant(it) => Box::pin(it.try_login(value, moment)).await,)+ }
                }

                async fn restore(
                    &self,
                    $held(seized): &mut $held<Seized>,
                    revocation: Revocation<'_>,
                ) -> Result<(), TargetError> {
                    match (self, seized) {
                        $((Self::$variant(it), Seized::$variant(seized)) => Box::pin(it.restore(seized, revocation)).await,)+
                        #[allow(unreachable_patterns, reason = "a family may have one kind")]
                        _ => mixed_up(),
                    }
                }
            }
        };
    };
}
pub(crate) use family;

#[cfg(test)]
mod tests {
    use super::*;

    const KINDS: [&str; 3] = ["elasticache-user", "elasticache-auth", "redis"];

    fn found(tag: Option<&str>, engine: &str) -> Result<&'static str, String> {
        let value = format!(r#"{{"engine":"{engine}","host":"h"}}"#);
        let value = SecretValue::new(value).unwrap();
        match find(&KINDS, |kind| kind, tag, &value) {
            Ok(kind) => Ok(kind),
            Err(TargetError::InvalidSecret(text)) => Err(text),
            Err(other) => panic!("another class: {other}"),
        }
    }

    #[test]
    fn the_engine_that_elasticache_runs_does_not_contradict_its_tag() {
        for tag in ["elasticache-user", "elasticache-auth"] {
            for engine in ["redis", "valkey", "Valkey"] {
                assert_eq!(found(Some(tag), engine), Ok(tag), "{engine}");
            }
        }
    }

    #[test]
    fn any_other_engine_contradicts_the_tag_of_elasticache() {
        for tag in ["elasticache-user", "elasticache-auth"] {
            for engine in ["postgres", "mysql", "memcached", tag, ""] {
                let text = found(Some(tag), engine).unwrap_err();
                assert!(text.contains("different kinds"), "{engine}: {text}");
            }
        }
    }

    /// Redis without the service: a secret that is ElastiCache's needs the tag.
    #[cfg(feature = "redis")]
    #[test]
    fn an_engine_alone_never_means_elasticache_and_another_engine_is_still_refused() {
        assert_eq!(found(None, "redis"), Ok("redis"));
        assert!(found(Some("redis"), "valkey").is_err());
    }
}
