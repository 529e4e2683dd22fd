//! What a thread of its own writes: whoever does not read it holds up nobody but that thread.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::mpsc::{SyncSender, TrySendError, sync_channel};
use std::thread;
use std::time::{Duration, Instant};

/// How much waits to be written; what is more is left out.
const WAITING: usize = 1000;
/// How long what waits is waited for at the end.
const AT_THE_END: Duration = Duration::from_secs(1);

/// The way to the thread.
pub(super) struct Aside<T> {
    thread: SyncSender<Told<T>>,
    left_out: Arc<AtomicU64>,
}

enum Told<T> {
    This(T),
    End(SyncSender<()>),
}

impl<T: Send + 'static> Aside<T> {
    /// Has everything written by `write`, which is told how much was left out before it; at the end perhaps no more than
    /// that.
    pub(super) fn new(mut write: impl FnMut(u64, Option<T>) + Send + 'static) -> Self {
        let (thread, told) = sync_channel(WAITING);
        let left_out = Arc::new(AtomicU64::new(0));
        let missing = Arc::clone(&left_out);
        // Without a thread everything is left out.
        let _ = thread::Builder::new().spawn(move || {
            for told in told {
                let missing = missing.swap(0, Ordering::Relaxed);
                match told {
                    Told::This(this) => write(missing, Some(this)),
                    Told::End(done) => {
                        write(missing, None);
                        let _ = done.send(());
                    }
                }
            }
        });
        Self { thread, left_out }
    }

    /// Hands something over, or leaves it out where too much waits.
    pub(super) fn tell(&self, this: T) {
        if self.thread.try_send(Told::This(this)).is_err() {
            self.left_out.fetch_add(1, Ordering::Relaxed);
        }
    }

    /// Waits a moment until everything is written.
    pub(super) fn end(&self) {
        let (done, written) = sync_channel(1);
        let (start, mut end) = (Instant::now(), Told::End(done));
        while let Err(TrySendError::Full(back)) = self.thread.try_send(end) {
            if start.elapsed() >= AT_THE_END {
                return;
            }
            thread::sleep(Duration::from_millis(10));
            end = back;
        }
        let _ = written.recv_timeout(AT_THE_END);
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Mutex;

    use super::*;

    #[test]
    fn what_is_too_much_is_left_out_and_counted() {
        let (seen, stalled) = (Arc::new(Mutex::new(Vec::new())), Arc::new(Mutex::new(())));
        let still = stalled.lock().unwrap();
        let aside = Aside::new({
            let (seen, stalled) = (Arc::clone(&seen), Arc::clone(&stalled));
            move |missing, number| {
                drop(stalled.lock().unwrap());
                seen.lock().unwrap().push((missing, number));
            }
        });
        let all = WAITING as u64 * 2;
        (0..all).for_each(|number| aside.tell(number));
        let start = Instant::now();
        aside.end();
        assert!(start.elapsed() < AT_THE_END * 5, "it waits for who stands still");
        drop(still);
        aside.end();
        let seen = seen.lock().unwrap();
        let numbers: Vec<u64> = seen.iter().filter_map(|(_, number)| *number).collect();
        let missing: u64 = seen.iter().map(|(missing, _)| missing).sum();
        assert!(numbers.len() >= WAITING && numbers.is_sorted(), "{}", numbers.len());
        assert_eq!(numbers.len() as u64 + missing, all);
    }
}
