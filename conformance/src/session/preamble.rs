use std::fmt::Write;

use super::{Model, Session};

impl Session {
    /// Gives the program that shows the same as a loop of calls, which would be long if each were written
    /// down. It has loaded `model` as `m`, and has its tensors in the sets `in` and `out`. Its `body` may use
    /// `ret`, `done`, `before` and arrays `word` and `id` as well.
    pub fn program_of_runs(&self, model: &Model, body: &str) {
        let core = model.core;
        let mut text = String::from("    static void *m, *in, *out, *t;\n    static int word[8192], ret;\n");
        text.push_str("    static uint64_t id[8192], done, before;\n    static bool over;\n");
        text.push_str("    memset(word, 0x7f, sizeof word), memset(id, 0xff, sizeof id);\n");
        text.push_str("    EXPECT(nrt_init(1, \"\", \"\"), 0);\n");
        let _ = writeln!(text, "    EXPECT(nrt_load(neff, neff_size, {core}, -1, &m), 0);");
        text.push_str(
            "    EXPECT(nrt_allocate_tensor_set(&in), 0), EXPECT(nrt_allocate_tensor_set(&out), 0);\n",
        );
        for (set, signature) in [("in", &model.inputs), ("out", &model.outputs)] {
            for (name, size) in signature {
                let _ = writeln!(text, "    EXPECT(nrt_tensor_allocate(0, {core}, {size}, \"t\", &t), 0);");
                let _ = writeln!(text, "    EXPECT(nrt_add_tensor_to_tensor_set({set}, {name:?}, t), 0);");
            }
        }
        for line in body.lines() {
            let _ = writeln!(text, "    {line}");
        }
        self.program(text);
    }
}
