//! Operators on integers.

use proptest::collection::vec;
use proptest::prelude::*;
use sim_core::neff::Dtype;

use super::reference::{INTEGERS, Product, integer, integers, wrap};
use super::run::{run, signature};

/// `count` elements of `dtype` from random bytes.
fn elements(dtype: Dtype, count: usize, seed: &[u8], from: usize) -> Vec<u8> {
    let (_, bits, _) = integer(dtype);
    let len = count * usize::try_from(bits / 8).expect("small");
    (0..len).map(|at| seed[(from + at) % seed.len()]).collect()
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(40))]

    #[test]
    fn sums_and_products_wrap(seed in vec(any::<u8>(), 97), len in 1..600_usize) {
        for (dtype, ..) in INTEGERS {
            let name = dtype.name();
            let text = format!("x:{name}[{len}] y:{name}[{len}] z:{name}[{len}] -> s:{name}[{len}]");
            let inputs = [0, 31, 62].map(|from| elements(dtype, len, &seed, from));
            let [x, y, z] = [0, 1, 2].map(|nth: usize| integers(dtype, &inputs[nth]));
            let run = |operator| integers(dtype, &run(operator, &signature(&text), &inputs)[0]);
            let (sums, products) = (run("add"), run("mul"));
            for nth in 0..len {
                prop_assert_eq!(sums[nth], wrap(dtype, x[nth] + y[nth] + z[nth]), "{}", name);
                let product = wrap(dtype, x[nth].wrapping_mul(y[nth]));
                prop_assert_eq!(products[nth], wrap(dtype, product.wrapping_mul(z[nth])), "{}", name);
            }
        }
    }

    #[test]
    fn matrices_are_multiplied_modulo_the_type(
        seed in vec(any::<u8>(), 997), dims in (1..4_usize, 1..7_usize, 0..9_usize, 1..7_usize),
        flags: [bool; 3], types: [u8; 3],
    ) {
        let ((batch, m, k, n), [transpose_a, transpose_b, shared]) = (dims, flags);
        let product = Product { batch, m, k, n, transpose_a, transpose_b, shared };
        let mixed = types.map(|nth| INTEGERS[usize::from(nth) % INTEGERS.len()].0);
        for [left, right, output] in INTEGERS.map(|(dtype, ..)| [dtype; 3]).into_iter().chain([mixed]) {
            let (operator, text) = product.texts(left, right, output);
            let matrices = if shared { 1 } else { batch };
            let inputs = [elements(left, batch * m * k, &seed, 0), elements(right, matrices * k * n, &seed, 500)];
            let (a, b) = (integers(left, &inputs[0]), integers(right, &inputs[1]));
            let c = integers(output, &run(&operator, &signature(&text), &inputs)[0]);
            let sum = |pairs: Vec<(usize, usize)>| {
                pairs.into_iter().fold(0, |sum: i128, (left, right)| wrap(output, sum + wrap(Dtype::U64, a[left].wrapping_mul(b[right]))))
            };
            let exact: Vec<i128> = product.pairs().into_iter().map(sum).collect();
            prop_assert_eq!(c, exact, "{}", text);
        }
    }

    #[test]
    fn sums_wrap_and_maxima_are_exact(seed in vec(any::<u8>(), 97), rows in 1..5_usize, columns in 1..5_usize) {
        for (dtype, ..) in INTEGERS {
            for (wider, ..) in INTEGERS {
                let text = format!("x:{}[{rows},{columns}] -> y:{}[{columns}]", dtype.name(), wider.name());
                let inputs = [elements(dtype, rows * columns, &seed, 0)];
                let x = integers(dtype, &inputs[0]);
                let column = |nth| x.iter().skip(nth).step_by(columns);
                let run = |operation: &str| {
                    let operator = format!("reduce operation = \"{operation}\"\naxis = 0");
                    integers(wider, &run(&operator, &signature(&text), &inputs)[0])
                };
                let sums: Vec<i128> = (0..columns).map(|nth| wrap(wider, column(nth).sum())).collect();
                prop_assert_eq!(run("sum"), sums, "{}", text);
                let maxima = (0..columns).map(|nth| wrap(wider, *column(nth).max().expect("a row")));
                prop_assert_eq!(run("max"), maxima.collect::<Vec<_>>(), "{}", text);
            }
        }
    }

    #[test]
    fn each_type_becomes_any_other_by_its_lowest_bits(seed in vec(any::<u8>(), 97), len in 0..600_usize) {
        for (from, ..) in INTEGERS {
            for (to, ..) in INTEGERS {
                let text = format!("x:{}[{len}] -> y:{}[{len}]", from.name(), to.name());
                let inputs = [elements(from, len, &seed, 0)];
                let exact: Vec<i128> = integers(from, &inputs[0]).into_iter().map(|x| wrap(to, x)).collect();
                prop_assert_eq!(integers(to, &run("cast", &signature(&text), &inputs)[0]), exact, "{}", text);
            }
        }
    }

    #[test]
    fn what_is_below_0_becomes_0(seed in vec(any::<u8>(), 97)) {
        for (dtype, ..) in INTEGERS {
            let inputs = [elements(dtype, 40, &seed, 0)];
            let exact: Vec<i128> = integers(dtype, &inputs[0]).into_iter().map(|x| x.max(0)).collect();
            let signature = signature(&format!("x:{0}[40] -> y:{0}[40]", dtype.name()));
            prop_assert_eq!(integers(dtype, &run("relu", &signature, &inputs)[0]), exact, "{:?}", dtype);
        }
    }
}
