//! A queue delivers twice, late, and beside itself.

use rekey_registry::request::{Handled, RotateError, Standing};
use serde_json::json;

use crate::office::{HOUR, MINUTE, NAME, Office, PAYMENTS, asked};
use crate::world::{Change, version};

#[tokio::test]
async fn a_request_that_comes_twice_rotates_once_and_is_told_once() {
    let office = Office::open().await;
    let ask = asked(PAYMENTS, office.now, json!({}));
    let first = office.handle(&ask).await.unwrap();
    let mut later = office.clone();
    later.now += HOUR;
    let second = later.handle(&ask).await.unwrap();
    assert_eq!(first, second);
    assert_eq!(office.calls(), 1);
    assert_eq!(office.bus.taken().len(), 1);
}

#[tokio::test]
async fn a_refusal_that_comes_twice_is_told_once_and_stays() {
    let office = Office::open().await;
    office.tag("rekey:window", "Sun 03:00-03:01").await;
    let ask = asked(PAYMENTS, office.now, json!({}));
    let first = office.handle(&ask).await.unwrap();
    office.tag("rekey:window", "00:00-24:00").await;
    let second = office.handle(&ask).await.unwrap();
    assert_eq!(
        first, second,
        "a refused request is not revived by a late copy"
    );
    assert_eq!(office.bus.taken().len(), 1);
}

#[tokio::test]
async fn an_id_that_comes_again_for_something_else_is_no_repeat() {
    let office = Office::open().await;
    let id = crate::rules::id(1);
    office.ask(PAYMENTS, json!({ "event_id": id })).await;
    let other = asked(
        PAYMENTS,
        office.now,
        json!({ "event_id": id, "key": "db/other" }),
    );
    assert_eq!(office.handle(&other).await.unwrap(), Handled::Clash);
    assert_eq!(office.calls(), 1);
}

#[tokio::test]
async fn a_lost_answer_of_rotate_secret_is_no_second_rotation() {
    let office = Office::open().await;
    let ask = asked(PAYMENTS, office.now, json!({}));
    // The call was made and its answer lost: the version is there.
    let token = ask.token.clone();
    let answer = RotateError::Unavailable("no answer".to_owned());
    *office.rotate.answer.lock().unwrap() = Some(answer);
    office.handle(&ask).await.unwrap_err();
    for change in [
        Change::Make(token.clone()),
        Change::Label("AWSPENDING", Some(token.clone())),
    ] {
        office.secrets.apply(NAME, &change, office.now);
    }
    let done = office.handle(&ask).await.unwrap();
    let Handled::Done(request) = done else {
        panic!("{done:?}");
    };
    assert_eq!(request.standing.as_str(), "rotating");
    assert_eq!(
        office.calls(),
        1,
        "it is known by the version, not asked for again"
    );
}

#[tokio::test]
async fn what_secrets_manager_takes_up_in_its_place_supersedes_it() {
    let office = Office::open().await;
    let ask = asked(PAYMENTS, office.now, json!({}));
    // Somebody else's rotation begins between the look and the call: the call is told so.
    *office.rotate.answer.lock().unwrap() = Some(RotateError::Throttled);
    let waiting = office.handle(&ask).await.unwrap();
    assert!(matches!(waiting, Handled::Again { .. }));
    *office.rotate.answer.lock().unwrap() = None;
    let older = version(77);
    let (secrets, at) = (office.secrets.clone(), office.now);
    secrets.apply(NAME, &Change::Make(older.clone()), at);
    let desk = Racing {
        office: office.clone(),
        older: older.clone(),
    };
    let request = desk.handle(&ask).await;
    assert_eq!(
        request.standing,
        Standing::Superseded {
            by: older.clone(),
            at
        }
    );
    assert_eq!(office.secret().requests[0].superseded_by, Some(older));
    let told = office.announced("rekey.request.answered");
    assert_eq!(told.last().unwrap().detail["answer"], "superseded");
}

/// RotateSecret, just after another rotation has begun.
struct Racing {
    office: Office,
    older: rekey_registry::VersionId,
}

impl rekey_registry::request::Rotate for Racing {
    async fn rotate(
        &self,
        arn: &str,
        token: &rekey_registry::VersionId,
    ) -> Result<rekey_registry::request::Rotated, RotateError> {
        let older = Change::Label("AWSPENDING", Some(self.older.clone()));
        self.office.secrets.apply(NAME, &older, self.office.now);
        self.office.rotate.rotate(arn, token).await
    }
}

impl Racing {
    async fn handle(
        &self,
        ask: &rekey_registry::request::Ask,
    ) -> Box<rekey_registry::request::Request> {
        let desk = rekey_registry::request::Desk {
            store: &self.office.store,
            secrets: &self.office.secrets,
            publisher: &self.office.bus,
            rotate: self,
            orders: &self.office.queue,
            policy: &self.office.policy,
        };
        match desk.handle(ask, self.office.now).await.unwrap() {
            Handled::Done(request) => request,
            other => panic!("{other:?}"),
        }
    }
}

#[tokio::test]
async fn an_accepted_request_that_waited_is_judged_again() {
    let mut office = Office::open().await;
    let ask = asked(PAYMENTS, office.now, json!({}));
    *office.rotate.answer.lock().unwrap() = Some(RotateError::Throttled);
    let waiting = office.handle(&ask).await.unwrap();
    assert!(matches!(waiting, Handled::Again { .. }), "{waiting:?}");
    *office.rotate.answer.lock().unwrap() = None;
    office.now += 5 * MINUTE;
    office.tag("rekey:window", "Sun 03:00-03:01").await;
    let done = office.handle(&ask).await.unwrap();
    let Handled::Done(request) = done else {
        panic!("{done:?}");
    };
    assert_eq!(crate::office::refusal(&request).class, "window_closed");
}

#[tokio::test]
async fn what_secrets_manager_refuses_is_refused_with_its_word() {
    let office = Office::open().await;
    let word = RotateError::Refused("InvalidRequestException".to_owned());
    *office.rotate.answer.lock().unwrap() = Some(word);
    let refusal = office.refused(PAYMENTS, json!({})).await;
    assert_eq!(refusal.class, "store_unavailable");
    assert!(refusal.message.contains("InvalidRequestException"));
}
