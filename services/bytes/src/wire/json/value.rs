//! A JSON value as Python's reader sees it.
//!
//! Borrows from the body's text wherever nothing had to be unescaped.

use std::{borrow::Cow, collections::HashMap};

/// Members looked at one by one before an index is built.
const FEW: usize = 16;

/// One JSON value.
#[derive(Debug, Clone, PartialEq)]
pub enum Value<'a> {
    /// `null`
    Null,
    /// `true` or `false`
    Bool(bool),
    /// A number without point and exponent, as sent; at most 4,300 digits.
    Integer(&'a str),
    /// Any other number; infinite for `1e999`, and also `NaN`, `Infinity` and `-Infinity`.
    Float(f64),
    /// A string.
    Text(Cow<'a, str>),
    /// A string with a surrogate that has no partner, which no column and no answer can hold.
    Unpaired,
    /// An array.
    List(Vec<Value<'a>>),
    /// An object.
    Object(Object<'a>),
}

/// An object: members in the order in which their keys first came; a repeated key replaces the value.
#[derive(Debug, Clone, Default)]
pub struct Object<'a> {
    /// A key is `None` when it holds a surrogate without partner.
    members: Vec<(Option<Cow<'a, str>>, Value<'a>)>,
    /// Key to position, once there are more than a few members.
    index: HashMap<Cow<'a, str>, usize>,
    /// Where the one member is whose key holds a surrogate without partner: such keys are not told apart.
    unpaired: Option<usize>,
}

impl<'a> Object<'a> {
    /// The value of `key`.
    pub fn get(&self, key: &str) -> Option<&Value<'a>> {
        self.members.iter().find(|(name, _)| name.as_deref() == Some(key)).map(|(_, value)| value)
    }

    /// The members in order; a key is `None` when it holds a surrogate without partner.
    pub fn iter(&self) -> impl Iterator<Item = (Option<&str>, &Value<'a>)> {
        self.members.iter().map(|(key, value)| (key.as_deref(), value))
    }

    /// The number of members.
    pub fn len(&self) -> usize {
        self.members.len()
    }

    /// Whether there is no member.
    pub fn is_empty(&self) -> bool {
        self.members.is_empty()
    }

    pub(super) fn insert(&mut self, key: Option<Cow<'a, str>>, value: Value<'a>) {
        let next = self.members.len();
        if let Some(position) = self.position(key.as_deref()) {
            self.members[position].1 = value;
            return;
        }
        match &key {
            None => self.unpaired = Some(next),
            Some(key) if next >= FEW => _ = self.index.insert(key.clone(), next),
            Some(_) => {}
        }
        self.members.push((key, value));
        if self.members.len() == FEW {
            let keys = self.members.iter().zip(0..);
            self.index = keys.filter_map(|((key, _), position)| Some((key.clone()?, position))).collect();
        }
    }

    fn position(&self, key: Option<&str>) -> Option<usize> {
        match key {
            None => self.unpaired,
            Some(key) if self.members.len() >= FEW => self.index.get(key).copied(),
            Some(_) => self.members.iter().position(|(name, _)| name.as_deref() == key),
        }
    }
}

impl PartialEq for Object<'_> {
    fn eq(&self, other: &Self) -> bool {
        self.members == other.members
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keys_that_are_no_text_are_not_told_apart() {
        for padding in [0, FEW - 2, FEW - 1, FEW, FEW * 4] {
            let mut object = Object::default();
            for number in 0..padding {
                object.insert(Some(format!("pad {number}").into()), Value::Null);
            }
            object.insert(None, Value::Integer("1"));
            object.insert(Some("a".into()), Value::Null);
            object.insert(None, Value::Integer("2"));
            assert_eq!(object.len(), padding + 2);
            assert_eq!(object.iter().nth(padding), Some((None, &Value::Integer("2"))));
        }
    }

    #[test]
    fn a_repeated_key_keeps_its_first_place_and_takes_the_last_value() {
        for padding in [0, FEW - 2, FEW - 1, FEW, FEW * 4] {
            let mut object = Object::default();
            object.insert(Some("a".into()), Value::Integer("1"));
            for number in 0..padding {
                object.insert(Some(format!("pad {number}").into()), Value::Null);
            }
            object.insert(Some("b".into()), Value::Integer("2"));
            object.insert(Some("a".into()), Value::Integer("3"));
            assert_eq!(object.len(), padding + 2);
            assert_eq!(object.iter().next(), Some((Some("a"), &Value::Integer("3"))));
            assert_eq!(object.get("b"), Some(&Value::Integer("2")));
        }
    }
}
