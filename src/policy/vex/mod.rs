//! VEX documents: other people's word on whether a flaw counts.
