use aws_sdk_dynamodb::types::TransactWriteItem;
use futures_util::future::try_join_all;
use rekey_registry::StoreError;
use rekey_registry::request::Actor;

use super::error::Unwritten;
use super::item::{corrupt, put, read};
use super::key::{ACTORS, Key};
use super::{ATTEMPTS, RegistryTable};

/// How many actors are read side by side.
const AT_ONCE: usize = 16;

impl RegistryTable {
    pub(super) async fn actor_of(&self, source: &str) -> Result<Option<Actor>, StoreError> {
        let key = Key::actor(source);
        let Some(item) = self.item(&key, None).await? else {
            return Ok(None);
        };
        let actor: Actor = read(item)?;
        // Nobody gets what was recorded for another source.
        if actor.source == source {
            Ok(Some(actor))
        } else {
            Err(corrupt(&key))
        }
    }

    /// The list says which there are, and their own items who they are: those are what counts.
    pub(super) async fn all_actors(&self) -> Result<Vec<Actor>, StoreError> {
        let sources = self.sort_keys(ACTORS, None, usize::MAX).await?;
        let mut actors = Vec::new();
        for some in sources.chunks(AT_ONCE) {
            let records = some.iter().map(|source| self.actor_of(source));
            actors.extend(try_join_all(records).await?.into_iter().flatten());
        }
        Ok(actors)
    }

    /// The item and its place in the list, in one transaction. It hangs on nothing: what is recorded last
    /// counts, and an administrator says it whole.
    pub(super) async fn record_actor(&self, actor: &Actor) -> Result<(), StoreError> {
        let key = Key::actor(&actor.source);
        let actions = vec![
            self.put(put(&key, actor)?)?,
            self.put(Key::listed_actor(&actor.source).attributes())?,
        ];
        match self.in_turn(actions).await {
            Ok(()) => Ok(()),
            Err(unwritten) => Err(unwritten.into()),
        }
    }

    pub(super) async fn forget_actor(&self, source: &str) -> Result<bool, StoreError> {
        let actions = vec![
            self.delete_only_if_there(&Key::actor(source))?,
            self.delete(&Key::listed_actor(source))?,
        ];
        match self.in_turn(actions).await {
            Ok(()) => Ok(true),
            Err(Unwritten::Condition) => Ok(false),
            Err(unwritten) => Err(unwritten.into()),
        }
    }

    /// After whoever else is writing the same.
    async fn in_turn(&self, actions: Vec<TransactWriteItem>) -> Result<(), Unwritten> {
        for _ in 1..ATTEMPTS {
            match self.transact(actions.clone()).await {
                Err(Unwritten::Busy) => {}
                answer => return answer,
            }
        }
        self.transact(actions).await
    }
}
