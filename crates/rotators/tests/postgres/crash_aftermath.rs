//! The crash suites of what comes after the switch, on real servers: every cut of a retirement, a rollback
//! and a clearing, both strategies, with an application's sessions open.

use rekey_rotation::testing::aftermath::{Bug, Report, Task, clear, retire, roll_back};
use rekey_rotation::testing::{RevocableTarget, Violation};
use rekey_rotation::{Overlap, SecretValue};
use tokio_postgres::Client;

use crate::case::field;
use crate::crash::{Real, Users, on_worlds};
use crate::revoking;
use crate::servers::{self, connect, unique};

impl RevocableTarget for Users {
    type Session = Client;

    async fn open_session(&self, value: &SecretValue) -> Client {
        let (user, password) = (field(value, "username"), field(value, "password"));
        connect(self.server.port, "postgres", &user, &password)
            .await
            .unwrap()
    }

    async fn is_open(&self, session: &Client) -> bool {
        revoking::is_open(session).await
    }

    async fn spoil(&self, value: &SecretValue) {
        let user = field(value, "username");
        self.root
            .batch_execute(&format!(
                "ALTER ROLE {user} PASSWORD '{}'",
                unique("By-hand")
            ))
            .await
            .unwrap();
    }
}

fn every_cut_held(report: Result<Report, Violation>) {
    let report = report.unwrap_or_else(|violation| panic!("{violation}"));
    println!("{report}");
    assert_eq!(report.cuts, 3 * report.calls.len());
}

/// Alternating users on one major and a single user on the other. There are a thousand cuts on all four
/// worlds, and two dozen logins to each.
fn two_worlds(alternating_on_newest: bool) -> impl Iterator<Item = Real> {
    let servers = servers::all();
    let (oldest, newest) = (servers.first().cloned(), servers.last().cloned());
    let (two_users, one_user) = if alternating_on_newest {
        (newest, oldest)
    } else {
        (oldest, newest)
    };
    [
        (two_users, Overlap::AlternatingUsers),
        (one_user, Overlap::SingleUser),
    ]
    .into_iter()
    .map(|(server, overlap)| Real {
        server: server.unwrap(),
        overlap,
    })
}

#[test]
fn every_promise_holds_wherever_a_retirement_is_cut() {
    on_worlds(two_worlds(true), |world| async move {
        every_cut_held(retire::cuts(&world).await);
    });
}

#[test]
fn every_promise_holds_wherever_a_rollback_is_cut() {
    on_worlds(two_worlds(false), |world| async move {
        every_cut_held(roll_back::cuts(&world).await);
    });
}

#[test]
fn every_promise_holds_wherever_a_clearing_is_cut() {
    on_worlds(two_worlds(true), |world| async move {
        every_cut_held(clear::cuts(&world).await);
    });
}

/// Those that show early in their suite. The others take minutes here, and show on the target in memory.
const BUGS: [Bug; 8] = [
    Bug::KinshipIgnored,
    Bug::PreviousForgotten,
    Bug::UnreachableIsDead,
    Bug::DeadlineLeftArmed,
    Bug::MovedUnproved,
    Bug::PendingLeftOpen,
    Bug::RollBackThenIntend,
    Bug::ClearedUnproved,
];

#[test]
fn planted_bugs_of_what_comes_after_are_caught() {
    on_worlds(two_worlds(true).take(1), |world| async move {
        for bug in BUGS {
            let caught = caught(bug, &world).await;
            let violation = caught.unwrap_or_else(|text| panic!("{text}"));
            println!("{bug:?}: {violation}");
        }
    });
}

async fn caught(bug: Bug, world: &Real) -> Result<Violation, String> {
    match bug.task() {
        Task::Retire => retire::must_catch(bug, world).await,
        Task::RollBack => roll_back::must_catch(bug, world).await,
        Task::Clear => clear::must_catch(bug, world).await,
    }
}
