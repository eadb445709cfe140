use aws_sdk_dynamodb::types::TransactWriteItem;
use rekey_registry::StoreError;
use rekey_registry::request::Turn;

use super::error::Unwritten;
use super::item::{corrupt, read, write};
use super::key::Key;
use super::update::{Expressions, number, text};
use super::{ATTEMPTS, RegistryTable};

const AT: &str = "at";
const SECRET: &str = "secret";
const TOKEN: &str = "token";

impl RegistryTable {
    pub(super) async fn turn_of(&self, service: &str) -> Result<Option<Turn>, StoreError> {
        let key = Key::turn(service);
        let Some(item) = self.item(&key, None).await? else {
            return Ok(None);
        };
        let turn: Turn = read(item)?;
        if turn.service == service {
            Ok(Some(turn))
        } else {
            Err(corrupt(&key))
        }
    }

    /// Records that a secret of a service has changed, if no later change is recorded.
    pub(super) async fn note_change_of_service(&self, turn: &Turn) -> Result<(), StoreError> {
        let key = Key::turn(&turn.service);
        for _ in 0..ATTEMPTS {
            let known = self.turn_of(&turn.service).await?;
            if known.as_ref().is_some_and(|known| known.at >= turn.at) {
                return Ok(());
            }
            match self
                .update_item(&key, taken(&key, turn, known.as_ref())?)
                .await
            {
                Ok(()) => return Ok(()),
                // Somebody else took it, or noted another change.
                Err(Unwritten::Condition | Unwritten::Busy) => {}
                Err(Unwritten::Failed(error)) => return Err(error),
            }
        }
        Err(StoreError::Conflict)
    }

    /// Takes a turn, only if it is still as it was read.
    pub(super) fn turn_update(
        &self,
        turn: &Turn,
        known: Option<&Turn>,
    ) -> Result<TransactWriteItem, StoreError> {
        let key = Key::turn(&turn.service);
        self.update(&key, taken(&key, turn, known)?)
    }
}

/// A write of a turn, only if it is still as it was read.
fn taken(key: &Key, turn: &Turn, known: Option<&Turn>) -> Result<Expressions, StoreError> {
    let mut update = Expressions::whole(write(key, turn)?);
    match known {
        None => update.only_if(&[TOKEN], None),
        Some(known) => {
            update.only_if(&[SECRET], Some(text(&known.secret)));
            update.only_if(&[TOKEN], Some(text(known.token.as_str())));
            update.only_if(&[AT], Some(number(known.at)));
        }
    }
    Ok(update)
}
