//! A collection at every allocation.

mod common;
use common::*;
use typhon_gc::*;

#[test]
fn every_allocation_collects() {
    start(HeapOptions { min_heap: 4 << 20, stress: Some(1), ..HeapOptions::default() });
    attached_here(|m| {
        let list = array(m, 10);
        for i in 0..10 {
            let tree = build(m, 4);
            put(m, list, 1 + i, tree as u64);
            let other = spawn(|m| count(build(m, 4)));
            assert_eq!(m.blocked(|| other.join().unwrap()), 31);
        }
        for i in 0..10 {
            assert_eq!(count(at(list, 1 + i)), 31);
        }
        let s = stats();
        assert!(s.young_collections + s.full_collections >= 600, "{s:?}");
        assert!(s.full_collections >= 9, "{s:?}");
        assert!(verify(m).unwrap() >= 311);
        std::hint::black_box(list);
    });
}
