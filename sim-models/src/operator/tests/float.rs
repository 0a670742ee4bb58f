//! Operators on floats.

use proptest::collection::vec;
use proptest::prelude::*;
use sim_core::neff::Dtype;

use super::reference::{FLOATS, Product, codes, half_step, numbers, round};
use super::run::{floats, run, signature};

/// Numbers that add up, eight at a time, to what every type has.
fn values(count: impl Into<proptest::collection::SizeRange>) -> impl Strategy<Value = Vec<f64>> {
    vec(-1.0..1.0, count)
}

fn product() -> impl Strategy<Value = Product> {
    let dims = (1..4_usize, 1..12_usize, 0..9_usize, 1..12_usize);
    (dims, any::<[bool; 3]>()).prop_map(|((batch, m, k, n), [transpose_a, transpose_b, shared])| Product {
        batch,
        m,
        k,
        n,
        transpose_a,
        transpose_b,
        shared,
    })
}

fn rounded(dtype: Dtype, values: impl IntoIterator<Item = f64>) -> Vec<u32> {
    values.into_iter().map(|value| round(dtype, value)).collect()
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(40))]

    #[test]
    fn sums_and_products_of_two_are_rounded_as_if_they_were_exact(
        x in values(1..700), scale in 0.0..8_f64,
    ) {
        let y: Vec<f64> = x.iter().rev().map(|value| value * scale).collect();
        for (dtype, ..) in FLOATS {
            let (name, len) = (dtype.name(), x.len());
            let signature = signature(&format!("x:{name}[{len}] y:{name}[{len}] -> z:{name}[{len}]"));
            let inputs = [floats(dtype, &x), floats(dtype, &y)];
            let [x, y] = [0, 1].map(|nth: usize| numbers(dtype, &inputs[nth]));
            let pairs = || x.iter().zip(&y);
            let sum = run("add", &signature, &inputs);
            prop_assert_eq!(codes(dtype, &sum[0]), rounded(dtype, pairs().map(|(x, y)| x + y)), "{}", name);
            let product = run("mul", &signature, &inputs);
            prop_assert_eq!(codes(dtype, &product[0]), rounded(dtype, pairs().map(|(x, y)| x * y)), "{}", name);
        }
    }

    #[test]
    fn sums_of_more_are_rounded_once(x in values(9)) {
        for (dtype, ..) in FLOATS {
            let name = dtype.name();
            let signature =
                signature(&format!("x:{name}[3] y:{name}[3] z:{name}[3] -> s:{name}[3]"));
            let inputs: Vec<_> = x.chunks(3).map(|part| floats(dtype, part)).collect();
            let exact = inputs.iter().map(|bytes| numbers(dtype, bytes)).collect::<Vec<_>>();
            let sum = numbers(dtype, &run("add", &signature, &inputs)[0]);
            for (nth, sum) in sum.into_iter().enumerate() {
                let exact: f64 = exact.iter().map(|input| input[nth]).sum();
                prop_assert!((sum - exact).abs() <= half_step(dtype, exact) + 4e-7, "{name}: {sum} for {exact}");
            }
        }
    }

    #[test]
    fn matrices_are_multiplied(product in product(), seed in values(300), types in any::<[u8; 3]>()) {
        let filled = |dtype, count: usize, from: usize| {
            let values: Vec<f64> = (0..count).map(|nth| seed[(from + nth * 7) % seed.len()]).collect();
            floats(dtype, &values)
        };
        let mixed = types.map(|nth| FLOATS[usize::from(nth) % FLOATS.len()].0);
        for [left, right, output] in FLOATS.map(|(dtype, ..)| [dtype; 3]).into_iter().chain([mixed]) {
            let (operator, text) = product.texts(left, right, output);
            let matrices = if product.shared { 1 } else { product.batch };
            let inputs = [
                filled(left, product.batch * product.m * product.k, 0),
                filled(right, matrices * product.k * product.n, 100),
            ];
            let (a, b) = (numbers(left, &inputs[0]), numbers(right, &inputs[1]));
            let c = numbers(output, &run(&operator, &signature(&text), &inputs)[0]);
            let pairs = product.pairs();
            prop_assert_eq!(c.len(), pairs.len());
            for (c, pairs) in c.into_iter().zip(pairs) {
                let exact: f64 = pairs.iter().map(|&(left, right)| a[left] * b[right]).sum();
                let tolerance = half_step(output, exact) + 8.0 * 8.0 * f64::from(f32::EPSILON);
                prop_assert!((c - exact).abs() <= tolerance, "{text}: {c} for {exact}");
            }
        }
    }

    #[test]
    fn sums_along_an_axis_are_rounded_once_and_maxima_not_at_all(
        dims in [1..5_usize, 1..5_usize, 1..5_usize], axis in -3..3_i64, keep: bool, seed in values(64),
    ) {
        let [a, b, c] = dims;
        let place = usize::try_from(axis.rem_euclid(3)).expect("small");
        let reduced: Vec<String> = (0..3)
            .filter(|at| keep || *at != place)
            .map(|at| if at == place { "1".to_owned() } else { dims[at].to_string() })
            .collect();
        for (dtype, ..) in FLOATS {
            let name = dtype.name();
            let signature =
                signature(&format!("x:{name}[{a},{b},{c}] -> y:{name}[{}]", reduced.join(",")));
            let inputs = [floats(dtype, &seed[..a * b * c])];
            let x = numbers(dtype, &inputs[0]);
            let inner: usize = dims[place + 1..].iter().product();
            let lane = |nth: usize| {
                let first = nth / inner * inner * dims[place] + nth % inner;
                (0..dims[place]).map(|at| x[first + at * inner]).collect::<Vec<f64>>()
            };
            let lanes: Vec<Vec<f64>> = (0..x.len() / dims[place]).map(lane).collect();
            let run = |operation: &str| {
                let text = format!("reduce operation = \"{operation}\"\naxis = {axis}");
                codes(dtype, &run(&text, &signature, &inputs)[0])
            };
            let sums = lanes.iter().map(|lane| lane.iter().fold(0.0, |sum, x| sum + x));
            prop_assert_eq!(run("sum"), rounded(dtype, sums), "{}", signature);
            let larger = |max, x: &f64| if *x > max { *x } else { max };
            let maxima = lanes.iter().map(|lane| lane.iter().fold(f64::NEG_INFINITY, larger));
            prop_assert_eq!(run("max"), rounded(dtype, maxima), "{}", signature);
        }
    }

    #[test]
    fn shares_are_those_of_exponentials(
        dims in [1..4_usize, 1..5_usize, 1..4_usize], axis in -3..3_i64, seed in values(36), shift in -9.0..9_f64,
    ) {
        let [a, b, c] = dims;
        let place = usize::try_from(axis.rem_euclid(3)).expect("small");
        let inner: usize = dims[place + 1..].iter().product();
        let seed: Vec<f64> = seed.iter().map(|value| value + shift).collect();
        for (dtype, ..) in FLOATS {
            let name = dtype.name();
            let signature = signature(&format!("x:{name}[{a},{b},{c}] -> y:{name}[{a},{b},{c}]"));
            let inputs = [floats(dtype, &seed[..a * b * c])];
            let x = numbers(dtype, &inputs[0]);
            let y = numbers(dtype, &run(&format!("softmax axis = {axis}"), &signature, &inputs)[0]);
            for (nth, y) in y.into_iter().enumerate() {
                let first = nth / (inner * dims[place]) * inner * dims[place] + nth % inner;
                let sum: f64 = (0..dims[place]).map(|at| x[first + at * inner].exp()).sum();
                let exact = x[nth].exp() / sum;
                prop_assert!((y - exact).abs() <= half_step(dtype, exact) + 1e-6, "{name}: {y} for {exact}");
            }
        }
    }

    #[test]
    fn each_type_becomes_any_other(seed in values(20), scale in -20..20_i32) {
        let values: Vec<f64> = seed.iter().map(|value| value * 2_f64.powi(scale)).collect();
        for (from, ..) in FLOATS {
            for (to, ..) in FLOATS {
                let signature = signature(&format!("x:{}[20] -> y:{}[20]", from.name(), to.name()));
                let inputs = [floats(from, &values)];
                let expected = rounded(to, numbers(from, &inputs[0]));
                prop_assert_eq!(codes(to, &run("cast", &signature, &inputs)[0]), expected, "{}", signature);
            }
        }
    }
}

#[test]
fn what_is_below_0_becomes_0_and_nan_stays() {
    for (dtype, ..) in FLOATS {
        let signature = signature(&format!("x:{0}[6] -> y:{0}[6]", dtype.name()));
        let x = floats(dtype, &[-1.0, -0.0, 0.0, 2.5, f64::INFINITY, f64::NAN]);
        let y = numbers(dtype, &run("relu", &signature, &[x])[0]);
        assert_eq!(y[..5], [0.0, 0.0, 0.0, 2.5, f64::INFINITY]);
        assert!(y[5].is_nan() && y[1].is_sign_positive(), "{dtype:?}");
    }
}

#[test]
fn shares_of_numbers_whose_exponentials_are_too_large_are_right() {
    for (dtype, ..) in FLOATS.into_iter().filter(|(dtype, ..)| *dtype != Dtype::Fp8E3) {
        let signature = signature(&format!("x:{0}[3] -> y:{0}[3]", dtype.name()));
        let y = run("softmax", &signature, &[floats(dtype, &[224.0, 224.0, -224.0])]);
        assert_eq!(numbers(dtype, &y[0]), [0.5, 0.5, 0.0], "{dtype:?}");
    }
}

#[test]
fn one_nan_is_the_maximum_and_spoils_its_own_lane() {
    for (dtype, ..) in FLOATS {
        let name = dtype.name();
        let x = [floats(dtype, &[1.0, f64::NAN, 2.0, 1.0, f64::NEG_INFINITY, 3.0])];
        let maxima = signature(&format!("x:{name}[2,3] -> y:{name}[2]"));
        let y = numbers(dtype, &run("reduce operation = \"max\"\naxis = 1", &maxima, &x)[0]);
        assert!(y[0].is_nan() && y[1] == 3.0, "{dtype:?} {y:?}");
        let y =
            numbers(dtype, &run("softmax", &signature(&format!("x:{name}[2,3] -> y:{name}[2,3]")), &x)[0]);
        assert!(y[..3].iter().all(|y| y.is_nan()) && y[4] == 0.0, "{dtype:?} {y:?}");
    }
}
