//! The packed standard library: see `build.rs`.

use typhon_vm::library::{Library, Packed};

type Row = (&'static str, bool, &'static str, usize, usize, usize);

static INDEX: &[Row] = include!(concat!(env!("OUT_DIR"), "/library.rs"));
static BLOB: &[u8] = include_bytes!(concat!(env!("OUT_DIR"), "/library.bin"));

/// What the VM is told about it.
pub const LIBRARY: Library =
    Library { find, names: || INDEX.iter().map(|r| r.0).collect(), inflate: |b| inflate(b).unwrap_or_default() };

/// The module with this dotted name.
fn find(name: &str) -> Option<Packed> {
    let i = INDEX.binary_search_by(|r| r.0.cmp(name)).ok()?;
    let (_, package, path, start, code, text) = INDEX[i];
    let (code, text) = BLOB[start..start + code + text].split_at(code);
    Some(Packed { code, source: text, package, path })
}

/// What `build.rs` compressed is whole, so this finds no error.
fn inflate(b: &[u8]) -> Option<Vec<u8>> {
    miniz_oxide::inflate::decompress_to_vec(b).ok()
}
