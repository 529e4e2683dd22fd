//! OData's query options (OASIS, "OData Version 4.01. Part 2: URL Conventions"), as far as clients of Autopilot use them.
//!
//! Own code, since the crates there are parse a filter by recursion without a bound and do not say where it is wrong. What is
//! listed are JSON objects, so that one evaluator, one order and one selection do for every kind of entity.

mod evaluate;
mod filter;
mod kind;
mod lexer;
mod options;
mod page;

pub(crate) use evaluate::Entity;
pub(crate) use filter::{Filter, Literal, Operator, TextTest};
pub(crate) use kind::{Kind, Property, Type};
pub(crate) use options::Options;
pub(crate) use page::{Chunk, Listed, Row, Source, list};
