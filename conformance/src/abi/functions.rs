use std::sync::LazyLock;

use super::{NRT_2, NRT_3, NRT_SIM, Sdk};

/// A function of the library.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Function {
    /// Its name.
    pub name: &'static str,
    /// Its symbol version.
    pub version: &'static str,
    /// The releases that have it, first and last; `None` for what only simulators offer.
    pub sdks: Option<(Sdk, Sdk)>,
    /// What it returns and takes, as C types; `None` if that is not public.
    pub prototype: Option<(&'static str, Vec<&'static str>)>,
}

/// What comes back from a function.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Returns {
    /// Nothing.
    Nothing,
    /// A status, or another `int`.
    Status,
    /// An address or a number of 64 bits.
    Value,
}

impl Function {
    /// The function of that name under that version, or under its newest if none is given.
    #[must_use]
    pub fn find(name: &str, version: Option<&str>) -> Option<&'static Function> {
        let mut all = functions().iter().rev();
        all.find(|function| {
            function.name == name && version.is_none_or(|version| function.version == version)
        })
    }

    /// What comes back from it.
    #[must_use]
    pub fn returns(&self) -> Returns {
        match self.prototype {
            Some(("void", _)) | None => Returns::Nothing,
            Some(("int" | "bool", _)) => Returns::Status,
            Some(_) => Returns::Value,
        }
    }

    /// Whether the releases that have it include `sdk`.
    #[must_use]
    pub fn is_in(&self, sdk: Sdk) -> bool {
        self.sdks.is_some_and(|(first, last)| first <= sdk && sdk <= last)
    }

    /// The name that a C program gives it: the old forms of `nrta_*` need one of their own.
    #[must_use]
    pub fn c_name(&self) -> String {
        let newest = Function::find(self.name, None).is_some_and(|newest| newest == self);
        if newest { self.name.to_owned() } else { format!("old_{}", self.name) }
    }
}

/// All functions, sorted by name and then by version.
pub fn functions() -> &'static [Function] {
    static FUNCTIONS: LazyLock<Vec<Function>> = LazyLock::new(|| {
        include_str!("functions.txt").lines().filter(|line| !line.starts_with('#')).map(parse).collect()
    });
    &FUNCTIONS
}

/// One line of the table, which is part of this program: what is wrong in it is a mistake here.
fn parse(line: &'static str) -> Function {
    let mut words = line.split_whitespace();
    let mut word = || words.next().expect("four columns");
    let (name, version, range) = (word(), word(), word());
    let version =
        [NRT_2, NRT_3, NRT_SIM].into_iter().find(|known| *known == version).expect("a known version");
    let sdk = |text: &str, open| if text.is_empty() { open } else { text.parse().expect("a release") };
    let sdks = (range != "-").then(|| {
        let (first, last) = range.split_once('-').expect("a range");
        (sdk(first, Sdk::V2_28), sdk(last, Sdk::V2_33))
    });
    let prototype = line.split_once('(').map(|(before, arguments)| {
        let returned = before.rsplit_once(range).expect("the range is before it").1.trim();
        let arguments = arguments.strip_suffix(')').expect("a closed list");
        (returned, arguments.split(", ").filter(|argument| !argument.is_empty()).collect())
    });
    Function { name, version, sdks, prototype }
}

#[cfg(test)]
mod tests {
    use super::{Function, NRT_2, NRT_3, Returns, functions};

    #[test]
    fn the_table_is_read() {
        assert!(functions().len() > 170);
        assert!(functions().is_sorted_by_key(|function| function.sdks.is_none()));
        let schedule = Function::find("nrta_tensor_read", None).expect("there is one");
        assert_eq!((schedule.version, schedule.c_name().as_str()), (NRT_3, "nrta_tensor_read"));
        let (returned, arguments) = schedule.prototype.clone().expect("a prototype");
        assert_eq!((returned, arguments.len(), arguments[2]), ("int", 8, "uint64_t"));
        let old = Function::find("nrta_tensor_read", Some(NRT_2)).expect("there is one");
        assert_eq!(old.c_name(), "old_nrta_tensor_read");
        let va = Function::find("nrt_tensor_get_va", None).expect("there is one");
        assert_eq!(va.returns(), Returns::Value);
        assert_eq!(Function::find("nrt_close", None).map(Function::returns), Some(Returns::Nothing));
    }
}
