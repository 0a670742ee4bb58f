//! What operators refuse, and that the refusal says what to look at.

use super::run::{operator, prepare, signature};

/// Operator, tensors, and words of the refusal.
const REFUSED: &[(&str, &str, &[&str])] = &[
    ("identity", "x:int8[2] -> y:int8[3]", &["x:int8[2]", "y:int8[3]", "echo"]),
    ("identity", "x:int8[2] -> y:uint8[2]", &["x:int8[2]", "y:uint8[2]", "cast"]),
    ("identity", "x:int8[2] z:int8[2] -> y:int8[2]", &["2 inputs and 1 outputs", "inputs"]),
    ("identity", "x:int8[2] ->", &["1 inputs and 0 outputs"]),
    ("identity inputs = [\"w\"]", "x:int8[2] -> y:int8[2]", &["\"w\"", "it has x"]),
    ("echo inputs = [\"w\"]", "-> y:int8[2]", &["\"w\"", "it has none"]),
    ("add", "x:int8[2] -> y:int8[2]", &["two or more", "here are 1"]),
    ("add", "x:int8[2] w:int8[2] -> y:int8[2] z:int8[2]", &["one output", "2: y, z"]),
    ("add", "x:int8[2] w:int8[2] ->", &["one output", "0: none"]),
    ("add", "x:int8[2] w:int16[2] -> y:int8[2]", &["type", "w:int16[2]", "y:int8[2]", "cast"]),
    ("mul", "x:int8[2] w:int8[1] -> y:int8[2]", &["mul keeps the shape", "w:int8[1]", "y:int8[2]"]),
    ("add", "x:complex64[2] w:int8[2] -> y:int8[2]", &["x:unknown[2]", "unknown type", "echo"]),
    ("relu", "x:int8[2] -> y:int16[2]", &["type", "x:int8[2]", "y:int16[2]"]),
    ("cast", "x:int8[2] -> y:int16[2,1]", &["shape", "x:int8[2]", "y:int16[2,1]"]),
    ("softmax", "x:int8[2] -> y:float32[2]", &["floats", "x:int8[2]"]),
    ("softmax axis = 1", "x:float16[2] -> y:float16[2]", &["x:float16[2]", "no axis 1", "-1 to 0"]),
    ("softmax", "x:float16[] -> y:float16[]", &["no axis -1", "none"]),
    (
        "softmax axis = -9223372036854775808",
        "x:float16[2] -> y:float16[2]",
        &["no axis -9223372036854775808"],
    ),
    ("reduce operation = \"sum\"", "x:int8[2] w:int8[2] -> y:int8[] z:int8[]", &["one input and one output"]),
    ("reduce operation = \"sum\"", "x:int8[2] -> y:float32[]", &["y:float32[]", "x:int8[2]"]),
    ("reduce operation = \"sum\"\naxis = 0", "x:int8[2,3] -> y:int8[2]", &["[3] or [1, 3]", "y:int8[2]"]),
    ("reduce operation = \"max\"", "x:int8[0] -> y:int8[]", &["no maximum", "x:int8[0]"]),
    ("constant value = 128", "-> y:int8[2]", &["128", "y:int8[2]", "-128 to 127"]),
    ("constant value = -1", "-> y:uint64[2]", &["-1", "0 to 18446744073709551615"]),
    ("constant value = 0.5", "-> y:int8[2]", &["0.5", "whole numbers"]),
    ("constant value = nan", "-> y:int8[2]", &["NaN", "whole numbers"]),
    ("constant value = 70000", "-> y:float16[2]", &["70000", "too large", "y:float16[2]"]),
    ("constant value = 1", "x:int8[2] ->", &["needs an output"]),
    ("matmul", "x:int8[2,2] -> y:int8[2,2]", &["two inputs", "here are 1"]),
    ("matmul", "x:int8[2,2] y:float16[2,2] -> z:int8[2,2]", &["not both", "y:float16[2,2]"]),
    ("matmul", "x:int8[2,3] y:int8[4,2] -> z:int8[2,2]", &["3 elements of x", "4 of y", "transpose_b"]),
    ("matmul", "x:int8[2] y:int8[2,2] -> z:int8[2]", &["two dimensions", "x:int8[2]"]),
    ("matmul", "x:int8[5,2,2] y:int8[4,2,2] -> z:int8[5,2,2]", &["leading dimensions", "y:int8[4,2,2]"]),
    ("matmul", "x:int8[2,3] y:int8[3,4] -> z:int8[4,2]", &["[2, 4]", "z:int8[4,2]"]),
    ("matmul transpose_a = true", "x:int8[2,3] y:int8[3,4] -> z:int8[2,4]", &["2 elements of x", "3 of y"]),
];

#[test]
fn what_does_not_suit_is_refused_by_name() {
    for (operator, tensors, words) in REFUSED {
        let refusal = prepare(operator, &signature(tensors)).err();
        let refusal = refusal.unwrap_or_else(|| panic!("{operator} takes {tensors}")).to_string();
        for word in *words {
            assert!(refusal.contains(word), "{operator} on {tensors}: {refusal:?} does not say {word:?}");
        }
        assert!(!refusal.contains('\n'), "{refusal}");
    }
}

#[test]
fn a_size_that_is_not_that_of_the_elements_is_refused() {
    const LARGE: u64 = 1 << 40;
    for (shape, size) in [
        (vec![2, 2], 7),
        (vec![2, 2], 9),
        (vec![0], 2),
        (vec![], 3),
        (vec![LARGE, LARGE], u64::MAX),
        (vec![LARGE, LARGE, 0], 0),
        (vec![u64::MAX, 2], u64::MAX - 1),
        (vec![u64::MAX, 0], 0),
    ] {
        let operators =
            ["add inputs = [\"x\", \"x\"]", "relu", "cast", "softmax", "matmul inputs = [\"x\", \"x\"]"];
        for operator in operators.into_iter().chain(["reduce operation = \"sum\"", "constant value = 1"]) {
            let mut signature = signature("x:float16[2,2] -> y:float16[2,2]");
            for spec in signature.inputs.iter_mut().chain(&mut signature.outputs) {
                (spec.shape, spec.size) = (shape.clone(), size);
            }
            let refusal = prepare(operator, &signature).err();
            let refusal = refusal.unwrap_or_else(|| panic!("{operator} takes {shape:?} of {size} bytes"));
            assert!(refusal.0.contains(&format!("{size} bytes")), "{refusal}");
        }
    }
}

#[test]
fn settings_are_refused_by_name() {
    for (name, settings, word) in [
        ("matmul", "transposed = true", "transposed"),
        ("zeros", "value = 1", "value"),
        ("reduce", "axis = 1", "operation"),
        ("reduce", "operation = \"mean\"", "mean"),
        ("constant", "", "value"),
        ("constant", "value = \"1\"", "a number"),
        ("matmul", "inputs = [\"x\"]", "inputs = [\"x\"] has 1 names where 2 are needed"),
        ("reduce", "inputs = []\noperation = \"sum\"", "inputs = [] has 0 names where 1 are needed"),
        ("add", "inputs = \"x\"", "sequence"),
        ("sub", "", "unknown variant `sub`"),
    ] {
        let error = operator(&format!("{name} {settings}")).expect_err(settings).to_string();
        assert!(error.contains(word), "{name} {settings}: {error}");
    }
}
