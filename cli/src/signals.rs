//! Ctrl-C and SIGTERM.

use std::io;
use std::sync::Arc;
use std::sync::atomic::AtomicBool;

use signal_hook::consts::{SIGINT, SIGTERM};
use signal_hook::flag;

use crate::failure::Failure;

/// Becomes true at the first signal; a second one ends the process.
pub(crate) fn told_to_stop() -> Result<Arc<AtomicBool>, Failure> {
    let told = Arc::new(AtomicBool::new(false));
    let register = |signal| -> io::Result<()> {
        flag::register_conditional_shutdown(signal, 128 + signal, Arc::clone(&told))?;
        flag::register(signal, Arc::clone(&told))?;
        Ok(())
    };
    match [SIGINT, SIGTERM].into_iter().try_for_each(register) {
        Ok(()) => Ok(told),
        Err(error) => Err(Failure::new(
            format_args!("signals cannot be received: {error}"),
            "Run the command in another environment.",
        )),
    }
}
