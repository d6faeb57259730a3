//! One run of operations on parallel iterators, here and in rayon.

use std::collections::{BTreeMap, BTreeSet};

use proptest::prelude::{Just, Strategy, any};
use proptest::{collection, prop_assert_eq, prop_oneof, proptest};
use seriatim_shims::rayon::ThreadPoolBuilder;

use crate::execution::sampled;

/// What is done with some numbers, and comes to the same under every schedule.
#[derive(Clone, Debug)]
enum Operation {
    Map,
    Filter,
    FlatMap,
    Windows(usize),
    ZipRev(usize),
    SkipTake(usize, usize),
    Chunks(usize, usize),
    Chain(u8),
    Numbers,
    Search(i8),
    Results(i8),
    Change(usize),
    Maps,
}

fn operations() -> impl Strategy<Value = Operation> {
    let few = || 0_usize..12;
    prop_oneof![
        Just(Operation::Map),
        Just(Operation::Filter),
        Just(Operation::FlatMap),
        (1_usize..5).prop_map(Operation::Windows),
        few().prop_map(Operation::ZipRev),
        (few(), few()).prop_map(|(skip, take)| Operation::SkipTake(skip, take)),
        (1_usize..5, few()).prop_map(|(size, take)| Operation::Chunks(size, take)),
        (0_u8..12).prop_map(Operation::Chain),
        Just(Operation::Numbers),
        any::<i8>().prop_map(Operation::Search),
        any::<i8>().prop_map(Operation::Results),
        (1_usize..5).prop_map(Operation::Change),
        Just(Operation::Maps),
    ]
}

/// The same code with another library.
macro_rules! with {
    ($name:ident, $($library:tt)*) => {
        mod $name {
            use $($library)*::prelude::*;

            use super::{BTreeMap, BTreeSet, Operation};

            pub fn apply(operation: &Operation, items: &[i8]) -> String {
                let wide = || items.par_iter().map(|item| i64::from(*item));
                match *operation {
                    Operation::Map => {
                        let mut inspected = Vec::new();
                        items.par_iter().copied().inspect(|_| ()).enumerate().collect_into_vec(&mut inspected);
                        let (left, right): (Vec<usize>, BTreeSet<i8>) = inspected.clone().into_par_iter().unzip();
                        format!("{inspected:?} {left:?} {right:?}")
                    }
                    Operation::Filter => {
                        let kept: Vec<&i8> = items.par_iter().filter(|item| **item > 0).collect();
                        let halves: Vec<i8> = items.par_iter().filter_map(|item| item.checked_rem(*item)).collect();
                        let (even, odd): (Vec<i64>, Vec<i64>) = wide().partition(|item| item % 2 == 0);
                        format!("{kept:?} {halves:?} {even:?} {odd:?}")
                    }
                    Operation::FlatMap => {
                        let parallel: Vec<i64> = wide().flat_map(|item| (0..item % 3).into_par_iter()).collect();
                        let serial: Vec<i64> = wide().flat_map_iter(|item| 0..item % 3).collect();
                        let nested: Vec<Vec<i64>> = serial.chunks(2).map(<[i64]>::to_vec).collect();
                        let flat: Vec<i64> = nested.into_par_iter().flatten().collect();
                        format!("{parallel:?} {serial:?} {flat:?}")
                    }
                    Operation::Windows(size) => {
                        let windows: Vec<i64> = items
                            .par_windows(size)
                            .map(|window| window.iter().copied().map(i64::from).sum())
                            .collect();
                        let chunks: Vec<&[i8]> = items.par_chunks(size).collect();
                        let exact: Vec<&[i8]> = items.par_chunks_exact(size).collect();
                        format!("{windows:?} {chunks:?} {exact:?}")
                    }
                    Operation::ZipRev(length) => {
                        let zipped: Vec<(usize, i64)> = (0..length).into_par_iter().zip(wide().rev()).collect();
                        let back: Vec<(i64, usize)> = wide().zip(0..length).rev().collect();
                        let all: Vec<(usize, i64)> = wide().rev().enumerate().rev().collect();
                        format!("{zipped:?} {back:?} {all:?}")
                    }
                    Operation::SkipTake(skip, take) => {
                        let some: Vec<i64> = wide().skip(skip).take(take).collect();
                        let last: Vec<i64> = wide().take(take).rev().skip(skip).collect();
                        format!("{some:?} {last:?}")
                    }
                    Operation::Chunks(size, take) => {
                        let chunks: Vec<Vec<i64>> = wide().chunks(size).take(take).collect();
                        let back: Vec<(usize, Vec<i64>)> = wide().chunks(size).rev().enumerate().collect();
                        format!("{chunks:?} {back:?}")
                    }
                    Operation::Chain(length) => {
                        let chain = || wide().chain((0..length).into_par_iter().map(i64::from));
                        let chained: Vec<(usize, i64)> = chain().enumerate().collect();
                        let rest: Vec<i64> = chain().skip(usize::from(length) / 2).rev().collect();
                        format!("{chained:?} {rest:?} {:?}", chain().filter(|item| *item > 2).count())
                    }
                    Operation::Numbers => {
                        let (sum, product): (i64, i64) = (wide().sum(), wide().take(4).product());
                        let folded = wide().fold(|| 0, |sum, item| sum + item).reduce(|| 0, |a, b| a + b);
                        let bounds = (wide().min(), wide().max(), wide().reduce_with(|a, b| a ^ b));
                        let keyed = (wide().min_by_key(|item| -item), wide().max_by_key(|item| -item));
                        format!("{sum} {product} {folded} {bounds:?} {keyed:?}")
                    }
                    Operation::Search(wanted) => {
                        let is = |item: &&i8| **item == wanted;
                        let found = (items.par_iter().find_any(is), items.par_iter().find_first(is));
                        let above = |item: &i8| *item > wanted;
                        let places = (items.par_iter().position_first(above), items.par_iter().position_last(above));
                        let last = items.par_iter().find_last(|item| **item < wanted);
                        let all = (items.par_iter().any(above), items.par_iter().all(above));
                        let somewhere = items.par_iter().position_any(above).is_some();
                        format!("{found:?} {places:?} {last:?} {all:?} {somewhere}")
                    }
                    Operation::Results(bad) => {
                        let check = |item: &i8| if *item == bad { Err(bad) } else { Ok(*item) };
                        let checked: Result<Vec<i8>, i8> = items.par_iter().map(check).collect();
                        let present: Option<Vec<i8>> = items.par_iter().map(|item| check(item).ok()).collect();
                        let tried = items.par_iter().try_for_each(|item| check(item).map(drop));
                        format!("{checked:?} {present:?} {tried:?}")
                    }
                    Operation::Change(size) => {
                        let mut changed = items.to_vec();
                        changed.par_iter_mut().for_each(|item| *item = item.wrapping_add(1));
                        changed.par_chunks_mut(size).for_each(<[i8]>::reverse);
                        changed.par_extend(items.par_iter().cloned().with_max_len(size));
                        let shown = format!("{changed:?}");
                        changed.par_sort_unstable_by_key(|item| item.wrapping_neg());
                        format!("{shown} {changed:?}")
                    }
                    Operation::Maps => {
                        let mut map: BTreeMap<i8, usize> = items.par_iter().copied().zip(0..items.len()).collect();
                        map.par_iter_mut().for_each(|(_, place)| *place += 1);
                        let set: BTreeSet<usize> = map.par_iter().map(|(_, place)| *place).collect();
                        let text: String = set.into_par_iter().map(|place| place.to_string()).collect();
                        format!("{map:?} {text}")
                    }
                }
            }
        }
    };
}

with!(shim, seriatim_shims::rayon);
with!(real, ::rayon);

proptest! {
    #[test]
    fn what_items_come_to_is_what_they_come_to_in_rayon(
        operations in collection::vec(operations(), 1..6),
        items in collection::vec(any::<i8>(), 0..12),
        threads in 1_usize..6,
    ) {
        let expected: Vec<String> = operations.iter().map(|operation| real::apply(operation, &items)).collect();
        let (of_body, of_items) = (operations.clone(), items.clone());
        let body = move || {
            let pool = ThreadPoolBuilder::new().num_threads(threads).build().unwrap();
            let apply = |operation| shim::apply(operation, &of_items);
            pool.install(|| of_body.iter().map(apply).collect::<Vec<String>>())
        };
        prop_assert_eq!(&body(), &expected);
        prop_assert_eq!(sampled(1, body).results, BTreeSet::from([expected]));
    }
}
