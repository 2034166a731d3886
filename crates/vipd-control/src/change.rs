//! The changes that a reload would make.

use std::fmt;

use serde::{Deserialize, Serialize};

/// One thing of the configuration that is added, removed or changed.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub struct Change {
    /// Its keyword; of a real server the virtual server stands before it.
    pub kind: String,
    /// Its name, where it has one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
    /// Its kind.
    pub change: ChangeKind,
    /// The fields that change, where it is there before and after.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub fields: Vec<FieldChange>,
}

/// The ways in which something changes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum ChangeKind {
    /// It is new.
    Added,
    /// It goes.
    Removed,
    /// It stays and is another.
    Changed,
}

/// A field with another value.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub struct FieldChange {
    /// Its name, as in the model (`vipd config --json`).
    pub field: String,
    /// The value before; none for what is long, or secret.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub from: Option<String>,
    /// The value after.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub to: Option<String>,
}

impl fmt::Display for Change {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.kind)?;
        if let Some(name) = &self.name {
            write!(f, " {name}")?;
        }
        f.write_str(match self.change {
            ChangeKind::Added => " is added",
            ChangeKind::Removed => " is removed",
            ChangeKind::Changed => " changes",
        })?;
        for (number, field) in self.fields.iter().enumerate() {
            f.write_str(if number == 0 { ": " } else { ", " })?;
            field.fmt(f)?;
        }
        Ok(())
    }
}

impl fmt::Display for FieldChange {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match (&self.from, &self.to) {
            (Some(from), Some(to)) => write!(f, "{} {from} -> {to}", self.field),
            _ => f.write_str(&self.field),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_change_is_a_sentence_with_its_fields() {
        let field = |field: &str, values: Option<(&str, &str)>| FieldChange {
            field: field.to_owned(),
            from: values.map(|(from, _)| from.to_owned()),
            to: values.map(|(_, to)| to.to_owned()),
        };
        let mut change = Change {
            kind: "vrrp_instance".to_owned(),
            name: Some("A".to_owned()),
            change: ChangeKind::Changed,
            fields: vec![field("priority", Some(("100", "90"))), field("auth", None)],
        };
        assert_eq!(change.to_string(), "vrrp_instance A changes: priority 100 -> 90, auth");
        let json = serde_json::to_string(&change).unwrap();
        assert_eq!(serde_json::from_str::<Change>(&json).unwrap(), change);
        change = Change { change: ChangeKind::Removed, fields: Vec::new(), ..change };
        assert_eq!(change.to_string(), "vrrp_instance A is removed");
    }
}
