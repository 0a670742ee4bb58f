use std::fmt::Write;

use super::Model;

impl Model {
    /// What a rule's own program does to have such a model: loads it into `model`, with tensors for it in the
    /// sets `in` and `out`. All of them are the program's variables, and so is `tensor`, the last output.
    #[must_use]
    pub fn in_c(&self) -> String {
        let mut text = String::from("    load_neff(argv[1]);\n");
        let _ = writeln!(text, "    EXPECT(nrt_load(neff, neff_size, {}, -1, &model), 0);", self.core);
        for (set, tensors) in [("in", &self.inputs), ("out", &self.outputs)] {
            let _ = writeln!(text, "    EXPECT(nrt_allocate_tensor_set(&{set}), 0);");
            for (name, size) in tensors {
                let core = self.core;
                let _ = writeln!(
                    text,
                    "    EXPECT(nrt_tensor_allocate(0, {core}, {size}, {name:?}, &tensor), 0);\n    \
                     EXPECT(nrt_add_tensor_to_tensor_set({set}, {name:?}, tensor), 0);"
                );
            }
        }
        text
    }
}
