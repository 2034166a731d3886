//! The examples of the project's README are compiled and run with the tests.
#![cfg_attr(doctest, doc = include_str!("../../README.md"))]
