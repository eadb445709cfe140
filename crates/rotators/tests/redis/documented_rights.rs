//! What the pages tell to grant is what the tests here are run with.

use rekey_rotators::redis::REDIS;

use crate::case::ADMINISTRATOR;

#[test]
fn the_rights_of_the_pages_are_those_that_every_test_here_gives_a_superuser() {
    let page = include_str!("../../../../docs/redis.md");
    let rules = format!("resetkeys resetchannels -@all {ADMINISTRATOR}");
    for text in [page, REDIS.permissions] {
        let joined: Vec<&str> = text.split_whitespace().collect();
        assert!(joined.join(" ").contains(&rules), "{rules}");
    }
}
