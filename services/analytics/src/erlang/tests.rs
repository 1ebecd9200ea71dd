use proptest::prelude::*;

use super::c::blocking;
use super::*;

#[track_caller]
fn near(value: f64, expected: f64, tolerance: f64) {
    assert!(
        (value - expected).abs() <= tolerance,
        "{value} is not {expected}"
    );
}

/// 100 calls in half an hour.
const CALLS: f64 = 100.0 / 1_800.0;

#[test]
fn c_agrees_with_pyworkforce() {
    let c = ErlangC::new(CALLS, 180.0, 14).unwrap();
    near(c.erlangs(), 10.0, 1e-12);
    near(c.wait_probability(), 0.174_132, 5e-7);
    near(c.service_level(20.0), 0.888_350, 5e-7);
    near(c.asa_s(), 7.8359, 5e-5);
    near(c.occupancy(), 0.714_286, 5e-7);
    let c = ErlangC::new(CALLS, 180.0, 13).unwrap();
    near(c.service_level(20.0), 0.795_59, 5e-6);
    near(c.asa_s(), 17.116, 5e-4);
    let fewest = ErlangC::for_target(CALLS, 180.0, 0.8, 20.0).unwrap();
    assert_eq!(fewest.agents(), 14);
}

#[test]
fn a_agrees_with_pyworkforce() {
    let a = ErlangA::new(CALLS, 180.0, 13, 300.0).unwrap();
    near(a.service_level(20.0).unwrap(), 0.858_178, 5e-7);
    near(a.occupancy(), 0.750_028, 5e-7);
    near(a.abandon_probability(), 0.024_963, 5e-7);
    near(a.wait_probability(), 0.225_797, 5e-7);
    near(a.wait_s(), 7.489, 5e-4);
}

#[test]
fn small_cases_are_fractions() {
    near(blocking(3, 2.0), 4.0 / 19.0, 1e-15);
    let c = |erlangs, agents| {
        ErlangC::new(erlangs, 1.0, agents)
            .unwrap()
            .wait_probability()
    };
    near(c(2.0, 3), 4.0 / 9.0, 1e-15);
    near(c(1.0, 2), 1.0 / 3.0, 1e-15);
    near(c(0.7, 1), 0.7, 1e-15);
}

/// With patience as long as handling, the number in the system is Poisson.
#[test]
fn patience_like_handling_makes_a_poisson_crowd() {
    let a = ErlangA::new(0.48, 100.0, 50, 100.0).unwrap();
    near(a.wait_probability(), 0.405_404_4, 5e-8);
    let mut term = (-48.0_f64).exp();
    let mut below = 0.0;
    for n in 0..50 {
        below += term;
        term *= 48.0 / f64::from(n + 1);
    }
    near(a.wait_probability(), 1.0 - below, 1e-10);
}

#[test]
fn endless_patience_makes_a_into_c() {
    let c = ErlangC::new(CALLS, 180.0, 13).unwrap();
    for patience_s in [f64::INFINITY, 1e10] {
        let a = ErlangA::new(CALLS, 180.0, 13, patience_s).unwrap();
        near(a.wait_probability(), c.wait_probability(), 1e-6);
        near(a.wait_s(), c.asa_s(), 1e-4);
        near(a.service_level(20.0).unwrap(), c.service_level(20.0), 1e-6);
        near(a.line_length(), c.line_length(), 1e-5);
    }
}

#[test]
fn wait_quantile_is_where_the_service_level_is() {
    let c = ErlangC::new(CALLS, 180.0, 13).unwrap();
    for quantile in [0.8, 0.9, 0.99] {
        near(
            c.service_level(c.wait_quantile_s(quantile)),
            quantile,
            1e-12,
        );
    }
    near(c.wait_quantile_s(0.5), 0.0, 0.0);
    assert!(c.wait_quantile_s(1.0).is_nan());
}

#[test]
fn load_that_cannot_be_borne_has_no_answer() {
    let c = |agents| ErlangC::new(CALLS, 180.0, agents).map(|_| ());
    assert_eq!(c(10), Err(NoAnswer::Unstable));
    assert_eq!(c(9), Err(NoAnswer::Unstable));
    assert_eq!(c(11), Ok(()));
    let a = |patience_s| ErlangA::new(CALLS, 180.0, 10, patience_s).map(|_| ());
    assert_eq!(a(f64::INFINITY), Err(NoAnswer::Unstable));
    assert_eq!(a(60.0), Ok(()), "those who give up make room");
}

#[test]
fn nonsense_has_no_answer() {
    let c = |arrivals, aht_s, agents| ErlangC::new(arrivals, aht_s, agents).err();
    assert_eq!(c(0.0, 1.0, 1), Some(NoAnswer::OutOfRange("arrivals_per_s")));
    assert_eq!(
        c(f64::NAN, 1.0, 1),
        Some(NoAnswer::OutOfRange("arrivals_per_s"))
    );
    assert_eq!(
        c(1.0, f64::INFINITY, 1),
        Some(NoAnswer::OutOfRange("aht_s"))
    );
    assert_eq!(c(1.0, 0.5, 0), Some(NoAnswer::OutOfRange("agents")));
    let a = |patience_s| ErlangA::new(1.0, 0.5, 1, patience_s).err();
    assert_eq!(a(0.0), Some(NoAnswer::OutOfRange("patience_s")));
    assert_eq!(a(f64::NAN), Some(NoAnswer::OutOfRange("patience_s")));
    let target = ErlangC::for_target(1.0, 1.0, 1.0, 20.0).err();
    assert_eq!(target, Some(NoAnswer::OutOfRange("target")));
    let late = ErlangA::new(1.0, 0.5, 1, 9.0).unwrap().service_level(-1.0);
    assert_eq!(late, Err(NoAnswer::OutOfRange("within_s")));
}

#[test]
fn agents_are_found_for_a_load_that_few_could_not_even_be_computed_with() {
    let fewest = ErlangA::for_target(20.0, 100.0, 1e6, 0.8, 20.0).unwrap();
    assert!(
        (2_000..2_100).contains(&fewest.agents()),
        "{}",
        fewest.agents()
    );
    let late = ErlangA::for_target(1.0, 1.0, 60.0, 0.8, f64::NAN).err();
    assert_eq!(late, Some(NoAnswer::OutOfRange("within_s")));
    let many = ErlangA::for_target(1e6, 100.0, 60.0, 0.8, 20.0).err();
    assert_eq!(many, Some(NoAnswer::OutOfRange("agents")));
}

/// Odd numbers must not keep a processor busy: each of these took minutes.
#[test]
fn question_that_takes_too_much_work_is_refused() {
    let questions = [
        (1.0, 3_600.0, 1e9, 86_400.0),
        (1e-3, 1e7, 1e9, 1e9),
        (500.0, 19.0, 1e5, 900.0),
    ];
    for (arrivals_per_s, aht_s, patience_s, within_s) in questions {
        let fewest = ErlangA::for_target(arrivals_per_s, aht_s, patience_s, 0.8, within_s);
        assert_eq!(fewest.err(), Some(NoAnswer::TooLong));
    }
    let great_desk = ErlangA::for_target(50.0, 100.0, 600.0, 0.8, 60.0).unwrap();
    assert!((4_000..5_200).contains(&great_desk.agents()));
}

#[test]
fn great_loads_do_not_overflow() {
    let a = ErlangA::new(50.0, 100.0, 5_000, 200.0).unwrap();
    assert!(a.wait_probability() > 0.0 && a.wait_probability() < 1.0);
    let idle = ErlangA::new(0.001, 1.0, 2_000, 60.0).unwrap();
    near(idle.service_level(1.0).unwrap(), 1.0, 1e-12);
}

proptest! {
    #[test]
    fn c_is_above_b_and_more_agents_help(erlangs in 0.1_f64..200.0, more in 1_u32..30, within_s in 0.0_f64..60.0) {
        let agents = (1..).find(|n| f64::from(*n) > erlangs).unwrap() + more;
        let few = ErlangC::new(erlangs / 100.0, 100.0, agents).unwrap();
        let many = ErlangC::new(erlangs / 100.0, 100.0, agents + 1).unwrap();
        prop_assert!(few.wait_probability() >= few.blocking_probability());
        prop_assert!(many.service_level(within_s) >= few.service_level(within_s));
        prop_assert!(many.asa_s() <= few.asa_s());
    }

    #[test]
    fn fewest_agents_are_enough_and_one_less_is_not(erlangs in 0.1_f64..100.0, target in 0.5_f64..0.99) {
        let fewest = ErlangC::for_target(erlangs / 100.0, 100.0, target, 20.0).unwrap();
        prop_assert!(fewest.service_level(20.0) >= target);
        if let Ok(less) = ErlangC::new(erlangs / 100.0, 100.0, fewest.agents() - 1) {
            prop_assert!(less.service_level(20.0) < target);
        }
    }

    #[test]
    fn fewest_agents_for_impatient_customers_are_enough(erlangs in 0.1_f64..60.0, target in 0.3_f64..0.99) {
        let fewest = ErlangA::for_target(erlangs / 100.0, 100.0, 120.0, target, 20.0).unwrap();
        prop_assert!(fewest.service_level(20.0).unwrap() >= target);
        if fewest.agents() > 1 {
            let less = ErlangA::new(erlangs / 100.0, 100.0, fewest.agents() - 1, 120.0).unwrap();
            prop_assert!(less.service_level(20.0).unwrap() < target);
        }
    }

    #[test]
    fn a_abandons_more_under_more_load(agents in 1_u32..60, erlangs in 0.5_f64..80.0, patience_s in 10.0_f64..1_000.0) {
        let light = ErlangA::new(erlangs / 100.0, 100.0, agents, patience_s).unwrap();
        let heavy = ErlangA::new(erlangs * 1.05 / 100.0, 100.0, agents, patience_s).unwrap();
        prop_assert!(heavy.abandon_probability() >= light.abandon_probability() - 1e-12);
        let busy = light.occupancy();
        prop_assert!((0.0..=1.0 + 1e-9).contains(&busy), "{}", busy);
    }

    #[test]
    fn a_answers_more_as_time_goes_on(agents in 1_u32..30, erlangs in 0.5_f64..40.0, within_s in 0.0_f64..200.0) {
        let a = ErlangA::new(erlangs / 100.0, 100.0, agents, 120.0).unwrap();
        let (now, later) = (a.service_level(within_s).unwrap(), a.service_level(within_s + 5.0).unwrap());
        prop_assert!(later >= now - 1e-12);
        // In the end all who have not given up are answered.
        let end = a.service_level(20_000.0).unwrap();
        prop_assert!((end - (1.0 - a.abandon_probability())).abs() < 1e-9);
    }
}
