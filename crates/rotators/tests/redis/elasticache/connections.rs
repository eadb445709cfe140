//! A password that is dead leaves the connections alive that came with it: no retirement passes over them.

use rekey_rotation::testing::RevocableTarget as _;
use rekey_rotation::{Login, Rotator as _};

use super::Case;
use super::world::Kind;
use crate::case::{changed, failure, field};

const RIGHTS: [&str; 3] = ["client|id", "client|list", "client|kill"];

impl Case {
    /// Gives (`+`) or takes (`-`) a right in the user's access string.
    async fn access(&self, sign: char, right: &str) {
        let (user, rule) = (field(&self.current, "username"), format!("{sign}{right}"));
        let root = self.cache.root();
        root.ask::<()>(&["ACL", "SETUSER", &user, &rule]).await;
    }
}

#[tokio::test]
async fn a_retirement_that_cannot_see_or_end_connections_is_refused_while_the_old_password_lives() {
    let mut case = Case::of(Kind::User).await;
    let old = case.rotate().await;
    let _told = case.changes();
    for right in RIGHTS {
        case.access('-', right).await;
        for refused in [
            case.rotator().probe(&case.current, None).await,
            case.sessions(&old).await.map(drop),
        ] {
            let (class, text) = failure(refused);
            assert_eq!(class, "permission", "{right}: {text}");
            for named in RIGHTS {
                assert!(text.contains(&format!("+{named}")), "{right}: {text}");
            }
        }
        case.access('+', right).await;
    }
    assert!(case.changes().is_empty());
    assert_eq!(case.knock(&old).await, Login::Accepted);
    assert_eq!(case.rotator().probe(&case.current, None).await, Ok(()));
}

#[tokio::test]
async fn a_forced_retirement_kills_the_password_first_and_is_not_over_until_its_connections_are_ended()
 {
    let mut case = Case::of(Kind::User).await;
    let session = case.cache.open_session(&case.current).await;
    let old = case.rotate().await;
    case.access('-', "client|kill").await;
    let (class, text) = failure(case.revoke(&old).await);
    assert_eq!(class, "permission", "{text}");
    assert_eq!(case.knock(&old).await, Login::Refused);
    assert!(case.cache.is_open(&session).await);

    case.access('+', "client|kill").await;
    assert_eq!(case.revoke(&old).await, Ok(1));
    assert!(!case.cache.is_open(&session).await);
}

#[tokio::test]
async fn connections_are_let_live_where_the_secret_says_so() {
    let mut case = Case::of(Kind::User).await;
    case.current = changed(&case.current, "end_connections", false.into());
    let session = case.cache.open_session(&case.current).await;
    let old = case.rotate().await;
    for right in RIGHTS {
        case.access('-', right).await;
    }
    assert_eq!(case.rotator().probe(&case.current, None).await, Ok(()));
    assert_eq!(case.sessions(&old).await, Ok(0));
    assert_eq!(case.revoke(&old).await, Ok(0));
    assert_eq!(case.knock(&old).await, Login::Refused);
    assert!(case.cache.is_open(&session).await);
}
