//! Redis, from its native schedule to the audit trail.

use anyhow::Result;
use rekey_tests::given;
use rekey_tests::redis::Redis;

use super::kinds;
use super::unique;

const NAME: &str = "local/cache/orders";

#[tokio::test]
async fn a_user_of_redis_is_rotated_by_its_schedule_and_the_old_password_ends_with_the_grace()
-> Result<()> {
    let name = unique("native_redis");
    let target = Redis::make(given::redis_servers()?, &name).await?;
    let scene = kinds::scene(&name, &target.servers.ca_file).await?;
    let superuser = target.superuser_secret();
    let of_app = |superuser: &str| target.secret(superuser);
    let secret = kinds::secrets(&scene, (NAME, "redis"), &superuser, of_app).await?;
    kinds::lives(&scene, (NAME, &secret), async |version| {
        let (user, password) = (version.field("username"), version.field("password"));
        target.logs_in(user, password).await
    })
    .await
}
