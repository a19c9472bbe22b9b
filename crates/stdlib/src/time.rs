//! `time`: clocks, sleeping, and broken-down times by the C library.
//!
//! Tests: CPython test_time, test_strptime.

use crate::structseq::StructSeq;
use crate::sys::{self, Tm};
use crate::util::{self, before_blocking, check_signals, os_error, set, set_ints};
use std::ffi::CString;
use std::time::{Duration, Instant};
use typhon_macros::module;
use typhon_object::native::{FromArg, IntoObj, Missing};
use typhon_object::obj::{Gc, Obj};
use typhon_object::str::{self, Str};
use typhon_object::tuple::Tuple;
use typhon_object::{Cx, ExcKind, Result, float, int, ops};

const NS: i128 = 1_000_000_000;

/// `time.struct_time`.
pub static STRUCT_TIME: StructSeq = StructSeq::new(
    "time",
    "struct_time",
    "The time value as returned by gmtime(), localtime(), and strptime(), and\n accepted by asctime(), mktime() and strftime().  May be considered as a\n sequence of 9 integers.\n\n Note that several fields' values are not the same as those defined by\n the C language standard for struct tm.  For example, the value of the\n field tm_year is the actual year, not year - 1900.  See individual\n fields' descriptions for details.",
    &[
        ("tm_year", "year, for example, 1993"),
        ("tm_mon", "month of year, range [1, 12]"),
        ("tm_mday", "day of month, range [1, 31]"),
        ("tm_hour", "hours, range [0, 23]"),
        ("tm_min", "minutes, range [0, 59]"),
        ("tm_sec", "seconds, range [0, 61])"),
        ("tm_wday", "day of week, range [0, 6], Monday is 0"),
        ("tm_yday", "day of year, range [1, 366]"),
        ("tm_isdst", "1 if summer time is in effect, 0 if not, and -1 if unknown"),
        ("tm_zone", "abbreviation of timezone name"),
        ("tm_gmtoff", "offset from UTC in seconds"),
    ],
    9,
);

/// Seconds of a Python number, rounded down, for broken-down times.
fn seconds(cx: &mut Cx, v: Obj) -> Result<i64> {
    if let Some(f) = float::value(v) {
        if f.is_nan() {
            return Err(cx.value_error("Invalid value NaN (not a number)"));
        }
        let f = f.floor();
        if !(-9.2e18..9.2e18).contains(&f) {
            return Err(cx.error(ExcKind::OverflowError, "timestamp out of range for platform time_t"));
        }
        return Ok(f as i64);
    }
    if !int::is_int(v) && ops::class_of(v).special(typhon_object::Dunder::Index).is_none() {
        return Err(cx.type_error(format!("'{}' object cannot be interpreted as an integer", cx.type_name(v))));
    }
    ops::index_i64(cx, v, "timestamp out of range for platform time_t")
}

fn now(clock: i32) -> i128 {
    sys::clock_gettime(clock).unwrap_or(0)
}

fn as_seconds(ns: i128) -> f64 {
    // Whole seconds and the rest are each exact.
    if ns % NS == 0 { (ns / NS) as f64 } else { ns as f64 / 1e9 }
}

fn struct_time(cx: &mut Cx, tm: &Tm) -> Result<Obj> {
    let mut v = [Obj::NONE; 11];
    for (o, f) in v.iter_mut().zip(tm.fields) {
        *o = Obj::int_unchecked(f);
    }
    v[9] = str::new(cx, &tm.zone)?.obj();
    v[10] = Obj::int_unchecked(tm.gmtoff);
    STRUCT_TIME.instance(cx, &v)
}

fn broken_down(cx: &mut Cx, secs: Missing<Obj>, local: bool) -> Result<Tm> {
    let t = match secs.given() {
        None | Some(Obj::NONE) => (now(libc::CLOCK_REALTIME) / NS) as i64,
        Some(v) => seconds(cx, v)?,
    };
    sys::broken_down(t, local).map_err(|e| os_error(cx, e))
}

/// A zone's name and offset, where known.
type Zone = Option<(String, i64)>;

/// The nine fields of a time tuple, and zone data of a struct_time.
fn fields(cx: &mut Cx, t: Obj, what: &str) -> Result<([i64; 9], Zone)> {
    let Some(items) = t.cast::<Tuple>().map(|t| t.payload().items()) else {
        return Err(cx.type_error("Tuple or struct_time argument required"));
    };
    if items.len() != 9 {
        return Err(cx.type_error(format!("{what}: illegal time tuple argument")));
    }
    let mut f = [0i64; 9];
    for (f, i) in f.iter_mut().zip(items) {
        *f = i64::from(i32::from_arg(cx, *i)?);
    }
    let class = STRUCT_TIME.class(cx)?;
    let mut zone = None;
    if ops::class_of(t) == class {
        let z = util::attr(cx, t, "tm_zone")?;
        let o = util::attr(cx, t, "tm_gmtoff")?;
        if let (Some(z), Some(o)) = (z.cast::<Str>(), o.as_small_int()) {
            zone = Some((z.to_str().into_owned(), o));
        }
    }
    Ok((f, zone))
}

/// Bring fields into range where zero stands for the first, and check them.
fn check(cx: &mut Cx, f: &mut [i64; 9]) -> Result<()> {
    f[1] = if f[1] == 0 { 1 } else { f[1] };
    f[2] = if f[2] == 0 { 1 } else { f[2] };
    f[7] = if f[7] == 0 { 1 } else { f[7] };
    for (i, lo, hi, text) in [
        (1, 1, 12, "month out of range"),
        (2, 1, 31, "day of month out of range"),
        (3, 0, 23, "hour out of range"),
        (4, 0, 59, "minute out of range"),
        (5, 0, 61, "seconds out of range"),
        (7, 1, 366, "day of year out of range"),
    ] {
        if f[i] < lo || f[i] > hi {
            return Err(cx.value_error(text));
        }
    }
    if f[6] < -1 {
        return Err(cx.value_error("day of week out of range"));
    }
    f[6] = f[6].rem_euclid(7);
    f[8] = f[8].clamp(-1, 1);
    Ok(())
}

fn now_tuple(cx: &mut Cx, t: Missing<Obj>) -> Result<Obj> {
    match t.given() {
        Some(t) => Ok(t),
        None => {
            let tm = broken_down(cx, Missing::Absent, true)?;
            struct_time(cx, &tm)
        }
    }
}

const DAYS: [&str; 7] = ["Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun"];
const MONTHS: [&str; 12] = ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"];

fn asctime_of(f: &[i64; 9]) -> String {
    format!(
        "{} {}{:3} {:02}:{:02}:{:02} {}",
        DAYS[f[6] as usize],
        MONTHS[f[1] as usize - 1],
        f[2],
        f[3],
        f[4],
        f[5],
        f[0]
    )
}

/// Zone names and offsets as `time.tzname` and so on have them.
fn zones(cx: &mut Cx, module: Obj) -> Result<()> {
    sys::tzset();
    let year = 365 * 24 * 3600 + 6 * 3600;
    let start = now(libc::CLOCK_REALTIME) as i64 / NS as i64 / year * year;
    let at = |t: i64| sys::broken_down(t, true).map(|t| (t.zone, -t.gmtoff)).unwrap_or(("UTC".into(), 0));
    let (jan, jul) = (at(start), at(start + year / 2));
    let (std, dst) = if jan.1 < jul.1 { (jul, jan) } else { (jan, jul) };
    set(cx, module, "timezone", std.1)?;
    set(cx, module, "altzone", dst.1)?;
    set(cx, module, "daylight", i64::from(std.1 != dst.1))?;
    set(cx, module, "tzname", (std.0, dst.0))
}

/// This module provides various functions to manipulate time values.
#[module("time")]
pub mod time {
    use super::*;

    fn __exec__(cx: &mut Cx, module: Obj) -> Result<()> {
        set_ints(
            cx,
            module,
            &[
                ("CLOCK_REALTIME", libc::CLOCK_REALTIME as i64),
                ("CLOCK_MONOTONIC", libc::CLOCK_MONOTONIC as i64),
                ("CLOCK_MONOTONIC_RAW", libc::CLOCK_MONOTONIC_RAW as i64),
                ("CLOCK_PROCESS_CPUTIME_ID", libc::CLOCK_PROCESS_CPUTIME_ID as i64),
                ("CLOCK_THREAD_CPUTIME_ID", libc::CLOCK_THREAD_CPUTIME_ID as i64),
                ("CLOCK_BOOTTIME", libc::CLOCK_BOOTTIME as i64),
                ("CLOCK_TAI", libc::CLOCK_TAI as i64),
                ("_STRUCT_TM_ITEMS", 11),
            ],
        )?;
        let c = STRUCT_TIME.class(cx)?;
        set(cx, module, "struct_time", c)?;
        zones(cx, module)
    }

    /// Return the current time in seconds since the Epoch.
    fn time() -> f64 {
        as_seconds(now(libc::CLOCK_REALTIME))
    }
    /// Return the current time in nanoseconds since the Epoch.
    fn time_ns() -> i128 {
        now(libc::CLOCK_REALTIME)
    }
    /// Monotonic clock, cannot go backward.
    fn monotonic() -> f64 {
        as_seconds(now(libc::CLOCK_MONOTONIC))
    }
    /// Monotonic clock, cannot go backward, as nanoseconds.
    fn monotonic_ns() -> i128 {
        now(libc::CLOCK_MONOTONIC)
    }
    /// Performance counter for benchmarking.
    fn perf_counter() -> f64 {
        as_seconds(now(libc::CLOCK_MONOTONIC))
    }
    /// Performance counter for benchmarking as nanoseconds.
    fn perf_counter_ns() -> i128 {
        now(libc::CLOCK_MONOTONIC)
    }
    /// Process time for profiling: sum of the kernel and user-space CPU time.
    fn process_time() -> f64 {
        as_seconds(now(libc::CLOCK_PROCESS_CPUTIME_ID))
    }
    /// Process time for profiling as nanoseconds.
    fn process_time_ns() -> i128 {
        now(libc::CLOCK_PROCESS_CPUTIME_ID)
    }
    /// Thread time for profiling: sum of the kernel and user-space CPU time.
    fn thread_time() -> f64 {
        as_seconds(now(libc::CLOCK_THREAD_CPUTIME_ID))
    }
    /// Thread time for profiling as nanoseconds.
    fn thread_time_ns() -> i128 {
        now(libc::CLOCK_THREAD_CPUTIME_ID)
    }
    /// Return the time of the specified clock clk_id as a float.
    fn clock_gettime(cx: &mut Cx, clk_id: i32) -> Result<f64> {
        sys::clock_gettime(clk_id).map(as_seconds).map_err(|e| os_error(cx, e))
    }
    /// Return the time of the specified clock clk_id as nanoseconds (int).
    fn clock_gettime_ns(cx: &mut Cx, clk_id: i32) -> Result<i128> {
        sys::clock_gettime(clk_id).map_err(|e| os_error(cx, e))
    }
    /// Return the resolution (precision) of the specified clock clk_id.
    fn clock_getres(cx: &mut Cx, clk_id: i32) -> Result<f64> {
        sys::clock_getres(clk_id).map(as_seconds).map_err(|e| os_error(cx, e))
    }
    /// Set the time of the specified clock clk_id with a float.
    fn clock_settime(cx: &mut Cx, clk_id: i32, time: f64) -> Result<()> {
        sys::clock_settime(clk_id, (time * 1e9) as i128).map_err(|e| os_error(cx, e))
    }
    /// Get information of the specified clock.
    fn get_clock_info(cx: &mut Cx, name: String) -> Result<Obj> {
        let (call, clock, monotonic, adjustable) = match &*name {
            "time" => ("clock_gettime(CLOCK_REALTIME)", libc::CLOCK_REALTIME, false, true),
            "monotonic" | "perf_counter" => ("clock_gettime(CLOCK_MONOTONIC)", libc::CLOCK_MONOTONIC, true, false),
            "process_time" => ("clock_gettime(CLOCK_PROCESS_CPUTIME_ID)", libc::CLOCK_PROCESS_CPUTIME_ID, true, false),
            "thread_time" => ("clock_gettime(CLOCK_THREAD_CPUTIME_ID)", libc::CLOCK_THREAD_CPUTIME_ID, true, false),
            _ => return Err(cx.value_error("unknown clock")),
        };
        let types = util::import(cx, "types")?;
        let ns = util::attr(cx, types, "SimpleNamespace")?;
        let call = call.into_obj(cx)?;
        let res = as_seconds(sys::clock_getres(clock).unwrap_or(1)).into_obj(cx)?;
        util::call_kw(
            cx,
            ns,
            &[],
            &[
                ("implementation", call),
                ("monotonic", Obj::bool(monotonic)),
                ("adjustable", Obj::bool(adjustable)),
                ("resolution", res),
            ],
        )
    }
    /// sleep(seconds)
    ///
    /// Delay execution for a given number of seconds.  The argument may be
    /// a floating-point number for subsecond precision.
    fn sleep(cx: &mut Cx, seconds: Obj) -> Result<()> {
        let d = if let Some(f) = float::value(seconds) {
            if f.is_nan() {
                return Err(cx.value_error("Invalid value NaN (not a number)"));
            }
            if f < 0.0 {
                return Err(cx.value_error("sleep length must be non-negative"));
            }
            if f > 9.2e9 {
                return Err(cx.error(ExcKind::OverflowError, "timestamp too large to convert to C PyTime_t"));
            }
            Duration::from_nanos((f * 1e9).ceil() as u64)
        } else {
            let n = ops::index_i64(cx, seconds, "timestamp too large to convert to C PyTime_t")?;
            if n < 0 {
                return Err(cx.value_error("sleep length must be non-negative"));
            }
            if n > 9_223_372_036 {
                return Err(cx.error(ExcKind::OverflowError, "timestamp too large to convert to C PyTime_t"));
            }
            Duration::from_secs(n as u64)
        };
        let deadline = Instant::now() + d;
        before_blocking(cx)?;
        loop {
            let left = deadline.saturating_duration_since(Instant::now());
            let r = cx.blocked(|| sys::nanosleep(left));
            check_signals(cx)?;
            if r.is_ok() || Instant::now() >= deadline {
                return Ok(());
            }
        }
    }
    /// gmtime([seconds]) -> (tm_year, tm_mon, tm_mday, tm_hour, tm_min, tm_sec, tm_wday, tm_yday, tm_isdst)
    #[sig(seconds = <missing>, /)]
    fn gmtime(cx: &mut Cx, seconds: Missing<Obj>) -> Result<Obj> {
        let mut tm = broken_down(cx, seconds, false)?;
        tm.zone = "UTC".into();
        struct_time(cx, &tm)
    }
    /// localtime([seconds]) -> (tm_year,tm_mon,tm_mday,tm_hour,tm_min,tm_sec,tm_wday,tm_yday,tm_isdst)
    #[sig(seconds = <missing>, /)]
    fn localtime(cx: &mut Cx, seconds: Missing<Obj>) -> Result<Obj> {
        let tm = broken_down(cx, seconds, true)?;
        struct_time(cx, &tm)
    }
    /// mktime(tuple) -> floating-point number
    fn mktime(cx: &mut Cx, tuple: Obj) -> Result<f64> {
        let (f, _) = fields(cx, tuple, "mktime(): illegal time tuple argument")?;
        match sys::mktime(&f) {
            Some(t) => Ok(t as f64),
            None => Err(cx.error(ExcKind::OverflowError, "mktime argument out of range")),
        }
    }
    /// asctime([tuple]) -> string
    #[sig(tuple = <missing>, /)]
    fn asctime(cx: &mut Cx, tuple: Missing<Obj>) -> Result<String> {
        let t = now_tuple(cx, tuple)?;
        let (mut f, _) = fields(cx, t, "asctime()")?;
        check(cx, &mut f)?;
        Ok(asctime_of(&f))
    }
    /// ctime(seconds) -> string
    #[sig(seconds = <missing>, /)]
    fn ctime(cx: &mut Cx, seconds: Missing<Obj>) -> Result<String> {
        let tm = broken_down(cx, seconds, true)?;
        Ok(asctime_of(&tm.fields))
    }
    /// strftime(format[, tuple]) -> string
    #[sig(format, tuple = <missing>, /)]
    fn strftime(cx: &mut Cx, format: Gc<Str>, tuple: Missing<Obj>) -> Result<Obj> {
        let t = now_tuple(cx, tuple)?;
        let (mut f, zone) = fields(cx, t, "strftime()")?;
        check(cx, &mut f)?;
        let raw = crate::codecs::encode_text(cx, format, "utf-8", "surrogateescape")?;
        // The C library's %Y does not pad, and a NUL would end the format.
        let zone = zone.and_then(|(z, o)| CString::new(z).ok().map(|z| (z, o)));
        let mut out = Vec::new();
        for (i, part) in raw.split(|b| *b == 0).enumerate() {
            if i > 0 {
                out.push(0);
            }
            if part.is_empty() {
                continue;
            }
            let c = CString::new(part).unwrap_or_default();
            out.extend(sys::strftime(&c, &f, zone.as_ref().map(|(z, o)| (z.as_c_str(), *o))));
        }
        crate::codecs::decode_text(cx, &out, "utf-8", "surrogateescape")
    }
    /// strptime(string, format) -> struct_time
    #[sig(string, format = "%a %b %d %H:%M:%S %Y", /)]
    fn strptime(cx: &mut Cx, string: Obj, format: Obj) -> Result<Obj> {
        let m = util::import(cx, "_strptime")?;
        ops::call_method(cx, m, "_strptime_time", &[string, format])
    }
    /// tzset()
    ///
    /// Initialize, or reinitialize, the local timezone to the value stored in os.environ['TZ'].
    fn tzset(cx: &mut Cx) -> Result<()> {
        let m = util::import(cx, "time")?;
        zones(cx, m)
    }
}
