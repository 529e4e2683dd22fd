//! `$filter`: read, and written again.

use std::fmt;

use jiff::Timestamp;

use super::kind::{Kind, Property, Type};
use super::lexer::{Lexer, Token};

/// Bytes of a filter at most.
const MAX_LEN: usize = 8 << 10;
/// How deep parentheses and `not` may stand inside of each other.
const MAX_DEPTH: usize = 32;

/// A filter of a list.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Filter {
    /// All of these hold; two at least.
    And(Vec<Filter>),
    /// One of these holds; two at least.
    Or(Vec<Filter>),
    /// This does not hold.
    Not(Box<Filter>),
    /// A property compares so.
    Compare(&'static str, Operator, Literal),
    /// A text does so.
    Test(TextTest, &'static str, String),
}

/// How a property compares with a value.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Operator {
    /// `eq`
    Equal,
    /// `ne`
    NotEqual,
    /// `gt`
    Above,
    /// `ge`
    AtLeast,
    /// `lt`
    Below,
    /// `le`
    AtMost,
}

/// What a text is tested for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum TextTest {
    /// `contains`
    Contains,
    /// `startswith`
    StartsWith,
    /// `endswith`
    EndsWith,
}

/// A value.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Literal {
    /// Text.
    Text(String),
    /// A moment.
    Time(Timestamp),
    /// A whole number.
    Number(i64),
    /// True or false.
    Flag(bool),
    /// Nothing.
    Null,
}

/// Why a text is no filter, and where.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("position {position} of the filter, at `{near}`: {what}")]
pub(crate) struct FilterError {
    /// In characters, counted from 1.
    pub(crate) position: usize,
    near: String,
    what: String,
}

impl FilterError {
    pub(super) fn new(text: &str, offset: usize, what: impl Into<String>) -> Self {
        let before = text.get(..offset).unwrap_or(text);
        let near: String = text.get(offset..).unwrap_or_default().chars().take(20).collect();
        Self {
            position: before.chars().count() + 1,
            near: if near.is_empty() { "its end".to_owned() } else { near },
            what: what.into(),
        }
    }
}

impl Operator {
    const ALL: [(&'static str, Self); 6] = [
        ("eq", Self::Equal),
        ("ne", Self::NotEqual),
        ("gt", Self::Above),
        ("ge", Self::AtLeast),
        ("lt", Self::Below),
        ("le", Self::AtMost),
    ];

    fn of(word: &str) -> Option<Self> {
        let mut all = Self::ALL.into_iter();
        all.find(|(name, _)| name.eq_ignore_ascii_case(word))
            .map(|(_, operator)| operator)
    }

    fn word(self) -> &'static str {
        let mut all = Self::ALL.into_iter();
        all.find(|(_, operator)| *operator == self).map_or("", |(name, _)| name)
    }

    const fn is_equality(self) -> bool {
        matches!(self, Self::Equal | Self::NotEqual)
    }
}

impl TextTest {
    const ALL: [(&'static str, Self); 3] = [
        ("contains", Self::Contains),
        ("startswith", Self::StartsWith),
        ("endswith", Self::EndsWith),
    ];

    fn of(word: &str) -> Option<Self> {
        let mut all = Self::ALL.into_iter();
        all.find(|(name, _)| name.eq_ignore_ascii_case(word))
            .map(|(_, test)| test)
    }

    fn word(self) -> &'static str {
        let mut all = Self::ALL.into_iter();
        all.find(|(_, test)| *test == self).map_or("", |(name, _)| name)
    }
}

impl Filter {
    /// Reads a filter over the properties of a kind.
    ///
    /// # Errors
    /// Says where it is wrong, what is wrong there, and what can stand there.
    pub(crate) fn read(text: &str, kind: &Kind) -> Result<Self, FilterError> {
        if text.len() > MAX_LEN {
            let what = format!("the filter is longer than {MAX_LEN} bytes");
            return Err(FilterError::new(text, text.floor_char_boundary(MAX_LEN), what));
        }
        let mut reader = Reader {
            lexer: Lexer::new(text)?,
            kind,
        };
        let filter = reader.any(0)?;
        match reader.lexer.peek() {
            Token::End => Ok(filter),
            Token::Close => Err(reader.lexer.wrong("this parenthesis closes none")),
            _ => Err(reader
                .lexer
                .wrong("`and`, `or` or the end of the filter is missing here")),
        }
    }
}

struct Reader<'a> {
    lexer: Lexer<'a>,
    kind: &'a Kind,
}

/// One filter alone, or all of them together.
fn joined(mut several: Vec<Filter>, join: fn(Vec<Filter>) -> Filter) -> Filter {
    match several.len() {
        1 => several.swap_remove(0),
        _ => join(several),
    }
}

impl Reader<'_> {
    fn any(&mut self, depth: usize) -> Result<Filter, FilterError> {
        let mut several = vec![self.all(depth)?];
        while self.lexer.is("or") {
            self.lexer.take()?;
            several.push(self.all(depth)?);
        }
        Ok(joined(several, Filter::Or))
    }

    fn all(&mut self, depth: usize) -> Result<Filter, FilterError> {
        let mut several = vec![self.one(depth)?];
        while self.lexer.is("and") {
            self.lexer.take()?;
            several.push(self.one(depth)?);
        }
        Ok(joined(several, Filter::And))
    }

    fn one(&mut self, depth: usize) -> Result<Filter, FilterError> {
        if depth >= MAX_DEPTH {
            let what = format!("parentheses and `not` stand inside of each other more than {MAX_DEPTH} times");
            return Err(self.lexer.wrong(what));
        }
        if self.lexer.is("not") {
            self.lexer.take()?;
            return Ok(Filter::Not(Box::new(self.one(depth + 1)?)));
        }
        if *self.lexer.peek() == Token::Open {
            self.lexer.take()?;
            let inner = self.any(depth + 1)?;
            self.lexer.expect(&Token::Close, "a closing parenthesis")?;
            return Ok(inner);
        }
        let offset = self.lexer.offset();
        match self.lexer.take()? {
            Token::Word(word) if *self.lexer.peek() == Token::Open => self.test(word, offset),
            Token::Word(word) => self.comparison(word, offset),
            Token::End => Err(self.lexer.wrong_at(offset, "a condition is missing")),
            _ => Err(self
                .lexer
                .wrong_at(offset, "a condition begins with a property, `not` or `(`")),
        }
    }

    /// `contains(serialNumber,'x')`, and so on; `eq true` or `eq false` may follow.
    fn test(&mut self, word: &str, offset: usize) -> Result<Filter, FilterError> {
        let test = TextTest::of(word).ok_or_else(|| {
            let what = format!(
                "there is no function `{}`; contains, startswith and endswith are there",
                short(word)
            );
            self.lexer.wrong_at(offset, what)
        })?;
        self.lexer.expect(&Token::Open, "an opening parenthesis")?;
        let place = self.lexer.offset();
        let Token::Word(name) = self.lexer.take()? else {
            return Err(self.lexer.wrong_at(place, "a property is missing"));
        };
        let property = self.property(name, place)?;
        if property.of != Type::Text {
            let what = format!("`{name}` holds no text, and {} tests texts", test.word());
            return Err(self.lexer.wrong_at(place, what));
        }
        self.lexer.expect(&Token::Comma, "a comma")?;
        let place = self.lexer.offset();
        let Token::Text(text) = self.lexer.take()? else {
            return Err(self
                .lexer
                .wrong_at(place, "a text in single quotation marks is missing"));
        };
        self.lexer.expect(&Token::Close, "a closing parenthesis")?;
        let found = Filter::Test(test, property.name, text);
        let holds = match self.lexer.peek() {
            Token::Word(word) if Operator::of(word).is_some_and(Operator::is_equality) => self.truth()?,
            _ => true,
        };
        Ok(if holds { found } else { Filter::Not(Box::new(found)) })
    }

    /// `eq true`, and so on.
    fn truth(&mut self) -> Result<bool, FilterError> {
        let equal = self.lexer.is("eq");
        self.lexer.take()?;
        let truth = self.lexer.is("true");
        if !truth && !self.lexer.is("false") {
            return Err(self.lexer.wrong("`true` or `false` is missing"));
        }
        self.lexer.take()?;
        Ok(truth == equal)
    }

    fn comparison(&mut self, name: &str, offset: usize) -> Result<Filter, FilterError> {
        let property = self.property(name, offset)?;
        let place = self.lexer.offset();
        let operator = match self.lexer.take()? {
            Token::Word(word) => Operator::of(word),
            _ => None,
        };
        let operator = operator.ok_or_else(|| {
            let what = "an operator is missing: eq, ne, gt, ge, lt or le";
            self.lexer.wrong_at(place, what)
        })?;
        let place = self.lexer.offset();
        let value = match self.lexer.take()? {
            Token::Text(text) => Some(Literal::Text(text)),
            Token::Word(word) => literal(word),
            _ => None,
        };
        let value = value.and_then(|value| match value {
            Literal::Text(text) if property.of == Type::Time => text.parse().ok().map(Literal::Time),
            other => Some(other),
        });
        let fits = |value: &Literal| match value {
            Literal::Null => operator.is_equality(),
            Literal::Time(_) => property.of == Type::Time,
            Literal::Text(_) => property.of == Type::Text,
            Literal::Number(_) => property.of == Type::Number,
            Literal::Flag(_) => property.of == Type::Flag && operator.is_equality(),
        };
        match value.filter(fits) {
            Some(value) => Ok(Filter::Compare(property.name, operator, value)),
            None => Err(self.lexer.wrong_at(
                place,
                match property.of {
                    Type::Text => "a text in single quotation marks is missing",
                    Type::Number => "a whole number is missing",
                    Type::Flag => "`eq true` or `eq false` is all that can be asked",
                    Type::Time => "a moment such as 2026-01-01T00:00:00Z is missing",
                    Type::Complex => "this cannot be compared",
                },
            )),
        }
    }

    fn property(&self, name: &str, offset: usize) -> Result<&'static Property, FilterError> {
        let found = self.kind.property(name);
        let sought = found.filter(|property| property.sought);
        sought.ok_or_else(|| {
            let what = match found {
                Some(_) => format!("lists cannot be filtered by `{name}`"),
                None => format!("{} has no property `{}`", self.kind.name, short(name)),
            };
            self.lexer.wrong_at(offset, what)
        })
    }
}

fn short(word: &str) -> String {
    word.chars().take(40).collect()
}

/// A value without quotation marks.
fn literal(word: &str) -> Option<Literal> {
    match word {
        "true" => Some(Literal::Flag(true)),
        "false" => Some(Literal::Flag(false)),
        "null" => Some(Literal::Null),
        number if number.bytes().all(|b| b.is_ascii_digit() || b == b'-') && !number.contains("--") => {
            number.parse().ok().map(Literal::Number)
        }
        // GUIDs and moments have no quotation marks in OData.
        other if uuid::Uuid::try_parse(other).is_ok() || other.parse::<Timestamp>().is_ok() => {
            Some(Literal::Text(other.to_owned()))
        }
        _ => None,
    }
}

/// Written so that it reads back.
impl fmt::Display for Filter {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let several = |f: &mut fmt::Formatter<'_>, all: &[Self], word: &str| {
            for (at, one) in all.iter().enumerate() {
                if at > 0 {
                    write!(f, " {word} ")?;
                }
                match one {
                    Self::And(_) | Self::Or(_) => write!(f, "({one})")?,
                    one => write!(f, "{one}")?,
                }
            }
            Ok(())
        };
        match self {
            Self::And(all) => several(f, all, "and"),
            Self::Or(all) => several(f, all, "or"),
            Self::Not(inner) => write!(f, "not ({inner})"),
            Self::Compare(name, operator, value) => write!(f, "{name} {} {value}", operator.word()),
            Self::Test(test, name, text) => write!(f, "{}({name},{})", test.word(), quoted(text)),
        }
    }
}

impl fmt::Display for Literal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Text(text) => f.write_str(&quoted(text)),
            Self::Time(time) => write!(f, "{time}"),
            Self::Number(number) => write!(f, "{number}"),
            Self::Flag(flag) => write!(f, "{flag}"),
            Self::Null => f.write_str("null"),
        }
    }
}

fn quoted(text: &str) -> String {
    format!("'{}'", text.replace('\'', "''"))
}

#[cfg(test)]
mod tests;
