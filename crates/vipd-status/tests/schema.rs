//! The schema that is published agrees with what is written.

#![allow(clippy::unwrap_used, reason = "helpers of tests")]

mod samples;

use samples::{at, busy, maintenance, neighbour};
use serde_json::Value;
use vipd_status::{
    Cause, Event, EventKind, Evidence, Fault, Preempt, ReloadResult, State, TrackerKind, VERSION,
};

fn schema() -> Value {
    let schema: Value = serde_json::from_str(include_str!("../schema/status.v1.json")).unwrap();
    assert_eq!(schema["title"], format!("Status and events of vipd, version {VERSION}"));
    schema
}

/// Everything that is wrong with a value, by the part of JSON Schema that this schema uses. A member that the schema does
/// not declare is wrong here, too, though a reader ignores it.
fn wrong(root: &Value, schema: &Value, value: &Value, place: &str) -> Vec<String> {
    if let Some(name) = schema["$ref"].as_str() {
        let target = root.pointer(name.trim_start_matches('#')).unwrap_or(&Value::Null);
        assert!(target.is_object(), "{name} is not defined");
        return wrong(root, target, value, place);
    }
    let mut found = Vec::new();
    for key in ["anyOf", "oneOf"] {
        let Some(alternatives) = schema[key].as_array() else { continue };
        let each: Vec<_> = alternatives.iter().map(|one| wrong(root, one, value, place)).collect();
        if each.iter().all(|wrong| !wrong.is_empty()) {
            found.push(format!("{place}: no alternative fits {value}"));
        }
    }
    for key in ["type", "const", "enum"] {
        if !schema[key].is_null() && !fits(key, &schema[key], value) {
            found.push(format!("{place}: {value} is not of {key} {}", schema[key]));
        }
    }
    for part in schema["allOf"].as_array().into_iter().flatten() {
        found.extend(wrong(root, part, value, place));
    }
    for name in schema["required"].as_array().into_iter().flatten() {
        if value.get(name.as_str().unwrap()).is_none() {
            found.push(format!("{place}: {name} is missing"));
        }
    }
    for (name, member) in value.as_object().into_iter().flatten() {
        let place = format!("{place}.{name}");
        if let Some(declared) = schema["properties"].get(name).or(schema.get("additionalProperties")) {
            found.extend(wrong(root, declared, member, &place));
        }
    }
    for (number, item) in value.as_array().into_iter().flatten().enumerate() {
        found.extend(wrong(root, &schema["items"], item, &format!("{place}[{number}]")));
    }
    found
}

fn fits(key: &str, wanted: &Value, value: &Value) -> bool {
    match (key, wanted.as_str().unwrap_or_default()) {
        ("type", "object") => value.is_object(),
        ("type", "array") => value.is_array(),
        ("type", "string") => value.is_string(),
        ("type", "boolean") => value.is_boolean(),
        ("type", "integer") => value.is_i64() || value.is_u64(),
        ("type", "null") => value.is_null(),
        ("enum", _) => wanted.as_array().unwrap().contains(value),
        _ => wanted == value,
    }
}

/// Members of all objects in a value.
fn members(value: &Value) -> Vec<&str> {
    let own = value.as_object().into_iter().flatten();
    let inner = own.flat_map(|(name, member)| [vec![name.as_str()], members(member)].concat());
    inner.chain(value.as_array().into_iter().flatten().flat_map(members)).collect()
}

fn check(value: &Value) {
    let schema = schema();
    assert_eq!(wrong(&schema, &schema, value, "$"), Vec::<String>::new());
    let mut declared: Vec<&str> = Vec::new();
    declared_in(&schema, &mut declared);
    for name in members(value) {
        let reason_of_rejection = name == "checksum";
        assert!(reason_of_rejection || declared.contains(&name), "{name} is not declared");
    }
}

fn declared_in<'a>(schema: &'a Value, names: &mut Vec<&'a str>) {
    names.extend(schema["properties"].as_object().into_iter().flatten().map(|(name, _)| name.as_str()));
    let parts = schema.as_object().into_iter().flatten().map(|(_, part)| part);
    parts.chain(schema.as_array().into_iter().flatten()).for_each(|part| declared_in(part, names));
}

#[test]
fn a_status_is_as_the_schema_says() {
    let mut status = busy();
    status.neighbours = vec![neighbour("192.0.2.9", 51, Some("VI_1")), neighbour("2001:db8::9", 77, None)];
    for preempt in [Preempt::AtOnce, Preempt::AfterMs(5), Preempt::Never] {
        status.instances[0].preempt = preempt;
        check(&serde_json::to_value(&status).unwrap());
    }
}

#[test]
fn events_are_as_the_schema_says() {
    let fault = |fault| EventKind::Transition {
        instance: "VI_1".to_owned(),
        from: State::Backup,
        to: State::Fault,
        cause: Cause::Fault(fault),
        evidence: Evidence { remark: Some("disk full".to_owned()), ..Evidence::default() },
    };
    let kinds = [
        fault(Fault::NoSource),
        fault(Fault::Deaf { interface: "eth0".to_owned() }),
        fault(Fault::Static { what: "static route 2".to_owned() }),
        fault(Fault::Tracker { tracker: TrackerKind::Bfd, name: "rack".to_owned(), reason: None }),
        fault(Fault::InterfaceDown { interface: "eth0".to_owned(), missing: true }),
        EventKind::Reload { result: ReloadResult::Undone, reason: None },
        EventKind::Intent { target: "VI_1".to_owned(), intent: Some(maintenance()), ended: String::new() },
        EventKind::Stall { instance: "VI_1".to_owned(), late_ms: 7 },
    ];
    for kind in kinds {
        check(
            &serde_json::to_value(Event { v: VERSION, seq: 1, at: at("2026-11-30T09:15:00Z"), kind })
                .unwrap(),
        );
    }
}

#[test]
fn the_check_of_this_test_finds_what_is_wrong() {
    let schema = schema();
    let mut value = serde_json::to_value(busy()).unwrap();
    value["instances"][0]["vrid"] = Value::from("51");
    value["instances"][1]["state"] = Value::from("active");
    value["daemon"].as_object_mut().unwrap().remove("pid");
    let status = &schema["$defs"]["Status"];
    let found = wrong(&schema, status, &value, "$");
    assert_eq!(found.len(), 3, "{found:#?}");
}
