//! Device lists, batch by batch, as the service cuts them: memory is one batch, whatever the size of the file.

use manifest::{Cut, CutLimits, Cutter, Dialect, FileProblem, sniff};
use muster_core::channel::Channel;
use muster_core::upload::{Batch, MAX_BATCH_BYTES};

use crate::failure::Failure;
use crate::input::Input;

/// How much of a file decides about encoding, dialect and header; also what is read at once.
const WINDOW: usize = 1 << 20;

/// A device list that was recognised.
pub(crate) struct List {
    input: Input,
    /// How it is written.
    pub(crate) dialect: Dialect,
}

impl List {
    /// Recognises a list, or says why it is none.
    pub(crate) fn open(mut input: Input) -> Result<Result<Self, FileProblem>, Failure> {
        let mut window = Vec::new();
        input.read_at(0, WINDOW, &mut window)?;
        let whole = window.len() as u64 >= input.size();
        Ok(sniff(&window, whole).map(|dialect| Self { input, dialect }))
    }

    /// Cuts the list and gives each batch with its bytes to `each`. Reading stops when `each` says so.
    pub(crate) fn for_each(
        &mut self,
        limits: CutLimits,
        mut each: impl FnMut(&[u8], &Batch, &Dialect) -> Result<(), Failure>,
    ) -> Result<(), Failure> {
        let mut cutter = Cutter::new(&self.dialect, limits);
        let (mut window, mut bytes, mut cuts) = (Vec::new(), Vec::new(), Vec::new());
        let mut offset = 0;
        loop {
            self.input.read_at(offset, WINDOW, &mut window)?;
            if window.is_empty() {
                break;
            }
            offset += window.len() as u64;
            cutter.push(&window, &mut cuts);
            self.give(&mut cuts, &mut bytes, &mut each)?;
        }
        cutter.finish(&mut cuts);
        self.give(&mut cuts, &mut bytes, &mut each)
    }

    /// Reads the bytes of a batch of this list.
    pub(crate) fn read(&mut self, batch: &Batch, bytes: &mut Vec<u8>) -> Result<(), Failure> {
        let length = usize::try_from(batch.end - batch.start).unwrap_or(usize::MAX);
        self.input.read_at(batch.start, length, bytes)?;
        if bytes.len() < length {
            let what = format!(
                "{} became shorter while it was read",
                crate::output::path(self.input.path())
            );
            return Err(Failure::new(
                what,
                "Wait until whoever writes it is done, and run the command again.",
            ));
        }
        Ok(())
    }

    fn give(
        &mut self,
        cuts: &mut Vec<Cut>,
        bytes: &mut Vec<u8>,
        each: &mut impl FnMut(&[u8], &Batch, &Dialect) -> Result<(), Failure>,
    ) -> Result<(), Failure> {
        for cut in cuts.drain(..) {
            let batch = batch_of(&cut);
            self.read(&batch, bytes)?;
            each(bytes, &batch, &self.dialect)?;
        }
        Ok(())
    }
}

/// The limits of a batch in this channel.
pub(crate) fn limits(channel: Channel) -> CutLimits {
    CutLimits {
        max_rows: channel.policy().max_devices,
        max_bytes: MAX_BATCH_BYTES,
    }
}

fn batch_of(cut: &Cut) -> Batch {
    Batch {
        start: cut.start,
        end: cut.end,
        first_line: cut.first_line,
        first_row: cut.first_row,
        rows: cut.rows,
        next_start: cut.next_start,
        next_line: cut.next_line,
    }
}
