//! The packed standard library: see `build.rs`.

use typhon_vm::import::Packed;

type Row = (&'static str, bool, &'static str, usize, usize);

static INDEX: &[Row] = include!(concat!(env!("OUT_DIR"), "/library.rs"));
static BLOB: &[u8] = include_bytes!(concat!(env!("OUT_DIR"), "/library.bin"));

/// The module with this dotted name.
pub fn find(name: &str) -> Option<Packed> {
    let i = INDEX.binary_search_by(|r| r.0.cmp(name)).ok()?;
    let (_, package, path, start, len) = INDEX[i];
    Some(Packed { code: &BLOB[start..start + len], package, path })
}
