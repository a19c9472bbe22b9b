//! The engine on code written by hand, and code that no compiler makes.

use typhon_text::regex::{Invalid, Machine, Mode, Program, Request};

fn find(code: &[u32], groups: usize, text: &str, mode: Mode) -> Option<(usize, usize)> {
    let text: Vec<u16> = text.encode_utf16().collect();
    let program = Program::new(code, groups).expect("valid");
    let request = Request { text: &text, start: 0, end: text.len(), mode, must_advance: false };
    Machine::default().find(&program, request, &mut || true).expect("enough memory")
}

const A: u32 = 'a' as u32;
const B: u32 = 'b' as u32;

#[test]
fn literals() {
    // ab
    let code = [16, A, 16, B, 1];
    assert_eq!(find(&code, 0, "xxab", Mode::Search), Some((2, 4)));
    assert_eq!(find(&code, 0, "xxab", Mode::Match), None);
    assert_eq!(find(&code, 0, "abx", Mode::Match), Some((0, 2)));
    assert_eq!(find(&code, 0, "abx", Mode::Full), None);
}

#[test]
fn greedy_gives_back() {
    // a*ab
    let code = [24, 6, 0, u32::MAX, 16, A, 1, 16, A, 16, B, 1];
    assert_eq!(find(&code, 0, "aaab", Mode::Match), Some((0, 4)));
    assert_eq!(find(&code, 0, "b", Mode::Match), None);
    // The same for good: a*+ab
    let code = [29, 6, 0, u32::MAX, 16, A, 1, 16, A, 16, B, 1];
    assert_eq!(find(&code, 0, "aaab", Mode::Match), None);
}

#[test]
fn empty_bodies_end() {
    // (?:a*)* : the inner repeat matches nothing at last.
    let code = [23, 10, 0, u32::MAX, 24, 6, 0, u32::MAX, 16, A, 1, 18, 1];
    assert_eq!(find(&code, 0, "aab", Mode::Match), Some((0, 2)));
}

#[test]
fn a_failed_alternative_leaves_no_mark() {
    // (?:(a)b|a)
    let code = [7, 11, 17, 0, 16, A, 17, 1, 16, B, 15, 7, 5, 16, A, 15, 2, 0, 1];
    let text: Vec<u8> = b"ac".to_vec();
    let program = Program::new(&code, 1).expect("valid");
    let mut machine = Machine::default();
    let request = Request { text: &text, start: 0, end: 2, mode: Mode::Match, must_advance: false };
    assert_eq!(machine.find(&program, request, &mut || true), Ok(Some((0, 1))));
    assert_eq!(machine.group(0), None);
    assert_eq!(machine.last_group(), None);
}

#[test]
fn the_caller_may_interrupt() {
    // (?:a*)*b takes forever on many a.
    let code = [23, 10, 0, u32::MAX, 24, 6, 0, u32::MAX, 16, A, 1, 18, 16, B, 1];
    let text = [b'a'; 60];
    let program = Program::new(&code, 0).expect("valid");
    let request = Request { text: &text, start: 0, end: 60, mode: Mode::Match, must_advance: false };
    let mut left = 3;
    let mut tick = || {
        left -= 1;
        left > 0
    };
    assert!(Machine::default().find(&program, request, &mut tick).is_err());
}

#[test]
fn what_no_compiler_makes_is_refused() {
    let bad: [(&[u32], usize); 10] = [
        (&[], 0),                         // no end
        (&[16], 0),                       // a literal of nothing
        (&[16, A], 0),                    // no end
        (&[17, 2, 1], 1),                 // a mark of no group
        (&[11, 1, 1], 1),                 // a reference to no group
        (&[15, 9, 1], 0),                 // a jump out of the code
        (&[15, 0, 1], 0),                 // a jump to itself
        (&[18, 1], 0),                    // an end of no repeat
        (&[24, 6, 3, 2, 16, A, 1, 1], 0), // more than the most
        (&[13, 5, 10, 1, 7, 7, 0, 1], 0), // a set cut off
    ];
    for (code, groups) in bad {
        assert_eq!(Program::new(code, groups), Err(Invalid), "{code:?}");
    }
}

#[test]
fn random_code_does_no_harm() {
    let mut seed = 1u64;
    let mut next = |n: u64| {
        seed ^= seed << 13;
        seed ^= seed >> 7;
        seed ^= seed << 17;
        (seed % n) as u32
    };
    let mut valid = 0;
    for _ in 0..200_000 {
        let code: Vec<u32> = (0..4 + next(10)).map(|_| next(44)).chain([1]).collect();
        let Ok(program) = Program::new(&code, 3) else { continue };
        valid += 1;
        let text: Vec<u8> = (0..12).map(|_| next(44) as u8).collect();
        let request = Request { text: &text, start: 0, end: 12, mode: Mode::Search, must_advance: false };
        let mut left = 4;
        let mut tick = || {
            left -= 1;
            left > 0
        };
        let _ = Machine::default().find(&program, request, &mut tick);
    }
    assert!(valid > 100, "{valid}");
}
