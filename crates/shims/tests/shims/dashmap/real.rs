//! Held against the real thing.

use std::collections::BTreeSet;

use proptest::prelude::{Just, Strategy, any};
use proptest::{collection, prop_assert_eq, prop_oneof, proptest};

use super::super::execution::sampled;

/// What is done with a map.
#[derive(Clone, Debug)]
enum Operation {
    Get(u8),
    Insert(u8, i8),
    Remove(u8),
    RemoveIf(u8, i8),
    GetMut(u8, i8),
    Entry(u8, i8),
    EntryInsert(u8, i8),
    EntryRemove(u8),
    Alter(u8),
    AlterAll,
    Retain(i8),
    IterMut(i8),
    Part(u8),
    View(u8),
    Extend(Vec<(u8, i8)>),
    Set(Vec<u8>),
    Clear,
    Copy,
}

fn operations() -> impl Strategy<Value = Operation> {
    let key = || 0_u8..6;
    let value = any::<i8>;
    prop_oneof![
        key().prop_map(Operation::Get),
        (key(), value()).prop_map(|(key, value)| Operation::Insert(key, value)),
        (key(), value()).prop_map(|(key, value)| Operation::Insert(key, value)),
        key().prop_map(Operation::Remove),
        (key(), value()).prop_map(|(key, value)| Operation::RemoveIf(key, value)),
        (key(), value()).prop_map(|(key, value)| Operation::GetMut(key, value)),
        (key(), value()).prop_map(|(key, value)| Operation::Entry(key, value)),
        (key(), value()).prop_map(|(key, value)| Operation::EntryInsert(key, value)),
        key().prop_map(Operation::EntryRemove),
        key().prop_map(Operation::Alter),
        Just(Operation::AlterAll),
        value().prop_map(Operation::Retain),
        value().prop_map(Operation::IterMut),
        key().prop_map(Operation::Part),
        key().prop_map(Operation::View),
        collection::vec((key(), value()), 0..5).prop_map(Operation::Extend),
        collection::vec(key(), 0..5).prop_map(Operation::Set),
        Just(Operation::Clear),
        Just(Operation::Copy),
    ]
}

/// The same code with another library.
macro_rules! with {
    ($name:ident, $($library:tt)*) => {
        mod $name {
            use std::collections::BTreeSet;

            use $($library)*::{DashMap, DashSet, Entry};

            use super::Operation;

            fn entries(map: &DashMap<u8, (i8, i8)>) -> BTreeSet<(u8, (i8, i8))> {
                map.iter().map(|pair| (*pair.key(), *pair.value())).collect()
            }

            fn part(map: &DashMap<u8, (i8, i8)>, key: &u8) -> String {
                let part = map.get(key).map(|found| found.map(|pair| &pair.1));
                let shown = format!("{:?}", part.as_ref().map(|part| (*part.key(), **part)));
                drop(part);
                let changed = map.get_mut(key).map(|found| {
                    match found.try_map(|pair| if pair.0 > 0 { Some(&mut pair.1) } else { None }) {
                        Ok(mut part) => {
                            *part = part.wrapping_mul(2);
                            *part
                        }
                        Err(whole) => whole.0,
                    }
                });
                format!("{shown} {changed:?}")
            }

            fn set(keys: &[u8]) -> String {
                let set: DashSet<u8> = keys.iter().copied().collect();
                let inserted = (set.insert(1), set.remove(&2), set.remove_if(&3, |key| *key > 3));
                set.retain(|key| *key != 4);
                let kept: BTreeSet<u8> = set.iter().map(|key| *key).collect();
                let len = set.len();
                format!("{inserted:?} {kept:?} {len} {:?}", set.into_iter().collect::<BTreeSet<_>>())
            }

            pub fn apply(operations: &[Operation]) -> Vec<String> {
                let mut map: DashMap<u8, (i8, i8)> = DashMap::with_capacity(2);
                let mut results = Vec::new();
                for operation in operations {
                    let result = match operation {
                        Operation::Get(key) => {
                            let found = map.get(key).map(|found| *found);
                            format!("{found:?} {}", map.contains_key(key))
                        }
                        Operation::Insert(key, value) => format!("{:?}", map.insert(*key, (*value, 0))),
                        Operation::Remove(key) => format!("{:?}", map.remove(key)),
                        Operation::RemoveIf(key, value) => {
                            let removed = map.remove_if(key, |_, found| found.0 > *value);
                            let changed = map.remove_if_mut(key, |_, found| {
                                found.1 = *value;
                                found.0 < 0
                            });
                            format!("{removed:?} {changed:?}")
                        }
                        Operation::GetMut(key, value) => {
                            if let Some(mut found) = map.get_mut(key) {
                                found.1 = *value;
                                found.value_mut().0 ^= 1;
                            }
                            format!("{:?}", map.get_mut(key).map(|found| *found.downgrade()))
                        }
                        Operation::Entry(key, value) => {
                            let entry = map.entry(*key).and_modify(|found| found.1 = *value);
                            let key = *entry.key();
                            let is_even = value % 2 == 0;
                            let found = if is_even { entry.or_insert((*value, 1)) } else { entry.or_default() };
                            format!("{key} {:?}", found.pair())
                        }
                        Operation::EntryInsert(key, value) => {
                            let found = map.entry(*key).insert_entry((*value, 2));
                            let kept = (*found.key(), *found.get());
                            let replaced = found.replace_entry((*value, 3));
                            let inserted = *map.entry(*key).insert((*value, 4));
                            format!("{kept:?} {replaced:?} {inserted:?}")
                        }
                        Operation::EntryRemove(key) => match map.entry(*key) {
                            Entry::Occupied(found) => format!("{:?}", found.remove_entry()),
                            Entry::Vacant(vacant) => format!("{}", vacant.into_key()),
                        },
                        Operation::Alter(key) => {
                            map.alter(key, |key, pair| (pair.1, pair.0.wrapping_add(key.cast_signed())));
                            String::new()
                        }
                        Operation::AlterAll => {
                            map.alter_all(|key, pair| (pair.1, pair.0.wrapping_sub(key.cast_signed())));
                            String::new()
                        }
                        Operation::Retain(most) => {
                            map.retain(|key, value| {
                                value.1 = value.1.wrapping_add(1);
                                value.0 <= *most || *key == 0
                            });
                            String::new()
                        }
                        Operation::IterMut(value) => {
                            let changed = map.iter_mut().map(|mut found| {
                                found.1 = *value;
                                (*found.key(), *found.value())
                            });
                            format!("{:?}", changed.collect::<BTreeSet<_>>())
                        }
                        Operation::Part(key) => part(&map, key),
                        Operation::View(key) => format!("{:?}", map.view(key, |key, value| (*key, value.0))),
                        Operation::Extend(pairs) => {
                            map.extend(pairs.iter().map(|(key, value)| (*key, (*value, 5))));
                            String::new()
                        }
                        Operation::Set(keys) => set(keys),
                        Operation::Clear => {
                            map.clear();
                            String::new()
                        }
                        Operation::Copy => {
                            let copy = map.clone();
                            copy.shrink_to_fit();
                            map = copy.into_iter().collect();
                            String::new()
                        }
                    };
                    results.push(format!("{result} {:?} {} {}", entries(&map), map.len(), map.is_empty()));
                }
                results
            }
        }
    };
}

with!(shim, seriatim_shims::dashmap);
with!(real, ::dashmap);

proptest! {
    #[test]
    fn what_is_done_to_a_map_comes_to_what_it_comes_to_in_dashmap(
        operations in collection::vec(operations(), 0..40),
    ) {
        let expected = real::apply(&operations);
        prop_assert_eq!(&shim::apply(&operations), &expected);
        prop_assert_eq!(sampled(1, move || shim::apply(&operations)).results, BTreeSet::from([expected]));
    }
}
