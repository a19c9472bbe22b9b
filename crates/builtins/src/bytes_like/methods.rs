//! The methods that `bytes` and `bytearray` have in common, declared once.
//!
//! `bytes_like_class!` wraps the methods that only one of them has together
//! with the common ones in a `#[class]` block. Arguments are converted, which
//! may run Python code, before a method looks at its own bytes.
//! Tests: tests/binary.rs; CPython test_bytes.

/// Declare the methods of a bytes-like class; see the file's comment.
#[macro_export]
macro_rules! bytes_like_class {
    ($methods:ident, $payload:ident, $name:tt, $make:ident, $same:ident, $pin:ident, { $($own:tt)* }) => {
        #[class(name = $name, extends = $payload)]
        impl $methods {
            $($own)*

            fn __len__(this: Gc<$payload>) -> usize {
                this.payload().as_slice().len()
            }
            fn __contains__(this: Gc<$payload>, cx: &mut Cx, key: Obj) -> Result<bool> {
                if $crate::slice::is_index(key) {
                    let b = $pin(this, cx, |cx| bytes_like::byte_value(cx, key))?;
                    return Ok(search::find_in(this.payload().as_slice(), &[b]).is_some());
                }
                let v = $pin(this, cx, |cx| buffer::get(cx, key, false))?;
                Ok(search::find_in(this.payload().as_slice(), v.as_slice()).is_some())
            }
            fn __mod__(this: Gc<$payload>, cx: &mut Cx, value: Obj) -> Result<Obj> {
                let v = $pin(this, cx, |cx| percent::format(cx, this.payload().as_slice(), value))?;
                $make(cx, &v)
            }
            fn __rmod__(this: Gc<$payload>, value: Obj) -> Obj {
                let _ = (this, value);
                Obj::NOT_IMPLEMENTED
            }

            /// Return the number of non-overlapping occurrences of subsection 'sub' in bytes B[start:end].
            ///
            ///   start
            ///     Optional start position. Default: start of the bytes.
            ///   end
            ///     Optional stop position. Default: end of the bytes.
            #[sig(sub, start = None, end = None, /)]
            fn count(
                this: Gc<$payload>,
                cx: &mut Cx,
                sub: Obj,
                start: Option<Bound>,
                end: Option<Bound>,
            ) -> Result<usize> {
                let sub = $pin(this, cx, |cx| Sub::from_arg(cx, sub))?;
                Ok(search::count(this.payload().as_slice(), sub.bytes(), start, end))
            }
            /// Return the lowest index in B where subsection 'sub' is found, such that 'sub' is contained within B[start,end].
            ///
            ///   start
            ///     Optional start position. Default: start of the bytes.
            ///   end
            ///     Optional stop position. Default: end of the bytes.
            ///
            /// Return -1 on failure.
            #[sig(sub, start = None, end = None, /)]
            fn find(
                this: Gc<$payload>,
                cx: &mut Cx,
                sub: Obj,
                start: Option<Bound>,
                end: Option<Bound>,
            ) -> Result<isize> {
                let sub = $pin(this, cx, |cx| Sub::from_arg(cx, sub))?;
                let at = search::find(this.payload().as_slice(), sub.bytes(), start, end, false);
                Ok(at.map_or(-1, |i| i as isize))
            }
            /// Return the highest index in B where subsection 'sub' is found, such that 'sub' is contained within B[start,end].
            ///
            ///   start
            ///     Optional start position. Default: start of the bytes.
            ///   end
            ///     Optional stop position. Default: end of the bytes.
            ///
            /// Return -1 on failure.
            #[sig(sub, start = None, end = None, /)]
            fn rfind(
                this: Gc<$payload>,
                cx: &mut Cx,
                sub: Obj,
                start: Option<Bound>,
                end: Option<Bound>,
            ) -> Result<isize> {
                let sub = $pin(this, cx, |cx| Sub::from_arg(cx, sub))?;
                let at = search::find(this.payload().as_slice(), sub.bytes(), start, end, true);
                Ok(at.map_or(-1, |i| i as isize))
            }
            /// Return the lowest index in B where subsection 'sub' is found, such that 'sub' is contained within B[start,end].
            ///
            ///   start
            ///     Optional start position. Default: start of the bytes.
            ///   end
            ///     Optional stop position. Default: end of the bytes.
            ///
            /// Raise ValueError if the subsection is not found.
            #[sig(sub, start = None, end = None, /)]
            fn index(
                this: Gc<$payload>,
                cx: &mut Cx,
                sub: Obj,
                start: Option<Bound>,
                end: Option<Bound>,
            ) -> Result<usize> {
                let sub = $pin(this, cx, |cx| Sub::from_arg(cx, sub))?;
                search::index(cx, search::find(this.payload().as_slice(), sub.bytes(), start, end, false))
            }
            /// Return the highest index in B where subsection 'sub' is found, such that 'sub' is contained within B[start,end].
            ///
            ///   start
            ///     Optional start position. Default: start of the bytes.
            ///   end
            ///     Optional stop position. Default: end of the bytes.
            ///
            /// Raise ValueError if the subsection is not found.
            #[sig(sub, start = None, end = None, /)]
            fn rindex(
                this: Gc<$payload>,
                cx: &mut Cx,
                sub: Obj,
                start: Option<Bound>,
                end: Option<Bound>,
            ) -> Result<usize> {
                let sub = $pin(this, cx, |cx| Sub::from_arg(cx, sub))?;
                search::index(cx, search::find(this.payload().as_slice(), sub.bytes(), start, end, true))
            }
            /// Return True if the bytes starts with the specified prefix, False otherwise.
            ///
            ///   prefix
            ///     A bytes or a tuple of bytes to try.
            ///   start
            ///     Optional start position. Default: start of the bytes.
            ///   end
            ///     Optional stop position. Default: end of the bytes.
            #[sig(prefix, start = None, end = None, /)]
            fn startswith(this: Gc<$payload>, cx: &mut Cx, prefix: Obj, start: Option<Bound>, end: Option<Bound>) -> Result<bool> {
                search::affix(cx, || this.payload().as_slice(), prefix, start, end, false)
            }
            /// Return True if the bytes ends with the specified suffix, False otherwise.
            ///
            ///   suffix
            ///     A bytes or a tuple of bytes to try.
            ///   start
            ///     Optional start position. Default: start of the bytes.
            ///   end
            ///     Optional stop position. Default: end of the bytes.
            #[sig(suffix, start = None, end = None, /)]
            fn endswith(this: Gc<$payload>, cx: &mut Cx, suffix: Obj, start: Option<Bound>, end: Option<Bound>) -> Result<bool> {
                search::affix(cx, || this.payload().as_slice(), suffix, start, end, true)
            }

            /// Return a list of the sections in the bytes, using sep as the delimiter.
            ///
            ///   sep
            ///     The delimiter according which to split the bytes.
            ///     None (the default value) means split on ASCII whitespace characters
            ///     (space, tab, return, newline, formfeed, vertical tab).
            ///   maxsplit
            ///     Maximum number of splits to do.
            ///     -1 (the default value) means no limit.
            #[sig(sep = None, maxsplit = -1)]
            fn split(this: Gc<$payload>, cx: &mut Cx, sep: Obj, maxsplit: isize) -> Result<Obj> {
                let sep = $pin(this, cx, |cx| Option::<BufferView>::from_arg(cx, sep))?;
                split::split(cx, this.payload().as_slice(), sep, maxsplit, false, $make)
            }
            /// Return a list of the sections in the bytes, using sep as the delimiter.
            ///
            ///   sep
            ///     The delimiter according which to split the bytes.
            ///     None (the default value) means split on ASCII whitespace characters
            ///     (space, tab, return, newline, formfeed, vertical tab).
            ///   maxsplit
            ///     Maximum number of splits to do.
            ///     -1 (the default value) means no limit.
            ///
            /// Splitting is done starting at the end of the bytes and working to the front.
            #[sig(sep = None, maxsplit = -1)]
            fn rsplit(this: Gc<$payload>, cx: &mut Cx, sep: Obj, maxsplit: isize) -> Result<Obj> {
                let sep = $pin(this, cx, |cx| Option::<BufferView>::from_arg(cx, sep))?;
                split::split(cx, this.payload().as_slice(), sep, maxsplit, true, $make)
            }
            /// Return a list of the lines in the bytes, breaking at line boundaries.
            ///
            /// Line breaks are not included in the resulting list unless keepends is given and
            /// true.
            #[sig(keepends = False)]
            fn splitlines(this: Gc<$payload>, cx: &Cx, keepends: bool) -> Result<Obj> {
                split::splitlines(cx, this.payload().as_slice(), keepends, $make)
            }
            /// Partition the bytes into three parts using the given separator.
            ///
            /// This will search for the separator sep in the bytes. If the separator is found,
            /// returns a 3-tuple containing the part before the separator, the separator
            /// itself, and the part after it.
            ///
            /// If the separator is not found, returns a 3-tuple containing the original bytes
            /// object and two empty bytes objects.
            #[sig(sep, /)]
            fn partition(this: Gc<$payload>, cx: &mut Cx, sep: Obj) -> Result<Obj> {
                let view = $pin(this, cx, |cx| BufferView::from_arg(cx, sep))?;
                split::partition(cx, this.payload().as_slice(), (&view, this.obj().cast::<typhon_object::bytes::Bytes>().map(|_| sep)), false, $make)
            }
            /// Partition the bytes into three parts using the given separator.
            ///
            /// This will search for the separator sep in the bytes, starting at the end. If
            /// the separator is found, returns a 3-tuple containing the part before the
            /// separator, the separator itself, and the part after it.
            ///
            /// If the separator is not found, returns a 3-tuple containing two empty bytes
            /// objects and the original bytes object.
            #[sig(sep, /)]
            fn rpartition(this: Gc<$payload>, cx: &mut Cx, sep: Obj) -> Result<Obj> {
                let view = $pin(this, cx, |cx| BufferView::from_arg(cx, sep))?;
                split::partition(cx, this.payload().as_slice(), (&view, this.obj().cast::<typhon_object::bytes::Bytes>().map(|_| sep)), true, $make)
            }
            /// Strip leading and trailing bytes contained in the argument.
            ///
            /// If the argument is omitted or None, strip leading and trailing ASCII whitespace.
            #[sig(bytes = None, /)]
            fn strip(this: Gc<$payload>, cx: &Cx, bytes: Option<BufferView>) -> Result<Obj> {
                $same(cx, this, split::strip(this.payload().as_slice(), bytes.as_ref(), true, true))
            }
            /// Strip leading bytes contained in the argument.
            ///
            /// If the argument is omitted or None, strip leading  ASCII whitespace.
            #[sig(bytes = None, /)]
            fn lstrip(this: Gc<$payload>, cx: &Cx, bytes: Option<BufferView>) -> Result<Obj> {
                $same(cx, this, split::strip(this.payload().as_slice(), bytes.as_ref(), true, false))
            }
            /// Strip trailing bytes contained in the argument.
            ///
            /// If the argument is omitted or None, strip trailing ASCII whitespace.
            #[sig(bytes = None, /)]
            fn rstrip(this: Gc<$payload>, cx: &Cx, bytes: Option<BufferView>) -> Result<Obj> {
                $same(cx, this, split::strip(this.payload().as_slice(), bytes.as_ref(), false, true))
            }
            /// Return a bytes object with the given prefix string removed if present.
            ///
            /// If the bytes starts with the prefix string, return bytes[len(prefix):].
            /// Otherwise, return a copy of the original bytes.
            #[sig(prefix, /)]
            fn removeprefix(this: Gc<$payload>, cx: &Cx, prefix: BufferView) -> Result<Obj> {
                let d = this.payload().as_slice();
                $same(cx, this, d.strip_prefix(prefix.as_slice()).unwrap_or(d))
            }
            /// Return a bytes object with the given suffix string removed if present.
            ///
            /// If the bytes ends with the suffix string and that suffix is not empty,
            /// return bytes[:-len(prefix)].  Otherwise, return a copy of the original
            /// bytes.
            #[sig(suffix, /)]
            fn removesuffix(this: Gc<$payload>, cx: &Cx, suffix: BufferView) -> Result<Obj> {
                let d = this.payload().as_slice();
                $same(cx, this, d.strip_suffix(suffix.as_slice()).unwrap_or(d))
            }
            /// Return a copy with all occurrences of substring old replaced by new.
            ///
            ///   count
            ///     Maximum number of occurrences to replace.
            ///     -1 (the default value) means replace all occurrences.
            ///
            /// If the optional argument count is given, only the first count occurrences are
            /// replaced.
            #[sig(old, new, count = -1, /)]
            fn replace(this: Gc<$payload>, cx: &Cx, old: BufferView, new: BufferView, count: isize) -> Result<Obj> {
                let d = this.payload().as_slice();
                match transform::replace(cx, d, old.as_slice(), new.as_slice(), count)? {
                    Some(v) => $make(cx, &v),
                    None => $same(cx, this, d),
                }
            }
            /// Concatenate any number of bytes objects.
            ///
            /// The bytes whose method is called is inserted in between each pair.
            ///
            /// The result is returned as a new bytes object.
            ///
            /// Example: b'.'.join([b'ab', b'pq', b'rs']) -> b'ab.pq.rs'.
            #[sig(iterable_of_bytes, /)]
            fn join(this: Gc<$payload>, cx: &mut Cx, iterable_of_bytes: Obj) -> Result<Obj> {
                $pin(this, cx, |cx| transform::join(cx, this.payload().as_slice(), iterable_of_bytes, $make))
            }
            /// Return a copy with each character mapped by the given translation table.
            ///
            ///   table
            ///     Translation table, which must be a bytes object of length 256.
            ///
            /// All characters occurring in the optional argument delete are removed.
            /// The remaining characters are mapped through the given translation table.
            #[sig(table, /, delete = <missing>)]
            fn translate(this: Gc<$payload>, cx: &mut Cx, table: Option<BufferView>, delete: Missing<Obj>) -> Result<Obj> {
                let delete = delete.given();
                let done = $pin(this, cx, |cx| transform::translate(cx, this.payload().as_slice(), table.as_ref(), delete))?;
                $make(cx, &done)
            }
            /// Return a translation table usable for the bytes or bytearray translate method.
            ///
            /// The returned table will be one where each byte in frm is mapped to the byte at
            /// the same position in to.
            ///
            /// The bytes objects frm and to must be of the same length.
            #[staticmethod]
            #[sig(frm, to, /)]
            fn maketrans(cx: &Cx, frm: BufferView, to: BufferView) -> Result<Obj> {
                transform::maketrans(cx, &frm, &to)
            }

            /// Return a centered string of length width.
            ///
            /// Padding is done using the specified fill character.
            #[sig(width, fillchar = <missing>, /)]
            fn center(this: Gc<$payload>, cx: &Cx, width: isize, fillchar: Missing<Obj>) -> Result<Obj> {
                let fill = transform::fill_byte(cx, "center", fillchar.given())?;
                $make(cx, &transform::center(cx, this.payload().as_slice(), width, fill)?)
            }
            /// Return a left-justified string of length width.
            ///
            /// Padding is done using the specified fill character.
            #[sig(width, fillchar = <missing>, /)]
            fn ljust(this: Gc<$payload>, cx: &Cx, width: isize, fillchar: Missing<Obj>) -> Result<Obj> {
                let fill = transform::fill_byte(cx, "ljust", fillchar.given())?;
                let d = this.payload().as_slice();
                $make(cx, &transform::pad(d, 0, transform::missing(cx, d, width)?, fill))
            }
            /// Return a right-justified string of length width.
            ///
            /// Padding is done using the specified fill character.
            #[sig(width, fillchar = <missing>, /)]
            fn rjust(this: Gc<$payload>, cx: &Cx, width: isize, fillchar: Missing<Obj>) -> Result<Obj> {
                let fill = transform::fill_byte(cx, "rjust", fillchar.given())?;
                let d = this.payload().as_slice();
                $make(cx, &transform::pad(d, transform::missing(cx, d, width)?, 0, fill))
            }
            /// Pad a numeric string with zeros on the left, to fill a field of the given width.
            ///
            /// The original string is never truncated.
            fn zfill(this: Gc<$payload>, cx: &Cx, width: isize) -> Result<Obj> {
                $make(cx, &transform::zfill(cx, this.payload().as_slice(), width)?)
            }
            /// Return a copy where all tab characters are expanded using spaces.
            ///
            /// If tabsize is not given, a tab size of 8 characters is assumed.
            #[sig(tabsize = 8)]
            fn expandtabs(this: Gc<$payload>, cx: &Cx, tabsize: i32) -> Result<Obj> {
                $make(cx, &transform::expandtabs(cx, this.payload().as_slice(), tabsize)?)
            }

            /// B.lower() -> copy of B
            ///
            /// Return a copy of B with all ASCII characters converted to lowercase.
            fn lower(this: Gc<$payload>, cx: &Cx) -> Result<Obj> {
                $make(cx, &this.payload().as_slice().to_ascii_lowercase())
            }
            /// B.upper() -> copy of B
            ///
            /// Return a copy of B with all ASCII characters converted to uppercase.
            fn upper(this: Gc<$payload>, cx: &Cx) -> Result<Obj> {
                $make(cx, &this.payload().as_slice().to_ascii_uppercase())
            }
            /// B.title() -> copy of B
            ///
            /// Return a titlecased version of B, i.e. ASCII words start with uppercase
            /// characters, all remaining cased characters have lowercase.
            fn title(this: Gc<$payload>, cx: &Cx) -> Result<Obj> {
                $make(cx, &transform::title(this.payload().as_slice()))
            }
            /// B.capitalize() -> copy of B
            ///
            /// Return a copy of B with only its first character capitalized (ASCII)
            /// and the rest lower-cased.
            fn capitalize(this: Gc<$payload>, cx: &Cx) -> Result<Obj> {
                $make(cx, &transform::capitalize(this.payload().as_slice()))
            }
            /// B.swapcase() -> copy of B
            ///
            /// Return a copy of B with uppercase ASCII characters converted
            /// to lowercase ASCII and vice versa.
            fn swapcase(this: Gc<$payload>, cx: &Cx) -> Result<Obj> {
                $make(cx, &transform::swapcase(this.payload().as_slice()))
            }
            /// B.isalnum() -> bool
            ///
            /// Return True if all characters in B are alphanumeric
            /// and there is at least one character in B, False otherwise.
            fn isalnum(this: Gc<$payload>) -> bool {
                transform::all(this.payload().as_slice(), |b| b.is_ascii_alphanumeric())
            }
            /// B.isalpha() -> bool
            ///
            /// Return True if all characters in B are alphabetic
            /// and there is at least one character in B, False otherwise.
            fn isalpha(this: Gc<$payload>) -> bool {
                transform::all(this.payload().as_slice(), |b| b.is_ascii_alphabetic())
            }
            /// B.isascii() -> bool
            ///
            /// Return True if B is empty or all characters in B are ASCII,
            /// False otherwise.
            fn isascii(this: Gc<$payload>) -> bool {
                this.payload().as_slice().is_ascii()
            }
            /// B.isdigit() -> bool
            ///
            /// Return True if all characters in B are digits
            /// and there is at least one character in B, False otherwise.
            fn isdigit(this: Gc<$payload>) -> bool {
                transform::all(this.payload().as_slice(), |b| b.is_ascii_digit())
            }
            /// B.isspace() -> bool
            ///
            /// Return True if all characters in B are whitespace
            /// and there is at least one character in B, False otherwise.
            fn isspace(this: Gc<$payload>) -> bool {
                transform::all(this.payload().as_slice(), split::is_space)
            }
            /// B.islower() -> bool
            ///
            /// Return True if all cased characters in B are lowercase and there is
            /// at least one cased character in B, False otherwise.
            fn islower(this: Gc<$payload>) -> bool {
                transform::is_case(this.payload().as_slice(), true)
            }
            /// B.isupper() -> bool
            ///
            /// Return True if all cased characters in B are uppercase and there is
            /// at least one cased character in B, False otherwise.
            fn isupper(this: Gc<$payload>) -> bool {
                transform::is_case(this.payload().as_slice(), false)
            }
            /// B.istitle() -> bool
            ///
            /// Return True if B is a titlecased string and there is at least one
            /// character in B, i.e. uppercase characters may only follow uncased
            /// characters and lowercase characters only cased ones. Return False
            /// otherwise.
            fn istitle(this: Gc<$payload>) -> bool {
                transform::is_title(this.payload().as_slice())
            }

            /// Create a string of hexadecimal numbers from a bytes object.
            ///
            ///   sep
            ///     An optional single character or byte to separate hex bytes.
            ///   bytes_per_sep
            ///     How many bytes between separators.  Positive values count from the
            ///     right, negative values count from the left.
            ///
            /// Example:
            /// >>> value = b'\xb9\x01\xef'
            /// >>> value.hex()
            /// 'b901ef'
            /// >>> value.hex(':')
            /// 'b9:01:ef'
            /// >>> value.hex(':', 2)
            /// 'b9:01ef'
            /// >>> value.hex(':', -2)
            /// 'b901:ef'
            #[sig(sep = <unrepresentable>, bytes_per_sep = 1)]
            fn hex(this: Gc<$payload>, cx: &mut Cx, sep: Missing<Obj>, bytes_per_sep: i32) -> Result<Obj> {
                let data = || this.payload().as_slice();
                $pin(this, cx, |cx| hex::hex(cx, data, sep.given(), bytes_per_sep.into()))
            }
            /// Create a bytes object from a string of hexadecimal numbers.
            ///
            /// Spaces between two numbers are accepted.
            /// Example: bytes.fromhex('B9 01EF') -> b'\\xb9\\x01\\xef'.
            #[classmethod]
            #[sig(string, /)]
            fn fromhex(cx: &mut Cx, cls: Gc<Type>, string: Obj) -> Result<Obj> {
                let v = hex::from_hex(cx, string)?;
                if cls == types::class_for(OWN_SHAPE) {
                    return $make(cx, &v);
                }
                let b = bytes::new(cx, &v)?;
                ops::call_args(cx, cls.obj(), &[b.obj()])
            }
            /// Decode the bytes using the codec registered for encoding.
            ///
            ///   encoding
            ///     The encoding with which to decode the bytes.
            ///   errors
            ///     The error handling scheme to use for the handling of decoding errors.
            ///     The default is 'strict' meaning that decoding errors raise a
            ///     UnicodeDecodeError. Other possible values are 'ignore' and 'replace'
            ///     as well as any other name registered with codecs.register_error that
            ///     can handle UnicodeDecodeErrors.
            #[sig(encoding = "utf-8", errors = "strict")]
            fn decode(this: Gc<$payload>, cx: &mut Cx, encoding: Obj, errors: Obj) -> Result<Obj> {
                codec::decode_method(cx, this.obj(), this.payload().as_slice(), encoding, errors)
            }
        }
    };
}
