use rekey_rotation::Rotator as _;
use rekey_rotation::testing::conformance::{self, Extent};

use crate::case::Files;
use crate::htpasswd::{ENTRY, Htpasswd};

#[tokio::test]
async fn a_file_of_users_conforms() {
    let report = conformance::run(&Files, &Extent::ON_A_SERVER).await;
    let report = report.unwrap_or_else(|failed| panic!("{failed}"));
    println!("{report:?}");
    assert_eq!(Htpasswd.kind(), ENTRY.kind);
}
