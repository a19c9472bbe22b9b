//! Text at one, two and four bytes a code point, for the regular expression
//! engine.
//!
//! The engine's cursor carries a pointer that only its own byte drive may use;
//! the drives here move it by whole units of bytes, and so need no `unsafe`.

use rustpython_sre_engine::{StrDrive, StringCursor};

/// Code points of `W` bytes each, in the machine's order.
#[derive(Clone, Copy, Debug)]
pub struct Wide<'a, const W: usize>(pub &'a [u8]);

type Bytes<'a> = &'a [u8];

fn read<const W: usize>(c: &mut StringCursor) -> u32 {
    let mut b = [0u8; 4];
    for x in b.iter_mut().take(W) {
        // The byte drive's own `advance` gives the byte after the one it takes.
        *x = <Bytes<'_> as StrDrive>::peek(c) as u8;
        <Bytes<'_> as StrDrive>::skip(c, 1);
    }
    u32::from_le_bytes(b)
}

impl<const W: usize> StrDrive for Wide<'_, W> {
    #[inline]
    fn count(&self) -> usize {
        self.0.len() / W
    }
    #[inline]
    fn create_cursor(&self, n: usize) -> StringCursor {
        let mut c = self.0.create_cursor(n * W);
        c.position = n;
        c
    }
    #[inline]
    fn adjust_cursor(&self, cursor: &mut StringCursor, n: usize) {
        *cursor = self.create_cursor(n);
    }
    #[inline]
    fn advance(cursor: &mut StringCursor) -> u32 {
        let at = cursor.position;
        let v = read::<W>(cursor);
        cursor.position = at + 1;
        v
    }
    #[inline]
    fn peek(cursor: &StringCursor) -> u32 {
        let mut c = *cursor;
        read::<W>(&mut c)
    }
    #[inline]
    fn skip(cursor: &mut StringCursor, n: usize) {
        let at = cursor.position;
        <Bytes<'_> as StrDrive>::skip(cursor, n * W);
        cursor.position = at + n;
    }
    #[inline]
    fn back_advance(cursor: &mut StringCursor) -> u32 {
        Self::back_skip(cursor, 1);
        Self::peek(cursor)
    }
    #[inline]
    fn back_peek(cursor: &StringCursor) -> u32 {
        let mut c = *cursor;
        Self::back_advance(&mut c)
    }
    #[inline]
    fn back_skip(cursor: &mut StringCursor, n: usize) {
        let at = cursor.position;
        // The byte drive counts in bytes.
        cursor.position = at * W;
        <Bytes<'_> as StrDrive>::back_skip(cursor, n * W);
        cursor.position = at - n;
    }
}
