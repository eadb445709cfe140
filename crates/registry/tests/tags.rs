//! The tags that say when, how often and with whose approval a secret may be rotated.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a test says what went wrong by failing"
)]

mod world;

use rekey_registry::Happening;
use world::{DAY, HOUR, MINUTE, Stage, version};

#[tokio::test]
async fn each_tag_is_read_and_an_absent_one_says_nothing() {
    let stage = Stage::begun().await;
    let secret = stage.state().secret;
    assert_eq!(secret.windows(), None);
    assert!(!secret.approval_manual);
    assert_eq!((secret.every, secret.service.clone()), (None, None));
    assert_eq!((secret.sites.len(), secret.overlap()), (0, None));

    for (tag, text) in [
        ("rekey:window", "Mon-Fri 02:00-04:00"),
        ("rekey:approval", "manual"),
        ("rekey:every", "30d"),
        ("rekey:service", "payments"),
        ("rekey:sites", "eu-1  eu-2"),
        ("rekey:strategy", "alternating-users"),
    ] {
        stage.tag(tag, text).await;
    }
    let secret = stage.state().secret;
    assert!(secret.windows().is_some());
    assert!(secret.approval_manual);
    assert_eq!(secret.every, Some(30 * DAY));
    assert_eq!(secret.service.as_deref(), Some("payments"));
    assert_eq!(secret.sites, ["eu-1", "eu-2"]);
    assert_eq!(secret.overlap(), Some(true));
    assert_eq!(secret.bad_tags, Vec::<String>::new());
}

#[tokio::test]
async fn a_window_that_cannot_be_understood_is_never_open_and_that_is_told() {
    let stage = Stage::begun().await;
    for text in ["nights", "", "25:00-26:00"] {
        stage.tag("rekey:window", text).await;
        let secret = stage.state().secret;
        let windows = secret.windows().expect("it restricts");
        assert!(!windows.is_open(stage.now), "{text}");
        assert_eq!(windows.next_opening(stage.now), None, "{text}");
        assert_eq!(secret.bad_tags, ["rekey:window"], "{text}");
        let findings = stage.findings().await;
        assert_eq!(findings.len(), 1, "{findings:?}");
        assert!(findings[0].text.contains("Mon-Fri 02:00-04:00"));
        assert!(findings[0].advice.contains("never open"));
    }
    stage.tag("rekey:window", "00:00-24:00").await;
    assert_eq!(stage.explained().await, Vec::<&str>::new());
}

#[tokio::test]
async fn an_unknown_word_of_approval_counts_as_manual_and_is_told() {
    let stage = Stage::begun().await;
    for text in ["Manual", "automatic", "none", ""] {
        stage.tag("rekey:approval", text).await;
        let secret = stage.state().secret;
        assert!(secret.approval_manual, "{text}");
        assert_eq!(secret.bad_tags, ["rekey:approval"], "{text}");
    }
}

#[tokio::test]
async fn how_often_is_a_whole_number_of_days_hours_or_minutes() {
    let stage = Stage::begun().await;
    for (text, every) in [
        ("30d", Some(30 * DAY)),
        ("12h", Some(12 * HOUR)),
        ("90m", Some(90 * MINUTE)),
        ("0d", None),
        ("30", None),
        ("d", None),
        ("-1d", None),
        ("+1d", None),
        ("1.5d", None),
        ("30 d", None),
        ("30D", None),
        ("3651d", None),
        ("99999999999999999999d", None),
        ("1\u{e9}", None),
    ] {
        stage.tag("rekey:every", text).await;
        let secret = stage.state().secret;
        assert_eq!(secret.every, every, "{text}");
        let is_bad = secret.bad_tags == ["rekey:every"];
        assert_eq!(is_bad, every.is_none(), "{text}: {:?}", secret.bad_tags);
    }
}

#[tokio::test]
async fn a_strategy_that_is_not_known_is_told_and_counts_as_absent() {
    let stage = Stage::begun().await;
    stage.tag("rekey:strategy", "both").await;
    let secret = stage.state().secret;
    assert_eq!(
        (secret.strategy_tag.as_deref(), secret.overlap()),
        (None, None)
    );
    assert_eq!(secret.bad_tags, ["rekey:strategy"]);
}

#[tokio::test]
async fn what_the_last_rotation_said_of_its_strategy_wins_over_the_tag_in_any_order() {
    let intended = |at, strategy: &str| Happening::Intended {
        version: version(1),
        at,
        strategy: Some(strategy.to_owned()),
    };
    for reversed in [false, true] {
        let stage = Stage::begun().await;
        stage.tag("rekey:strategy", "single-user").await;
        assert_eq!(stage.state().secret.overlap(), Some(false));
        let mut words = [
            intended(stage.now, "single-user"),
            intended(stage.now + 5, "alternating-users"),
        ];
        if reversed {
            words.reverse();
        }
        for word in words {
            stage.hear(&[word]).await;
        }
        assert_eq!(stage.state().secret.overlap(), Some(true));
    }
}

#[tokio::test]
async fn an_intent_of_a_version_that_nobody_lists_says_nothing_of_the_strategy() {
    let stage = Stage::begun().await;
    let intended = Happening::Intended {
        version: version(7),
        at: stage.now,
        strategy: Some("alternating-users".to_owned()),
    };
    assert_eq!(stage.hear(&[intended]).await.unlisted, [0]);
    assert_eq!(stage.state().secret.overlap(), None);
}
