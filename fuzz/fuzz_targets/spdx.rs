//! SPDX 2 JSON.

#![no_main]

use crosscheck::formats::Format;
use libfuzzer_sys::fuzz_target;

const FORMATS: &[Format] = &[Format::Spdx];

const SKELETONS: &[&str] = &[
    r#"{"spdxVersion":"SPDX-2.3","SPDXID":"SPDXRef-DOCUMENT","packages":[…]}"#,
    r#"{"spdxVersion":"SPDX-2.3","SPDXID":"SPDXRef-DOCUMENT","relationships":[…]}"#,
];

fuzz_target!(|bytes: &[u8]| crosscheck_fuzz::read_inside(FORMATS, SKELETONS, bytes));
