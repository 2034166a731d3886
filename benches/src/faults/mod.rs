//! Fault injection: reloads of good and damaged files, and processes that are killed at any moment, judged from outside.
//!
//! Two routers run the daemon in the laboratory. The kernel's receive stamps on the switch and the addresses that each
//! router's kernel holds are the only witnesses. A broken promise is a complaint, and a complaint fails the run.

mod kills;
mod ownership;
mod reloads;
mod variant;

use crate::Failure;
use crate::contender::Contender;
use crate::options::Options;
use crate::report::Table;

/// Both series, for every daemon.
pub(crate) fn measure(
    contenders: &[Contender],
    options: &Options,
    show: &mut impl FnMut(Table),
) -> Result<(), Failure> {
    let peer = options.peer.as_deref().map(Contender::named).transpose()?;
    if options.reloads > 0 {
        show(reloads::measure(contenders, options));
    }
    if options.kills > 0 {
        show(kills::measure(contenders, peer.as_ref(), options));
    }
    Ok(())
}
