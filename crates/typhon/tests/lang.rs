//! Runs the snippets of `tests/lang/*.md` with the built binary, one test a file.
//!
//! The format is described in `tests/harness/snippets.rs`. With
//! `TYPHON_GC_STRESS=N` in the environment they run under collector stress.

#[path = "../../../tests/harness/snippets.rs"]
#[allow(dead_code)]
mod snippets;

use std::path::{Path, PathBuf};

fn folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../../tests/lang")
}

fn check(topic: &str) {
    let python = Path::new(env!("CARGO_BIN_EXE_typhon"));
    let file = folder().join(format!("{topic}.md"));
    let reports = snippets::check_file(python, &file, true);
    assert!(reports.is_empty(), "\n{}", reports.join("\n"));
}

/// One test for each file, and one that no file is forgotten.
macro_rules! topics {
    ($($test:ident $topic:literal)*) => {
        $(#[test]
        fn $test() {
            check($topic);
        })*

        #[test]
        fn every_file_is_listed() {
            let listed = [$($topic),*];
            for entry in std::fs::read_dir(folder()).expect("tests/lang exists") {
                let path = entry.expect("readable").path();
                let stem = path.file_stem().unwrap_or_default().to_string_lossy().into_owned();
                assert!(listed.contains(&&*stem), "add lang_{stem} to {}", file!());
            }
        }
    };
}

topics! {
    lang_annotations "annotations"
    lang_array "array"
    lang_ast "ast"
    lang_ast_checks "ast_checks"
    lang_async "async"
    lang_asyncio "asyncio"
    lang_attribute_caches "attribute_caches"
    lang_barry "barry"
    lang_bool "bool"
    lang_builtins "builtins"
    lang_bytes "bytes"
    lang_classes "classes"
    lang_closures "closures"
    lang_cmath "cmath"
    lang_code_objects "code_objects"
    lang_collections "collections"
    lang_complex "complex"
    lang_comprehensions "comprehensions"
    lang_control_flow "control_flow"
    lang_copying "copying"
    lang_csv "csv"
    lang_dataclasses "dataclasses"
    lang_deadlocks "deadlocks"
    lang_decimal "decimal"
    lang_decorators "decorators"
    lang_deep "deep"
    lang_descriptors "descriptors"
    lang_dict "dict"
    lang_eval_exec "eval_exec"
    lang_exception_groups "exception_groups"
    lang_exceptions "exceptions"
    lang_faulthandler "faulthandler"
    lang_float "float"
    lang_fork "fork"
    lang_frame_locals "frame_locals"
    lang_fstrings "fstrings"
    lang_functions "functions"
    lang_gc "gc"
    lang_generators "generators"
    lang_gil "gil"
    lang_greenlet "greenlet"
    lang_interpreters "interpreters"
    lang_hashes "hashes"
    lang_imports "imports"
    lang_int "int"
    lang_io "io"
    lang_iterators "iterators"
    lang_json "json"
    lang_list "list"
    lang_marshal "marshal"
    lang_match "match"
    lang_math "math"
    lang_metaclasses "metaclasses"
    lang_ctypes "ctypes"
    lang_mmap "mmap"
    lang_multiprocessing "multiprocessing"
    lang_none "none"
    lang_number_errors "number_errors"
    lang_ordered_dict "ordered_dict"
    lang_os "os"
    lang_racing "racing"
    lang_range "range"
    lang_regexes "regexes"
    lang_set "set"
    lang_signals "signals"
    lang_slices "slices"
    lang_sockets "sockets"
    lang_special_methods "special_methods"
    lang_str "str"
    lang_subclassing "subclassing"
    lang_subprocess "subprocess"
    lang_super "super"
    lang_symtable "symtable"
    lang_syntax_errors "syntax_errors"
    lang_syntax_warnings "syntax_warnings"
    lang_sys_basics "sys_basics"
    lang_text_errors "text_errors"
    lang_text_modules "text_modules"
    lang_threads "threads"
    lang_tokenize "tokenize"
    lang_tracing "tracing"
    lang_tracing_jumps "tracing_jumps"
    lang_tstrings "tstrings"
    lang_tuple "tuple"
    lang_type_params "type_params"
    lang_typhon_module "typhon_module"
    lang_unpacking "unpacking"
    lang_weakrefs "weakrefs"
    lang_with "with"
    lang_wrong_arguments "wrong_arguments"
    lang_zlib "zlib"
}

/// The examples of the guide to threads do what it says.
#[test]
fn guide_to_threads() {
    let python = Path::new(env!("CARGO_BIN_EXE_typhon"));
    let file = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../docs/threads.md");
    let reports = snippets::check_file(python, &file, true);
    assert!(reports.is_empty(), "\n{}", reports.join("\n"));
}
