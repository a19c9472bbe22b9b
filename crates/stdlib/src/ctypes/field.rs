//! `CField`: the descriptor of a field of a structure or union.
//!
//! Tests: tests/lang/ctypes.md; CPython test_struct_fields, test_bitfields, test_anon.

use super::codes::{self, Bits};
use super::data::{self, CData};
use super::info::{Code, Kind, info_of};
use super::structure::optional;
use crate::util::attr;
use typhon_macros::{Trace, class};
use typhon_object::native::{Missing, instance};
use typhon_object::obj::{Gc, Obj};
use typhon_object::str::Str;
use typhon_object::types::{self, Type};
use typhon_object::{Cx, ExcKind, Result, int, intern, ops};

/// See the file's comment. It never changes, but for `is_anonymous`.
#[derive(Trace)]
pub struct CField {
    /// Its name.
    pub name: Gc<Str>,
    /// The class of its values.
    pub class: Gc<Type>,
    #[trace(skip)]
    code: Option<Code>,
    byte_size: usize,
    offset: usize,
    /// Its number among the fields.
    pub index: usize,
    #[trace(skip)]
    bits: Bits,
    anonymous: std::sync::atomic::AtomicBool,
}

impl CField {
    /// Lowest bit and number of bits, of a bit field.
    pub fn bits(&self) -> Bits {
        self.bits
    }
    fn is_anonymous(&self) -> bool {
        self.anonymous.load(std::sync::atomic::Ordering::Relaxed)
    }
    /// The same field as part of something that contains it.
    fn moved(&self, cx: &mut Cx, index: usize, offset: usize) -> Result<Gc<CField>> {
        let f = CField {
            name: self.name,
            class: self.class,
            code: self.code,
            byte_size: self.byte_size,
            offset: self.offset + offset,
            index: self.index + index,
            bits: self.bits,
            anonymous: false.into(),
        };
        instance(cx, f)
    }
    fn target(&self, cx: &Cx, o: Obj) -> Result<Gc<CData>> {
        let Some(d) = o.cast::<CData>() else { return Err(cx.type_error("not a ctype instance")) };
        // The instance need not be of the class that the field belongs to.
        if self.offset.checked_add(self.byte_size).is_none_or(|end| end > d.size()) {
            return Err(cx.type_error("the instance has no room for the field"));
        }
        Ok(d)
    }
}

/// Of an array of characters, which is read and written as text.
fn text_code(class: Obj) -> Option<Code> {
    let i = info_of(class).filter(|i| i.kind == Kind::Array)?;
    let item = info_of(i.item()?.obj())?;
    let letter = match item.code?.letter {
        b'c' => b's',
        b'u' => b'U',
        _ => return None,
    };
    Some(Code { letter, swapped: false })
}

fn whole(cx: &mut Cx, v: Obj, name: &str) -> Result<i64> {
    if !int::is_int(v) {
        return Err(cx.type_error(format!("{name} must be an integer")));
    }
    ops::index_i64(cx, v, "Python int too large to convert to C ssize_t")
}

/// Structure/Union member
#[class(module = "_ctypes", name = "CField", immutable)]
impl CField {
    #[sig(*, name, r#type, byte_size, byte_offset, index, _internal_use, bit_size = None, bit_offset = None)]
    fn __new__(
        cx: &mut Cx,
        cls: Gc<Type>,
        name: Obj,
        r#type: Obj,
        byte_size: isize,
        byte_offset: isize,
        index: isize,
        _internal_use: bool,
        bit_size: Obj,
        bit_offset: Obj,
    ) -> Result<CField> {
        let _ = cls;
        if !_internal_use {
            return Err(cx.type_error("CField is not intended to be used directly; use the '_fields_' attribute"));
        }
        let Some(name) = name.cast::<Str>() else {
            return Err(cx.type_error("field name must be a string"));
        };
        let shown = name.to_str().into_owned();
        let (Ok(byte_size), Ok(offset), Ok(index)) =
            (usize::try_from(byte_size), usize::try_from(byte_offset), usize::try_from(index))
        else {
            return Err(
                cx.value_error(format!("byte offset of field '{shown}' must not be negative, got {byte_offset}"))
            );
        };
        let (Some(class), Some(i)) = (r#type.cast::<Type>(), info_of(r#type)) else {
            let r = ops::repr(cx, r#type)?;
            return Err(cx.type_error(format!("type of field '{shown}' must be a C type, got {}", r.to_str())));
        };
        if byte_size != i.size {
            return Err(cx.value_error(format!(
                "byte size of field '{shown}' ({byte_size}) does not match type size ({})",
                i.size
            )));
        }
        let bits = if bit_size.is_none() {
            if !bit_offset.is_none() {
                return Err(cx.value_error(format!("field '{shown}': bit_offset must be specified if bit_size is")));
            }
            None
        } else {
            if bit_offset.is_none() {
                return Err(cx.value_error(format!("field '{shown}': bit_offset must be specified if bit_size is")));
            }
            let (size, low) = (whole(cx, bit_size, "bit_size")?, whole(cx, bit_offset, "bit_offset")?);
            if !i.code.is_some_and(|c| codes::takes_bits(c.letter)) {
                return Err(cx.type_error(format!("bit fields not allowed for type {}", class.name())));
            }
            if size <= 0 {
                return Err(cx.value_error(format!("number of bits invalid for bit field '{shown}'")));
            }
            if low < 0 || low.saturating_add(size) > 8 * byte_size as i64 {
                return Err(cx.value_error(format!(
                    "bit field '{shown}' overflows its type ({low} + {size} > {})",
                    8 * byte_size
                )));
            }
            Some((low as u32, size as u32))
        };
        let name = intern::intern(cx, name)?;
        Ok(CField { name, class, code: text_code(r#type), byte_size, offset, index, bits, anonymous: false.into() })
    }
    #[sig(instance, owner = None, /)]
    fn __get__(this: Gc<CField>, cx: &mut Cx, instance: Obj, owner: Obj) -> Result<Obj> {
        let _ = owner;
        if instance.is_none() {
            return Ok(this.obj());
        }
        let d = this.target(cx, instance)?;
        data::get_value(cx, this.class, this.code, d, this.index, this.byte_size, d.at() + this.offset, this.bits)
    }
    fn __set__(this: Gc<CField>, cx: &mut Cx, instance: Obj, value: Obj) -> Result<()> {
        let d = this.target(cx, instance)?;
        let at = d.at() + this.offset;
        // A bit field is stored as its type's own value would be, through a subclass too.
        let code = match this.bits {
            Some(_) => info_of(this.class.obj()).and_then(|i| i.code),
            None => this.code,
        };
        data::set_value(cx, d, this.class, code, value, this.index as i64, this.byte_size, at, this.bits)
    }
    fn __delete__(&self, cx: &mut Cx, instance: Obj) -> Result<()> {
        let _ = instance;
        Err(cx.type_error("can't delete attribute"))
    }
    /// name of this field
    #[getter]
    fn name(&self) -> Obj {
        self.name.obj()
    }
    /// type of this field
    #[getter]
    fn r#type(&self) -> Obj {
        self.class.obj()
    }
    /// offset in bytes of this field (same as byte_offset)
    #[getter]
    fn offset(&self) -> usize {
        self.offset
    }
    /// offset in bytes of this field. For bitfields: excludes bit_offset.
    #[getter]
    fn byte_offset(&self) -> usize {
        self.offset
    }
    /// size in bytes of this field. For bitfields, this is a legacy packed value; use byte_size instead
    #[getter]
    fn size(&self) -> usize {
        match self.bits {
            Some((low, n)) => (n as usize) << 16 | low as usize,
            None => self.byte_size,
        }
    }
    /// size of this field in bytes
    #[getter]
    fn byte_size(&self) -> usize {
        self.byte_size
    }
    /// additional offset in bits (relative to byte_offset); zero for non-bitfields
    #[getter]
    fn bit_offset(&self) -> u32 {
        self.bits.map_or(0, |b| b.0)
    }
    /// size of this field in bits
    #[getter]
    fn bit_size(&self) -> i128 {
        self.bits.map_or(8 * self.byte_size as i128, |b| i128::from(b.1))
    }
    /// true if this is a bitfield
    #[getter]
    fn is_bitfield(&self) -> bool {
        self.bits.is_some()
    }
    /// true if this field is anonymous
    #[getter]
    #[name("is_anonymous")]
    fn get_is_anonymous(&self) -> bool {
        self.is_anonymous()
    }
    fn __repr__(this: Gc<CField>, cx: &mut Cx) -> Result<String> {
        let name = ops::repr(cx, this.name.obj())?.to_str().into_owned();
        let (class, at) = (this.class.name(), this.offset);
        Ok(match this.bits {
            Some((low, n)) => {
                format!("<ctypes.CField {name} type={class}, ofs={at}, bit_size={n}, bit_offset={low}>")
            }
            None => format!("<ctypes.CField {name} type={class}, ofs={at}, size={}>", this.byte_size),
        })
    }
}

/// What `_anonymous_` names becomes reachable from the class itself.
pub fn add_anonymous(cx: &mut Cx, t: Obj) -> Result<()> {
    let Some(names) = optional(cx, t, "_anonymous_")? else { return Ok(()) };
    if !ops::is_sequence(names) {
        return Err(cx.type_error("_anonymous_ must be a sequence"));
    }
    let names = ops::list_from_iter(cx, names)?;
    let mut i = 0;
    while let Some(n) = names.get(i) {
        i += 1;
        let Some(n) = n.cast::<Str>() else { return Err(cx.type_error("attribute name must be string")) };
        let found = ops::get_attr(cx, t, n)?;
        let Some(f) = found.cast::<CField>() else {
            let text = format!("'{}' is specified in _anonymous_ but not in _fields_", n.to_str());
            return Err(cx.error(ExcKind::AttributeError, text));
        };
        f.payload().anonymous.store(true, std::sync::atomic::Ordering::Relaxed);
        copy_fields(cx, t, f, f.index, f.offset)?;
    }
    Ok(())
}

fn copy_fields(cx: &mut Cx, t: Obj, of: Gc<CField>, index: usize, offset: usize) -> Result<()> {
    cx.enter()?;
    let inner = of.class.obj();
    let fields = attr(cx, inner, "_fields_")?;
    let fields = ops::list_from_iter(cx, fields)?;
    let mut i = 0;
    while let Some(pair) = fields.get(i) {
        i += 1;
        let name = ops::get_item(cx, pair, Obj::int_unchecked(0))?;
        let Some(name) = name.cast::<Str>() else { return Err(cx.type_error("attribute name must be string")) };
        let found = ops::get_attr(cx, inner, name)?;
        let Some(f) = found.cast::<CField>() else { return Err(cx.type_error("unexpected type")) };
        if f.is_anonymous() {
            copy_fields(cx, t, f, index + f.index, offset + f.offset)?;
            continue;
        }
        let new = f.moved(cx, index, offset)?;
        let name = intern::intern(cx, name)?;
        types::set_attr(cx, types::class(t), name, Some(new.obj()))?;
    }
    Ok(())
}

/// A setter's value, or the error of a deletion.
pub fn given(cx: &Cx, v: Missing<Obj>, text: &str) -> Result<Obj> {
    v.given().ok_or_else(|| cx.type_error(text))
}
