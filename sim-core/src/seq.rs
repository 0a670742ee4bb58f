//! Which queue a request is on, and its number there: the 64-bit sequence id.

/// The kinds of execution unit a logical core has.
///
/// The first three are those of SDK 2.29 and later, with the header's numbers. The last two serve
/// programs built for 2.28, where reads and writes had units of their own; no id of theirs can be
/// confused with another's.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[repr(u8)]
pub enum UnitKind {
    /// Reads, writes and copies of tensors.
    TensorOp = 0,
    /// Runs of models.
    Compute = 1,
    /// Collective operations.
    Collectives = 2,
    /// Reads of tensors by programs built for SDK 2.28.
    TensorRead = 3,
    /// Writes of tensors by programs built for SDK 2.28.
    TensorWrite = 4,
}

impl UnitKind {
    /// Every kind, by rising number.
    pub const ALL: [UnitKind; 5] = [
        UnitKind::TensorOp,
        UnitKind::Compute,
        UnitKind::Collectives,
        UnitKind::TensorRead,
        UnitKind::TensorWrite,
    ];

    /// How many queues a unit of this kind has (guide; the two kinds of 2.28: chosen here).
    pub const fn queues(self) -> u8 {
        match self {
            UnitKind::TensorOp => 2,
            UnitKind::Collectives => 3,
            UnitKind::Compute | UnitKind::TensorRead | UnitKind::TensorWrite => 1,
        }
    }

    /// The word for this kind in reports and fault plans.
    pub const fn name(self) -> &'static str {
        match self {
            UnitKind::TensorOp => "tensor-op",
            UnitKind::Compute => "compute",
            UnitKind::Collectives => "collectives",
            UnitKind::TensorRead => "tensor-read",
            UnitKind::TensorWrite => "tensor-write",
        }
    }

    /// The place of this kind's first queue among a core's queues.
    const fn first(self) -> usize {
        match self {
            UnitKind::TensorOp => 0,
            UnitKind::Compute => 2,
            UnitKind::Collectives => 3,
            UnitKind::TensorRead => 6,
            UnitKind::TensorWrite => 7,
        }
    }
}

/// One in-order queue of one execution unit: the place where sequence numbers count.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct UnitId {
    /// Logical core, counted within the process.
    pub core: u8,
    /// Kind of unit.
    pub kind: UnitKind,
    /// Queue, below [`UnitKind::queues`].
    pub queue: u8,
}

impl UnitId {
    /// How many queues each logical core has.
    pub const PER_CORE: usize = 8;

    /// The queue at `place` when all queues of all cores stand in a row.
    pub fn at(place: usize) -> UnitId {
        let rest = place % UnitId::PER_CORE;
        let kind = UnitKind::ALL.into_iter().rev().find(|kind| kind.first() <= rest);
        let kind = kind.filter(|kind| rest < kind.first() + usize::from(kind.queues()));
        // The kinds in order of `first` are those of ALL, so the last that begins at or before `rest` holds it.
        let kind = kind.expect("the queues of all kinds fill a core's row");
        let core = u8::try_from(place / UnitId::PER_CORE).expect("at most 256 cores");
        UnitId { core, kind, queue: u8::try_from(rest - kind.first()).expect("at most 3 queues") }
    }

    /// The inverse of [`UnitId::at`].
    pub const fn place(self) -> usize {
        self.core as usize * UnitId::PER_CORE + self.kind.first() + self.queue as usize
    }

    /// The upper 16 bits of this queue's sequence ids (observed): core, queue, kind.
    pub const fn bits(self) -> u16 {
        (self.core as u16) << 8 | (self.queue as u16) << 4 | self.kind as u16
    }

    /// The queue whose ids begin with `bits`, if there can be one.
    fn from_bits(bits: u16) -> Option<UnitId> {
        let [core, low] = bits.to_be_bytes();
        let kind = *UnitKind::ALL.get(usize::from(low & 0xf))?;
        let queue = low >> 4;
        (queue < kind.queues()).then_some(UnitId { core, kind, queue })
    }
}

/// A sequence id: a queue and the number of a request on it, as the header lays it out.
///
/// Numbers of one queue begin at 1 and rise by one; 0 stands for "nothing yet".
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Seq(u64);

impl Seq {
    /// The largest number of a request: the lower 48 bits of an id (header).
    pub const NUM_MAX: u64 = (1 << 48) - 1;

    /// The id of request `num` on `unit`.
    pub const fn new(unit: UnitId, num: u64) -> Seq {
        assert!(num <= Seq::NUM_MAX, "a queue never issues 2^48 requests");
        Seq((unit.bits() as u64) << 48 | num)
    }

    /// An id as a program passed it: the queue it names and the number, or `None` if no queue has such ids.
    pub fn decode(raw: u64) -> Option<(UnitId, u64)> {
        let bits = u16::try_from(raw >> 48).expect("16 bits are left");
        Some((UnitId::from_bits(bits)?, raw & Seq::NUM_MAX))
    }

    /// The number of the request on its queue.
    pub const fn num(self) -> u64 {
        self.0 & Seq::NUM_MAX
    }

    /// The 64 bits C sees.
    pub const fn raw(self) -> u64 {
        self.0
    }
}

#[cfg(test)]
mod tests {
    use super::{Seq, UnitId, UnitKind};

    #[test]
    fn ids_look_as_the_header_lays_them_out() {
        let compute = UnitId { core: 0, kind: UnitKind::Compute, queue: 0 };
        assert_eq!(Seq::new(compute, 1).raw(), 0x0001_0000_0000_0001);
        assert_eq!(Seq::new(UnitId { core: 1, ..compute }, 1).raw(), 0x0101_0000_0000_0001);
        let tensor = UnitId { core: 0, kind: UnitKind::TensorOp, queue: 1 };
        assert_eq!(Seq::new(tensor, 1).raw(), 0x0010_0000_0000_0001);
    }

    #[test]
    fn each_place_is_one_queue_and_each_id_names_it() {
        for place in 0..256 * UnitId::PER_CORE {
            let unit = UnitId::at(place);
            assert_eq!(unit.place(), place);
            assert_eq!(Seq::decode(Seq::new(unit, 7).raw()), Some((unit, 7)));
        }
    }

    #[test]
    fn an_id_of_no_queue_is_refused() {
        for bits in [0x0005_u64, 0x000f, 0x0021, 0x0011, 0x0032, 0x0013] {
            assert_eq!(Seq::decode(bits << 48 | 1), None, "{bits:#06x}");
        }
    }
}
