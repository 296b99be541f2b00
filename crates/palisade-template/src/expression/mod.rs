//! The expressions of templates: operators, variables and calls of the functions in
//! [`crate::functions`], evaluated within budgets.
//!
//! Absent on purpose: loops, assignments and anything that could take longer than its length says.
//! Patterns are matched in linear time.

mod evaluate;
mod lexer;
mod value;

use std::collections::BTreeSet;

use lexer::Token;

use crate::text::Text;

pub use evaluate::{Evaluation, Scope};
pub(crate) use evaluate::{truth_of, whole as whole_number};
pub use value::Value;

/// Bytes of one expression.
const SOURCE_BYTES_MAX: usize = 16 * 1024;
const TOKENS_MAX: usize = 2_000;
/// Brackets and signs inside each other.
const DEPTH_MAX: usize = 40;

/// Why an expression cannot be used, or came to nothing.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum ExpressionError {
    #[error("it is too long or nested too deeply")]
    TooLong,
    #[error("{0}")]
    Form(String),
    /// Known at the time of reading, so that it can be listed.
    #[error("there is no function {0}")]
    UnknownFunction(String),
    #[error("there is no variable {0}")]
    UnknownVariable(String),
    #[error("{0}")]
    Value(String),
    #[error("it costs more than one expression may")]
    TooMuch,
}

/// An expression, read.
#[derive(Debug, Clone, PartialEq)]
pub struct Expression {
    tree: Tree,
}

#[derive(Debug, Clone, PartialEq)]
enum Tree {
    Value(Value),
    /// A text with values to be put in.
    Text(Text),
    Variable(String),
    Call(&'static crate::functions::Function, Vec<Tree>),
    Not(Box<Tree>),
    Negative(Box<Tree>),
    Binary(Operator, Box<Tree>, Box<Tree>),
    Choice(Box<Tree>, Box<Tree>, Box<Tree>),
    List(Vec<Tree>),
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Operator {
    Or,
    And,
    Equal,
    Unequal,
    Less,
    LessOrEqual,
    Greater,
    GreaterOrEqual,
    Matches,
    MatchesNot,
    In,
    Add,
    Subtract,
    Multiply,
    Divide,
    Remainder,
    Power,
    BitAnd,
    BitOr,
    BitXor,
    ShiftLeft,
    ShiftRight,
    /// The left side, or the right one where the left is no variable.
    Otherwise,
}

impl Operator {
    /// The operator of a mark and how tightly it binds.
    fn of(token: &Token) -> Option<(Self, u8)> {
        let mark = match token {
            Token::Mark(mark) => *mark,
            Token::Name(name) if name == "in" => "in",
            _ => return None,
        };
        Some(match mark {
            "??" => (Self::Otherwise, 1),
            "||" => (Self::Or, 2),
            "&&" => (Self::And, 3),
            "==" => (Self::Equal, 4),
            "!=" => (Self::Unequal, 4),
            "<" => (Self::Less, 4),
            "<=" => (Self::LessOrEqual, 4),
            ">" => (Self::Greater, 4),
            ">=" => (Self::GreaterOrEqual, 4),
            "=~" => (Self::Matches, 4),
            "!~" => (Self::MatchesNot, 4),
            "in" => (Self::In, 4),
            "|" => (Self::BitOr, 5),
            "^" => (Self::BitXor, 5),
            "&" => (Self::BitAnd, 5),
            "<<" => (Self::ShiftLeft, 6),
            ">>" => (Self::ShiftRight, 6),
            "+" => (Self::Add, 7),
            "-" => (Self::Subtract, 7),
            "*" => (Self::Multiply, 8),
            "/" => (Self::Divide, 8),
            "%" => (Self::Remainder, 8),
            "**" => (Self::Power, 9),
            _ => return None,
        })
    }
}

impl Expression {
    /// Reads an expression.
    ///
    /// # Errors
    ///
    /// What is not of the language, names a function that there is not, or is beyond the limits.
    pub fn parse(source: &str) -> Result<Self, ExpressionError> {
        if source.len() > SOURCE_BYTES_MAX {
            return Err(ExpressionError::TooLong);
        }
        let mut reading = Reading { tokens: lexer::tokens(source)?, next: 0, depth: 0 };
        let tree = reading.choice()?;
        match reading.peek() {
            None => Ok(Self { tree }),
            Some(_) => Err(ExpressionError::Form("something follows the end".to_owned())),
        }
    }

    /// The variables it reads.
    #[must_use]
    pub fn variables(&self) -> BTreeSet<&str> {
        let mut names = BTreeSet::new();
        self.tree.walk(&mut |tree| {
            if let Tree::Variable(name) = tree {
                names.insert(name.as_str());
            }
        });
        names
    }

    /// The functions it calls.
    #[must_use]
    pub fn functions(&self) -> BTreeSet<&'static str> {
        let mut names = BTreeSet::new();
        self.tree.walk(&mut |tree| {
            if let Tree::Call(function, _) = tree {
                names.insert(function.name);
            }
        });
        names
    }
}

impl Tree {
    fn walk<'a>(&'a self, look: &mut impl FnMut(&'a Self)) {
        look(self);
        match self {
            Self::Value(_) | Self::Variable(_) => {}
            Self::Text(text) => text.expressions().for_each(|part| part.tree.walk(look)),
            Self::Call(_, parts) | Self::List(parts) => parts.iter().for_each(|part| part.walk(look)),
            Self::Not(part) | Self::Negative(part) => part.walk(look),
            Self::Binary(_, left, right) => {
                left.walk(look);
                right.walk(look);
            }
            Self::Choice(condition, yes, no) => {
                condition.walk(look);
                yes.walk(look);
                no.walk(look);
            }
        }
    }
}

struct Reading {
    tokens: Vec<Token>,
    next: usize,
    depth: usize,
}

impl Reading {
    fn peek(&self) -> Option<&Token> {
        self.tokens.get(self.next)
    }

    fn take(&mut self) -> Option<Token> {
        let token = self.tokens.get_mut(self.next).map(|token| std::mem::replace(token, Token::Mark(",")));
        self.next += 1;
        token
    }

    fn accept(&mut self, mark: &str) -> bool {
        let there = matches!(self.peek(), Some(Token::Mark(next)) if *next == mark);
        self.next += usize::from(there);
        there
    }

    fn expect(&mut self, mark: &str) -> Result<(), ExpressionError> {
        if self.accept(mark) { Ok(()) } else { Err(ExpressionError::Form(format!("'{mark}' is missing"))) }
    }

    fn choice(&mut self) -> Result<Tree, ExpressionError> {
        self.depth += 1;
        if self.depth > DEPTH_MAX {
            return Err(ExpressionError::TooLong);
        }
        let condition = self.binary(0)?;
        let tree = if self.accept("?") {
            let yes = self.choice()?;
            self.expect(":")?;
            Tree::Choice(Box::new(condition), Box::new(yes), Box::new(self.choice()?))
        } else {
            condition
        };
        self.depth -= 1;
        Ok(tree)
    }

    fn binary(&mut self, least: u8) -> Result<Tree, ExpressionError> {
        let mut left = self.signed()?;
        while let Some((operator, binding)) = self.peek().and_then(Operator::of) {
            if binding <= least {
                break;
            }
            self.next += 1;
            // Powers are taken from the right.
            let right = self.binary(if operator == Operator::Power { binding - 1 } else { binding })?;
            left = Tree::Binary(operator, Box::new(left), Box::new(right));
        }
        Ok(left)
    }

    fn signed(&mut self) -> Result<Tree, ExpressionError> {
        self.depth += 1;
        if self.depth > DEPTH_MAX {
            return Err(ExpressionError::TooLong);
        }
        let tree = if self.accept("!") {
            Tree::Not(Box::new(self.signed()?))
        } else if self.accept("-") {
            Tree::Negative(Box::new(self.signed()?))
        } else {
            self.single()?
        };
        self.depth -= 1;
        Ok(tree)
    }

    fn single(&mut self) -> Result<Tree, ExpressionError> {
        match self.take() {
            Some(Token::Number(number)) => Ok(Tree::Value(Value::Number(number))),
            Some(Token::Text(text)) => match std::str::from_utf8(&text) {
                Ok(source) if source.contains("{{") || source.contains('§') => {
                    Ok(Tree::Text(Text::parse(source)?))
                }
                _ => Ok(Tree::Value(text.into())),
            },
            Some(Token::Name(name)) if self.accept("(") => self.call(name),
            Some(Token::Name(name)) => Ok(match name.as_str() {
                "true" => Tree::Value(Value::Truth(true)),
                "false" => Tree::Value(Value::Truth(false)),
                _ => Tree::Variable(name),
            }),
            Some(Token::Mark("(")) => {
                let first = self.choice()?;
                if !self.accept(",") {
                    self.expect(")")?;
                    return Ok(first);
                }
                let mut members = vec![first];
                members.extend(self.arguments()?);
                Ok(Tree::List(members))
            }
            _ => Err(ExpressionError::Form("a value is missing".to_owned())),
        }
    }

    /// What stands before the closing bracket, and the bracket.
    fn arguments(&mut self) -> Result<Vec<Tree>, ExpressionError> {
        let mut arguments = Vec::new();
        if self.accept(")") {
            return Ok(arguments);
        }
        loop {
            arguments.push(self.choice()?);
            if !self.accept(",") {
                self.expect(")")?;
                return Ok(arguments);
            }
        }
    }

    fn call(&mut self, name: String) -> Result<Tree, ExpressionError> {
        let arguments = self.arguments()?;
        let Some(function) = crate::functions::find(&name) else {
            return Err(ExpressionError::UnknownFunction(name));
        };
        if arguments.len() < function.least || arguments.len() > function.most {
            let count = arguments.len();
            return Err(ExpressionError::Form(format!("{name} does not take {count} arguments")));
        }
        Ok(Tree::Call(function, arguments))
    }
}
