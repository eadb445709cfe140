use std::collections::HashMap;

use aws_sdk_dynamodb::operation::update_item::builders::UpdateItemFluentBuilder;
use aws_sdk_dynamodb::types::builders::UpdateBuilder;
use aws_sdk_dynamodb::types::{AttributeValue, Update};

use super::item::Item;
use super::key::{Key, PK};

/// The expressions of one UpdateItem, put together with placeholders so that no name is a reserved word.
/// An update leaves alone what it does not name: attributes of a newer version stay.
#[derive(Debug, Default)]
pub(super) struct Expressions {
    sets: Vec<String>,
    removes: Vec<String>,
    adds: Vec<String>,
    conditions: Vec<String>,
    names: HashMap<String, String>,
    values: HashMap<String, AttributeValue>,
}

impl Expressions {
    /// Sets every attribute of a record, and removes those that are NULL.
    pub(super) fn whole(item: Item) -> Self {
        let mut expressions = Self::default();
        for (name, value) in item {
            if value.is_null() {
                expressions.remove(&[&name]);
            } else {
                expressions.set(&[&name], value);
            }
        }
        expressions
    }

    /// `SET path = value`.
    pub(super) fn set(&mut self, path: &[&str], value: AttributeValue) {
        let set = format!("{} = {}", self.path(path), self.value(value));
        self.sets.push(set);
    }

    /// `SET path = path + 1`.
    pub(super) fn increment(&mut self, path: &[&str]) {
        let (path, one) = (self.path(path), self.value(number(1)));
        self.sets.push(format!("{path} = {path} + {one}"));
    }

    /// `REMOVE path`. That it is not there is no error.
    pub(super) fn remove(&mut self, path: &[&str]) {
        let path = self.path(path);
        self.removes.push(path);
    }

    /// `ADD name value`: a number is added, a set united; what is not there counts as nothing. The service
    /// takes names of the top level alone.
    pub(super) fn add(&mut self, name: &str, value: AttributeValue) {
        let add = format!("{} {}", self.path(&[name]), self.value(value));
        self.adds.push(add);
    }

    /// Only if the item is there.
    pub(super) fn only_if_there(&mut self) {
        let path = self.path(&[PK]);
        self.conditions.push(format!("attribute_exists({path})"));
    }

    /// Only if the number is below that, or is not there.
    pub(super) fn only_below(&mut self, name: &str, limit: u32) {
        let (path, limit) = (self.path(&[name]), self.value(number(limit)));
        let condition = format!("(attribute_not_exists({path}) OR {path} < {limit})");
        self.conditions.push(condition);
    }

    /// Only if the set has so many members. There is no empty set.
    pub(super) fn only_of_size(&mut self, name: &str, size: usize) {
        if size == 0 {
            return self.only_if(&[name], None);
        }
        let (path, size) = (self.path(&[name]), self.value(number(size)));
        self.conditions.push(format!("size({path}) = {size}"));
    }

    /// Only if the attribute is that; `None`: only if it is not there.
    pub(super) fn only_if(&mut self, path: &[&str], value: Option<AttributeValue>) {
        let path = self.path(path);
        let condition = match value {
            Some(value) => format!("{path} = {}", self.value(value)),
            None => format!("attribute_not_exists({path})"),
        };
        self.conditions.push(condition);
    }

    /// As an action of a transaction.
    pub(super) fn in_transaction(self, table: &str, key: &Key) -> UpdateBuilder {
        Update::builder()
            .table_name(table)
            .set_key(Some(key.attributes()))
            .update_expression(self.update())
            .set_condition_expression(self.condition())
            .set_expression_attribute_names(some(self.names))
            .set_expression_attribute_values(some(self.values))
    }

    /// `SET ... REMOVE ... ADD ...`.
    fn update(&self) -> String {
        let clause = |word: &str, parts: &[String]| {
            (!parts.is_empty()).then(|| format!("{word} {}", parts.join(", ")))
        };
        let clauses = [
            clause("SET", &self.sets),
            clause("REMOVE", &self.removes),
            clause("ADD", &self.adds),
        ];
        let clauses: Vec<String> = clauses.into_iter().flatten().collect();
        clauses.join(" ")
    }

    fn condition(&self) -> Option<String> {
        (!self.conditions.is_empty()).then(|| self.conditions.join(" AND "))
    }

    /// As a call of its own.
    pub(super) fn alone(self, call: UpdateItemFluentBuilder) -> UpdateItemFluentBuilder {
        call.update_expression(self.update())
            .set_condition_expression(self.condition())
            .set_expression_attribute_names(some(self.names))
            .set_expression_attribute_values(some(self.values))
    }

    fn path(&mut self, path: &[&str]) -> String {
        let parts = path.iter().map(|part| {
            let known = self.names.iter().find(|(_, name)| name == part);
            if let Some((placeholder, _)) = known {
                return placeholder.clone();
            }
            let placeholder = format!("#{}", self.names.len());
            self.names.insert(placeholder.clone(), (*part).to_owned());
            placeholder
        });
        parts.collect::<Vec<_>>().join(".")
    }

    fn value(&mut self, value: AttributeValue) -> String {
        let placeholder = format!(":{}", self.values.len());
        self.values.insert(placeholder.clone(), value);
        placeholder
    }
}

/// The service refuses an empty map of placeholders.
fn some<T>(map: HashMap<String, T>) -> Option<HashMap<String, T>> {
    (!map.is_empty()).then_some(map)
}

pub(super) fn text(text: &str) -> AttributeValue {
    AttributeValue::S(text.to_owned())
}

pub(super) fn number(number: impl ToString) -> AttributeValue {
    AttributeValue::N(number.to_string())
}
