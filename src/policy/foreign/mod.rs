//! The ignore files of the scanners: read into rules of the policy, and written from them.
