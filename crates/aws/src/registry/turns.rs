use aws_sdk_dynamodb::types::TransactWriteItem;
use rekey_registry::StoreError;
use rekey_registry::request::Turn;

use super::RegistryTable;
use super::item::{corrupt, read, write};
use super::key::Key;
use super::update::{Expressions, number, text};

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

    /// Takes a turn, only if it is still as it was read.
    pub(super) fn turn_update(
        &self,
        turn: &Turn,
        known: Option<&Turn>,
    ) -> Result<TransactWriteItem, StoreError> {
        let key = Key::turn(&turn.service);
        let mut update = Expressions::whole(write(&key, turn)?);
        match known {
            None => update.only_if(&[TOKEN], None),
            Some(known) => {
                update.only_if(&[SECRET], Some(text(&known.secret)));
                update.only_if(&[TOKEN], Some(text(known.token.as_str())));
                update.only_if(&[AT], Some(number(known.at)));
            }
        }
        self.update(&key, update)
    }
}
