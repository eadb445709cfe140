//! A name is one of two grammars or refused with the reason.

use proptest::prelude::*;
use rekey_events::{Environment, NameError, Scope, SecretName};

fn prod() -> Environment {
    Environment::parse("prod").unwrap()
}

#[test]
fn a_reference_is_its_own_name_in_the_store() {
    let name = SecretName::parse("tenant.acme.supabase.service_role").unwrap();
    assert_eq!(
        name.store_name(&prod()),
        "tenant.acme.supabase.service_role"
    );
    assert_eq!(name.tenant(), Some("acme"));
}

#[test]
fn a_platform_key_is_stored_under_its_environment() {
    for key in [
        "db/app-primary",
        "services/payments/api-key",
        "payments/stripe",
        "jwt/signing",
        "a/b",
    ] {
        let name = SecretName::parse(key).unwrap();
        assert_eq!(name.store_name(&prod()), format!("prod/{key}"));
        assert_eq!(name.tenant(), None);
    }
}

#[test]
fn a_bad_name_is_refused_for_its_reason() {
    let check = |name: &str, reason: NameError| {
        assert_eq!(SecretName::parse(name), Err(reason), "{name}");
    };
    let brings = |word: &str| NameError::BringsEnvironment {
        environment: word.to_owned(),
    };
    check("", NameError::Empty);
    check("db/app primary", NameError::Character { position: 7 });
    check("rds!cluster/x", NameError::Character { position: 4 });
    check("db/ü", NameError::Character { position: 4 });
    check("prod/db/app-primary", brings("prod"));
    check("Dev/db/app", brings("Dev"));
    check("stage/db/app", brings("stage"));
    check("db/app-backup", NameError::LooksLikeArn);
    check("tenant.acme.stripe.key-abc123", NameError::LooksLikeArn);
    check("-a/bcde", NameError::LooksLikeArn);
    check("/db/app", NameError::EmptySegment { segment: 1 });
    check("db//app", NameError::EmptySegment { segment: 2 });
    check("db/app/", NameError::EmptySegment { segment: 3 });
    check("db/../app", NameError::DotSegment { segment: 2 });
    check("stripe", NameError::NoArea);
    check("tenant", NameError::ReferenceParts { parts: 1 });
    check("tenant.acme.stripe", NameError::ReferenceParts { parts: 3 });
    check(
        "tenant.acme.stripe.api.key",
        NameError::ReferenceParts { parts: 5 },
    );
    check(
        "tenant.a.b.c/d",
        NameError::ReferencePart {
            part: "key",
            also: "- and _",
        },
    );
    check(
        "tenant..stripe.key",
        NameError::ReferencePart {
            part: "slug",
            also: "-",
        },
    );
    check(
        "tenant.a_b.stripe.key",
        NameError::ReferencePart {
            part: "slug",
            also: "-",
        },
    );
    check(
        "tenant.acme.Stripe.key",
        NameError::ReferencePart {
            part: "provider",
            also: "- and _",
        },
    );
    check(
        &format!("a/{}", "b".repeat(511)),
        NameError::TooLong { limit: 512 },
    );
    check(
        &format!("a/{}", "b".repeat(478)),
        NameError::TooLong { limit: 479 },
    );
}

#[test]
fn the_longest_key_in_the_longest_environment_can_be_stored() {
    let name = SecretName::parse(&format!("a/{}", "b".repeat(477))).unwrap();
    let environment = Environment::parse(&"e".repeat(32)).unwrap();
    assert_eq!(name.store_name(&environment).len(), 512);
}

#[test]
fn a_scope_that_differs_is_refused() {
    let reference = SecretName::parse("tenant.acme.stripe.api_key").unwrap();
    let key = SecretName::parse("qa/settings").unwrap();
    let check = |name: &SecretName, env, tenant| name.check_scope(&prod(), Scope { env, tenant });

    assert_eq!(check(&reference, None, None), Ok(()));
    assert_eq!(check(&reference, Some("prod"), Some("acme")), Ok(()));
    assert_eq!(
        check(&reference, Some("dev"), None),
        Err(NameError::OtherEnvironment)
    );
    assert_eq!(
        check(&reference, None, Some("other")),
        Err(NameError::OtherTenant)
    );
    // A platform key belongs to no tenant; for whom it is used is not part of its name.
    assert_eq!(check(&key, Some("prod"), Some("acme")), Ok(()));

    let qa = Environment::parse("qa").unwrap();
    let brings = NameError::BringsEnvironment {
        environment: "qa".to_owned(),
    };
    assert_eq!(key.check_scope(&qa, Scope::default()), Err(brings));
}

#[test]
fn an_environment_is_a_word() {
    for bad in ["", "Prod", "1a", "a/b", "pr-12", "a b", &"e".repeat(33)] {
        assert_eq!(
            Environment::parse(bad),
            Err(NameError::Environment),
            "{bad}"
        );
    }
}

/// What Secrets Manager asks of a name, written down a second time.
fn can_be_stored(name: &str) -> bool {
    let bytes = name.as_bytes();
    (1..=512).contains(&bytes.len())
        && bytes
            .iter()
            .all(|b| b.is_ascii_alphanumeric() || b"/_+=.@-".contains(b))
        && !(bytes.len() > 6 && bytes[bytes.len() - 7] == b'-')
}

/// Names near the grammars, where the mistakes are.
fn near_names() -> impl Strategy<Value = String> {
    let word = "[a-z0-9_-]{0,8}";
    prop_oneof![
        ".{0,40}",
        "[a-zA-Z0-9/_+=.@-]{0,40}",
        (word, word, word).prop_map(|(a, b, c)| format!("tenant.{a}.{b}.{c}")),
        (word, word).prop_map(|(a, b)| format!("{a}/{b}")),
        ("(dev|stage|prod|local)/", word).prop_map(|(a, b)| format!("{a}{b}")),
        (400usize..520).prop_map(|n| format!("db/{}", "x".repeat(n))),
    ]
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 4000, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn a_name_that_is_taken_reads_back_and_can_be_stored_anywhere(
        text in near_names(),
        environment in "[a-z][a-z0-9]{0,31}",
    ) {
        let environment = Environment::parse(&environment).unwrap();
        if let Ok(name) = SecretName::parse(&text) {
            prop_assert_eq!(name.as_str(), &text);
            prop_assert_eq!(SecretName::parse(name.as_str()).unwrap(), name.clone());
            let stored = name.store_name(&environment);
            prop_assert!(can_be_stored(&stored), "{}", stored);
        }
    }

    #[test]
    fn a_refusal_says_the_reason_and_what_to_do(text in near_names()) {
        if let Err(error) = SecretName::parse(&text) {
            let says = error.to_string();
            let (reason, remedy) = says.split_once(": ").unwrap();
            prop_assert!(reason.len() > 10 && remedy.len() > 5, "{}", says);
        }
    }

    #[test]
    fn every_name_of_the_grammar_is_taken(
        slug in "[a-z0-9]{1,9}", provider in "[a-z0-9]([a-z0-9_]{0,8}[a-z0-9])?", key in "[a-z0-9](_?[a-z0-9]){0,8}",
        area in "[a-ce-km-oq-ru-z][a-z0-9_]{0,8}", name in "[a-zA-Z0-9_+=@]{1,40}",
    ) {
        let reference = format!("tenant.{slug}.{provider}.{key}");
        prop_assert!(SecretName::parse(&reference).is_ok(), "{}", reference);
        let key = format!("{area}/{name}");
        prop_assert!(SecretName::parse(&key).is_ok(), "{}", key);
    }

    #[test]
    fn two_names_never_share_a_name_in_the_store(a in near_names(), b in near_names()) {
        if let (Ok(a), Ok(b)) = (SecretName::parse(&a), SecretName::parse(&b)) {
            prop_assert_eq!(a.store_name(&prod()) == b.store_name(&prod()), a == b);
        }
    }
}
