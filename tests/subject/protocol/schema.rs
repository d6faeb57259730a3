//! As much of JSON Schema 2020-12 as the protocol's schema uses. A validator from outside brings 40 packages; a keyword that
//! this one does not know is a failure, so nothing is passed over.

use std::collections::BTreeSet;

use serde_json::{Map, Value};

pub struct Schema(Value);

impl Schema {
    pub fn new(text: &str) -> Self {
        Self(serde_json::from_str(text).unwrap())
    }

    /// Whether the value satisfies what the pointer leads to: if not, where it does not.
    pub fn check(&self, pointer: &str, value: &Value) -> Result<(), String> {
        let schema = self.0.pointer(pointer.trim_start_matches('#')).unwrap_or_else(|| panic!("{pointer}"));
        self.holds(schema, value)
    }

    /// Names of properties, and words of enumerations.
    pub fn names(&self) -> BTreeSet<String> {
        let mut names = BTreeSet::new();
        gather(&self.0["$defs"], &mut names);
        names
    }

    fn holds(&self, schema: &Value, value: &Value) -> Result<(), String> {
        let schema = schema.as_object().expect("a schema is an object here");
        for (keyword, wanted) in schema {
            if !self.keyword(schema, keyword, wanted, value)? {
                return Err(format!("{keyword} {wanted} does not hold for {value}"));
            }
        }
        Ok(())
    }

    fn keyword(
        &self,
        schema: &Map<String, Value>,
        keyword: &str,
        wanted: &Value,
        value: &Value,
    ) -> Result<bool, String> {
        let count = |length: Option<usize>| {
            let bound = wanted.as_u64().unwrap_or(0) as usize;
            length.is_none_or(|length| if keyword.starts_with("min") { length >= bound } else { length <= bound })
        };
        let (object, array, text) = (value.as_object(), value.as_array(), value.as_str());
        match keyword {
            "description" => {}
            "$ref" => self.check(wanted.as_str().unwrap(), value)?,
            "const" => return Ok(value == wanted),
            "enum" => return Ok(wanted.as_array().unwrap().contains(value)),
            "oneOf" => {
                let holding = wanted.as_array().unwrap().iter().filter(|one| self.holds(one, value).is_ok());
                return Ok(holding.count() == 1);
            }
            "type" => return Ok(is_type(wanted.as_str().unwrap(), value)),
            "minimum" => return Ok(value.as_u64().is_some_and(|number| number >= wanted.as_u64().unwrap())),
            "maximum" => return Ok(value.as_u64().is_none_or(|number| number <= wanted.as_u64().unwrap())),
            "minItems" | "maxItems" => return Ok(count(array.map(Vec::len))),
            "minLength" | "maxLength" => return Ok(count(text.map(|text| text.chars().count()))),
            "pattern" => return Ok(text.is_none_or(|text| matches(wanted.as_str().unwrap(), text))),
            "uniqueItems" => {
                let texts = array.map(|all| all.iter().map(Value::to_string).collect::<BTreeSet<_>>().len());
                return Ok(texts == array.map(Vec::len));
            }
            "items" => array.into_iter().flatten().try_for_each(|item| self.holds(wanted, item))?,
            "required" => {
                let has = |name: &Value| object.is_none_or(|object| object.contains_key(name.as_str().unwrap()));
                return Ok(wanted.as_array().unwrap().iter().all(has));
            }
            "properties" => {
                for (name, schema) in wanted.as_object().unwrap() {
                    value.get(name).map_or(Ok(()), |value| self.holds(schema, value))?;
                }
            }
            "propertyNames" => {
                let mut names = object.into_iter().flat_map(|object| object.keys());
                names.try_for_each(|name| self.holds(wanted, &Value::from(name.as_str())))?;
            }
            "additionalProperties" => {
                let known = schema.get("properties").and_then(Value::as_object);
                let is_known = |name: &String| known.is_some_and(|known| known.contains_key(name));
                let mut others = object.into_iter().flatten().filter(|(name, _)| !is_known(name));
                match wanted {
                    Value::Bool(false) => return Ok(others.next().is_none()),
                    wanted => others.try_for_each(|(_, value)| self.holds(wanted, value))?,
                }
            }
            unknown => panic!("the keyword {unknown} is not known here"),
        }
        Ok(true)
    }
}

fn is_type(name: &str, value: &Value) -> bool {
    match name {
        "object" => value.is_object(),
        "array" => value.is_array(),
        "string" => value.is_string(),
        "boolean" => value.is_boolean(),
        "null" => value.is_null(),
        "integer" => value.is_u64() || value.is_i64(),
        unknown => panic!("the type {unknown} is not known here"),
    }
}

/// Hexadecimal text, of whole bytes or of a length.
fn matches(pattern: &str, text: &str) -> bool {
    let is_hex = text.bytes().all(|byte| matches!(byte, b'0'..=b'9' | b'a'..=b'f'));
    let is_long = match pattern {
        "^([0-9a-f]{2})*$" => text.len().is_multiple_of(2),
        "^[0-9a-f]{64}$" => text.len() == 64,
        "^[0-9a-f]{128}$" => text.len() == 128,
        unknown => panic!("the pattern {unknown} is not known here"),
    };
    is_hex && is_long
}

fn gather(schema: &Value, names: &mut BTreeSet<String>) {
    if let Some(properties) = schema.get("properties").and_then(Value::as_object) {
        names.extend(properties.keys().cloned());
    }
    let words = schema.get("enum").and_then(Value::as_array).into_iter().flatten();
    names.extend(words.filter_map(Value::as_str).map(str::to_owned));
    match schema {
        Value::Object(object) => object.values().for_each(|value| gather(value, names)),
        Value::Array(array) => array.iter().for_each(|value| gather(value, names)),
        _ => {}
    }
}
