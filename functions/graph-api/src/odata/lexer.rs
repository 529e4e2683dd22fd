//! The words of a filter, each with where it begins.

use super::filter::FilterError;

/// A word of a filter.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Token<'a> {
    /// `(`
    Open,
    /// `)`
    Close,
    /// `,`
    Comma,
    /// A quoted text, without its quotation marks.
    Text(String),
    /// Anything else: names, operators, numbers, moments.
    Word(&'a str),
    /// The end.
    End,
}

/// A filter that is read word by word.
#[derive(Debug)]
pub(super) struct Lexer<'a> {
    text: &'a str,
    /// Bytes that are read.
    at: usize,
    /// The word that comes next, and its byte offset.
    next: (Token<'a>, usize),
}

impl<'a> Lexer<'a> {
    pub(super) fn new(text: &'a str) -> Result<Self, FilterError> {
        let mut lexer = Self {
            text,
            at: 0,
            next: (Token::End, 0),
        };
        lexer.step()?;
        Ok(lexer)
    }

    /// The word that comes next.
    pub(super) const fn peek(&self) -> &Token<'a> {
        &self.next.0
    }

    /// Whether the word that comes next is this one, whatever its case.
    pub(super) fn is(&self, word: &str) -> bool {
        matches!(self.peek(), Token::Word(found) if found.eq_ignore_ascii_case(word))
    }

    /// Where that begins, in bytes.
    pub(super) const fn offset(&self) -> usize {
        self.next.1
    }

    /// A complaint about the word that comes next.
    pub(super) fn wrong(&self, what: impl Into<String>) -> FilterError {
        FilterError::new(self.text, self.offset(), what)
    }

    /// A complaint about what begins there.
    pub(super) fn wrong_at(&self, offset: usize, what: impl Into<String>) -> FilterError {
        FilterError::new(self.text, offset, what)
    }

    /// Takes the word that comes next.
    pub(super) fn take(&mut self) -> Result<Token<'a>, FilterError> {
        let taken = std::mem::replace(&mut self.next.0, Token::End);
        self.step()?;
        Ok(taken)
    }

    /// Takes this mark.
    pub(super) fn expect(&mut self, token: &Token<'_>, what: &str) -> Result<(), FilterError> {
        if self.peek() != token {
            return Err(self.wrong(format!("{what} is missing")));
        }
        self.take().map(|_| ())
    }

    fn rest(&self) -> &'a str {
        self.text.get(self.at..).unwrap_or_default()
    }

    fn step(&mut self) -> Result<(), FilterError> {
        let rest = self.rest();
        self.at += rest.len() - rest.trim_start().len();
        let (start, rest) = (self.at, self.rest());
        let mark = |token, len| Ok((token, len));
        let (token, len) = match rest.chars().next() {
            None => mark(Token::End, 0),
            Some('(') => mark(Token::Open, 1),
            Some(')') => mark(Token::Close, 1),
            Some(',') => mark(Token::Comma, 1),
            Some('\'') => self.quoted(start, 0),
            Some(_) => {
                let ends = |c: char| c.is_whitespace() || "(),'".contains(c);
                let len = rest.find(ends).unwrap_or(rest.len());
                // A name before a quoted text says of which type it is, as in microsoft.graph.enrollmentState'failed'.
                match rest.get(len..).is_some_and(|behind| behind.starts_with('\'')) {
                    true => self.quoted(start, len),
                    false => mark(Token::Word(rest.get(..len).unwrap_or_default()), len),
                }
            }
        }?;
        self.at = start + len;
        self.next = (token, start);
        Ok(())
    }

    /// A quoted text that begins `skip` bytes behind `start`; a doubled quotation mark stands for one.
    fn quoted(&self, start: usize, skip: usize) -> Result<(Token<'a>, usize), FilterError> {
        let body = self.text.get(start + skip + 1..).unwrap_or_default();
        let (mut text, mut chars) = (String::new(), body.char_indices().peekable());
        while let Some((at, c)) = chars.next() {
            match c {
                '\'' if chars.peek().is_some_and(|(_, next)| *next == '\'') => {
                    chars.next();
                    text.push('\'');
                }
                '\'' => return Ok((Token::Text(text), skip + 1 + at + 1)),
                c => text.push(c),
            }
        }
        Err(self.wrong_at(
            start + skip,
            "the text that begins here has no closing quotation mark; one inside of a text is written twice",
        ))
    }
}
