//! Exit codes: a contract with the scripts that call us.

/// Nothing blocks and enough scanners can be trusted.
pub const PASS: u8 = 0;
/// The policy blocks. Wins over [`INSUFFICIENT`] when both hold.
pub const BLOCKED: u8 = 1;
/// A wrong command line, an unreadable input, a broken policy.
pub const USAGE: u8 = 2;
/// Not enough trustworthy results: a required scanner failed, the quorum is not met, a database is
/// too old.
pub const INSUFFICIENT: u8 = 3;
/// Interrupted by a signal.
pub const INTERRUPTED: u8 = 130;
