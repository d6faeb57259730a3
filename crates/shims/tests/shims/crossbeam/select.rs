//! Selections.

use std::collections::BTreeSet;
use std::time::Duration;

use crate::execution::{all, sampled, steps};
use seriatim_shims::crossbeam::channel::{self, Receiver, RecvError, Select, Sender, select, select_biased};
use seriatim_shims::sync::atomic::{AtomicU64, Ordering::SeqCst};
use seriatim_shims::thread;

#[test]
fn whichever_channel_gets_a_message_first_is_selected() {
    let seen = all(|| {
        let ((to_one, one), (to_other, other)) = (channel::unbounded(), channel::unbounded());
        let threads = [thread::spawn(move || to_one.send(1)), thread::spawn(move || to_other.send(2))];
        let first = select! {
            recv(one) -> message => message,
            recv(other) -> message => message,
        };
        for thread in threads {
            thread.join().unwrap().unwrap();
        }
        first.unwrap()
    });
    assert!(seen.complete && seen.stuck.is_empty(), "{seen:?}");
    assert_eq!(seen.results, BTreeSet::from([1, 2]));
}

/// What a selection between two channels waits for that nobody sends to, and what it comes to where somebody does.
#[test]
fn a_selection_is_stuck_where_nobody_sends_and_any_channel_wakes_it() {
    let wait = |sends: Option<bool>| {
        all(move || {
            let (to_one, one) = channel::unbounded::<u32>();
            let (to_other, other) = channel::unbounded();
            thread::scope(|scope| {
                scope.spawn(|| match sends {
                    Some(true) => to_one.send(1).unwrap(),
                    Some(false) => to_other.send(2).unwrap(),
                    None => {}
                });
                select! {
                    recv(one) -> message => message.unwrap(),
                    recv(&other) -> message => { message.unwrap() }
                }
            })
        })
    };
    for (sends, message) in [(true, 1), (false, 2)] {
        let seen = wait(Some(sends));
        assert!(seen.complete && seen.stuck.is_empty(), "{seen:?}");
        assert_eq!(seen.results, BTreeSet::from([message]));
    }
    let stuck = wait(None).stuck;
    assert!(stuck.iter().any(|waiting| waiting.contains("what `select` of to_one, to_other needs")), "{stuck:?}");
}

/// A worker that is told to stop: with the bug, messages that were sent before are lost.
fn work(drains: bool) -> BTreeSet<u32> {
    let seen = all(move || {
        let ((to_work, work), (to_stop, stop)) = (channel::unbounded::<u32>(), channel::bounded::<()>(1));
        let worker = thread::spawn(move || {
            let mut sum = 0;
            loop {
                select! {
                    recv(work) -> message => sum += message.unwrap_or(0),
                    recv(stop) -> _ => break,
                }
            }
            if drains { sum + work.try_iter().sum::<u32>() } else { sum }
        });
        to_work.send(1).unwrap();
        to_stop.send(()).unwrap();
        worker.join().unwrap()
    });
    assert!(seen.complete && seen.stuck.is_empty(), "{seen:?}");
    seen.results
}

#[test]
fn a_worker_that_stops_at_once_loses_work_under_some_schedule_and_one_that_drains_does_not() {
    assert_eq!(work(false), BTreeSet::from([0, 1]));
    assert_eq!(work(true), BTreeSet::from([1]));
}

#[test]
fn what_is_ready_is_preferred_by_turns_and_always_in_order_where_the_selection_is_biased() {
    let prefer = |biased: bool| {
        let seen = sampled(1, move || {
            let ((to_one, one), (to_other, other)) = (channel::unbounded(), channel::unbounded());
            for message in 0..2 {
                to_one.send(message).unwrap();
                to_other.send(message + 10).unwrap();
            }
            let take = || {
                if biased {
                    select_biased! { recv(one) -> message => message, recv(other) -> message => message }
                } else {
                    select! { recv(one) -> message => message, recv(other) -> message => message }
                }
            };
            [take(), take()].map(Result::unwrap)
        });
        seen.results
    };
    assert_eq!(prefer(true), BTreeSet::from([[0, 1]]));
    assert_eq!(prefer(false), BTreeSet::from([[0, 10]]));
}

#[test]
fn a_selection_sends_where_there_is_room_and_else_what_comes_first_of_room_and_message() {
    let seen = all(|| {
        let ((out, taken), (to_us, ours)) = (channel::bounded(1), channel::unbounded());
        out.send(0).unwrap();
        let taker = thread::spawn(move || (taken.recv().unwrap(), taken));
        let giver = thread::spawn(move || to_us.send(5).unwrap());
        let did = select! {
            send(out, 9) -> sent => { sent.unwrap(); 9 }
            recv(ours) -> message => message.unwrap(),
        };
        giver.join().unwrap();
        let (first, taken) = taker.join().unwrap();
        (did, first, taken.try_recv().ok())
    });
    assert!(seen.complete && seen.stuck.is_empty(), "{seen:?}");
    assert_eq!(seen.results, BTreeSet::from([(9, 0, Some(9)), (5, 0, None)]));
}

#[test]
fn the_room_that_a_selection_got_stays_its_own_until_it_has_made_its_message() {
    let seen = sampled(200, || {
        let ((sender, receiver), next) = (channel::bounded(1), AtomicU64::new(1));
        thread::scope(|scope| {
            let selecting = sender.clone();
            let selection = scope.spawn(|| {
                let selecting = selecting;
                select! {
                    send(selecting, next.fetch_add(1, SeqCst)) -> sent => { sent.unwrap(); true }
                    default => false,
                }
            });
            let other = sender.try_send(9).is_ok();
            (selection.join().unwrap(), other, receiver.recv().unwrap())
        })
    });
    assert!(seen.stuck.is_empty(), "{seen:?}");
    assert_eq!(seen.results, BTreeSet::from([(true, false, 1), (false, true, 9)]));
}

#[test]
fn a_selection_that_does_not_wait_does_something_else() {
    let seen = all(|| {
        let (sender, receiver) = channel::bounded::<u32>(1);
        let thread = thread::spawn(move || sender.send(1).map(|()| sender));
        let now = select! { recv(receiver) -> message => message.unwrap(), default => 0 };
        let in_time = select! {
            recv(receiver) -> message => message.unwrap(),
            default(Duration::from_secs(1)) => 0,
        };
        drop(thread.join().unwrap());
        (now, in_time)
    });
    assert!(seen.complete && seen.stuck.is_empty(), "{seen:?}");
    assert_eq!(seen.results, BTreeSet::from([(0, 0), (0, 1), (1, 0)]));
    assert_eq!(all(|| select! { default() => 3 }).results, BTreeSet::from([3]));
}

#[test]
fn a_channel_whose_other_end_is_gone_is_ready() {
    let seen = all(|| {
        let ((sender, gone), (gone_too, receiver)) = (channel::bounded::<u32>(0), channel::bounded::<u32>(0));
        let thread = thread::spawn(move || drop((gone, gone_too)));
        let failed =
            select! { send(sender, 1) -> sent => sent.is_err(), recv(receiver) -> got => got == Err(RecvError) };
        thread.join().unwrap();
        failed
    });
    assert!(seen.complete && seen.stuck.is_empty(), "{seen:?}");
    assert_eq!(seen.results, BTreeSet::from([true]));
}

#[test]
fn without_room_two_selections_meet_and_one_alone_is_stuck() {
    fn give(out: &Sender<u32>, never: &Receiver<u32>) -> u32 {
        select! { recv(never) -> _ => 0, send(out, 7) -> sent => { sent.unwrap(); 1 } }
    }
    let seen = all(|| {
        let ((out, taken), (_never, never)) = (channel::bounded(0), channel::unbounded());
        let giver = thread::spawn(move || give(&out, &never));
        let (_other, other) = channel::unbounded();
        let got = select! { recv(other) -> message => message, recv(taken) -> message => message };
        (giver.join().unwrap(), got.unwrap())
    });
    assert!(seen.complete && seen.stuck.is_empty(), "{seen:?}");
    assert_eq!(seen.results, BTreeSet::from([(1, 7)]));
    let alone = all(|| {
        let ((out, _taken), (_never, never)) = (channel::bounded(0), channel::unbounded());
        give(&out, &never)
    });
    assert!(alone.results.is_empty() && alone.stuck.len() == 1, "{alone:?}");
}

/// A selection that sends to one of two channels, and one that receives from them; 0 where it found the other end gone.
fn crossing(capacities: [usize; 2]) -> (u32, u32) {
    let ((one, from_one), (other, from_other)) = (channel::bounded(capacities[0]), channel::bounded(capacities[1]));
    let giver = thread::spawn(move || {
        let sent = select! { send(one, 1) -> sent => sent.map(|()| 1), send(other, 2) -> sent => sent.map(|()| 2) };
        sent.unwrap_or(0)
    });
    let got = select! { recv(from_other) -> message => message, recv(from_one) -> message => message };
    (giver.join().unwrap(), got.unwrap_or(0))
}

#[test]
fn random_schedules_show_nothing_that_the_interleavings_that_can_matter_do_not() {
    for capacities in [[0, 0], [0, 1], [1, 0], [1, 1]] {
        let (some, all) = (sampled(300, move || crossing(capacities)), all(move || crossing(capacities)));
        assert!(all.complete && all.stuck.is_empty(), "{capacities:?} {all:?}");
        assert!(some.results.is_subset(&all.results) && some.stuck.is_empty(), "{capacities:?} {some:?} {all:?}");
        if capacities == [0, 0] {
            assert_eq!(all.results, BTreeSet::from([(1, 1), (2, 2)]), "who sends and who receives meet");
        }
    }
}

#[test]
fn a_selection_does_not_send_to_itself() {
    let seen = all(|| {
        let (sender, receiver) = channel::bounded(0);
        select! { send(sender, 1) -> sent => sent.is_ok(), recv(receiver) -> got => got.is_ok() }
    });
    assert!(seen.results.is_empty() && seen.stuck.len() == 1, "{seen:?}");
}

#[test]
fn operations_are_selected_by_index_and_can_be_removed() {
    let body = || {
        let ((to_one, one), (to_other, other)) = (channel::unbounded(), channel::unbounded());
        to_one.send(1).unwrap();
        to_other.send(2).unwrap();
        let mut select = Select::new();
        let (of_one, of_other, of_send) = (select.recv(&one), select.recv(&other), select.send(&to_one));
        select.remove(of_one);
        select.remove(of_send);
        let ready = select.ready();
        let selected = select.select();
        let (index, message) = (selected.index(), selected.recv(&other));
        (
            ready == of_other,
            index == of_other,
            message.unwrap(),
            select.try_select().is_err(),
            select.try_ready().is_err(),
        )
    };
    let seen = all(body);
    assert!(seen.complete && seen.stuck.is_empty(), "{seen:?}");
    assert_eq!(seen.results, BTreeSet::from([body()]), "outside an execution it is the real one");
}

#[test]
fn the_body_of_an_arm_can_leave_the_loop_and_the_function_and_drop_its_channel() {
    fn first(receiver: Receiver<u32>) -> Result<u32, RecvError> {
        loop {
            select! {
                recv(receiver) -> message => {
                    let message = message?;
                    if message == 0 {
                        continue;
                    }
                    drop(receiver);
                    return Ok(message);
                }
            }
        }
    }
    let body = || {
        let (sender, receiver) = channel::unbounded();
        sender.send(0).unwrap();
        sender.send(3).unwrap();
        first(receiver)
    };
    assert_eq!(body(), Ok(3));
    assert_eq!(sampled(1, move || body().unwrap()).results, BTreeSet::from([3]));
}

#[test]
fn outside_an_execution_a_selection_waits_for_real_threads() {
    let ((to_one, one), (to_other, other)) = (channel::bounded(0), channel::bounded(0));
    let threads = [to_one, to_other].map(|sender| thread::spawn(move || (0..100).try_for_each(|n| sender.send(n))));
    let (mut sum, mut open) = (0, [true, true]);
    while open != [false, false] {
        select! {
            recv(one) -> message => message.map_or_else(|_| open[0] = false, |message: u32| sum += message),
            recv(other) -> message => message.map_or_else(|_| open[1] = false, |message| sum += message),
        }
    }
    assert_eq!(sum, 9900);
    for thread in threads {
        thread.join().unwrap().unwrap();
    }
}

#[test]
fn a_step_of_a_selection_names_the_channel_and_the_line() {
    let line = line!() + 4;
    let steps = steps(|| {
        let (sender, receiver) = channel::unbounded();
        sender.send(5).unwrap();
        assert_eq!(select! { recv(receiver) -> message => message, default => Err(RecvError) }, Ok(5));
        assert_eq!(select! { recv(receiver) -> message => message, default => Err(RecvError) }, Err(RecvError));
    });
    let words: Vec<String> = steps.iter().map(ToString::to_string).collect();
    assert_eq!(words[1..3], ["task 0: select recv sender", "task 0: select sender -> nothing is ready"], "{words:?}");
    assert_eq!(steps[1].place.line(), Some((file!(), line)));
}
