//! The verbs of Secrets Manager over the real SDK, for the suite of label rules.

use std::collections::BTreeMap;
use std::time::Duration;

use aws_sdk_secretsmanager::Client;
use aws_sdk_secretsmanager::error::{ProvideErrorMetadata, SdkError};
use aws_sdk_secretsmanager::types::{RotationRulesType, Tag};
use rekey_rotation::testing::{ApiError, Described, ReadValue, Verbs};
use rekey_tests::scene::Scene;

/// A local cloud, with a function that fails at once: the rotation function itself, because the suite's
/// values are no database secrets.
pub struct SdkVerbs<'a> {
    client: Client,
    scene: &'a Scene,
}

impl<'a> SdkVerbs<'a> {
    pub fn new(scene: &'a Scene) -> Self {
        Self {
            client: scene.secrets.client.clone(),
            scene,
        }
    }
}

fn api<E: ProvideErrorMetadata, R>(error: SdkError<E, R>) -> ApiError {
    match error.as_service_error() {
        Some(refused) => ApiError::new(
            refused.code().unwrap_or("no code"),
            refused.message().unwrap_or_default(),
        ),
        None => ApiError::new("no answer", ""),
    }
}

impl Verbs for SdkVerbs<'_> {
    fn rotation_function(&self) -> &str {
        self.scene.stack.rotate_function()
    }

    async fn settled(&self, secret: &str) {
        let waited = tokio::time::timeout(super::PATIENCE, async {
            loop {
                let log = self.scene.cloud.log();
                let lines = |what: &str| {
                    let of_secret = |line: &&str| line.contains(secret) && line.contains(what);
                    log.lines().filter(of_secret).count()
                };
                if lines(" begins: ") == lines(" is over: ") {
                    return;
                }
                tokio::time::sleep(Duration::from_millis(20)).await;
            }
        });
        waited
            .await
            .expect("a rotation that fails at once is over soon");
    }

    async fn create_secret(
        &self,
        name: &str,
        value: Option<&str>,
        token: Option<&str>,
    ) -> Result<Option<String>, ApiError> {
        let call = self
            .client
            .create_secret()
            .name(name)
            .set_secret_string(value.map(str::to_owned))
            .set_client_request_token(token.map(str::to_owned));
        let made = call.send().await.map_err(api)?;
        Ok(made.version_id)
    }

    async fn put_secret_value(
        &self,
        secret: &str,
        token: Option<&str>,
        value: &str,
        stages: &[&str],
    ) -> Result<String, ApiError> {
        let mut call = self
            .client
            .put_secret_value()
            .secret_id(secret)
            .secret_string(value)
            .set_client_request_token(token.map(str::to_owned));
        for stage in stages {
            call = call.version_stages(*stage);
        }
        let put = call.send().await.map_err(api)?;
        Ok(put.version_id.unwrap_or_default())
    }

    async fn get_secret_value(
        &self,
        secret: &str,
        version: Option<&str>,
        stage: Option<&str>,
    ) -> Result<ReadValue, ApiError> {
        let call = self
            .client
            .get_secret_value()
            .secret_id(secret)
            .set_version_id(version.map(str::to_owned))
            .set_version_stage(stage.map(str::to_owned));
        let read = call.send().await.map_err(api)?;
        Ok(ReadValue {
            version: read.version_id.unwrap_or_default(),
            stages: read.version_stages.unwrap_or_default(),
            value: read.secret_string.unwrap_or_default(),
        })
    }

    async fn describe_secret(&self, secret: &str) -> Result<Described, ApiError> {
        let call = self.client.describe_secret().secret_id(secret);
        let described = call.send().await.map_err(api)?;
        let tags = described.tags.unwrap_or_default().into_iter();
        Ok(Described {
            versions: described
                .version_ids_to_stages
                .unwrap_or_default()
                .into_iter()
                .collect(),
            rotation_enabled: described.rotation_enabled,
            last_rotated: described.last_rotated_date.map(|date| date.secs()),
            deleted: described.deleted_date.is_some(),
            tags: tags
                .filter_map(|tag| Some((tag.key?, tag.value?)))
                .collect(),
        })
    }

    async fn update_secret_version_stage(
        &self,
        secret: &str,
        stage: &str,
        to: Option<&str>,
        from: Option<&str>,
    ) -> Result<(), ApiError> {
        let call = self
            .client
            .update_secret_version_stage()
            .secret_id(secret)
            .version_stage(stage)
            .set_move_to_version_id(to.map(str::to_owned))
            .set_remove_from_version_id(from.map(str::to_owned));
        call.send().await.map(|_| ()).map_err(api)
    }

    async fn rotate_secret(
        &self,
        secret: &str,
        token: Option<&str>,
        function: Option<&str>,
        immediately: bool,
    ) -> Result<(), ApiError> {
        let rules = RotationRulesType::builder().automatically_after_days(30);
        let call = self
            .client
            .rotate_secret()
            .secret_id(secret)
            .set_client_request_token(token.map(str::to_owned))
            .set_rotation_lambda_arn(function.map(str::to_owned))
            .rotation_rules(rules.build())
            .rotate_immediately(immediately);
        call.send().await.map(|_| ()).map_err(api)
    }

    async fn cancel_rotate_secret(&self, secret: &str) -> Result<(), ApiError> {
        let call = self.client.cancel_rotate_secret().secret_id(secret);
        call.send().await.map(|_| ()).map_err(api)
    }

    async fn delete_secret(&self, secret: &str, days: u8) -> Result<(), ApiError> {
        let call = self
            .client
            .delete_secret()
            .secret_id(secret)
            .recovery_window_in_days(i64::from(days));
        call.send().await.map(|_| ()).map_err(api)
    }

    async fn restore_secret(&self, secret: &str) -> Result<(), ApiError> {
        let call = self.client.restore_secret().secret_id(secret);
        call.send().await.map(|_| ()).map_err(api)
    }

    async fn list_secret_version_ids(
        &self,
        secret: &str,
        include_deprecated: bool,
    ) -> Result<BTreeMap<String, Vec<String>>, ApiError> {
        let call = self
            .client
            .list_secret_version_ids()
            .secret_id(secret)
            .include_deprecated(include_deprecated);
        let listed = call.send().await.map_err(api)?;
        Ok(listed
            .versions
            .unwrap_or_default()
            .into_iter()
            .filter_map(|version| {
                Some((
                    version.version_id?,
                    version.version_stages.unwrap_or_default(),
                ))
            })
            .collect())
    }

    async fn tag_resource(&self, secret: &str, key: &str, value: &str) -> Result<(), ApiError> {
        let tag = Tag::builder().key(key).value(value).build();
        let call = self.client.tag_resource().secret_id(secret).tags(tag);
        call.send().await.map(|_| ()).map_err(api)
    }
}
